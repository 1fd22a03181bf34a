//! Finding a server's addresses, IPv4 first: on sites whose IPv6 leads nowhere, the first question to a model took
//! minutes. With IPv4 first, IPv6 is tried only where IPv4 does not answer.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Asks the system and puts IPv4 first.
#[derive(Debug)]
pub(crate) struct Ipv4First;

impl Resolve for Ipv4First {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is replaced by that of the URL.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(ipv4_first(found.collect()).into_iter()) as Addrs)
        })
    }
}

fn ipv4_first(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    addresses.sort_by_key(SocketAddr::is_ipv6);
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_comes_first_and_the_order_stays_otherwise() {
        let all = ["[2001:db8::1]:0", "192.0.2.2:0", "[2001:db8::2]:0", "192.0.2.1:0"];
        let all = all.map(|address| address.parse().expect("an address"));
        let sorted: Vec<_> = ipv4_first(all.to_vec()).iter().map(|address| address.ip().to_string()).collect();
        assert_eq!(sorted, ["192.0.2.2", "192.0.2.1", "2001:db8::1", "2001:db8::2"]);
    }
}

//! The question a container's health check asks: is the service on this machine ready?

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use serde::Deserialize;

/// How long connecting, sending and each read may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// A readiness report is far smaller than this.
const LARGEST_ANSWER: u64 = 64 * 1024;

/// What is read of a readiness report.
#[derive(Deserialize)]
struct Report {
    conditions: BTreeMap<String, Option<String>>,
}

/// Asks `/readyz` of the service that listens on `address`.
pub(crate) fn ask(address: SocketAddr) -> io::Result<()> {
    let address = reachable(address);
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)
        .map_err(|error| io::Error::other(format!("cannot connect to {address}: {error}")))?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    write!(connection, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    connection.take(LARGEST_ANSWER).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split_whitespace().nth(1).unwrap_or("no status");
    if status == "200" {
        return Ok(());
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Err(io::Error::other(format!("{address} answered {status}{}", reasons(body))))
}

/// The conditions that do not hold, each with its reason; nothing for an answer that is not a readiness report.
fn reasons(body: &str) -> String {
    let conditions = serde_json::from_str::<Report>(body).map(|report| report.conditions).unwrap_or_default();
    let failing = conditions.iter().filter_map(|(name, reason)| Some(format!("{name}: {}", reason.as_ref()?)));
    let failing: Vec<String> = failing.collect();
    if failing.is_empty() { String::new() } else { format!(": {}", failing.join(", ")) }
}

/// A service that listens on every address is asked on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_are_those_of_the_conditions_that_fail() {
        let body = r#"{"status":"not_ready","conditions":{"alerts":null,"model":"loading","redis":"away"}}"#;
        assert_eq!(reasons(body), ": model: loading, redis: away");
        assert_eq!(reasons("<html>Bad gateway</html>"), "");
    }

    #[test]
    fn a_service_on_every_address_is_asked_on_loopback() {
        for (bound, asked) in
            [("0.0.0.0:8010", "127.0.0.1:8010"), ("[::]:8010", "[::1]:8010"), ("10.0.0.7:8010", "10.0.0.7:8010")]
        {
            let bound: SocketAddr = bound.parse().expect("is an address");
            assert_eq!(reachable(bound).to_string(), asked);
        }
    }
}

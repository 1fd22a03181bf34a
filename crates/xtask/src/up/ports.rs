//! The ports of a site, and who already holds one.

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use anyhow::{Context, bail};

use super::robots::Robot;

/// Where each part of a site listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    /// nginx: the page that people open.
    pub(crate) web: u16,
    pub(crate) console: u16,
    pub(crate) inference_api: u16,
    pub(crate) stream_manager: u16,
    pub(crate) alert_router: u16,
    /// The private Redis; not 6379, where a Redis of the machine's own may be.
    pub(crate) redis: u16,
    /// The simulated cameras.
    pub(crate) sim_rtsp: u16,
    /// The simulated receivers of alerts.
    pub(crate) sim_http: u16,
    /// The first simulated robot; the second is at the next port.
    pub(crate) sim_robots: u16,
    /// The simulated vision-language models.
    pub(crate) sim_models: u16,
    /// The process of the first robot; the next robots follow.
    pub(crate) patrol: u16,
}

impl Ports {
    /// The ports of the documentation.
    pub(crate) const USUAL: Self = Self {
        web: 5000,
        console: 5080,
        inference_api: 8000,
        stream_manager: 8010,
        alert_router: 8020,
        redis: 6380,
        sim_rtsp: 8554,
        sim_http: 9100,
        sim_robots: 9264,
        sim_models: 9110,
        patrol: 5001,
    };

    /// The usual ports, all moved, so that a second site fits on one machine.
    pub(crate) fn moved_by(offset: u16) -> anyhow::Result<Self> {
        let move_port =
            |port: u16| port.checked_add(offset).with_context(|| format!("--port-offset {offset} is too large"));
        let usual = Self::USUAL;
        Ok(Self {
            web: move_port(usual.web)?,
            console: move_port(usual.console)?,
            inference_api: move_port(usual.inference_api)?,
            stream_manager: move_port(usual.stream_manager)?,
            alert_router: move_port(usual.alert_router)?,
            redis: move_port(usual.redis)?,
            sim_rtsp: move_port(usual.sim_rtsp)?,
            sim_http: move_port(usual.sim_http)?,
            sim_robots: move_port(usual.sim_robots)?,
            sim_models: move_port(usual.sim_models)?,
            patrol: move_port(usual.patrol)?,
        })
    }

    /// Every port that a site needs, with what listens there.
    fn needed(self, simulated: bool, robots: &[Robot]) -> Vec<(u16, String)> {
        let mut needed = vec![
            (self.web, "the page"),
            (self.console, "the console"),
            (self.inference_api, "the inference API"),
            (self.stream_manager, "the stream manager"),
            (self.alert_router, "the alert router"),
            (self.redis, "Redis"),
        ];
        if simulated {
            needed.extend([
                (self.sim_rtsp, "the simulated cameras"),
                (self.sim_http, "the simulated receivers"),
                (self.sim_robots, "the first simulated robot"),
                (self.sim_robots + 1, "the second simulated robot"),
                (self.sim_models, "the simulated models"),
            ]);
        }
        let fixed = needed.into_iter().map(|(port, purpose)| (port, purpose.to_owned()));
        fixed.chain(robots.iter().map(|robot| (robot.port, format!("the process of {}", robot.id)))).collect()
    }

    /// Fails with one sentence that names every port that is taken, and by whom.
    pub(crate) fn require_free(self, simulated: bool, robots: &[Robot]) -> anyhow::Result<()> {
        let taken: Vec<String> = self
            .needed(simulated, robots)
            .into_iter()
            .filter(|(port, _)| is_taken(*port))
            .map(|(port, purpose)| match holder_of(port) {
                Some(holder) => format!("port {port} for {purpose} is in use by {holder}"),
                None => format!("port {port} for {purpose} is in use by a program of another user"),
            })
            .collect();
        if !taken.is_empty() {
            bail!("{}; stop it or move this site with --port-offset", taken.join(", "));
        }
        Ok(())
    }
}

/// A program that holds a port.
#[derive(Debug, PartialEq, Eq)]
struct Holder {
    name: String,
    pid: u32,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

fn is_taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
}

/// Looks the listening socket up in the kernel's tables, then the process that has it open.
fn holder_of(port: u16) -> Option<Holder> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let socket = tables.iter().find_map(|table| listening_inode(table, port))?;
    let link = format!("socket:[{socket}]");
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?.trim().to_owned();
        has_open(&entry.path().join("fd"), &link).then_some(Holder { name, pid })
    })
}

fn has_open(descriptors: &Path, link: &str) -> bool {
    let Ok(entries) = fs::read_dir(descriptors) else {
        return false;
    };
    entries.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == link))
}

/// The inode of the socket that listens on a port, from a table like `/proc/net/tcp`.
fn listening_inode(table: &str, port: u16) -> Option<u64> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
        let listens = *fields.get(3)? == LISTEN && u16::from_str_radix(local_port, 16).ok()? == port;
        listens.then(|| fields.get(9)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_told_with_the_program_that_holds_it() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = holder.local_addr().expect("a bound socket").port();
        let ports = Ports { web: port, ..Ports::moved_by(20_000).expect("a small offset") };

        let refusal = ports.require_free(false, &[]).expect_err("the port is taken").to_string();

        let expected = format!("port {port} for the page is in use by ");
        assert!(refusal.starts_with(&expected), "{refusal}");
        assert!(refusal.contains(&format!("(pid {})", std::process::id())), "{refusal}");
    }

    #[test]
    fn only_a_listening_socket_holds_a_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: 0100007F:1388 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0\n   \
             1: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0\n";

        assert_eq!(listening_inode(table, 5000), Some(222));
        assert_eq!(listening_inode(table, 5001), None);
    }

    #[test]
    fn ports_cannot_be_moved_out_of_range() {
        assert_eq!(Ports::moved_by(100).expect("a small offset").web, 5100);
        let refusal = Ports::moved_by(60_000).expect_err("9100 + 60000 is no port");
        assert_eq!(refusal.to_string(), "--port-offset 60000 is too large");
    }
}

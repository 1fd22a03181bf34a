//! The robots of a site: those of its `robots.yaml`, or the two simulated ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use super::ports::Ports;

/// One robot and the port of its process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Robot {
    /// `robot-` and a name of small letters, digits and hyphens.
    pub(crate) id: String,
    pub(crate) name: String,
    /// Where the robot listens, as `host:port`.
    pub(crate) ip: String,
    pub(crate) port: u16,
}

impl Robot {
    /// What follows `robot-` in the id: the name of its place in nginx's list.
    pub(crate) fn key(&self) -> &str {
        self.id.strip_prefix("robot-").unwrap_or(&self.id)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    robots: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: Option<String>,
    ip: String,
    port: Option<u16>,
}

/// Returns the robots that `sim site` plays.
pub(crate) fn simulated(ports: Ports) -> Vec<Robot> {
    [("robot-a", "Alba", 0), ("robot-b", "Bruno", 1)]
        .map(|(id, name, place)| Robot {
            id: id.to_owned(),
            name: name.to_owned(),
            ip: format!("127.0.0.1:{}", ports.sim_robots + place),
            port: ports.patrol + place,
        })
        .to_vec()
}

/// Reads the robots of a configuration directory; a site without `robots.yaml` has none.
pub(crate) fn of_site(configs: &Path, ports: Ports) -> anyhow::Result<Vec<Robot>> {
    let path = configs.join("robots.yaml");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let file: File = serde_yaml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    let robots = placed(file.robots, ports.patrol);
    check(&robots).with_context(|| path.display().to_string())?;
    Ok(robots)
}

/// Gives every robot that names no port the one of its place in the list.
fn placed(entries: Vec<Entry>, first_port: u16) -> Vec<Robot> {
    let places = (first_port..=u16::MAX).zip(entries);
    let robot = |(port, entry): (u16, Entry)| Robot {
        name: entry.name.unwrap_or_else(|| entry.id.clone()),
        id: entry.id,
        ip: entry.ip,
        port: entry.port.unwrap_or(port),
    };
    places.map(robot).collect()
}

fn check(robots: &[Robot]) -> anyhow::Result<()> {
    let (mut ids, mut ports) = (BTreeSet::new(), BTreeSet::new());
    for robot in robots {
        let id = &robot.id;
        let is_plain = |key: &str| {
            !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        if !id.strip_prefix("robot-").is_some_and(is_plain) {
            bail!("robot `{id}`: expected an id of `robot-` and small letters, digits or hyphens");
        }
        let address = robot.ip.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if address.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            bail!("robot `{id}`: ip: expected `host:port`, as 192.168.50.133:26400, and found `{}`", robot.ip);
        }
        ensure!(ids.insert(id), "robot `{id}` is listed twice");
        ensure!(ports.insert(robot.port), "robot `{id}`: port {} is another robot's", robot.port);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Vec<Robot>> {
        let configs = tempfile::tempdir().expect("a temporary directory");
        fs::write(configs.path().join("robots.yaml"), text).expect("writable");
        of_site(configs.path(), Ports::USUAL)
    }

    #[test]
    fn a_robot_is_one_line() {
        let robots = read(
            "robots:\n  - {id: robot-a, ip: '10.0.0.7:26400'}\n  - {id: robot-b, ip: 'b:26400', name: B, port: 5009}\n",
        );

        let robots = robots.expect("two good robots");

        let expected = Robot { id: "robot-a".into(), name: "robot-a".into(), ip: "10.0.0.7:26400".into(), port: 5001 };
        assert_eq!(robots[0], expected);
        assert_eq!((robots[1].name.as_str(), robots[1].port), ("B", 5009));
    }

    #[test]
    fn what_cannot_be_a_robot_is_told_in_one_sentence() {
        for (text, told) in [
            ("robots: [{id: kitchen, ip: 'a:1'}]", "robot `kitchen`: expected an id of `robot-` and small letters"),
            ("robots: [{id: robot-A, ip: 'a:1'}]", "robot `robot-A`: expected an id"),
            ("robots: [{id: robot-a, ip: 10.0.0.7}]", "robot `robot-a`: ip: expected `host:port`"),
            ("robots: [{id: robot-a, ip: 'a:1'}, {id: robot-a, ip: 'b:1'}]", "robot `robot-a` is listed twice"),
            (
                "robots: [{id: robot-a, ip: 'a:1', port: 5002}, {id: robot-b, ip: 'b:1'}]",
                "robot `robot-b`: port 5002 is another robot's",
            ),
            ("robots: [{id: robot-a, address: 'a:1'}]", "unknown field `address`"),
        ] {
            let refusal = format!("{:#}", read(text).expect_err(text));
            assert!(refusal.contains(told), "{refusal}");
            assert!(refusal.contains("robots.yaml"), "{refusal}");
        }
    }

    #[test]
    fn a_site_without_the_file_has_no_robots() {
        let configs = tempfile::tempdir().expect("a temporary directory");
        assert!(of_site(configs.path(), Ports::USUAL).expect("none is fine").is_empty());
    }

    #[test]
    fn the_file_that_we_ship_is_valid() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let example = fs::read_to_string(shipped.join("robots.yaml")).expect("is in the repository");
        assert!(of_site(&shipped, Ports::USUAL).expect("valid").is_empty());

        let uncommented = example.replace("robots: []\n", "robots:\n").replace("\n#  - ", "\n  - ");
        assert_eq!(read(&uncommented).expect("the examples are valid").len(), 2);
    }
}

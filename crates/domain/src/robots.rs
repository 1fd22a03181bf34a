//! The robots of a site, as `robots.yaml` lists them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::entry::{Entry, EntryProblem, Key, Problem, Reader};

/// The port of the first robot's process; the next robots have the next ones.
pub const FIRST_PORT: u16 = 5001;

/// The longest id.
const LONGEST_ID: usize = 64;

/// One robot of a site, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRobot {
    /// Its id, different from that of every other robot: `robot-` and small letters, digits and hyphens.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where its own interface is, as `host:port`.
    pub address: String,
    /// Where its process listens on the site's machine.
    pub port: u16,
}

/// `robots.yaml` as it was written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobotsFile {
    /// The entries, one for each robot.
    #[serde(default, deserialize_with = "crate::entry::list")]
    pub robots: Vec<Entry>,
}

impl RobotsFile {
    /// Returns the robots whose entries are good, and what is wrong with the others.
    #[must_use]
    pub fn check(&self) -> (Vec<SiteRobot>, Vec<EntryProblem>) {
        let (mut robots, mut problems): (Vec<SiteRobot>, _) = (Vec::new(), Vec::new());
        let mut ids = BTreeSet::new();
        for ((index, entry), usual_port) in self.robots.iter().enumerate().zip(FIRST_PORT..) {
            let outcome = read(entry, usual_port).and_then(|robot| {
                if ids.insert(robot.id.clone()) {
                    Ok(robot)
                } else {
                    Err(refused("id", "is the id of another robot already"))
                }
            });
            let outcome = outcome.and_then(|robot| match robots.iter().find(|other| other.port == robot.port) {
                Some(other) => Err(refused("port", format!("{} is the port of {} already", robot.port, other.id))),
                None => Ok(robot),
            });
            match outcome {
                Ok(robot) => robots.push(robot),
                Err(found) => {
                    let id = entry.text("id");
                    problems.extend(found.into_iter().map(|problem| EntryProblem::new(index, id.clone(), problem)));
                }
            }
        }
        (robots, problems)
    }

    /// Returns every key that the file may hold.
    #[must_use]
    pub fn keys() -> Vec<Key> {
        Entry::inquire("robots[].", |entry| Self { robots: vec![entry] }.check())
    }
}

fn read(entry: &Entry, usual_port: u16) -> Result<SiteRobot, Vec<Problem>> {
    let mut reader = Reader::new(entry, "");
    let id = reader.parsed("id", "`robot-` and small letters, digits or hyphens, at most 64 characters", |value| {
        value.as_str().filter(|text| is_id(text)).map(str::to_owned)
    });
    let id = reader.required("id", "a name as robot-a, different for each robot", id);
    let address = reader.parsed("ip", "host:port, as 192.168.50.133:26400", |value| {
        value.as_str().filter(|text| is_address(text)).map(str::to_owned)
    });
    let address = reader.required("ip", "where the robot's own interface is, as 192.168.50.133:26400", address);
    let name = reader.defaulting("the id").text("name");
    let port = reader.defaulting(format!("{FIRST_PORT} for the first, and so on")).count("port", 1..=65_535);
    let problems = reader.finish();
    match (id, address) {
        (Some(id), Some(address)) if problems.is_empty() => {
            let name = name.unwrap_or_else(|| id.clone());
            Ok(SiteRobot { id, name, address, port: port.unwrap_or(usual_port) })
        }
        _ => Err(problems),
    }
}

fn is_id(text: &str) -> bool {
    let is_plain = |rest: &str| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text.len() <= LONGEST_ID && text.strip_prefix("robot-").is_some_and(is_plain)
}

fn is_address(text: &str) -> bool {
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_host = |host: &str| !host.is_empty() && !host.contains(char::is_whitespace) && !host.contains('/');
    text.rsplit_once(':').is_some_and(|(host, port)| is_host(host) && is_port(port))
}

fn refused(key: &str, message: impl Into<String>) -> Vec<Problem> {
    vec![Problem { key: key.into(), message: message.into() }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(yaml: &str) -> (Vec<SiteRobot>, Vec<String>) {
        let file: RobotsFile = serde_yaml::from_str(yaml).expect("valid YAML");
        let (robots, problems) = file.check();
        (robots, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_robot_is_one_line_and_its_port_follows_from_its_place() {
        let (robots, problems) = check(
            "robots:\n- {id: robot-a, ip: '10.0.0.7:26400'}\n- {id: robot-b, ip: 'b:26400', name: Bruno, port: 5009}\n",
        );
        let robot = |id: &str, name: &str, address: &str, port| SiteRobot {
            id: id.into(),
            name: name.into(),
            address: address.into(),
            port,
        };
        let expected =
            [robot("robot-a", "robot-a", "10.0.0.7:26400", 5001), robot("robot-b", "Bruno", "b:26400", 5009)];
        assert_eq!((robots, problems), (expected.to_vec(), vec![]));
    }

    #[test]
    fn what_cannot_be_a_robot_is_named_and_does_not_hide_the_others() {
        let (robots, problems) = check(
            "robots:
- {id: kitchen, ip: 'a:1'}
- {id: robot-a, ip: 10.0.0.7}
- {id: robot-b, ip: 'b:26400'}
- {id: robot-b, ip: 'c:26400'}
- {id: robot-c, ip: 'c:26400', port: 5003}
- {id: robot-d, adress: 'd:26400'}
",
        );
        assert_eq!(robots.iter().map(|robot| robot.id.as_str()).collect::<Vec<_>>(), ["robot-b"]);
        let expected = [
            "entry 1 (kitchen): id: must be `robot-` and small letters, digits or hyphens, at most 64 characters, not \"kitchen\"",
            "entry 2 (robot-a): ip: must be host:port, as 192.168.50.133:26400, not \"10.0.0.7\"",
            "entry 4 (robot-b): id: is the id of another robot already",
            "entry 5 (robot-c): port: 5003 is the port of robot-b already",
            "entry 6 (robot-d): ip: is missing: where the robot's own interface is, as 192.168.50.133:26400",
            "entry 6 (robot-d): adress: is no known key",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn a_file_without_robots_is_good() {
        assert_eq!(check("robots: []"), (vec![], vec![]));
        assert_eq!(check("{}"), (vec![], vec![]));
    }

    #[test]
    fn the_keys_are_told_with_what_they_must_be() {
        let keys: Vec<_> = RobotsFile::keys().into_iter().map(|key| (key.path, key.is_required)).collect();
        let expected =
            [("robots[].id", true), ("robots[].ip", true), ("robots[].name", false), ("robots[].port", false)];
        assert_eq!(keys, expected.map(|(path, is_required)| (path.to_owned(), is_required)));
    }
}

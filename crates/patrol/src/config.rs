//! What the process is told at its start, all of it by the environment.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use bus::{RedisUrl, SpoolSettings};
use chassis::{ConfigError, Env, Settings};

use crate::openapi;

/// The settings of the process. What people change while it runs is in the settings book, not here.
#[derive(Clone)]
pub struct Config {
    /// Where HTTP is answered: `BIND` and `PORT`.
    pub address: SocketAddr,
    /// Which robot this is: `ROBOT_ID`.
    pub robot_id: RobotId,
    /// What people call it: `ROBOT_NAME`.
    pub robot_name: String,
    /// Where its gRPC service is, `host:port`: `ROBOT_IP`. The name is looked up at each connection, so that a robot
    /// whose name cannot be resolved now is merely offline.
    pub robot_address: String,
    /// Where data is kept, shared by all robots of the site: `DATA_DIR`.
    pub data_dir: PathBuf,
    /// The time zone of the container: `TZ`. What people see follows the setting `timezone`.
    pub time_zone: Option<String>,
    /// Where films are pushed to and read from, `host:port`: `MEDIAMTX_INTERNAL`.
    pub mediamtx_internal: String,
    /// The same place as others reach it: `MEDIAMTX_EXTERNAL`.
    pub mediamtx_external: String,
    /// The relay service, if there is one: `RELAY_SERVICE_URL`.
    pub relay_service: Option<String>,
    /// Redis: `REDIS_URL`.
    pub redis: RedisUrl,
    /// The detector for looks at no cost, if there is one: `INFERENCE_URL`.
    pub inference: Option<String>,
    /// Gemini's address unless it is the public one: `GOOGLE_GEMINI_BASE_URL`.
    pub gemini_base: Option<String>,
    /// Telegram's address unless it is the public one: `TELEGRAM_BASE_URL`.
    pub telegram_base: Option<String>,
    /// What stands before a path of ours in a link that is sent elsewhere: `PUBLIC_URL`; empty for nothing.
    pub public_url: String,
    /// The environment itself, for settings that it overrides.
    pub env: Env,
}

impl Config {
    /// Returns where this robot's own files lie.
    #[must_use]
    pub fn robot_dir(&self) -> PathBuf {
        self.data_dir.join(self.robot_id.as_str())
    }

    /// Returns where events wait while Redis is away.
    #[must_use]
    pub fn spool(&self) -> SpoolSettings {
        SpoolSettings::new(self.robot_dir().join("spool").join("events"))
    }
}

impl Settings for Config {
    const PORT: u16 = 5000;

    fn load(env: &Env) -> Result<Self, ConfigError> {
        let robot_id: RobotId = env.or("ROBOT_ID", RobotId::default())?;
        Ok(Self {
            address: env.bind(Self::PORT)?,
            robot_name: env.or("ROBOT_NAME", "Robot".to_owned())?,
            robot_address: robot_address(env)?,
            data_dir: env.data_dir(),
            time_zone: env.get("TZ")?,
            mediamtx_internal: env.or("MEDIAMTX_INTERNAL", "localhost:8554".to_owned())?,
            mediamtx_external: env.or("MEDIAMTX_EXTERNAL", "localhost:8554".to_owned())?,
            relay_service: env.get("RELAY_SERVICE_URL")?,
            redis: env.or("REDIS_URL", RedisUrl::default())?,
            inference: env.get("INFERENCE_URL")?,
            gemini_base: env.get("GOOGLE_GEMINI_BASE_URL")?,
            telegram_base: env.get("TELEGRAM_BASE_URL")?,
            public_url: env.or("PUBLIC_URL", String::new())?,
            env: env.clone(),
            robot_id,
        })
    }

    fn openapi() -> Option<String> {
        Some(openapi::document())
    }

    /// The names of Visual Patrol, whose directory several robots share. A robot's id that is refused names no file.
    fn log_name(env: &Env, _program: &str) -> String {
        match env.get::<RobotId>("ROBOT_ID") {
            Ok(Some(id)) if id != RobotId::default() => format!("{id}_app"),
            _ => "app".to_owned(),
        }
    }
}

/// The form is checked at the start; whether anybody is there shows later.
fn robot_address(env: &Env) -> Result<String, ConfigError> {
    let address = env.or("ROBOT_IP", "192.168.50.133:26400".to_owned())?;
    let is_one = address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
    if is_one { Ok(address) } else { Err(ConfigError::variable("ROBOT_IP", "expected host:port")) }
}

/// The name of a robot in paths, files and rows: small letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RobotId(String);

impl RobotId {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RobotId {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for RobotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no name of a robot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `default` or `robot-` followed by small letters, digits and hyphens, at most 64 characters")]
pub struct RobotIdError;

impl FromStr for RobotId {
    type Err = RobotIdError;

    fn from_str(text: &str) -> Result<Self, RobotIdError> {
        let is_plain = |rest: &str| {
            !rest.is_empty()
                && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let is_name = text.len() <= 64 && text.strip_prefix("robot-").is_some_and(is_plain);
        if is_name || text == "default" { Ok(Self(text.to_owned())) } else { Err(RobotIdError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_environment_gives_the_documented_defaults() {
        let config = Config::load(&Env::default()).expect("is loaded");
        assert_eq!((config.robot_id.as_str(), config.robot_name.as_str()), ("default", "Robot"));
        assert_eq!((config.address.port(), config.robot_address.as_str()), (5000, "192.168.50.133:26400"));
        assert_eq!((config.mediamtx_internal.as_str(), config.relay_service), ("localhost:8554", None));
    }

    #[test]
    fn w01_without_being_told_otherwise_only_this_machine_reaches_the_process() {
        let config = Config::load(&Env::default()).expect("is loaded");
        assert!(config.address.ip().is_loopback(), "{}", config.address);
    }

    #[test]
    fn a_robot_whose_name_cannot_be_resolved_does_not_keep_the_process_from_starting() {
        let config = Config::load(&Env::of([("ROBOT_IP", "no-such-host.invalid:26400")])).expect("is loaded");
        assert_eq!(config.robot_address, "no-such-host.invalid:26400");
    }

    #[test]
    fn every_robot_has_a_log_file_of_its_own() {
        for (id, file) in [("robot-a", "robot-a_app"), ("default", "app"), ("", "app"), ("../x", "app")] {
            assert_eq!(Config::log_name(&Env::of([("ROBOT_ID", id)]), "patrol"), file);
        }
    }

    #[test]
    fn w02_what_is_no_address_or_no_name_is_refused() {
        for (name, value) in [("ROBOT_IP", "10.0.0.1"), ("ROBOT_IP", ":26400"), ("ROBOT_IP", "robot:0")] {
            let refused = Config::load(&Env::of([(name, value)])).err().expect("is refused").to_string();
            assert_eq!(refused, "ROBOT_IP: expected host:port");
        }
        for id in ["robot-", "robot-x.evil.com", "robot-A", "../x", "kachaka"] {
            assert!(Config::load(&Env::of([("ROBOT_ID", id)])).is_err(), "{id}");
        }
    }
}

//! What the service is told at its start: `services.yaml` and the environment.

use std::net::SocketAddr;

use bus::RedisUrl;
use chassis::config::read_yaml;
use chassis::{ConfigError, Env, Settings};
use domain::services::{AlertingSettings, ServicesFile};
use reqwest::Url;

use crate::openapi;

/// The services that are asked how they are: name, variable, default address, where they tell about themselves.
const PEERS: [(&str, &str, &str, &str); 3] = [
    ("stream-manager", "STREAM_MANAGER_URL", "http://127.0.0.1:8010", "api/v1/status"),
    ("alert-router", "ALERT_ROUTER_URL", "http://127.0.0.1:8020", "api/v1/status"),
    ("inference-api", "INFERENCE_API_URL", "http://127.0.0.1:8000", "health"),
];

/// The variable that names the processes of the robots.
const PATROLS: &str = "PATROL_URLS";

/// The settings of the service.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where HTTP is answered.
    pub address: SocketAddr,
    /// Redis.
    pub redis: RedisUrl,
    /// The stream that alerts come from.
    pub stream: String,
    /// About how many alerts the stream keeps.
    pub stream_length: u64,
    /// The services that are asked how they are.
    pub peers: Vec<Peer>,
}

/// Another service.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Where it answers.
    pub base: Url,
    /// The path at which it tells about itself.
    pub status: &'static str,
}

impl Settings for Config {
    const PORT: u16 = 5080;

    fn load(env: &Env) -> Result<Self, ConfigError> {
        let alerting = alerting(env)?;
        let peer = |(name, variable, default, status): (&str, &str, &str, _)| {
            let base = env.or(variable, default.to_owned())?;
            Ok(Peer { name: name.to_owned(), base: http_url(variable, &base)?, status })
        };
        Ok(Self {
            address: env.bind(Self::PORT)?,
            redis: env.or("REDIS_URL", RedisUrl::default())?,
            stream: alerting.redis_stream_name,
            stream_length: alerting.redis_max_stream_length as u64,
            peers: PEERS.into_iter().map(peer).chain(patrols(env)?.into_iter().map(Ok)).collect::<Result<_, _>>()?,
        })
    }

    fn openapi() -> Option<String> {
        Some(openapi::document())
    }
}

/// Reads what `services.yaml` says about alerts; if there is none, everything is as it is by default.
fn alerting(env: &Env) -> Result<AlertingSettings, ConfigError> {
    let path = env.config_dir().join("services.yaml");
    let file = match read_yaml::<ServicesFile>(&path, env) {
        Err(ConfigError::NotFound(_)) => ServicesFile::default(),
        file => file?,
    };
    let checked = file.check(&|name| env.plain(name).map(str::to_owned));
    checked.map(|services| services.alerting).map_err(|problems| {
        let first = problems.into_iter().next();
        let (key, message) = first.map(|problem| (problem.key, problem.message)).unwrap_or_default();
        ConfigError::key(path, key, message)
    })
}

/// Reads the robots' processes, as `robot-a=http://127.0.0.1:5001,robot-b=http://127.0.0.1:5002`; none by default.
fn patrols(env: &Env) -> Result<Vec<Peer>, ConfigError> {
    let list = env.text(PATROLS)?.unwrap_or_default();
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let peer = |entry: &str| {
        let expected = || ConfigError::variable(PATROLS, "expected robot-a=http://host:5001,robot-b=http://host:5002");
        let (robot, base) =
            entry.split_once('=').filter(|(robot, _)| robot.starts_with("robot-")).ok_or_else(expected)?;
        let base = http_url(PATROLS, base).map_err(|_| expected())?;
        Ok(Peer { name: format!("patrol {robot}"), base, status: "api/v1/state" })
    };
    entries.map(peer).collect()
}

fn http_url(variable: &str, text: &str) -> Result<Url, ConfigError> {
    let expected = || ConfigError::variable(variable, "expected an address like http://host:8010");
    let url = Url::parse(text.trim_end_matches('/')).map_err(|_| expected())?;
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    is_http.then_some(url).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().expect("a directory");
        let config_dir = dir.path().to_str().expect("is UTF-8");
        let named = variables.iter().copied().chain([("CONFIG_DIR", config_dir)]);
        Config::load(&Env::of(named))
    }

    #[test]
    fn without_settings_everything_is_on_this_machine() {
        let config = loaded(&[]).expect("the defaults are valid");
        assert_eq!(config.address.to_string(), "127.0.0.1:5080");
        assert_eq!(config.stream, "alerts");
        let peers: Vec<String> = config.peers.iter().map(|peer| format!("{} {}", peer.name, peer.base)).collect();
        assert_eq!(
            peers,
            [
                "stream-manager http://127.0.0.1:8010/",
                "alert-router http://127.0.0.1:8020/",
                "inference-api http://127.0.0.1:8000/"
            ]
        );
    }

    #[test]
    fn the_stream_is_the_one_that_alerts_go_to() {
        let config = loaded(&[("ALERTING_REDIS_STREAM_NAME", "site-2")]).expect("is valid");
        assert_eq!(config.stream, "site-2");
    }

    #[test]
    fn robots_are_asked_too() {
        let config =
            loaded(&[("PATROL_URLS", "robot-a=http://here:5001, robot-b=http://there:5002")]).expect("is valid");

        let robots: Vec<String> = config.peers[3..].iter().map(|peer| format!("{} {}", peer.name, peer.base)).collect();

        assert_eq!(robots, ["patrol robot-a http://here:5001/", "patrol robot-b http://there:5002/"]);
        for wrong in ["robot-a", "kitchen=http://here:5001", "robot-a=here"] {
            let error = loaded(&[("PATROL_URLS", wrong)]).expect_err(wrong).to_string();
            assert_eq!(error, "PATROL_URLS: expected robot-a=http://host:5001,robot-b=http://host:5002", "{wrong}");
        }
    }

    #[test]
    fn an_address_that_is_none_names_its_variable() {
        for wrong in ["stream-manager:8010", "redis://here", "http://", "8010"] {
            let error = loaded(&[("STREAM_MANAGER_URL", wrong)]).expect_err("is no HTTP address");
            assert_eq!(error.to_string(), "STREAM_MANAGER_URL: expected an address like http://host:8010", "{wrong}");
        }
    }
}

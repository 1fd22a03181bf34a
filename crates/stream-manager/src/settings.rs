//! What the service is told at its start: `services.yaml` and the environment.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use bus::{RedisUrl, SpoolSettings};
use chassis::config::read_yaml;
use chassis::{ConfigError, Env, Settings};
use domain::services::{Services, ServicesFile};
use domain::track::TrackerSettings;
use store::Limits;
use vision::{ModelSource, Places, PoolSettings, configured};

use crate::lifecycle::Patience;
use crate::openapi;
use crate::site::Watching;

/// Days that snapshots are kept unless `SNAPSHOT_MAX_DAYS` says otherwise.
const SNAPSHOT_DAYS: u64 = 30;
/// MiB that snapshots may take unless `SNAPSHOT_MAX_MB` says otherwise.
const SNAPSHOT_MB: u64 = 2048;

/// The settings of the service.
#[derive(Clone)]
pub struct Config {
    /// Where HTTP is answered.
    pub address: SocketAddr,
    /// The environment, for `${VAR}` in the files that are followed.
    pub env: Env,
    /// The cameras.
    pub cameras: PathBuf,
    /// The zones.
    pub zones: PathBuf,
    /// Redis.
    pub redis: RedisUrl,
    /// The stream that alerts go to.
    pub stream: String,
    /// About how many alerts the stream keeps.
    pub stream_length: u64,
    /// Where alerts wait while Redis is away.
    pub spool: SpoolSettings,
    /// Where snapshots are kept.
    pub snapshots: PathBuf,
    /// How long and how many of them.
    pub snapshot_limits: Limits,
    /// What stands before the path of a snapshot in an alert; empty for nothing.
    pub public_url: String,
    /// How cameras are watched.
    pub watching: Watching,
    /// How the detector works.
    pub pool: PoolSettings,
    /// Where its model comes from.
    pub models: ModelSource,
}

impl Settings for Config {
    const PORT: u16 = 8010;

    fn load(env: &Env) -> Result<Self, ConfigError> {
        let services = services(env)?;
        let (config_dir, data_dir) = (env.config_dir(), env.data_dir());
        let manager = services.stream_manager;
        let cores = available_parallelism().map_or(1, usize::from);
        let places = Places { models_dir: env.models_dir(), cache_dir: env.cache_dir(), data_dir: data_dir.clone() };
        let (pool, models) = configured(&services.inference, &places, cores);
        Ok(Self {
            address: env.bind(Self::PORT)?,
            env: env.clone(),
            cameras: config_dir.join("cameras.yaml"),
            zones: config_dir.join("rois.yaml"),
            redis: env.or("REDIS_URL", RedisUrl::default())?,
            stream: services.alerting.redis_stream_name.clone(),
            stream_length: services.alerting.redis_max_stream_length as u64,
            spool: SpoolSettings::new(data_dir.join("spool").join("alerts")),
            snapshots: data_dir.join("snapshots"),
            snapshot_limits: Limits {
                max_age: Some(Duration::from_secs(env.or("SNAPSHOT_MAX_DAYS", SNAPSHOT_DAYS)? * 24 * 3600)),
                max_bytes: Some(env.or("SNAPSHOT_MAX_MB", SNAPSHOT_MB)? << 20),
            },
            public_url: env.or("PUBLIC_URL", String::new())?,
            watching: Watching {
                tracking: TrackerSettings {
                    high_confidence: services.inference.confidence,
                    class_confidence: services.inference.class_thresholds.clone(),
                    ..TrackerSettings::default()
                },
                patience: Patience { delay: manager.reconnect_delay, attempts: manager.max_reconnect_attempts },
                read_timeout: manager.read_timeout,
            },
            pool,
            models,
        })
    }

    fn openapi() -> Option<String> {
        Some(openapi::document())
    }
}

/// Reads `services.yaml`; if there is none, everything is as it is by default.
fn services(env: &Env) -> Result<Services, ConfigError> {
    let path = env.config_dir().join("services.yaml");
    let file = match read_yaml::<ServicesFile>(&path, env) {
        Err(ConfigError::NotFound(_)) => ServicesFile::default(),
        file => file?,
    };
    let checked = file.check(&|name| env.plain(name).map(str::to_owned));
    checked.map_err(|problems| {
        ConfigError::refused(&path, problems.into_iter().map(|problem| (problem.key, problem.message)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(yaml: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("services.yaml"), yaml).expect("is written");
        let dir = [("CONFIG_DIR", dir.path().to_str().expect("is UTF-8"))];
        Config::load(&Env::of(dir.iter().chain(env).copied()))
    }

    #[test]
    fn without_a_file_everything_has_its_default() {
        let config = Config::load(&Env::of([("CONFIG_DIR", "/nowhere")])).expect("is loaded");
        assert_eq!((config.address.port(), config.stream.as_str(), config.stream_length), (8010, "alerts", 10_000));
        assert_eq!(config.watching.patience, Patience { delay: Duration::from_secs(5), attempts: Some(10) });
        assert_eq!(config.models.default, "yolov4-tiny");
    }

    #[test]
    fn the_file_and_the_environment_are_heard() {
        let yaml =
            "stream_manager: {max_reconnect_attempts: -1, read_timeout_seconds: 4}\ninference: {model_path: shapes}";
        let env = [("STREAM_MANAGER_RECONNECT_DELAY_SECONDS", "0.5"), ("PORT", "9"), ("SNAPSHOT_MAX_MB", "1")];
        let config = load(yaml, &env).expect("is loaded");
        assert_eq!(config.watching.patience, Patience { delay: Duration::from_millis(500), attempts: None });
        assert_eq!((config.watching.read_timeout, config.address.port()), (Duration::from_secs(4), 9));
        assert_eq!((config.models.default.as_str(), config.snapshot_limits.max_bytes), ("shapes", Some(1 << 20)));
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_place() {
        let refused = load("inference: {confidence: 7}", &[]).err().expect("is refused").to_string();
        assert!(refused.contains("services.yaml:1: inference.confidence: "), "{refused}");
    }
}

//! What the service is told at its start: `services.yaml` and the environment.

use std::net::SocketAddr;
use std::thread::available_parallelism;

use axum::http::HeaderValue;
use chassis::config::read_yaml;
use chassis::{ConfigError, Env, Settings};
use domain::services::{Services, ServicesFile};
use media::image::Limits;
use vision::{ModelSource, Places, PoolSettings, configured};

use crate::{cors, openapi};

/// The settings of the service.
#[derive(Clone)]
pub struct Config {
    /// Where HTTP is answered.
    pub address: SocketAddr,
    /// The environment, for `${VAR}` in the files that are followed.
    pub env: Env,
    /// How the detector works.
    pub pool: PoolSettings,
    /// Where its model comes from.
    pub source: ModelSource,
    /// The largest upload and picture.
    pub limits: Limits,
    /// Whose pages may call.
    pub cors_origins: Vec<HeaderValue>,
}

impl Config {
    /// How many requests are worked on at once: those that wait for the detector and those that it works on.
    pub(crate) fn places(&self) -> usize {
        self.pool.queue_capacity
    }
}

impl Settings for Config {
    const PORT: u16 = 8000;

    fn load(env: &Env) -> Result<Self, ConfigError> {
        let places = Places { models_dir: env.models_dir(), cache_dir: env.cache_dir(), data_dir: env.data_dir() };
        let cores = available_parallelism().map_or(1, usize::from);
        let (mut pool, source) = configured(&services(env)?.inference, &places, cores);
        // Requests are counted where they come in, so the detector's own queue has room for every one of them.
        pool.queue_capacity += pool.workers;
        let defaults = Limits::default();
        let origins: String = env.or("CORS_ORIGINS", String::new())?;
        Ok(Self {
            address: env.bind(Self::PORT)?,
            env: env.clone(),
            pool,
            source,
            limits: Limits {
                max_bytes: env.or("MAX_UPLOAD_BYTES", defaults.max_bytes)?,
                max_pixels: env.or("MAX_IMAGE_PIXELS", defaults.max_pixels)?,
            },
            cors_origins: cors::origins(&origins)
                .map_err(|expected| ConfigError::variable("CORS_ORIGINS", expected))?,
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
        let first = problems.into_iter().next();
        let (key, message) = first.map(|problem| (problem.key, problem.message)).unwrap_or_default();
        ConfigError::key(path, key, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(yaml: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("services.yaml"), yaml).expect("is written");
        let dir = [("CONFIG_DIR", dir.path().to_str().expect("is UTF-8"))];
        Config::load(&Env::of(dir.iter().chain(variables).copied()))
    }

    fn refusal(yaml: &str, variables: &[(&str, &str)]) -> String {
        load(yaml, variables).err().expect("is refused").to_string()
    }

    #[test]
    fn without_a_file_everything_has_its_default() {
        let config = Config::load(&Env::of([("CONFIG_DIR", "/nowhere")])).expect("is loaded");
        assert_eq!(config.address.to_string(), "127.0.0.1:8000");
        assert_eq!(config.source.default, "yolov4-tiny");
        assert_eq!(config.pool.detector.confidence, Some(0.25));
        assert_eq!(config.places(), 64 + available_parallelism().map_or(1, usize::from));
        assert_eq!((config.limits, config.cors_origins), (Limits::default(), Vec::new()));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let yaml = "inference: {model_path: models/mine/model.onnx, confidence: 0.5, queue_capacity: 8, threads: 1}";
        let config =
            load(yaml, &[("INFERENCE_CONFIDENCE", "0.75"), ("INFERENCE_IOU", "0.6"), ("INFERENCE_DEVICE", "")]);
        let config = config.expect("is loaded");
        assert_eq!((config.source.default.as_str(), config.places()), ("mine", 9));
        let detector = config.pool.detector;
        assert_eq!((detector.confidence, detector.iou, detector.device), (Some(0.75), Some(0.6), vision::Device::Auto));
    }

    #[test]
    fn what_is_out_of_range_is_refused_wherever_it_stands() {
        let file = refusal("inference: {confidence: 7}", &[]);
        assert!(file.contains("services.yaml: inference.confidence: "), "{file}");
        let variable = refusal("", &[("INFERENCE_CONFIDENCE", "7")]);
        assert!(variable.contains("INFERENCE_CONFIDENCE"), "{variable}");
        let origins = refusal("", &[("CORS_ORIGINS", "*")]);
        assert!(origins.starts_with("CORS_ORIGINS: expected origins"), "{origins}");
    }
}

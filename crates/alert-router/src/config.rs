//! The settings of the alert router: the section `alerting` of `services.yaml`, and the environment.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bus::{GroupSettings, RedisUrl, Topic};
use chassis::config::read_yaml;
use chassis::{ConfigError, Env, Settings};
use domain::alert::Alert;
use domain::retry::Schedule;
use domain::secret::{Address, Secret};
use domain::services::{AlertingSettings, Protocol, ServicesFile, StdoutFormat};

use crate::openapi;
use crate::rule::Limits;

/// Everything the alert router can be told.
#[derive(Debug)]
pub struct Config {
    /// Where its HTTP API listens.
    pub(crate) address: SocketAddr,
    /// Where its database is.
    pub(crate) dir: PathBuf,
    /// Where Redis is.
    pub(crate) redis: RedisUrl,
    /// The stream of alerts.
    pub(crate) topic: Topic<Alert>,
    /// How it takes part in the group that reads the stream.
    pub(crate) group: GroupSettings,
    /// Which alerts are delivered.
    pub(crate) limits: Limits,
    /// Where they are delivered.
    pub(crate) delivery: Delivery,
    /// When a delivery that failed is tried again.
    pub(crate) schedule: Schedule,
    /// How long alerts are kept; `None` for ever.
    pub(crate) retention: Option<Duration>,
}

/// Where alerts are delivered.
#[derive(Debug, Clone)]
pub(crate) enum Delivery {
    /// To the standard output.
    Stdout(StdoutFormat),
    /// To a URL.
    Webhook {
        /// The URL.
        url: Address,
        /// What requests are signed with.
        secret: Option<Secret>,
        /// How long one attempt may take.
        timeout: Duration,
    },
}

impl Config {
    /// Returns how long one attempt of a delivery may take.
    pub(crate) fn webhook_timeout(&self) -> Duration {
        match &self.delivery {
            Delivery::Stdout(_) => Duration::ZERO,
            Delivery::Webhook { timeout, .. } => *timeout,
        }
    }
}

impl Settings for Config {
    const PORT: u16 = 8020;

    fn load(env: &Env) -> Result<Self, ConfigError> {
        let alerting = alerting(env)?;
        let topic_len = alerting.redis_max_stream_length as u64;
        Ok(Self {
            address: env.bind(Self::PORT)?,
            dir: env.data_dir().join("alert-router"),
            redis: env.or("REDIS_URL", RedisUrl::default())?,
            topic: Topic::new(alerting.redis_stream_name.clone(), topic_len),
            group: GroupSettings {
                take_over_after: alerting.take_over,
                ..GroupSettings::new(&alerting.redis_consumer_group)
            },
            limits: Limits {
                window: alerting.debounce_window,
                max_per_window: alerting.max_alerts_per_window,
                max_age: alerting.max_age,
            },
            schedule: Schedule { attempts: Some(alerting.webhook_attempts), ..SCHEDULE },
            retention: alerting.retention_days.map(|days| DAY * days),
            delivery: delivery(env, alerting)?,
        })
    }

    fn openapi() -> Option<String> {
        Some(openapi::document())
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The pauses between attempts; how many there are is a setting.
const SCHEDULE: Schedule = Schedule {
    first: Duration::from_secs(1),
    factor: 3.0,
    longest: Duration::from_secs(300),
    spread: 0.5,
    attempts: None,
};

/// Reads the section `alerting`. What is wrong in the other sections is for other services to say.
fn alerting(env: &Env) -> Result<AlertingSettings, ConfigError> {
    let path = env.config_dir().join("services.yaml");
    let file: ServicesFile = match read_yaml(&path, env) {
        Err(ConfigError::NotFound(_)) => ServicesFile::default(),
        read => read?,
    };
    let file = ServicesFile { alerting: file.alerting, ..ServicesFile::default() };
    // A file that holds a secret and cannot be read must not pass for no secret.
    let unreadable = RefCell::new(None);
    let lookup = |name: &str| {
        let text = if name.starts_with("ALERTING_") { env.text(name) } else { Ok(None) };
        text.unwrap_or_else(|error| {
            unreadable.replace(Some(error));
            None
        })
    };
    let checked = file.check(&lookup);
    if let Some(error) = unreadable.take() {
        return Err(error);
    }
    let services = checked.map_err(|problems| {
        ConfigError::refused(&path, problems.into_iter().map(|problem| (problem.key, problem.message)))
    })?;
    Ok(services.alerting)
}

fn delivery(env: &Env, alerting: AlertingSettings) -> Result<Delivery, ConfigError> {
    let refuse = |key: &str, expectation: &str| {
        ConfigError::refused(env.config_dir().join("services.yaml"), [(format!("alerting.{key}"), expectation)])
    };
    match (alerting.protocol, alerting.webhook_url) {
        (Protocol::Stdout, _) => Ok(Delivery::Stdout(alerting.stdout_format)),
        (Protocol::Webhook, Some(url)) => {
            let secret = alerting.webhook_secret;
            if secret.as_ref().is_some_and(|secret| standardwebhooks::Webhook::new(secret.expose()).is_err()) {
                return Err(refuse("webhook_secret", "must be `whsec_` and base64, as Standard Webhooks has it"));
            }
            Ok(Delivery::Webhook { url, secret, timeout: alerting.webhook_timeout })
        }
        (Protocol::Webhook, None) => Err(refuse("webhook_url", "is missing: where alerts are sent")),
        (Protocol::Hikvision, _) => {
            Err(refuse("protocol", "must be stdout or webhook: this version cannot speak to a recorder"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(yaml: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("services.yaml"), yaml).expect("is written");
        let dir = dir.path().to_str().expect("is UTF-8");
        let variables = variables.iter().copied().chain([("CONFIG_DIR", dir)]);
        Config::load(&Env::of(variables)).map_err(|error| error.to_string().replace(dir, "configs"))
    }

    #[test]
    fn without_a_file_alerts_go_to_the_standard_output() {
        let config = Config::load(&Env::of([("CONFIG_DIR", "/nowhere")])).expect("has defaults");
        assert!(matches!(config.delivery, Delivery::Stdout(StdoutFormat::Pretty)));
        assert_eq!((config.topic.name(), config.group.group.as_str()), ("alerts", "alert_router"));
        assert_eq!(config.address.to_string(), "127.0.0.1:8020");
        assert_eq!(config.limits.max_age, Some(Duration::from_secs(3600)));
    }

    #[test]
    fn the_environment_replaces_the_file_and_expands_in_it() {
        let yaml =
            "alerting:\n  protocol: webhook\n  webhook_url: https://${HOST}/in\n  webhook_retry_attempts: ${N:-7}\n";
        let config = load(yaml, &[("HOST", "site"), ("ALERTING_DEBOUNCE_WINDOW_SECONDS", "9")]).expect("is good");
        let Delivery::Webhook { url, .. } = &config.delivery else { panic!("is a webhook") };
        assert_eq!(url.expose(), "https://site/in");
        assert_eq!(config.schedule.attempts, Some(7));
        assert_eq!(config.limits.window, Duration::from_secs(9));
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_and_key() {
        for (yaml, told) in [
            ("alerting:\n  protocol: mqtt\n", "configs/services.yaml:2: alerting.protocol: must be one of"),
            ("alerting:\n  protocol: webhook\n", "configs/services.yaml:2: alerting.webhook_url: is missing"),
            (
                "alerting:\n  protocl: stdout\n",
                "configs/services.yaml:2: alerting.protocl: is no known key, did you mean protocol?",
            ),
            (
                "alerting:\n  protocol: hikvision\n  hikvision_host: nvr\n",
                "configs/services.yaml:2: alerting.protocol: must be stdout or webhook",
            ),
            (
                "alerting:\n  protocol: webhook\n  webhook_url: http://a/\n  webhook_secret: hunter2!\n",
                "configs/services.yaml:4: alerting.webhook_secret: must be `whsec_` and base64",
            ),
        ] {
            let error = load(yaml, &[]).expect_err("is wrong");
            assert!(error.starts_with(told), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_is_wrong_in_other_sections_is_not_our_business() {
        assert!(load("inference:\n  confidence: 7\n", &[("INFERENCE_IOU", "nine")]).is_ok());
    }

    #[test]
    fn a_secret_may_come_from_a_file_and_a_missing_file_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("secret");
        std::fs::write(&file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("is written");
        let yaml = "alerting:\n  protocol: webhook\n  webhook_url: http://a/\n";
        let path = file.to_str().expect("is UTF-8");
        let config = load(yaml, &[("ALERTING_WEBHOOK_SECRET_FILE", path)]).expect("is good");
        assert!(matches!(&config.delivery, Delivery::Webhook { secret: Some(_), .. }));
        let error = load(yaml, &[("ALERTING_WEBHOOK_SECRET_FILE", "/nowhere")]).expect_err("no file");
        assert!(error.starts_with("ALERTING_WEBHOOK_SECRET_FILE: cannot read `/nowhere`"), "{error}");
        let error = load("", &[("ALERTING_WEBHOOK_URL_FILE", "/nowhere")]).expect_err("no file");
        assert!(error.starts_with("ALERTING_WEBHOOK_URL_FILE: cannot read `/nowhere`"), "{error}");
    }
}

//! The section `alerting`.

use std::time::Duration;

use serde::Serialize;

use crate::entry::{Entry, Lookup, Problem, Reader};
use crate::secret::{Address, Secret};

/// Where alerts are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// To the standard output.
    #[default]
    Stdout,
    /// To a URL, by POST.
    Webhook,
    /// To a Hikvision recorder.
    Hikvision,
}

/// How alerts look on the standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StdoutFormat {
    /// As indented JSON, like the reference.
    #[default]
    Pretty,
    /// As one line of JSON each.
    Lines,
}

/// How alerts are delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertingSettings {
    /// The stretch of event time in which only so many alerts of one kind are delivered.
    pub debounce_window: Duration,
    /// How many that are.
    pub max_alerts_per_window: u32,
    /// Where alerts are delivered.
    pub protocol: Protocol,
    /// The URL of the webhook; there if the protocol is `webhook`.
    pub webhook_url: Option<Address>,
    /// What the webhook's requests are signed with.
    pub webhook_secret: Option<Secret>,
    /// How long one attempt may take.
    pub webhook_timeout: Duration,
    /// How many attempts are made in all. The reference's 0 sent nothing and called it delivered; here it means one
    /// attempt.
    pub webhook_attempts: u32,
    /// The recorder.
    pub hikvision_host: Option<String>,
    /// The recorder's HTTP port.
    pub hikvision_port: u16,
    /// The recorder's user.
    pub hikvision_username: Option<String>,
    /// The user's password.
    pub hikvision_password: Option<Secret>,
    /// The Redis stream that alerts arrive on.
    pub redis_stream_name: String,
    /// The consumer group that reads it.
    pub redis_consumer_group: String,
    /// How many alerts the stream keeps, roughly.
    pub redis_max_stream_length: usize,
    /// How old an alert may be when it arrives; older ones are recorded and not delivered. Nothing for any age (`0`
    /// in the file).
    pub max_age: Option<Duration>,
    /// How `stdout` looks.
    pub stdout_format: StdoutFormat,
    /// For how many days alerts are kept; nothing for ever (`0` in the file).
    pub retention_days: Option<u32>,
    /// After how long another instance takes a message that was not acknowledged.
    pub take_over: Duration,
}

impl AlertingSettings {
    pub(super) fn read(entry: &Entry, env: Lookup<'_>) -> (Self, Vec<Problem>) {
        let mut reader = Reader::new(entry, "alerting.").overridden_by(env, "ALERTING");
        let protocols =
            [("stdout", Protocol::Stdout), ("webhook", Protocol::Webhook), ("hikvision", Protocol::Hikvision)];
        let formats = [("pretty", StdoutFormat::Pretty), ("lines", StdoutFormat::Lines)];
        let settings = Self {
            debounce_window: reader.seconds_or("debounce_window_seconds", 0.0, Duration::from_secs(5)),
            max_alerts_per_window: reader.count_or("max_alerts_per_window", 1..=1_000_000, 1),
            protocol: reader.choice_or("protocol", &protocols, Protocol::default()),
            webhook_url: reader.hidden("webhook_url", webhook_url).flatten(),
            webhook_secret: secret(&mut reader, "webhook_secret"),
            webhook_timeout: reader.seconds_or("webhook_timeout_seconds", 0.1, Duration::from_secs(5)),
            webhook_attempts: reader.count_or("webhook_retry_attempts", 0..=1000, 3_u32).max(1),
            hikvision_host: reader.text("hikvision_host").filter(|host| !host.is_empty()),
            hikvision_port: reader.count_or("hikvision_port", 1..=65_535, 80),
            hikvision_username: reader.text("hikvision_username").filter(|user| !user.is_empty()),
            hikvision_password: secret(&mut reader, "hikvision_password"),
            redis_stream_name: named(&mut reader, "redis_stream_name", "alerts"),
            redis_consumer_group: named(&mut reader, "redis_consumer_group", "alert_router"),
            redis_max_stream_length: reader.count_or("redis_max_stream_length", 100..=100_000_000, 10_000),
            max_age: Some(reader.seconds_or("max_age_seconds", 0.0, Duration::from_secs(3600)))
                .filter(|age| !age.is_zero()),
            stdout_format: reader.choice_or("stdout_format", &formats, StdoutFormat::default()),
            retention_days: Some(reader.count_or("retention_days", 0..=3650, 90)).filter(|days| *days > 0),
            take_over: reader.seconds_or("take_over_seconds", 1.0, Duration::from_secs(60)),
        };
        settings.check_protocol(&mut reader);
        (settings, reader.finish())
    }

    /// A protocol without its destination would swallow every alert.
    fn check_protocol(&self, reader: &mut Reader<'_>) {
        match self.protocol {
            Protocol::Stdout => {}
            Protocol::Webhook => {
                reader.required(
                    "webhook_url",
                    "where alerts are sent, because protocol is webhook",
                    self.webhook_url.as_ref(),
                );
            }
            Protocol::Hikvision => {
                let what = "the recorder, because protocol is hikvision";
                reader.required("hikvision_host", what, self.hikvision_host.as_ref());
            }
        }
    }
}

fn webhook_url(text: &str) -> Result<Option<Address>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let address = Address::new(text);
    let is_web = matches!(address.scheme(), Some("http" | "https")) && address.has_host();
    if is_web { Ok(Some(address)) } else { Err("must begin with http:// or https:// and name a host".to_owned()) }
}

fn secret(reader: &mut Reader<'_>, key: &'static str) -> Option<Secret> {
    reader.hidden(key, |text| Ok(Secret::new(text))).filter(|secret| !secret.expose().is_empty())
}

fn named(reader: &mut Reader<'_>, key: &'static str, default: &str) -> String {
    let is_name = |text: &String| !text.is_empty() && !text.contains(char::is_whitespace);
    let name = reader
        .defaulting(default)
        .parsed(key, "a name without spaces", |value| value.as_str().map(str::to_owned).filter(is_name));
    name.unwrap_or_else(|| default.to_owned())
}

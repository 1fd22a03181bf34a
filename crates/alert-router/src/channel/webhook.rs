//! Alerts by HTTP POST, with the headers of Standard Webhooks; the body is the alert's JSON as the
//! reference sends it.

use std::error::Error;
use std::time::Duration;

use anyhow::Context;
use chassis::Trace;
use domain::id::AlertId;
use domain::secret::{Address, Secret};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

use super::Attempt;

/// A receiver of alerts.
pub(crate) struct Webhook {
    client: Client,
    url: Address,
    signer: Option<standardwebhooks::Webhook>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Webhook {
    pub(super) fn new(url: &Address, secret: Option<&Secret>, timeout: Duration) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(timeout)
            // A redirect would send the alert, and its signature, to who knows whom.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("ronda-alert-router/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot prepare HTTP requests")?;
        let signer = secret.map(|secret| standardwebhooks::Webhook::new(secret.expose())).transpose();
        let signer = signer.context("the webhook's secret is not base64")?;
        Ok(Self { client, url: url.clone(), signer })
    }

    pub(super) async fn deliver(&self, alert_id: &AlertId, body: &str) -> Attempt {
        let headers = match self.headers(alert_id, body, Timestamp::now().as_second()) {
            Ok(headers) => headers,
            Err(error) => return Attempt::Refused { reason: format!("cannot be signed: {error:#}") },
        };
        let request = self.client.post(self.url.expose()).headers(headers).body(body.to_owned());
        match request.send().await {
            Ok(answer) => judge(&answer, Timestamp::now()),
            Err(error) => Attempt::try_later(told(error)),
        }
    }

    /// Returns the headers of one attempt: the id is the same in each, the time and the part of the trace are the
    /// attempt's.
    fn headers(&self, alert_id: &AlertId, body: &str, unix_secs: i64) -> anyhow::Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HEADER_WEBHOOK_ID, HeaderValue::from_str(alert_id.as_str())?);
        headers.insert(HEADER_WEBHOOK_TIMESTAMP, HeaderValue::from(unix_secs));
        if let Some(trace) = Trace::current() {
            headers.insert(Trace::HEADER, HeaderValue::from_str(&trace.to_string())?);
        }
        if let Some(signer) = &self.signer {
            let signature = signer.sign(alert_id.as_str(), unix_secs, body.as_bytes())?;
            headers.insert(HEADER_WEBHOOK_SIGNATURE, HeaderValue::from_str(&signature)?);
        }
        Ok(headers)
    }
}

fn judge(answer: &Response, now: Timestamp) -> Attempt {
    let status = answer.status();
    let reason = format!("answered {status}");
    let may_work_later = status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::TOO_EARLY);
    if status.is_success() {
        Attempt::Delivered
    } else if may_work_later {
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        Attempt::TryLater { reason, after: asked.and_then(|asked| pause(asked, now)) }
    } else if status.is_redirection() {
        Attempt::Refused { reason: format!("{reason}; redirects are not followed") }
    } else {
        Attempt::Refused { reason }
    }
}

/// Reads `Retry-After`: seconds, or a date.
fn pause(asked: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = asked.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(asked.trim()).ok()?.timestamp();
    // A date in the past asks for no pause.
    Some(date.duration_since(now).try_into().unwrap_or_default())
}

/// Returns what went wrong without the URL, which may hold a token.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2015-10-21T07:28:00Z".parse().expect("a time")
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_by_a_date() {
        assert_eq!(pause("120", now()), Some(Duration::from_secs(120)));
        assert_eq!(pause("Wed, 21 Oct 2015 07:28:30 GMT", now()), Some(Duration::from_secs(30)));
        assert_eq!(pause("Wed, 21 Oct 2015 07:00:00 GMT", now()), Some(Duration::ZERO));
        assert_eq!(pause("soon", now()), None);
    }

    #[test]
    fn a_signature_is_that_of_the_standard() {
        chassis::install_tls();
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let url = Address::new("http://127.0.0.1/");
        let webhook = Webhook::new(&url, Some(&secret), Duration::from_secs(1)).expect("is good");
        let id: AlertId = "msg_p5jXN8AQM9LWM0D4loKWxJek".parse().expect("an id");
        let headers = webhook.headers(&id, r#"{"test": 2432232314}"#, 1_614_265_330).expect("is signed");
        // The example of the specification.
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(headers["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers["webhook-timestamp"], "1614265330");
    }
}

//! HTTP as all providers speak it: a time limit on everything, bounded bodies, statuses made into errors that say
//! whether to ask again, and no key in any of them.

use std::error::Error as _;
use std::time::Duration;

use domain::secret::Secret;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::resolve::Ipv4First;
use crate::{AskError, Usage};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest answer that is read: many times the longest that a model writes.
const LONGEST_ANSWER: usize = 8 << 20;
/// How much of an error is read.
const LONGEST_ERROR: usize = 64 << 10;
/// How many characters of what a server says become part of an error.
const LONGEST_REASON: usize = 300;

/// Why a provider cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Its address is none.
    #[error("`{address}` is no address of a model server (http:// or https://)")]
    Address {
        /// The address, without credentials.
        address: String,
    },
    /// The name of the model is missing.
    #[error("no model is named")]
    Model,
    /// HTTP requests cannot be prepared.
    #[error("cannot prepare HTTP requests: {reason}")]
    Client {
        /// What went wrong.
        reason: String,
    },
}

/// Until when something must be done, and how long that was at first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self { at: Instant::now() + limit, limit }
    }

    /// Waits for `work`, but no longer.
    pub(crate) async fn hold<T>(self, work: impl Future<Output = Result<T, AskError>>) -> Result<T, AskError> {
        timeout_at(self.at, work).await.unwrap_or(Err(AskError::TimedOut { limit: self.limit }))
    }
}

/// An answer with a good status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Reads the body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, AskError> {
        serde_json::from_slice(&self.body).map_err(|error| AskError::Unusable {
            reason: format!("the server sent no JSON that is understood: {error}"),
            text: short(&String::from_utf8_lossy(&self.body)),
            usage: Usage::default(),
        })
    }
}

/// A failure as the wire shows it: the status, which a provider may read for itself, and the error for its caller.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Option<StatusCode>,
    pub(crate) error: AskError,
}

impl From<Failure> for AskError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// The way to one server.
#[derive(Debug)]
pub(crate) struct Wire {
    client: Client,
    key: Option<Secret>,
}

impl Wire {
    /// Prepares requests; `key` is what must never be seen in an error.
    pub(crate) fn new(key: Option<Secret>) -> Result<Self, SetupError> {
        let client = Client::builder()
            .connect_timeout(CONNECT)
            // A redirect would carry pictures, and the key, to who knows whom.
            .redirect(redirect::Policy::none())
            .dns_resolver(Ipv4First)
            .user_agent(concat!("ronda/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| SetupError::Client { reason: error.to_string() })?;
        Ok(Self { client, key })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the key as the value of a header, marked as one that is not shown.
    pub(crate) fn key_header(&self, prefix: &str) -> Option<HeaderValue> {
        let key = self.key.as_ref()?.expose();
        // A key with characters that no header can hold is sent as nothing; the server then says that there is none.
        let mut value = HeaderValue::from_str(&format!("{prefix}{key}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        let mut response = request.send().await.map_err(|error| self.not_reached(error))?;
        let status = response.status();
        if status.is_success() {
            let body = self.read(&mut response, LONGEST_ANSWER).await?;
            return match body {
                Some(body) => Ok(Reply { headers: response.headers().clone(), body }),
                None => Err(Failure {
                    status: Some(status),
                    error: AskError::Refused { reason: format!("its answer is longer than {LONGEST_ANSWER} bytes") },
                }),
            };
        }
        let body = self.read(&mut response, LONGEST_ERROR).await?.unwrap_or_default();
        Err(Failure { status: Some(status), error: self.judge(status, response.headers(), &body) })
    }

    /// Reads a body; nothing if it is longer than `longest`.
    async fn read(&self, response: &mut Response, longest: usize) -> Result<Option<Vec<u8>>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.not_reached(error))? {
            if body.len() + chunk.len() > longest {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(body))
    }

    fn not_reached(&self, error: reqwest::Error) -> Failure {
        // The URL of an upload is a key of its own.
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            reason = format!("{reason}: {error}");
            cause = error.source();
        }
        let error = if error.is_builder() {
            AskError::Refused { reason: self.shown(&reason) }
        } else {
            AskError::TryLater { reason: self.shown(&reason), after: None }
        };
        Failure { status: None, error }
    }

    fn judge(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> AskError {
        let said = Said::read(body);
        let reason = self.shown(&match &said.message {
            Some(message) => format!("{status}: {message}"),
            None => status.to_string(),
        });
        let may_pass = (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
            || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS);
        if may_pass {
            let header = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let after = header.and_then(|asked| pause(asked, Timestamp::now())).or(said.retry_delay);
            AskError::TryLater { reason, after }
        } else if said.key_is_bad || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            AskError::Unauthorised { reason }
        } else {
            AskError::Refused { reason }
        }
    }

    /// Returns a text without the key and not too long.
    fn shown(&self, text: &str) -> String {
        match self.key.as_ref().map(Secret::expose).filter(|key| !key.is_empty()) {
            Some(key) => short(&text.replace(key, "***")),
            None => short(text),
        }
    }
}

/// Sets the JSON body of a request.
pub(crate) fn json_body<T: Serialize>(request: RequestBuilder, body: &T) -> Result<RequestBuilder, AskError> {
    let body = serde_json::to_vec(body).map_err(|error| AskError::Refused { reason: error.to_string() })?;
    Ok(request.header(CONTENT_TYPE, "application/json").body(body))
}

/// Reads the address of a server; a `/` at its end means nothing.
pub(crate) fn server(address: &str) -> Result<Url, SetupError> {
    let refused = || SetupError::Address { address: domain::secret::redact(address) };
    let url = Url::parse(address.trim().trim_end_matches('/')).map_err(|_| refused())?;
    let is_usable = matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none();
    if is_usable { Ok(url) } else { Err(refused()) }
}

/// Returns the address of something below a server's address.
pub(crate) fn below<'a>(server: &Url, path: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = server.clone();
    url.path_segments_mut().expect("http addresses have paths").pop_if_empty().extend(path);
    url
}

/// What the body of an error says: Google's and OpenAI's `{"error": {"message", …}}`, `{"error": "…"}`,
/// `{"detail": "…"}`, or a text.
#[derive(Debug, Default)]
struct Said {
    message: Option<String>,
    /// Google's way to say that the key is none: status 400 and this.
    key_is_bad: bool,
    /// Google's way to say `Retry-After`.
    retry_delay: Option<Duration>,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            let text = String::from_utf8_lossy(body).trim().to_owned();
            return Self { message: Some(text).filter(|text| !text.is_empty()), ..Self::default() };
        };
        let error = &value["error"];
        let texts = [&error["message"], error, &value["detail"], &value["message"]];
        let details = error["details"].as_array().map(Vec::as_slice).unwrap_or_default();
        let delay = details.iter().find_map(|detail| detail["retryDelay"].as_str()?.strip_suffix('s')?.parse().ok());
        Self {
            message: texts.iter().find_map(|text| text.as_str()).map(str::to_owned),
            key_is_bad: details.iter().any(|detail| detail["reason"] == "API_KEY_INVALID"),
            retry_delay: delay.and_then(|secs: f64| Duration::try_from_secs_f64(secs).ok()),
        }
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

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, headers: &[(&str, &str)], body: &str) -> AskError {
        chassis::install_tls();
        let wire = Wire::new(Some(Secret::new("sk-geheim"))).expect("can be prepared");
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).expect("a name");
            map.insert(name, value.parse().expect("a value"));
        }
        wire.judge(StatusCode::from_u16(status).expect("a status"), &map, body.as_bytes())
    }

    #[test]
    fn a_status_says_whether_to_ask_again() {
        for (status, again) in
            [(408, true), (425, true), (429, true), (500, true), (502, true), (503, true), (504, true)]
                .into_iter()
                .chain([301, 400, 401, 402, 403, 404, 405, 413, 415, 422, 501].map(|status| (status, false)))
        {
            assert_eq!(judged(status, &[], "").may_pass(), again, "{status}");
        }
        for status in [401, 403] {
            assert!(matches!(judged(status, &[], ""), AskError::Unauthorised { .. }));
        }
    }

    #[test]
    fn the_pause_that_is_asked_for_stands_in_the_header_or_in_googles_body() {
        let google = r#"{"error": {"code": 429, "message": "quota", "details": [
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]}}"#;
        assert_eq!(judged(429, &[("retry-after", "7")], google).asked_pause(), Some(Duration::from_secs(7)));
        assert_eq!(judged(429, &[], google).asked_pause(), Some(Duration::from_millis(34_500)));
        assert_eq!(judged(503, &[("retry-after", "soon")], "").asked_pause(), None);
        let now = "2015-10-21T07:28:00Z".parse().expect("a time");
        assert_eq!(pause("Wed, 21 Oct 2015 07:28:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(pause("Wed, 21 Oct 2015 07:00:00 GMT", now), Some(Duration::ZERO));
    }

    #[test]
    fn googles_bad_request_for_a_bad_key_is_known() {
        let body = r#"{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}}"#;
        let reason = "400 Bad Request: API key not valid.".to_owned();
        assert_eq!(judged(400, &[], body), AskError::Unauthorised { reason });
    }

    #[test]
    fn an_error_is_short_and_never_shows_the_key() {
        for body in [
            r#"{"error": {"message": "Incorrect API key: sk-geheim"}}"#,
            r#"{"error": "Incorrect API key: sk-geheim"}"#,
            r#"{"detail": "Incorrect API key: sk-geheim"}"#,
            "Incorrect API key: sk-geheim",
        ] {
            let told = judged(401, &[], body).to_string();
            assert_eq!(told, "the model does not accept the key: 401 Unauthorized: Incorrect API key: ***");
        }
        assert!(judged(500, &[], &"ß".repeat(100_000)).to_string().chars().count() < 400);
    }

    #[test]
    fn a_server_is_an_http_address_and_its_credentials_are_not_shown() {
        for good in ["http://127.0.0.1:11434", "https://models.example/v1/", " http://jetson:9000 "] {
            assert!(server(good).is_ok(), "{good}");
        }
        for bad in ["", "jetson:9000", "file:///etc/passwd", "http://", "http://h/?key=1"] {
            assert!(server(bad).is_err(), "{bad}");
        }
        let told = server("ftp://admin:geheim@host/").expect_err("is none").to_string();
        assert_eq!(told, "`ftp://***@host/` is no address of a model server (http:// or https://)");
        let base = server("http://h:1/v1/").expect("is good");
        assert_eq!(below(&base, ["models", "a b"]).as_str(), "http://h:1/v1/models/a%20b");
    }
}

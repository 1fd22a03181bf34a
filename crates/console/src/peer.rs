//! Asking another service how it is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chassis::Trace;
use reqwest::{Client, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::settings::Peer;

/// How long a service may take to answer; a page waits for this.
const PATIENCE: Duration = Duration::from_secs(2);
/// An answer longer than this is not one of ours.
const LONGEST_ANSWER: usize = 1 << 20;

/// How a service is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: ServiceState,
    /// Why it is not ready, in plain words.
    pub reason: Option<String>,
    /// The conditions of its readiness: null if one holds, else why not.
    pub conditions: BTreeMap<String, Option<String>>,
    /// How long it took to answer.
    pub response_ms: Option<u64>,
    /// What it says of itself, if it does.
    #[schema(value_type = Option<Object>)]
    pub status: Option<Map<String, Value>>,
}

/// How a service is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// It does its work.
    Ready,
    /// It runs and cannot do its work.
    NotReady,
    /// It gives no answer.
    Unreachable,
}

/// What `/readyz` answers.
#[derive(Debug, Default, Deserialize)]
struct Readiness {
    #[serde(default)]
    conditions: BTreeMap<String, Option<String>>,
}

/// Returns what all services are asked with.
pub(crate) fn client() -> anyhow::Result<Client> {
    Client::builder()
        .timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .no_proxy()
        .build()
        .context("cannot make an HTTP client")
}

/// Asks a service how it is. A service that does not answer is an answer too.
pub(crate) async fn ask(client: &Client, peer: &Peer) -> Service {
    let began = Instant::now();
    let ready = get::<Readiness>(client, below(&peer.base, "readyz"));
    let status = get::<Map<String, Value>>(client, below(&peer.base, peer.status));
    let (ready, status) = tokio::join!(async { (ready.await, began.elapsed()) }, status);
    let status = status.ok().and_then(|(code, status)| status.filter(|_| code.is_success()));
    match ready {
        (Ok((code, body)), took) => {
            let readiness = body.unwrap_or_default();
            let reason = (!code.is_success()).then(|| why(code, &readiness));
            Service {
                name: peer.name.clone(),
                state: if code.is_success() { ServiceState::Ready } else { ServiceState::NotReady },
                reason,
                conditions: readiness.conditions,
                response_ms: u64::try_from(took.as_millis()).ok(),
                status,
            }
        }
        (Err(error), _) => Service {
            name: peer.name.clone(),
            state: ServiceState::Unreachable,
            reason: Some(unreachable(&error)),
            conditions: BTreeMap::new(),
            response_ms: None,
            status: None,
        },
    }
}

/// Returns a path below an address that may itself have one.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

fn why(code: StatusCode, readiness: &Readiness) -> String {
    let failing: Vec<String> = readiness
        .conditions
        .iter()
        .filter_map(|(name, reason)| reason.as_ref().map(|reason| format!("{name}: {reason}")))
        .collect();
    if failing.is_empty() { format!("it answers with status {}", code.as_u16()) } else { failing.join(", ") }
}

fn unreachable(error: &reqwest::Error) -> String {
    let words = if error.is_timeout() {
        "it does not answer in time"
    } else if error.is_connect() {
        "nothing answers at its address"
    } else {
        "its answer cannot be read"
    };
    words.to_owned()
}

/// Returns the status of an answer, and its body if that is JSON of the right shape. The other service is told the trace
/// of the page that wants to know.
async fn get<T: DeserializeOwned>(client: &Client, url: Url) -> Result<(StatusCode, Option<T>), reqwest::Error> {
    let mut request = client.get(url);
    if let Some(trace) = Trace::current() {
        request = request.header(Trace::HEADER, trace.child().to_string());
    }
    let mut answer = request.send().await?;
    let code = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Ok((code, None));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((code, serde_json::from_slice(&body).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().expect("is a URL")
    }

    #[test]
    fn a_service_may_live_below_a_path() {
        assert_eq!(below(&url("http://here:1"), "readyz").as_str(), "http://here:1/readyz");
        assert_eq!(below(&url("http://here/streams/"), "readyz").as_str(), "http://here/streams/readyz");
    }

    #[test]
    fn the_reason_names_the_conditions_that_fail() {
        let conditions = BTreeMap::from([("model".to_owned(), Some("loading".to_owned())), ("redis".to_owned(), None)]);
        assert_eq!(why(StatusCode::SERVICE_UNAVAILABLE, &Readiness { conditions }), "model: loading");
        assert_eq!(why(StatusCode::BAD_GATEWAY, &Readiness::default()), "it answers with status 502");
    }
}

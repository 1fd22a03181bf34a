//! A receiver of webhooks as an integrator would run one: it checks signatures, keeps what came, and can be told to
//! fail, to be slow or to redirect. Its memory is bounded: the oldest deliveries are forgotten.

mod behaviour;
mod routes;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::sync::watch;

pub use behaviour::Behaviour;

/// Deliveries that are kept.
const KEPT: usize = 20_000;

/// What the signature of a delivery turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// It is the sender's.
    Valid,
    /// It is not the sender's, or too old.
    Invalid,
    /// There is none.
    Absent,
    /// There is one, and the receiver has no secret to check it with.
    Unchecked,
}

/// One request that arrived.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delivery {
    /// When all of it was here.
    pub received_at: Timestamp,
    /// Its headers, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// Its body; a text that is no JSON stands here as a string.
    pub body: Value,
    /// Whether it is signed by the sender that shares our secret.
    pub signature: Signature,
    /// The status it was answered with.
    pub answered: u16,
}

impl Delivery {
    /// Tells whether the sender may count it as delivered.
    pub fn is_accepted(&self) -> bool {
        (200..300).contains(&self.answered)
    }

    /// The `webhook-id`, which stays the same over retries.
    pub fn id(&self) -> Option<&str> {
        self.headers.get("webhook-id").map(String::as_str)
    }
}

/// A secret that is no Standard Webhooks secret (`whsec_` and base64).
#[derive(Debug, thiserror::Error)]
#[error("the webhook secret is not base64 after `whsec_`")]
pub struct SecretError;

/// The receiver; clones share what arrived.
#[derive(Clone)]
pub struct Receiver(Arc<Inner>);

struct Inner {
    verifier: Option<Webhook>,
    state: Mutex<State>,
    /// How many deliveries there have been; changes wake those who wait.
    count: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    behaviour: Behaviour,
    deliveries: VecDeque<Delivery>,
}

impl Receiver {
    /// Makes a receiver that accepts everything and checks signatures if it is given the secret.
    pub fn new(secret: Option<&str>) -> Result<Self, SecretError> {
        let verifier = secret.map(Webhook::new).transpose().map_err(|_| SecretError)?;
        Ok(Self(Arc::new(Inner { verifier, state: Mutex::default(), count: watch::Sender::new(0) })))
    }

    /// Changes how requests are answered from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.with_state(|state| state.behaviour = behaviour);
    }

    /// Everything that arrived and is still kept, oldest first.
    pub fn received(&self) -> Vec<Delivery> {
        self.with_state(|state| state.deliveries.iter().cloned().collect())
    }

    /// Forgets what arrived.
    pub fn forget(&self) {
        self.with_state(|state| state.deliveries.clear());
    }

    /// Waits until what arrived satisfies a condition, and returns it; `None` if the limit passed first.
    pub async fn wait_for(&self, limit: Duration, condition: impl Fn(&[Delivery]) -> bool) -> Option<Vec<Delivery>> {
        let mut count = self.0.count.subscribe();
        let satisfied = async {
            loop {
                count.borrow_and_update();
                let received = self.received();
                if condition(&received) {
                    return received;
                }
                // The sender lives in `self`.
                let _ = count.changed().await;
            }
        };
        tokio::time::timeout(limit, satisfied).await.ok()
    }

    /// Records a request and tells what to answer, and after which pause.
    fn take(&self, headers: &HeaderMap, body: &[u8]) -> Answer {
        let signature = self.check(headers, body);
        let content =
            serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
        let answer = self.with_state(|state| {
            let answer = state.behaviour.next();
            if state.deliveries.len() == KEPT {
                state.deliveries.pop_front();
            }
            state.deliveries.push_back(Delivery {
                received_at: Timestamp::now(),
                headers: texts(headers),
                body: content,
                signature,
                answered: answer.status.as_u16(),
            });
            answer
        });
        self.0.count.send_modify(|count| *count += 1);
        answer
    }

    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Signature {
        if !headers.contains_key("webhook-signature") {
            return Signature::Absent;
        }
        match &self.0.verifier {
            None => Signature::Unchecked,
            Some(verifier) if verifier.verify(body, headers).is_ok() => Signature::Valid,
            Some(_) => Signature::Invalid,
        }
    }

    /// Nothing panics while it holds the lock, so a poisoned one still guards whole values.
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How one request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    pause: Duration,
    location: Option<String>,
}

fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn signed(body: &[u8], secret: &str) -> HeaderMap {
        let now = Timestamp::now().as_second();
        let signature =
            Webhook::new(secret).and_then(|signer| signer.sign("msg", now, body)).expect("a good secret signs");
        let mut headers = HeaderMap::new();
        for (name, value) in [("webhook-id", "msg".to_owned()), ("webhook-timestamp", now.to_string())] {
            headers.insert(name, value.parse().expect("plain text"));
        }
        headers.insert("webhook-signature", signature.parse().expect("plain text"));
        headers
    }

    #[test]
    fn a_signature_is_checked_against_the_shared_secret() {
        let receiver = Receiver::new(Some(SECRET)).expect("a good secret");

        receiver.take(&signed(b"{}", SECRET), b"{}");
        receiver.take(&signed(b"{}", SECRET), b"{ }");
        receiver.take(&HeaderMap::new(), b"{}");

        let found: Vec<_> = receiver.received().into_iter().map(|delivery| delivery.signature).collect();
        assert_eq!(found, [Signature::Valid, Signature::Invalid, Signature::Absent]);
    }

    #[test]
    fn a_secret_that_is_none_is_refused() {
        assert!(Receiver::new(Some("whsec_%%%")).is_err());
    }

    #[test]
    fn the_oldest_deliveries_are_forgotten() {
        let receiver = Receiver::new(None).expect("no secret to refuse");
        for number in 0..=KEPT {
            receiver.take(&HeaderMap::new(), number.to_string().as_bytes());
        }

        let kept = receiver.received();

        assert_eq!((kept.len(), &kept[0].body), (KEPT, &Value::from(1)));
    }

    #[tokio::test]
    async fn waiting_ends_with_the_delivery_that_was_waited_for() {
        let receiver = Receiver::new(None).expect("no secret to refuse");
        let sender = receiver.clone();
        tokio::spawn(async move { sender.take(&HeaderMap::new(), b"{\"alert\":1}") });

        let received = receiver.wait_for(Duration::from_secs(5), |deliveries| !deliveries.is_empty()).await;

        assert_eq!(received.expect("it arrives")[0].body["alert"], 1);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_what_never_comes_ends() {
        let receiver = Receiver::new(None).expect("no secret to refuse");

        assert_eq!(receiver.wait_for(Duration::from_secs(5), |_| false).await, None);
    }
}

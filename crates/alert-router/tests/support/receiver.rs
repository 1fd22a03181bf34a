//! A webhook receiver that does as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{SECRET, until};

/// What the receiver does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// Answers with this status.
    Answer(u16),
    /// Answers 503 and asks for a pause of so many seconds.
    Busy(u64),
    /// Sends the caller elsewhere: to itself.
    Redirect,
    /// Answers 200 after a while.
    Slow(Duration),
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Received {
    pub(crate) fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().expect("is text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("is JSON")
    }

    /// Asserts that the request bears our signature, by the public verifier.
    pub(crate) fn assert_signed(&self) {
        let verifier = standardwebhooks::Webhook::new(SECRET).expect("is a secret");
        verifier.verify(self.body.as_bytes(), &self.headers).expect("the signature is good");
    }
}

#[derive(Debug, Default)]
struct Book {
    behaviours: VecDeque<Behaviour>,
    received: Vec<Received>,
}

/// The receiver. Requests for which nothing was told are answered 200.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    server: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("has an address");
        let book = Arc::default();
        let router = Router::new().fallback(receive).with_state(Arc::clone(&book));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serves until it is dropped");
        });
        Self { address, book, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/alerts", self.address)
    }

    /// Tells what to do with the next requests.
    pub(crate) fn then(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.book.lock().expect("no holder panics").behaviours.extend(behaviours);
    }

    /// Returns what arrived, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.book.lock().expect("no holder panics").received.clone()
    }

    /// Returns the ids of what arrived, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.received().iter().map(|received| received.id().to_owned()).collect()
    }

    /// Waits until so many requests arrived.
    pub(crate) async fn until(&self, count: usize) {
        until(&format!("{count} requests arrive"), async || self.received().len() >= count).await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap, body: Bytes) -> Response {
    let behaviour = {
        let mut book = book.lock().expect("no holder panics");
        let body = String::from_utf8(body.into()).expect("is text");
        book.received.push(Received { headers, body, at: Instant::now() });
        book.behaviours.pop_front().unwrap_or(Behaviour::Answer(200))
    };
    match behaviour {
        Behaviour::Answer(status) => StatusCode::from_u16(status).expect("is a status").into_response(),
        Behaviour::Busy(seconds) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, seconds.to_string())]).into_response()
        }
        Behaviour::Redirect => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response(),
        Behaviour::Slow(pause) => {
            tokio::time::sleep(pause).await;
            StatusCode::OK.into_response()
        }
    }
}

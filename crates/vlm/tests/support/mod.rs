//! A server that keeps what it was asked and answers by a script.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use vlm::{Jpeg, Question, inspection};

/// How long a question of a test may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("is text"))
    }

    /// The method and the path.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

/// One answer of the script.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Never answers.
    Hang,
}

impl Play {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Answer { status, headers: vec![], body: body.to_string() }
    }

    pub(crate) fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Answer { status, mut headers, body } => {
                headers.push((name, value.into()));
                Self::Answer { status, headers, body }
            }
            Self::Hang => Self::Hang,
        }
    }
}

#[derive(Default)]
struct Script {
    plays: Mutex<VecDeque<Play>>,
    asked: Mutex<Vec<Asked>>,
}

/// The server; it ends with this value.
pub(crate) struct Server {
    address: SocketAddr,
    script: Arc<Script>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts one that plays these answers in turn, and 500 after them.
    pub(crate) async fn start(plays: impl IntoIterator<Item = Play>) -> Self {
        chassis::install_tls();
        let script = Arc::new(Script { plays: Mutex::new(plays.into_iter().collect()), asked: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("has one");
        let router = Router::new()
            .fallback(answer)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&script));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { address, script, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds an answer to the script.
    pub(crate) fn play(&self, play: Play) {
        self.script.plays.lock().expect("is whole").push_back(play);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().expect("is whole").clone()
    }

    /// What came, as methods and paths.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(script): State<Arc<Script>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked { method, target: uri.to_string(), headers, body };
    script.asked.lock().expect("is whole").push(asked);
    let play = script.plays.lock().expect("is whole").pop_front();
    match play {
        Some(Play::Answer { status, headers, body }) => {
            let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
            for (name, value) in headers {
                let value = HeaderValue::from_str(&value).expect("a value");
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
            response
        }
        Some(Play::Hang) => std::future::pending().await,
        None => (StatusCode::INTERNAL_SERVER_ERROR, "the script has ended").into_response(),
    }
}

/// A picture that is not looked at.
pub(crate) fn jpeg() -> Jpeg {
    Jpeg::new(Bytes::from_static(&[0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])).expect("begins as one")
}

/// The question of an inspection.
pub(crate) fn inspection() -> Question {
    let prompt = inspection::prompt("大廳/Lobby", "Is the floor dry?");
    inspection::question("You are an inspection robot.", prompt, vec![jpeg()], LIMIT)
}

/// Reads a golden file.
pub(crate) fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("is JSON")
}

//! A model's server that answers by a script, as Gemini does, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// One answer of the script.
#[derive(Debug, Clone)]
pub(super) enum Play {
    /// This text, with usage 100 + 20 + 30 tokens.
    Says(String),
    /// A status without an answer.
    Fails(u16),
    /// Nothing, until it is let go.
    Hangs,
}

impl Play {
    pub(super) fn ok() -> Self {
        Self::Says(r#"{"is_NG": false, "Description": ""}"#.to_owned())
    }

    pub(super) fn ng(description: &str) -> Self {
        Self::Says(json!({"is_NG": true, "Description": description}).to_string())
    }
}

/// A question as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) texts: Vec<String>,
    /// Types and bytes.
    pub(super) pictures: Vec<(String, Vec<u8>)>,
}

struct Script {
    plays: Mutex<VecDeque<Play>>,
    /// What is played when the script has ended.
    then: Mutex<Play>,
    asked: watch::Sender<Vec<Asked>>,
    let_go: watch::Sender<bool>,
}

/// The server; it ends with this value.
pub(super) struct ModelServer {
    pub(super) url: String,
    script: Arc<Script>,
    task: JoinHandle<()>,
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ModelServer {
    /// Starts one that plays these answers in turn, and then only the last one.
    pub(super) async fn start(plays: impl IntoIterator<Item = Play>) -> Self {
        chassis::install_tls();
        let mut plays: VecDeque<Play> = plays.into_iter().collect();
        let then = plays.pop_back().expect("there is an answer");
        let script = Arc::new(Script {
            plays: Mutex::new(plays),
            then: Mutex::new(then),
            asked: watch::Sender::default(),
            let_go: watch::Sender::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("has one"));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { url, script, task }
    }

    /// Plays this from now on.
    pub(super) fn play(&self, play: Play) {
        self.script.plays.lock().expect("is whole").clear();
        *self.script.then.lock().expect("is whole") = play;
    }

    /// Lets those answers go that hang, as an OK.
    pub(super) fn let_go(&self) {
        self.script.let_go.send_replace(true);
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.script.asked.borrow().clone()
    }

    /// Waits until so many questions came.
    pub(super) async fn asked_at_least(&self, count: usize) {
        let mut asked = self.script.asked.subscribe();
        asked.wait_for(|asked| asked.len() >= count).await.expect("the server is there");
    }
}

async fn answer(State(script): State<Arc<Script>>, uri: Uri, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).expect("the question is JSON");
    let parts = body["contents"][0]["parts"].as_array().expect("there are parts");
    let texts = parts.iter().filter_map(|part| part["text"].as_str()).map(str::to_owned).collect();
    let inline = parts.iter().filter_map(|part| part.get("inlineData"));
    let pictures = inline.map(|inline| {
        let data = STANDARD.decode(inline["data"].as_str().expect("is text")).expect("is base64");
        (inline["mimeType"].as_str().expect("is text").to_owned(), data)
    });
    let asked = Asked { path: uri.path().to_owned(), texts, pictures: pictures.collect() };
    script.asked.send_modify(|all| all.push(asked));
    let play = script.plays.lock().expect("is whole").pop_front();
    let play = play.unwrap_or_else(|| script.then.lock().expect("is whole").clone());
    let text = match play {
        Play::Says(text) => text,
        Play::Fails(status) => return StatusCode::from_u16(status).expect("a status").into_response(),
        Play::Hangs => {
            let _ = script.let_go.subscribe().wait_for(|let_go| *let_go).await;
            r#"{"is_NG": false, "Description": ""}"#.to_owned()
        }
    };
    Json(json!({
        "candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 20, "totalTokenCount": 150},
    }))
    .into_response()
}

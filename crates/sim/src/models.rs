//! Vision-language models, simulated: Gemini with its file service, an OpenAI-compatible server and VILA, all on one port,
//! and the Telegram bots that their reports are sent to.
//!
//! They look at the real JPEG: a picture is abnormal if it shows one of the building's anomalies, and so every verdict has
//! a known truth. They can be told to fail in each way that servers do. Their memory is bounded.

mod behaviour;
mod control;
mod films;
mod gemini;
mod judge;
mod openai;
mod telegram;
mod usage;
mod vila;
mod write;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::Stop;
use chassis::http::{Limits, Routes, Server};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

pub use behaviour::{Behaviour, Fault};
pub use telegram::{Message, Outage};

use films::Films;
use judge::Answer;

/// Questions that are remembered.
const KEPT: usize = 20_000;
/// The largest question: a few pictures of a large camera.
const LARGEST: usize = 64 << 20;

/// The simulated models; clones share everything.
#[derive(Clone, Default)]
pub struct Models(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    films: Films,
    telegram: telegram::Telegram,
}

#[derive(Default)]
struct State {
    behaviour: Behaviour,
    /// Questions since the behaviour was said.
    count: u32,
    asked: VecDeque<Asked>,
}

/// One question that came, and what was answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// Over which wire: `gemini openai vila`.
    pub wire: &'static str,
    /// Which model was asked.
    pub model: String,
    /// The texts of the question.
    pub prompt: String,
    /// How many pictures it had.
    pub pictures: usize,
    /// Of which type the first was.
    pub picture_type: Option<String>,
    /// Whether it had a film.
    pub film: bool,
    /// Which anomalies the pictures show.
    pub seen: Vec<&'static str>,
    /// What was judged; nothing if no judgement was asked for.
    pub is_ng: Option<bool>,
    /// What was done instead of answering properly.
    pub fault: Option<Fault>,
}

/// A question, whatever wire it came over.
#[derive(Debug, Default)]
struct Question {
    model: String,
    texts: Vec<String>,
    pictures: Vec<Bytes>,
    picture_type: Option<String>,
    film_bytes: Option<u64>,
    wants: Wants,
}

/// In which form an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Wants {
    /// Free text.
    #[default]
    Text,
    /// The JSON of a judgement.
    Judgement,
    /// A sentence that begins with yes or no.
    YesOrNo,
}

impl Models {
    /// Returns models that answer properly.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what clients of the models call.
    pub fn routes(&self) -> Routes {
        let limits = Limits::stream().body_bytes(LARGEST);
        Routes::new()
            .merge(gemini::routes(limits))
            .merge(films::routes(limits))
            .merge(openai::routes(limits))
            .merge(vila::routes(limits))
            .merge(telegram::routes(limits))
            .with_state(self.clone())
    }

    /// Returns what whoever runs the simulation calls.
    pub fn control(&self) -> Routes {
        control::routes().with_state(self.clone())
    }

    /// Changes how questions are answered from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.with_state(|state| (state.behaviour, state.count) = (behaviour, 0));
    }

    /// Everything that was asked and is still kept, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        self.with_state(|state| state.asked.iter().cloned().collect())
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.with_state(|state| state.asked.clear());
    }

    /// The simulated Telegram.
    pub fn telegram(&self) -> &telegram::Telegram {
        &self.0.telegram
    }

    /// How many films were sent and not taken back.
    pub fn films_kept(&self) -> usize {
        self.0.films.kept()
    }

    fn films(&self) -> &Films {
        &self.0.films
    }

    /// Answers a question over a wire, which says it in its own form.
    async fn answer(&self, wire: &'static str, question: Question, say: fn(&str, &Answer) -> Value) -> Response {
        let (fault, behaviour) = self.with_state(|state| {
            state.count = state.count.wrapping_add(1);
            (state.behaviour.next(state.count), state.behaviour.clone())
        });
        tokio::time::sleep(Duration::from_millis(behaviour.pause_ms)).await;
        // Decoding takes milliseconds of a core.
        let looked = tokio::task::spawn_blocking(move || {
            let judged = judge::answer(&question);
            (question, judged)
        });
        let Ok((question, judged)) = looked.await else {
            return failed(StatusCode::INTERNAL_SERVER_ERROR, "the picture was too much");
        };
        let judged = match judged {
            Ok(judged) => judged,
            Err(reason) => return failed(StatusCode::BAD_REQUEST, &reason),
        };
        self.remember(wire, &question, &judged, fault);
        let Some(fault) = fault else {
            return Json(say(&question.model, &judged)).into_response();
        };
        match fault {
            Fault::WrongSchema => {
                let text = r#"{"verdict": "fine", "confidence": 0.93}"#.to_owned();
                Json(say(&question.model, &Answer { text, ..judged })).into_response()
            }
            Fault::FreeText => {
                let text = "nothing unusual".to_owned();
                Json(say(&question.model, &Answer { text, ..judged })).into_response()
            }
            Fault::Malformed => {
                let whole = say(&question.model, &judged).to_string();
                let half: String = whole.chars().take(whole.chars().count() / 2).collect();
                ([(header::CONTENT_TYPE, "application/json")], half).into_response()
            }
            Fault::TooManyRequests => {
                let mut response = failed(StatusCode::TOO_MANY_REQUESTS, "Resource has been exhausted");
                let after = HeaderValue::from(behaviour.retry_after_secs);
                response.headers_mut().insert(header::RETRY_AFTER, after);
                response
            }
            Fault::ServerError => failed(StatusCode::INTERNAL_SERVER_ERROR, "An internal error has occurred"),
            Fault::Unauthorised => failed(StatusCode::UNAUTHORIZED, "Request had invalid authentication credentials"),
            // A body that never comes: it ends with the server, which a handler that sleeps would hold up.
            Fault::Hang => {
                Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>()).into_response()
            }
        }
    }

    fn remember(&self, wire: &'static str, question: &Question, judged: &Answer, fault: Option<Fault>) {
        let asked = Asked {
            at: Timestamp::now(),
            wire,
            model: question.model.clone(),
            prompt: question.texts.join("\n"),
            pictures: question.pictures.len(),
            picture_type: question.picture_type.clone(),
            film: question.film_bytes.is_some(),
            seen: judged.seen.clone(),
            is_ng: (question.wants != Wants::Text).then_some(!judged.seen.is_empty()),
            fault,
        };
        self.with_state(|state| {
            if state.asked.len() == KEPT {
                state.asked.pop_front();
            }
            state.asked.push_back(asked);
        });
    }

    /// Nothing panics while it holds the lock, so a poisoned one still guards whole values.
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Serves models and their control on one port until told to stop.
///
/// # Errors
/// If the port is taken.
pub async fn serve(address: SocketAddr, stop: Stop) -> anyhow::Result<()> {
    let models = Models::new();
    Server::bind(address).await?.run(models.routes().merge(models.control()), stop).await
}

/// Returns an error in the words of Google, which those of OpenAI contain.
fn failed(status: StatusCode, message: &str) -> Response {
    let word = match status {
        StatusCode::BAD_REQUEST => "INVALID_ARGUMENT",
        StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
        StatusCode::FORBIDDEN => "PERMISSION_DENIED",
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::TOO_MANY_REQUESTS => "RESOURCE_EXHAUSTED",
        _ => "INTERNAL",
    };
    let error = json!({ "code": status.as_u16(), "message": message, "status": word, "type": word.to_lowercase() });
    (status, Json(json!({ "error": error }))).into_response()
}

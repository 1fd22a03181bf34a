//! Gemini's file service: films come in pieces, are processed, can be asked about, and go again. Only their sizes are kept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, Limits, Routes};
use serde_json::{Value, json};

use super::gemini::authorised;
use super::{Models, failed};

/// How many films are kept; more are refused, as by a full quota.
const KEPT: usize = 1000;
/// How often a film is said to be processed before it is ready.
const PROCESSING: u32 = 1;

/// The films of the file service.
#[derive(Default)]
pub(super) struct Films {
    films: Mutex<BTreeMap<String, Film>>,
    count: AtomicU64,
}

#[derive(Debug, Clone)]
struct Film {
    uri: String,
    announced: u64,
    received: u64,
    begins_as_mp4: bool,
    is_complete: bool,
    polls: u32,
}

impl Film {
    fn state(&self) -> &'static str {
        match (self.polls > PROCESSING, self.begins_as_mp4) {
            (false, _) => "PROCESSING",
            (true, true) => "ACTIVE",
            (true, false) => "FAILED",
        }
    }

    fn describe(&self, name: &str) -> Value {
        json!({
            "name": format!("files/{name}"),
            "uri": self.uri,
            "mimeType": "video/mp4",
            "sizeBytes": self.announced.to_string(),
            "state": self.state(),
        })
    }
}

impl Films {
    /// Returns how many films were sent and not taken back.
    pub(super) fn kept(&self) -> usize {
        self.with(|films| films.len())
    }

    /// Returns the size of a film that can be asked about.
    pub(super) fn usable(&self, uri: &str) -> Result<u64, &'static str> {
        self.with(|films| match films.values().find(|film| film.uri == uri) {
            Some(film) if film.state() == "ACTIVE" => Ok(film.announced),
            Some(_) => Err("The File is not in an ACTIVE state and usage is not allowed."),
            None => Err("You do not have permission to access the File or it may not exist."),
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Film>) -> T) -> T {
        work(&mut self.films.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(super) fn routes(limits: Limits) -> Routes<Models> {
    Routes::new()
        .route_with(Method::POST, "/upload/v1beta/files", Access::Public, limits, announce)
        .route_with(Method::POST, "/upload/v1beta/files/{name}", Access::Public, limits, take)
        .route_with(Method::GET, "/v1beta/files/{name}", Access::Public, limits, look)
        .route_with(Method::DELETE, "/v1beta/files/{name}", Access::Public, limits, delete)
}

async fn announce(State(models): State<Models>, headers: HeaderMap) -> Response {
    if let Err(refused) = authorised(&headers) {
        return *refused;
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let size = text("x-goog-upload-header-content-length").and_then(|size| size.parse().ok());
    let is_start =
        (text("x-goog-upload-protocol"), text("x-goog-upload-command")) == (Some("resumable"), Some("start"));
    let (Some(announced), true, Some(host)) = (size, is_start, text("host")) else {
        return failed(StatusCode::BAD_REQUEST, "expected the start of a resumable upload");
    };
    let films = models.films();
    let name = format!("film-{}", films.count.fetch_add(1, Ordering::Relaxed));
    let place = format!("http://{host}/upload/v1beta/files/{name}");
    let uri = format!("http://{host}/v1beta/files/{name}");
    let film = Film { uri, announced, received: 0, begins_as_mp4: false, is_complete: false, polls: 0 };
    let is_kept = films.with(|films| films.len() < KEPT && films.insert(name, film).is_none());
    match HeaderValue::from_str(&place) {
        Ok(place) if is_kept => ([("x-goog-upload-url", place)], Json(json!({}))).into_response(),
        _ => failed(StatusCode::TOO_MANY_REQUESTS, "there are too many films"),
    }
}

async fn take(State(models): State<Models>, Path(name): Path<String>, headers: HeaderMap, piece: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let command = text("x-goog-upload-command").unwrap_or_default().to_owned();
    let offset: Option<u64> = text("x-goog-upload-offset").and_then(|offset| offset.parse().ok());
    models.films().with(|films| {
        let Some(film) = films.get_mut(&name) else {
            return failed(StatusCode::NOT_FOUND, "no such upload");
        };
        let is_query = command == "query";
        if !is_query {
            if film.is_complete || offset != Some(film.received) {
                return failed(StatusCode::BAD_REQUEST, "the piece does not begin where the last one ended");
            }
            if film.received == 0 {
                film.begins_as_mp4 = piece.get(4..8) == Some(b"ftyp");
            }
            film.received += piece.len() as u64;
            film.is_complete = command.contains("finalize");
            if film.is_complete && film.received != film.announced {
                return failed(StatusCode::BAD_REQUEST, "the film has not the size that was announced");
            }
        }
        let status = if film.is_complete { "final" } else { "active" };
        let headers =
            [("x-goog-upload-status", status.to_owned()), ("x-goog-upload-size-received", film.received.to_string())];
        let body = if film.is_complete { json!({ "file": film.describe(&name) }) } else { json!({}) };
        (headers, Json(body)).into_response()
    })
}

async fn look(State(models): State<Models>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refused) = authorised(&headers) {
        return *refused;
    }
    models.films().with(|films| match films.get_mut(&name).filter(|film| film.is_complete) {
        Some(film) => {
            film.polls += 1;
            Json(film.describe(&name)).into_response()
        }
        None => failed(StatusCode::NOT_FOUND, "no such file"),
    })
}

async fn delete(State(models): State<Models>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refused) = authorised(&headers) {
        return *refused;
    }
    match models.films().with(|films| films.remove(&name)) {
        Some(_) => Json(json!({})).into_response(),
        None => failed(StatusCode::NOT_FOUND, "no such file"),
    }
}

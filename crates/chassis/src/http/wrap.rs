//! What happens around every handler: its time limit, its panic, the request id, the error body,
//! the counting.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt};
use tracing::{debug, error};

use super::meter::{self, Open, StreamKind};
use super::streams::Streams;
use super::{ApiError, Limits};
use crate::Trace;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static(Trace::HEADER);
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// An error text longer than this is no sentence for people.
const LONGEST_MESSAGE: usize = 16 * 1024;

/// The id of a request: the caller's `X-Request-Id` if it sent a usable one, else a new one. Put
/// into every request's extensions and into every answer.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

impl RequestId {
    fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok());
        let usable = sent.filter(|id| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        });
        Self(usable.map_or_else(|| format!("{:016x}", fastrand::u64(..)).into(), Arc::from))
    }
}

/// Wraps every route and every path without one. The request is part of the caller's trace if it names one, else of a
/// new one; the answer says which.
pub(super) async fn every(State(streams): State<Streams>, request: Request, next: Next) -> Response {
    let trace = traced(request.headers());
    let mut answer = Box::pin(trace.follow(answered(streams, request, next))).await;
    if let Ok(value) = HeaderValue::from_str(&trace.to_string()) {
        answer.headers_mut().insert(TRACEPARENT, value);
    }
    answer
}

fn traced(headers: &HeaderMap) -> Trace {
    let named = headers.get(&TRACEPARENT).and_then(|value| value.to_str().ok()?.parse::<Trace>().ok());
    named.map_or_else(Trace::begin, Trace::child)
}

async fn answered(streams: Streams, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let in_flight = Open::request();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "other".to_owned());
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(streams);

    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    // The panic itself is logged by the process's panic hook, with its place.
    let answer = answer.unwrap_or_else(|_| {
        error!(request = &*id.0, route, "the handler panicked");
        ApiError::of_status(StatusCode::INTERNAL_SERVER_ERROR, None).into_response()
    });
    let mut answer = with_error_body(answer).await;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    let status = answer.status().as_u16();
    debug!(request = &*id.0, %method, route, status, seconds = began.elapsed().as_secs_f64(), "answered");
    drop(in_flight);
    meter::answered(&method, &route, status, began.elapsed());
    answer
}

/// Wraps one route in its limits.
pub(super) async fn limited(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let streams = request.extensions().get::<Streams>().cloned();
    let Some(timeout) = limits.timeout else {
        return ended_with(streams, next.run(request).await);
    };
    tokio::time::timeout(timeout, next.run(request)).await.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", timeout.as_secs_f64());
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", message).into_response()
    })
}

/// Ends the body of an answer that goes on when the server ends, and keeps proxies from holding it
/// back.
fn ended_with(streams: Option<Streams>, answer: Response) -> Response {
    let is_upgrade = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    let Some(streams) = streams.filter(|_| !is_upgrade) else {
        return answer;
    };
    let (mut parts, body) = answer.into_parts();
    parts.headers.entry(ACCEL_BUFFERING).or_insert(HeaderValue::from_static("no"));
    let counted = StreamKind::of(&parts.headers).map(Open::stream);
    let end = async move { streams.stop.stopped().await };
    let pieces = body.into_data_stream().take_until(end).inspect(move |_| {
        // The client is counted as long as its body is there.
        let _ = &counted;
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

/// Gives an error that has only a plain text, or nothing, the one error body. Extractors refuse in
/// plain text, and so do paths and methods that have no route.
async fn with_error_body(answer: Response) -> Response {
    let status = answer.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let is_bare = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !is_error || !is_bare {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let text = to_bytes(body, LONGEST_MESSAGE).await.unwrap_or_default();
    let message = String::from_utf8(text.into()).ok().filter(|text| !text.is_empty());
    let mut answer = ApiError::of_status(status, message).into_response();
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    for (name, value) in &parts.headers {
        answer.headers_mut().append(name, value.clone());
    }
    answer
}

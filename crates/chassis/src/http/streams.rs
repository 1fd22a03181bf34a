//! Answers that go on until one side ends them.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::meter::{Open, StreamKind};
use crate::tasks::Stop;

/// Extracted by the handler of a WebSocket and kept as long as the socket is open: the server waits
/// for it when it ends, and it tells when that is.
///
/// A streamed body, as SSE or MJPEG, needs none: the server ends it by itself.
#[derive(Debug)]
pub struct StreamGuard {
    stop: Stop,
    _open: Option<TaskTrackerToken>,
    _counted: Open,
}

impl StreamGuard {
    /// Waits until the server ends.
    pub async fn stopped(&self) {
        self.stop.stopped().await;
    }
}

impl<S: Sync> FromRequestParts<S> for StreamGuard {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let streams = parts.extensions.get::<Streams>();
        let stop = streams.map(|streams| streams.stop.clone()).unwrap_or_default();
        Ok(Self {
            stop,
            _open: streams.map(|streams| streams.open.token()),
            _counted: Open::stream(StreamKind::WebSocket),
        })
    }
}

/// The streams of one server, put into every request.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    pub(super) stop: Stop,
    pub(super) open: TaskTracker,
}

impl Streams {
    pub(super) fn new(stop: Stop) -> Self {
        Self { stop, open: TaskTracker::new() }
    }
}

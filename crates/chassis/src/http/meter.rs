//! What is counted of requests and of answers that go on.

use std::sync::LazyLock;
use std::time::Duration;

use axum::http::{HeaderMap, Method, header};
use prometheus::{HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};

use crate::Trace;
use crate::metrics::{self, LATENCY_SECONDS};

static REQUESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counters("ronda_http_requests_total", "Requests answered.", &["method", "route", "status"])
});

static SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    let labels = ["method", "route", "class"];
    metrics::histograms("ronda_http_request_seconds", "Time until the answer began.", &labels, LATENCY_SECONDS)
});

static IN_FLIGHT: LazyLock<IntGauge> =
    LazyLock::new(|| metrics::gauge("ronda_http_requests_in_flight", "Requests whose answer has not begun."));

static STREAMS: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    metrics::gauges("ronda_http_streams", "Clients of answers that go on: events, live pictures, sockets.", &["kind"])
});

/// Shows at zero what is known before the first request.
pub(super) fn begin() {
    LazyLock::force(&IN_FLIGHT);
    StreamKind::ALL.into_iter().for_each(|kind| drop(STREAMS.with_label_values(&[kind.as_str()])));
}

/// Counts an answer. The route is its template; what callers can make up is no label.
pub(super) fn answered(method: &Method, route: &str, status: u16, took: Duration) {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let method = if known.contains(method) { method.as_str() } else { "other" };
    REQUESTS.with_label_values(&[method, route, &status.to_string()]).inc();
    let seconds = SECONDS.with_label_values(&[method, route, class(status)]);
    metrics::observe_traced(&seconds, took.as_secs_f64(), Trace::current());
}

fn class(status: u16) -> &'static str {
    match status {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

/// What kind of answer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamKind {
    /// Server-sent events.
    Sse,
    /// Pictures one after the other.
    Mjpeg,
    /// A socket.
    WebSocket,
}

impl StreamKind {
    const ALL: [Self; 3] = [Self::Sse, Self::Mjpeg, Self::WebSocket];

    /// Tells by its headers what goes on; nothing of what is known is merely a long answer.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE)?.as_bytes();
        match kind {
            kind if kind.starts_with(b"text/event-stream") => Some(Self::Sse),
            kind if kind.starts_with(b"multipart/x-mixed-replace") => Some(Self::Mjpeg),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Sse => "sse",
            Self::Mjpeg => "mjpeg",
            Self::WebSocket => "websocket",
        }
    }
}

/// Something that is under way, counted as long as this lives.
#[derive(Debug)]
pub(super) struct Open(IntGauge);

impl Open {
    /// A request whose answer has not begun.
    pub(super) fn request() -> Self {
        Self::counted(IN_FLIGHT.clone())
    }

    /// An answer that goes on.
    pub(super) fn stream(kind: StreamKind) -> Self {
        Self::counted(STREAMS.with_label_values(&[kind.as_str()]))
    }

    fn counted(gauge: IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

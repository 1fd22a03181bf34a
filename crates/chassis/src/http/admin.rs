//! The routes every service has: `/live /livez /ready /readyz /metrics`.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Access, Readiness, Routes};
use crate::metrics;
use crate::tasks::Stop;

/// Returns the routes that tell how the process is.
pub(super) fn routes(readiness: Readiness, stop: Stop) -> Routes {
    Routes::new()
        .route(Method::GET, "/live", Access::Public, live)
        .route(Method::GET, "/livez", Access::Public, live)
        .route(Method::GET, "/ready", Access::Public, ready)
        .route(Method::GET, "/readyz", Access::Public, ready)
        .route(Method::GET, "/metrics", Access::Public, show_metrics)
        .with_state((readiness, stop))
}

async fn live() -> Response {
    Json(json!({"status": "live"})).into_response()
}

async fn ready(State((readiness, stop)): State<(Readiness, Stop)>) -> Response {
    let mut report = readiness.report();
    if stop.is_stopped() {
        report.status = "stopping";
    }
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

async fn show_metrics() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, metrics::text()).into_response()
}

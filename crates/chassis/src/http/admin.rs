//! The routes every service has: `/live /livez /ready /readyz /metrics`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Access, ApiError, Readiness, Routes};
use crate::metrics::{self, Format};
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

async fn show_metrics(headers: HeaderMap) -> Result<Response, ApiError> {
    let format = Format::wanted(headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()));
    // Some figures are looked up on disk.
    let shown = tokio::task::spawn_blocking(move || metrics::rendered(format));
    let shown = shown.await.map_err(ApiError::internal)?;
    let headers = [(header::CONTENT_TYPE, format.content_type()), (header::VARY, "accept")];
    Ok((headers, shown).into_response())
}

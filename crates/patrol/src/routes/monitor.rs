//! The live monitor and the relay, which this backend does not have yet: their paths answer what is so.

use axum::Json;
use axum::http::{Method, StatusCode};
use chassis::http::{Access, Routes};
use serde_json::{Value, json};

use crate::App;
use crate::routes::LegacyError;

/// Both generations' names of the test of the live monitor.
const TESTS: [&str; 2] = ["/api/test_live_monitor", "/api/test_edge_ai"];

pub(crate) fn routes() -> Routes<App> {
    let mut routes = Routes::new()
        .route(Method::GET, "/api/vila/health", Access::Viewer, not_configured)
        .route(Method::GET, "/api/edge_ai/health", Access::Viewer, not_configured)
        .route(Method::GET, "/api/relay/status", Access::Viewer, no_relays)
        .route(Method::POST, "/api/relay/test", Access::Operator, no_relay);
    for path in TESTS {
        routes = routes
            .route(Method::POST, &format!("{path}/start"), Access::Operator, not_configured)
            .route(Method::POST, &format!("{path}/stop"), Access::Operator, stopped)
            .route(Method::GET, &format!("{path}/status"), Access::Viewer, idle)
            .route(Method::GET, &format!("{path}/snapshot"), Access::Viewer, no_snapshot);
    }
    routes
}

async fn not_configured() -> LegacyError {
    LegacyError::bad_request("the live monitor is not configured")
}

async fn no_relays() -> Json<Value> {
    Json(json!({}))
}

async fn no_relay() -> LegacyError {
    LegacyError::bad_request("RELAY_SERVICE_URL is not set")
}

async fn stopped() -> Json<Value> {
    Json(json!({"status": "stopped"}))
}

async fn idle() -> Json<Value> {
    Json(json!({
        "active": false, "ws_connected": false, "alert_count": 0, "alerts": [], "error": null, "ws_messages": [],
    }))
}

async fn no_snapshot() -> StatusCode {
    StatusCode::NO_CONTENT
}

//! Who may call what.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, Routes};

use crate::events::{Clients, events};
use crate::feed::Feed;
use crate::openapi;
use crate::pages::page;
use crate::system::{Observer, System};

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) feed: Arc<Feed>,
    pub(crate) clients: Clients,
    pub(crate) observer: Arc<Observer>,
}

pub(crate) fn routes(app: App) -> Routes {
    Routes::new()
        .stream(Method::GET, "/console/api/v1/events", Access::Viewer, events)
        .route(Method::GET, "/console/api/v1/system", Access::Viewer, system)
        .route(Method::GET, "/console/openapi.json", Access::Public, openapi_json)
        .fallback(Access::Public, page)
        .with_state(app)
}

/// How every service, stream and queue is.
#[utoipa::path(
    get, path = "/console/api/v1/system", tag = "system",
    responses((status = 200, body = System, description = "Always 200: what is broken is in the answer.")),
)]
pub(crate) async fn system(State(app): State<App>) -> Response {
    let mut answer = Json(app.observer.look().await).into_response();
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

async fn openapi_json() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi::document()).into_response()
}

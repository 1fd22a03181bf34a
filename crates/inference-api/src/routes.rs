//! The routes, who may call each, and what each lets a caller use up.

use std::time::Duration;

use axum::Json;
use axum::handler::Handler;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, Limits, Routes};
use serde_json::json;
use tower_http::cors::CorsLayer;

use crate::upload::DRAINED_BYTES;
use crate::{App, cors, deepstack, health, infer, models, openapi, predict, site};

/// Loading a large model and warming it up.
const ACTIVATION_LIMIT: Duration = Duration::from_secs(120);
/// From the first byte of an upload to its answer.
const DETECTION_LIMIT: Duration = Duration::from_secs(60);

/// Returns every route of the service.
pub(crate) fn routes(app: App, cors_origins: Vec<HeaderValue>) -> Routes {
    use Access::{Admin, Public, Viewer};
    let usual = Limits::default();
    // Uploads are bounded where they are read; what is larger is read and thrown away up to here, so that its sender is answered.
    let upload = usual.body_bytes(DRAINED_BYTES).timeout(DETECTION_LIMIT);
    let activation = usual.timeout(ACTIVATION_LIMIT);
    Adding { routes: Routes::new(), cors: (!cors_origins.is_empty()).then(|| cors::layer(cors_origins)) }
        .add(Method::GET, "/health", Public, usual, health::health)
        .add(Method::POST, "/infer", Viewer, upload, infer::infer)
        .add(Method::GET, "/config/rois", Viewer, usual, site::rois)
        .add(Method::GET, "/config/cameras", Viewer, usual, site::cameras)
        .add(Method::POST, "/api/detect", Viewer, upload, predict::detect)
        .add(Method::GET, "/api/model/info", Viewer, usual, models::info)
        .add(Method::POST, "/v1/vision/detection", Viewer, upload, deepstack::detection)
        .add(Method::POST, "/v1/vision/custom/list", Viewer, usual, deepstack::custom_list)
        .add(Method::POST, "/v1/vision/custom/{model}", Viewer, upload, deepstack::custom)
        .add(Method::GET, "/models", Viewer, usual, models::list)
        .add(Method::POST, "/models/{name}/activate", Admin, activation, models::activate)
        .add(Method::GET, "/openapi.json", Public, usual, openapi::openapi)
        .routes
        .fallback(Public, unknown)
        .with_state(app)
}

/// Routes being added, each of which also answers the questions of browsers if pages of other origins may call.
struct Adding {
    routes: Routes<App>,
    cors: Option<CorsLayer>,
}

impl Adding {
    fn add<H, T>(self, method: Method, path: &str, access: Access, limits: Limits, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let Self { routes, cors } = self;
        let routes = match &cors {
            None => routes.route_with(method, path, access, limits, handler),
            Some(cors) => routes
                .route_with(method, path, access, limits, handler.layer(cors.clone()))
                // The layer answers before the handler is asked.
                .route(Method::OPTIONS, path, Access::Public, unknown.layer(cors.clone())),
        };
        Self { routes, cors }
    }
}

/// What FastAPI, and so the reference, says of a path that it does not have.
async fn unknown() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "detail": "Not Found" }))).into_response()
}

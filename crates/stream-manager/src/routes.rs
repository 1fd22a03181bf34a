//! What is answered where, and to whom.

pub(crate) mod cameras;
pub(crate) mod pictures;
pub(crate) mod status;
pub(crate) mod zones;

use std::sync::Arc;

use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use chassis::http::{Access, ApiError, Routes};

use crate::openapi;
use crate::outlet::Outlet;
use crate::post::Post;
use crate::site::Site;
use crate::snapshots::Snapshots;

/// What every handler reads.
#[derive(Clone)]
pub(crate) struct App {
    /// Cameras, zones, detector.
    pub(crate) site: Arc<Site>,
    /// The pictures of alerts.
    pub(crate) snapshots: Snapshots,
    /// The way out for alerts.
    pub(crate) outlet: Outlet,
}

impl App {
    /// Returns a camera that is watched.
    fn post(&self, id: &str) -> Result<Arc<Post>, ApiError> {
        let cameras = self.site.cameras();
        cameras.post(id).cloned().ok_or_else(|| no_camera(id))
    }
}

/// Returns every route of the service.
pub(crate) fn routes(app: App) -> Routes {
    Routes::new()
        .route(Method::GET, "/api/v1/cameras", Access::Viewer, cameras::cameras)
        .route(Method::GET, "/api/v1/cameras/{id}", Access::Viewer, cameras::camera)
        .route(Method::POST, "/api/v1/cameras/{id}/restart", Access::Operator, cameras::restart)
        .route(Method::GET, "/api/v1/cameras/{id}/picture", Access::Viewer, pictures::picture)
        .stream(Method::GET, "/api/v1/cameras/{id}/mjpeg", Access::Viewer, pictures::mjpeg)
        .stream(Method::GET, "/api/v1/live", Access::Viewer, pictures::live)
        .route(Method::GET, "/api/v1/zones", Access::Viewer, zones::zones)
        .route(Method::GET, "/api/v1/zones/{camera_id}", Access::Viewer, zones::zones_of)
        .route(Method::PUT, "/api/v1/zones/{camera_id}", Access::Operator, zones::put)
        .route(Method::GET, "/api/v1/classes", Access::Viewer, status::classes)
        .route(Method::GET, "/api/v1/status", Access::Viewer, status::status)
        .route(Method::GET, "/snapshots/{file}", Access::Viewer, pictures::snapshot)
        .route(Method::GET, "/openapi.json", Access::Public, describe)
        .with_state(app)
}

async fn describe() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi::document())
}

fn no_camera(id: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "no_such_camera", format!("there is no camera {id:?}"))
}

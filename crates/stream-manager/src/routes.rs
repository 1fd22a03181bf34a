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
    fn post(&self, id: &str) -> Option<Arc<Post>> {
        self.site.cameras().post(id).cloned()
    }
}

/// Returns every route of the service.
pub(crate) fn routes(app: App) -> Routes {
    table().with_state(app)
}

fn table() -> Routes<App> {
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
}

async fn describe() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi::document())
}

fn no_camera(id: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "no_such_camera", format!("there is no camera {id:?}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn who_may_only_look_can_change_nothing() {
        for route in table().list() {
            let changes = route.method != Some(Method::GET);
            let expected = match route.path.as_str() {
                "/openapi.json" => Access::Public,
                _ if changes => Access::Operator,
                _ => Access::Viewer,
            };
            assert_eq!(route.access, expected, "{route:?}");
        }
    }

    #[test]
    fn every_route_is_described_and_every_description_has_its_route() {
        let document: Value = serde_json::from_str(&openapi::document()).expect("is JSON");
        let paths = document["paths"].as_object().expect("has paths");
        let methods = |(path, item): (&String, &Value)| {
            let methods = item.as_object().expect("has methods").keys();
            methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
        };
        let described: BTreeSet<String> = paths.iter().flat_map(methods).collect();
        let table = table();
        let routes = table.list().iter().filter(|route| route.path != "/openapi.json");
        let answered = routes.map(|route| format!("{} {}", route.method.clone().unwrap_or_default(), route.path));
        assert_eq!(described, answered.collect::<BTreeSet<_>>());
    }
}

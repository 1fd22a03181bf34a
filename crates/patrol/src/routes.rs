//! What is answered where. Every path under `/api/` is answered under `/api/{this robot's id}/` too, so that one robot
//! works without nginx; another robot's id is not found, and nothing is ever passed on to another process.

pub(crate) mod camera;
pub(crate) mod controls;
pub(crate) mod drive;
pub(crate) mod file;
pub(crate) mod history;
pub(crate) mod images;
pub(crate) mod inspect;
pub(crate) mod monitor;
pub(crate) mod points;
pub(crate) mod points_legacy;
pub(crate) mod reports;
pub(crate) mod robot;
pub(crate) mod robot_legacy;
pub(crate) mod robots;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod settings;
pub(crate) mod share;
pub(crate) mod shared;
pub(crate) mod stream;
pub(crate) mod usage;

use axum::Json;
use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, ApiError, Routes};
use serde_json::json;

use crate::App;
use crate::openapi;

/// Returns every route of the service.
pub(crate) fn routes(app: App) -> Routes {
    let robot = app.config.robot_id.clone();
    let table = table().layer(from_fn(only_from_here));
    table.rewritten(move |uri| without_prefix(uri, robot.as_str())).with_state(app)
}

/// Refuses what a page of another site makes a browser send, unless it only reads: a form there could start a patrol. The
/// browser says so itself; programs say nothing of the kind.
async fn only_from_here(request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let is_elsewhere = request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if reads || !is_elsewhere {
        return next.run(request).await;
    }
    ApiError::new(StatusCode::FORBIDDEN, "cross_site", "a page of another site may not change anything here")
        .into_response()
}

fn table() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/openapi.json", Access::Public, describe)
        .merge(robot::routes())
        .merge(robot_legacy::routes())
        .merge(camera::routes())
        .merge(inspect::routes())
        .merge(run::routes())
        .merge(schedule::routes())
        .merge(stream::routes())
        .merge(monitor::routes())
        .merge(usage::routes())
        .merge(controls::routes())
        .merge(settings::routes())
        .merge(share::routes())
        .merge(shared::routes())
        .merge(robots::routes())
        .merge(reports::routes())
        .merge(points_legacy::routes())
        .merge(points::routes())
        .merge(images::routes())
        .merge(history::routes())
        .fallback(Access::Public, nothing_here)
}

async fn describe() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi::document())
}

async fn nothing_here(uri: Uri) -> ApiError {
    match robot_in(uri.path()) {
        Some((robot, _)) => {
            ApiError::new(StatusCode::NOT_FOUND, "no_such_robot", format!("{robot:?} is no robot of this backend"))
        }
        None => ApiError::not_found("there is nothing at this path"),
    }
}

/// Returns the path without this robot's id, if it has it: `/api/robot-a/state` is `/api/state`.
fn without_prefix(uri: &Uri, robot: &str) -> Option<Uri> {
    let (named, rest) = robot_in(uri.path())?;
    if named != robot {
        return None;
    }
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    format!("/api{rest}{query}").parse().ok()
}

/// Returns the robot that a path names, and what follows.
fn robot_in(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/api/")?;
    let (robot, rest) = rest.split_at(rest.find('/')?);
    // `/api/robots/…` is the list of all of them.
    (robot.starts_with("robot-") || robot == "default").then_some((robot, rest))
}

/// An error on a path of the older interface: `{"error": "text"}`.
#[derive(Debug)]
pub(crate) struct LegacyError {
    status: StatusCode,
    text: String,
}

impl LegacyError {
    /// Returns an error with a text for people.
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// 400.
    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// 500: the cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: impl Into<anyhow::Error>) -> Self {
        tracing::error!("request failed: {:#}", cause.into());
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the request failed on our side")
    }
}

impl IntoResponse for LegacyError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.text }))).into_response()
    }
}

impl From<anyhow::Error> for LegacyError {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(cause)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn stripped(path: &str) -> Option<String> {
        without_prefix(&path.parse().expect("is a path"), "robot-a").map(|uri| uri.to_string())
    }

    #[test]
    fn w01_who_may_only_look_can_change_nothing() {
        for route in table().list() {
            let looks = route.method == Some(Method::GET) || route.method.is_none();
            let may_look = [Access::Public, Access::Viewer].contains(&route.access);
            // Driving by hand begins as a GET, as every WebSocket does; a shared page is opened by sending its password.
            let drives = route.path == "/api/v1/drive";
            let opens = route.path == "/api/v1/shared/{token}/open";
            let is_fine = opens || (looks && !drives) || !may_look;
            assert!(is_fine, "{route:?}");
        }
    }

    #[test]
    fn every_route_of_ours_is_described_and_every_description_has_its_route() {
        let document: Value = serde_json::from_str(&openapi::document()).expect("is JSON");
        let paths = document["paths"].as_object().expect("has paths");
        let methods = |(path, item): (&String, &Value)| {
            let methods = item.as_object().expect("has methods").keys();
            methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
        };
        let ours = |line: &String| line.contains(" /api/v1/");
        let described: BTreeSet<String> = paths.iter().flat_map(methods).filter(ours).collect();
        let table = table();
        let answered = table.list().iter().map(|route| {
            let method = route.method.clone().unwrap_or_default();
            format!("{method} {}", route.path)
        });
        assert_eq!(described, answered.filter(ours).collect::<BTreeSet<_>>());
    }

    #[test]
    fn w03_only_this_robots_own_paths_lose_their_prefix() {
        assert_eq!(stripped("/api/robot-a/state").as_deref(), Some("/api/state"));
        assert_eq!(stripped("/api/robot-a/points?id=a%2Fb").as_deref(), Some("/api/points?id=a%2Fb"));
        assert_eq!(stripped("/api/robot-a/images/1_x/%E5%A4%A7.jpg").as_deref(), Some("/api/images/1_x/%E5%A4%A7.jpg"));
        for path in
            ["/api/robot-b/state", "/api/robots/robot-a/images/x.jpg", "/api/state", "/robot-a/state", "/api/robot-a"]
        {
            assert_eq!(stripped(path), None, "{path}");
        }
    }
}

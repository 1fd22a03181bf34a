//! Waypoints and routes.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, ApiError, ErrorBody, Limits, Routes};
use domain::patrol::Waypoint;
use robot::RobotError;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::App;
use crate::events::Changed;
use crate::points::{Place, Points, PointsError, Strategy, TakenOver};

/// How long the robot may take to name its places.
const PATIENCE: Duration = Duration::from_secs(15);

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    let lists = Limits::default().body_bytes(4 << 20);
    Routes::new()
        .route(Method::GET, "/api/v1/points", Access::Viewer, list)
        .route_with(Method::PUT, "/api/v1/points", Access::Operator, lists, replace)
        .route(Method::POST, "/api/v1/points", Access::Operator, add)
        .route(Method::PUT, "/api/v1/points/{id}", Access::Operator, update)
        .route(Method::DELETE, "/api/v1/points/{id}", Access::Operator, remove)
        .route(Method::POST, "/api/v1/points/from-robot", Access::Operator, from_robot)
        .route(Method::POST, "/api/v1/points/here", Access::Operator, here)
        .route(Method::POST, "/api/v1/points/order", Access::Operator, arrange)
        .route(Method::GET, "/api/v1/routes", Access::Viewer, list_routes)
        .route(Method::GET, "/api/v1/routes/{name}", Access::Viewer, show_route)
        .route_with(Method::PUT, "/api/v1/routes/{name}", Access::Operator, lists, save_route)
        .route(Method::DELETE, "/api/v1/routes/{name}", Access::Operator, delete_route)
}

impl From<PointsError> for ApiError {
    fn from(error: PointsError) -> Self {
        match error {
            PointsError::Refused(reason) => Self::invalid(reason),
            PointsError::Absent(what) => Self::not_found(what),
            PointsError::Changed => Self::new(StatusCode::PRECONDITION_FAILED, "changed", error.to_string()),
            PointsError::Failed(cause) => Self::internal(cause),
        }
    }
}

fn tagged(points: Points) -> Response {
    ([(header::ETAG, format!("\"{}\"", points.tag()))], Json(points.points)).into_response()
}

/// Returns all waypoints in the order of their visits.
#[utoipa::path(get, path = "/api/v1/points", tag = "points", responses((status = 200, body = [Waypoint])))]
pub(crate) async fn list(State(app): State<App>) -> Result<Response, ApiError> {
    Ok(tagged(app.points.read().await?))
}

/// Replaces all waypoints. With `If-Match`, only if nobody else changed them since.
#[utoipa::path(put, path = "/api/v1/points", tag = "points", request_body = [Waypoint],
    responses((status = 200, body = [Waypoint]), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn replace(
    State(app): State<App>,
    headers: HeaderMap,
    Json(points): Json<Vec<Waypoint>>,
) -> Result<Response, ApiError> {
    let tag = headers.get(header::IF_MATCH).and_then(|tag| tag.to_str().ok()).filter(|tag| *tag != "*");
    let points = app.points.replace(points, tag.map(|tag| tag.trim_matches('"'))).await?;
    app.events.changed(Changed::Points);
    Ok(tagged(points))
}

/// Adds a waypoint.
#[utoipa::path(post, path = "/api/v1/points", tag = "points", request_body = Waypoint,
    responses((status = 201, body = Waypoint), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn add(State(app): State<App>, Json(point): Json<Waypoint>) -> Result<Response, ApiError> {
    // A new waypoint replaces none, whatever id it came with.
    added(&app, Waypoint { id: String::new(), ..point }).await
}

async fn added(app: &App, point: Waypoint) -> Result<Response, ApiError> {
    let id = app.points.put(point.clone()).await?;
    app.events.changed(Changed::Points);
    Ok((StatusCode::CREATED, Json(Waypoint { id, ..point })).into_response())
}

/// Changes a waypoint.
#[utoipa::path(put, path = "/api/v1/points/{id}", tag = "points", params(("id" = String, Path)), request_body = Waypoint,
    responses((status = 200, body = Waypoint), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    Json(point): Json<Waypoint>,
) -> Result<Json<Waypoint>, ApiError> {
    let point = app.points.update(&id, point).await?;
    app.events.changed(Changed::Points);
    Ok(Json(point))
}

/// Takes a waypoint away.
#[utoipa::path(delete, path = "/api/v1/points/{id}", tag = "points", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn remove(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    app.points.remove(&id).await?;
    app.events.changed(Changed::Points);
    Ok(StatusCode::NO_CONTENT)
}

/// Takes over the places the robot knows by name, those that are not there yet.
#[utoipa::path(post, path = "/api/v1/points/from-robot", tag = "points",
    responses((status = 200, body = TakenOver), (status = "4XX", body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn from_robot(State(app): State<App>) -> Result<Json<TakenOver>, ApiError> {
    let places = places(&app).await.map_err(|reason| ApiError::busy(reason, 5))?;
    let taken = app.points.take_over(&places).await?;
    app.events.changed(Changed::Points);
    Ok(Json(taken))
}

/// Returns the places the robot knows, or why it does not say.
pub(super) async fn places(app: &App) -> Result<Vec<Place>, String> {
    let robot = app.link.robot();
    let locations = tokio::time::timeout(PATIENCE, robot.locations()).await;
    let locations = locations.map_err(|_| "the robot does not answer".to_owned())?;
    let place = |location: robot::Location| Place {
        x: location.pose.x,
        y: location.pose.y,
        theta: location.pose.theta,
        id: location.id,
        name: location.name,
    };
    let locations = locations.map_err(|error: RobotError| error.to_string())?;
    Ok(locations.into_iter().map(place).collect())
}

/// What a waypoint where the robot stands is to be like.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Here {
    /// What people are to call it.
    name: Option<String>,
    /// What is to be asked.
    prompt: Option<String>,
}

/// Adds a waypoint where the robot stands.
#[utoipa::path(post, path = "/api/v1/points/here", tag = "points", request_body = Here,
    responses((status = 201, body = Waypoint), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn here(State(app): State<App>, Json(here): Json<Here>) -> Result<Response, ApiError> {
    let now = app.link.now();
    let Some(pose) = now.pose.as_ref().filter(|_| now.is_connected()).map(|seen| seen.value) else {
        return Err(ApiError::conflict("nobody knows where the robot is"));
    };
    let count = app.points.list().await?.len();
    let name = here.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| format!("Point {}", count + 1));
    let prompt = here.prompt.unwrap_or_default();
    let point = Waypoint { theta: pose.theta, prompt, ..Waypoint::at("", name, pose.x, pose.y) };
    added(&app, point).await
}

/// Which order waypoints are to be put in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arrange {
    strategy: Strategy,
    /// Where the round begins and ends: x and y in metres. Where the robot is, if nothing is said.
    start: Option<[f64; 2]>,
}

/// Puts the waypoints in order.
#[utoipa::path(post, path = "/api/v1/points/order", tag = "points", request_body = Arrange,
    responses((status = 200, body = [Waypoint]), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn arrange(State(app): State<App>, Json(wanted): Json<Arrange>) -> Result<Response, ApiError> {
    let robot = app.link.now().pose.as_ref().map(|seen| [seen.value.x, seen.value.y]);
    let [x, y] = wanted.start.or(robot).unwrap_or_default();
    if !x.is_finite() || !y.is_finite() {
        return Err(ApiError::invalid("start: expected finite numbers"));
    }
    let points = app.points.arrange(wanted.strategy, (x, y)).await?;
    app.events.changed(Changed::Points);
    Ok(tagged(points))
}

/// Returns the names of the routes.
#[utoipa::path(get, path = "/api/v1/routes", tag = "points", responses((status = 200, body = [String])))]
pub(crate) async fn list_routes(State(app): State<App>) -> Result<Json<Vec<String>>, ApiError> {
    Ok(Json(app.points.routes().await?))
}

/// Returns the waypoints of a route.
#[utoipa::path(get, path = "/api/v1/routes/{name}", tag = "points", params(("name" = String, Path)),
    responses((status = 200, body = [Waypoint]), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show_route(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Vec<Waypoint>>, ApiError> {
    let route = app.points.route(&name).await?;
    route.map(Json).ok_or_else(|| ApiError::not_found(format!("there is no route {name:?}")))
}

/// Keeps waypoints as a route.
#[utoipa::path(put, path = "/api/v1/routes/{name}", tag = "points", params(("name" = String, Path)),
    request_body = [Waypoint], responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn save_route(
    State(app): State<App>,
    Path(name): Path<String>,
    Json(points): Json<Vec<Waypoint>>,
) -> Result<StatusCode, ApiError> {
    app.points.save_route(&name, points).await?;
    app.events.changed(Changed::Points);
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a route away.
#[utoipa::path(delete, path = "/api/v1/routes/{name}", tag = "points", params(("name" = String, Path)),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn delete_route(State(app): State<App>, Path(name): Path<String>) -> Result<StatusCode, ApiError> {
    app.points.delete_route(&name).await?;
    app.events.changed(Changed::Points);
    Ok(StatusCode::NO_CONTENT)
}

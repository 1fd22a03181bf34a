//! Waypoints and routes on the paths of the older interface, in its words.

use axum::Json;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, Limits, Routes};
use domain::patrol::Waypoint;
use serde::Deserialize;
use serde_json::{Value, json};

use super::LegacyError;
use super::points::places;
use crate::App;
use crate::events::Changed;
use crate::points::PointsError;

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    let lists = Limits::default().body_bytes(4 << 20);
    Routes::new()
        .route(Method::GET, "/api/points", Access::Viewer, list)
        .route(Method::POST, "/api/points", Access::Operator, save)
        .route(Method::DELETE, "/api/points", Access::Operator, delete)
        .route_with(Method::POST, "/api/points/reorder", Access::Operator, lists, reorder)
        .route(Method::GET, "/api/points/export", Access::Viewer, export)
        .route_with(Method::POST, "/api/points/import", Access::Operator, lists, import)
        .route(Method::GET, "/api/points/from_robot", Access::Operator, from_robot_by_get)
        .route(Method::POST, "/api/points/from_robot", Access::Operator, from_robot)
        .route(Method::GET, "/api/points/routes", Access::Viewer, list_routes)
        .route(Method::GET, "/api/points/routes/{name}", Access::Viewer, show_route)
        .route_with(Method::PUT, "/api/points/routes/{name}", Access::Operator, lists, save_route)
        .route(Method::DELETE, "/api/points/routes/{name}", Access::Operator, delete_route)
}

impl From<PointsError> for LegacyError {
    fn from(error: PointsError) -> Self {
        match error {
            PointsError::Refused(reason) => Self::bad_request(reason),
            PointsError::Absent(what) => Self::new(StatusCode::NOT_FOUND, what),
            PointsError::Changed => Self::new(StatusCode::CONFLICT, error.to_string()),
            PointsError::Failed(cause) => Self::internal(cause),
        }
    }
}

async fn list(State(app): State<App>) -> Result<Json<Vec<Waypoint>>, LegacyError> {
    Ok(Json(app.points.list().await?))
}

async fn save(State(app): State<App>, Json(point): Json<Value>) -> Result<Json<Value>, LegacyError> {
    let id = app.points.put(read(point)?).await?;
    app.events.changed(Changed::Points);
    Ok(Json(json!({"status": "saved", "id": id})))
}

/// Reads a waypoint as the older interface sends one.
fn read(point: Value) -> Result<Waypoint, LegacyError> {
    let refuse = |text: &str| Err(LegacyError::bad_request(text));
    let Value::Object(mut point) = point else { return refuse("Point must be an object") };
    if !point.get("name").is_some_and(Value::is_string) {
        return refuse("Point name is required");
    }
    if !(point.contains_key("x") && point.contains_key("y")) {
        return refuse("Point coordinates (x, y) are required");
    }
    for key in ["x", "y", "theta"] {
        let number = point.get(key).and_then(Value::as_str).and_then(|text| text.trim().parse::<f64>().ok());
        if let Some(number) = number {
            point.insert(key.to_owned(), json!(number));
        }
        if point.get(key).is_some_and(|value| !value.is_number()) {
            return refuse("Point coordinates must be numeric");
        }
    }
    // Ids of very old files are numbers.
    if let Some(id) = point.get("id").filter(|id| id.is_number()).map(Value::to_string) {
        point.insert("id".to_owned(), Value::String(id));
    }
    serde_json::from_value(Value::Object(point)).map_err(|error| LegacyError::bad_request(error.to_string()))
}

fn read_all(points: Value) -> Result<Vec<Waypoint>, LegacyError> {
    let Value::Array(points) = points else { return Err(LegacyError::bad_request("Expected a list of points")) };
    points.into_iter().map(read).collect()
}

#[derive(Deserialize)]
struct ById {
    #[serde(default)]
    id: String,
}

async fn delete(State(app): State<App>, Query(query): Query<ById>) -> Result<Json<Value>, LegacyError> {
    match app.points.remove(&query.id).await {
        Ok(()) => app.events.changed(Changed::Points),
        // Deleting what is not there was a success there.
        Err(PointsError::Absent(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Json(json!({"status": "deleted"})))
}

async fn reorder(State(app): State<App>, Json(points): Json<Value>) -> Result<Json<Value>, LegacyError> {
    app.points.replace(read_all(points)?, None).await?;
    app.events.changed(Changed::Points);
    Ok(Json(json!({"status": "reordered"})))
}

async fn export(State(app): State<App>) -> Result<Response, LegacyError> {
    let content = app.points.read().await?.content();
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"patrol_points.json\""),
    ];
    Ok((headers, content).into_response())
}

async fn import(State(app): State<App>, mut form: Multipart) -> Result<Json<Value>, LegacyError> {
    let refuse = |error: axum::extract::multipart::MultipartError| LegacyError::bad_request(error.body_text());
    while let Some(field) = form.next_field().await.map_err(refuse)? {
        if field.name() != Some("file") {
            continue;
        }
        if field.file_name().is_none_or(str::is_empty) {
            return Err(LegacyError::bad_request("No selected file"));
        }
        let content = field.bytes().await.map_err(refuse)?;
        let points: Value =
            serde_json::from_slice(&content).map_err(|error| LegacyError::bad_request(error.to_string()))?;
        let points = app.points.replace(read_all(points)?, None).await?.points;
        app.events.changed(Changed::Points);
        return Ok(Json(json!({"status": "imported", "count": points.len()})));
    }
    Err(LegacyError::bad_request("No file part"))
}

/// Older clients ask with `GET`. A page elsewhere can make a browser do that too, and the browser says so.
async fn from_robot_by_get(State(app): State<App>, headers: HeaderMap) -> Result<Json<Value>, LegacyError> {
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(LegacyError::new(StatusCode::FORBIDDEN, "Not from another site"));
    }
    from_robot(State(app)).await
}

async fn from_robot(State(app): State<App>) -> Result<Json<Value>, LegacyError> {
    let places = places(&app).await.map_err(|reason| LegacyError::new(StatusCode::NOT_FOUND, reason))?;
    if places.is_empty() {
        return Err(LegacyError::new(StatusCode::NOT_FOUND, "No locations found on robot"));
    }
    let taken = app.points.take_over(&places).await?;
    app.events.changed(Changed::Points);
    Ok(Json(json!({
        "status": "success",
        "added": taken.added,
        "skipped": taken.skipped,
        "total_robot_locations": taken.total_robot_locations,
        "total_points": taken.total_points,
    })))
}

async fn list_routes(State(app): State<App>) -> Result<Json<Vec<String>>, LegacyError> {
    Ok(Json(app.points.routes().await?))
}

async fn show_route(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Vec<Waypoint>>, LegacyError> {
    let route = app.points.route(&name).await?;
    route.map(Json).ok_or_else(|| LegacyError::new(StatusCode::NOT_FOUND, "Route not found"))
}

async fn save_route(
    State(app): State<App>,
    Path(name): Path<String>,
    Json(points): Json<Value>,
) -> Result<Json<Value>, LegacyError> {
    app.points.save_route(&name, read_all(points)?).await?;
    app.events.changed(Changed::Points);
    Ok(Json(json!({"status": "saved", "name": name})))
}

async fn delete_route(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Value>, LegacyError> {
    app.points.delete_route(&name).await?;
    app.events.changed(Changed::Points);
    Ok(Json(json!({"status": "deleted"})))
}

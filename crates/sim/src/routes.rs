//! The cameras over HTTP, for demonstrations, tests and benchmarks: see them, kill them, ask for the truth.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use chassis::http::{Access, ApiError, Routes};
use domain::geometry::Size;
use jiff::Timestamp;
use media::serve::ServeError;
use serde::{Deserialize, Serialize};

use crate::cameras::{CameraState, Cameras};
use crate::scene::Truth;

/// What `GET /cameras` answers.
#[derive(Debug, Serialize)]
struct Listed {
    cameras: Vec<CameraState>,
}

/// What `GET /cameras/{name}/truth` is asked.
#[derive(Debug, Deserialize)]
struct When {
    /// Now, if it is not given.
    at: Option<Timestamp>,
}

/// What `GET /cameras/{name}/truth` answers.
#[derive(Debug, Serialize)]
struct Known {
    at: Timestamp,
    /// The space of the boxes.
    size: Size,
    objects: Vec<Truth>,
}

/// Returns the routes of running cameras.
pub(crate) fn routes(cameras: Arc<Cameras>) -> Routes {
    Routes::new()
        .route(Method::GET, "/cameras", Access::Viewer, list)
        .route(Method::POST, "/cameras/{name}/stop", Access::Operator, stop)
        .route(Method::POST, "/cameras/{name}/start", Access::Operator, start)
        .route(Method::POST, "/cameras/{name}/silence", Access::Operator, silence)
        .route(Method::GET, "/cameras/{name}/truth", Access::Viewer, truth)
        .with_state(cameras)
}

async fn list(State(cameras): State<Arc<Cameras>>) -> Json<Listed> {
    Json(Listed { cameras: cameras.list() })
}

async fn stop(State(cameras): State<Arc<Cameras>>, Path(name): Path<String>) -> Result<StatusCode, ApiError> {
    change(cameras, name, Cameras::stop).await
}

async fn start(State(cameras): State<Arc<Cameras>>, Path(name): Path<String>) -> Result<StatusCode, ApiError> {
    change(cameras, name, Cameras::start_again).await
}

async fn silence(State(cameras): State<Arc<Cameras>>, Path(name): Path<String>) -> Result<StatusCode, ApiError> {
    change(cameras, name, Cameras::silence).await
}

/// Cutting viewers off takes a moment of waiting for threads.
async fn change(
    cameras: Arc<Cameras>,
    name: String,
    act: fn(&Cameras, &str) -> Result<(), ServeError>,
) -> Result<StatusCode, ApiError> {
    let done = tokio::task::spawn_blocking(move || act(&cameras, &name)).await.map_err(ApiError::internal)?;
    done.map(|()| StatusCode::NO_CONTENT).map_err(|error| ApiError::not_found(error.to_string()))
}

async fn truth(
    State(cameras): State<Arc<Cameras>>,
    Path(name): Path<String>,
    Query(when): Query<When>,
) -> Result<Json<Known>, ApiError> {
    let at = when.at.unwrap_or_else(Timestamp::now);
    let unknown = || ApiError::not_found(format!("{name} has no scene with known truth"));
    let size = cameras.scene(&name).ok_or_else(unknown)?.size();
    let objects = cameras.truth(&name, at).ok_or_else(unknown)?;
    Ok(Json(Known { at, size, objects }))
}

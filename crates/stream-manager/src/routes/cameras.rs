//! The cameras and how they are doing.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chassis::http::{ApiError, ErrorBody};
use jiff::Timestamp;

use super::{App, no_camera};
use crate::view;

/// Lists the cameras and how they are doing.
#[utoipa::path(
    get, path = "/api/v1/cameras", tag = "cameras",
    responses((status = 200, description = "Every entry of cameras.yaml, wrong ones included", body = view::Cameras)),
)]
pub(crate) async fn cameras(State(app): State<App>) -> Json<view::Cameras> {
    let (roster, zoning, now) = (app.site.cameras(), app.site.zone_book.now(), Timestamp::now());
    let cameras = roster.places.iter().map(|place| place.view(&zoning, now)).collect();
    let problems = roster.problems.iter().chain(&zoning.problem).map(view::Problem::from).collect();
    Json(view::Cameras { cameras, problems })
}

/// Shows one camera.
#[utoipa::path(
    get, path = "/api/v1/cameras/{id}", tag = "cameras",
    params(("id" = String, Path, description = "The camera")),
    responses(
        (status = 200, description = "The camera", body = view::Camera),
        (status = 404, description = "There is no such camera", body = ErrorBody),
    ),
)]
pub(crate) async fn camera(State(app): State<App>, Path(id): Path<String>) -> Result<Json<view::Camera>, ApiError> {
    let (roster, zoning) = (app.site.cameras(), app.site.zone_book.now());
    let place = roster.places.iter().find(|place| place.id() == id).ok_or_else(|| no_camera(&id))?;
    Ok(Json(place.view(&zoning, Timestamp::now())))
}

/// Opens a camera's stream anew, also after it was given up.
#[utoipa::path(
    post, path = "/api/v1/cameras/{id}/restart", tag = "cameras",
    params(("id" = String, Path, description = "The camera")),
    responses(
        (status = 202, description = "It will be opened anew"),
        (status = 404, description = "There is no such camera", body = ErrorBody),
    ),
)]
pub(crate) async fn restart(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    app.post(&id).ok_or_else(|| no_camera(&id))?.restart();
    Ok(StatusCode::ACCEPTED)
}

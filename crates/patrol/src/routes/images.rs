//! Photos, evidence, maps and films of runs.

use std::path::PathBuf;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, ApiError, ErrorBody, Limits, Routes};

use super::LegacyError;
use super::file::answer;
use super::history::known;
use crate::App;
use crate::history::{InspectionId, RunId, further_photo, is_robot_id};

const JPEG: &str = "image/jpeg";
const MP4: &str = "video/mp4";

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/api/v1/alerts/{id}/picture.jpg", Access::Viewer, evidence)
        .route(Method::GET, "/api/v1/runs/{id}/map.png", Access::Viewer, map)
        .route_with(Method::GET, "/api/v1/runs/{id}/video", Access::Viewer, Limits::stream(), video)
        .route(Method::GET, "/api/images/{*path}", Access::Viewer, legacy_own)
        .route(Method::GET, "/api/robots/{id}/images/{*path}", Access::Viewer, legacy_any)
        .route_with(Method::GET, "/api/video/{id}", Access::Viewer, Limits::stream(), legacy_video)
}

fn no_picture() -> ApiError {
    ApiError::not_found("there is no such picture")
}

/// Returns where a picture of an inspection is, and the run of the inspection.
pub(super) async fn find_picture(app: &App, id: InspectionId, name: &str) -> Result<(PathBuf, RunId), ApiError> {
    let row = app.history.inspection(id).await.map_err(ApiError::internal)?.ok_or_else(no_picture)?;
    let noted = match name {
        "picture.jpg" => row.image_path,
        "previous.jpg" => row.previous_path,
        "difference.jpg" => row.difference_path,
        _ => further_photo(name).and_then(|at| row.more_photos.get(at)).map(|photo| photo.path.clone()),
    };
    let path = noted.and_then(|noted| app.pictures.find(&row.robot_id, &noted)).ok_or_else(no_picture)?;
    Ok((path, row.run_id))
}

/// Returns the evidence of an alert.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/picture.jpg", tag = "runs", params(("id" = i64, Path)),
    responses((status = 200, content_type = "image/jpeg"), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn evidence(
    State(app): State<App>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (path, _) = find_evidence(&app, id).await?;
    answer(&path, JPEG, None, &headers).await
}

/// Returns where the evidence of an alert is, and the run of the alert.
pub(super) async fn find_evidence(app: &App, id: i64) -> Result<(PathBuf, Option<RunId>), ApiError> {
    let alert = app.history.alert(id).await.map_err(ApiError::internal)?.ok_or_else(no_picture)?;
    let path = app.pictures.find_evidence(&alert).ok_or_else(no_picture)?;
    Ok((path, alert.run_id))
}

/// Returns the map a run was walked on.
#[utoipa::path(get, path = "/api/v1/runs/{id}/map.png", tag = "runs", params(("id" = i64, Path)),
    responses((status = 200, content_type = "image/png"), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn map(State(app): State<App>, Path(id): Path<RunId>) -> Result<Response, ApiError> {
    run_map(&app, id).await
}

pub(super) async fn run_map(app: &App, id: RunId) -> Result<Response, ApiError> {
    let run = known(app, id).await?;
    let png = app.history.run_map(&run).await.ok_or_else(|| ApiError::not_found("the map of this run was not kept"))?;
    let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, max-age=86400")];
    Ok((headers, png).into_response())
}

/// Returns the film of a run, or the part of it that `Range` names.
#[utoipa::path(get, path = "/api/v1/runs/{id}/video", tag = "runs", params(("id" = i64, Path)),
    responses((status = 200, content_type = "video/mp4"), (status = 206, content_type = "video/mp4"),
        (status = "4XX", body = ErrorBody)))]
pub(crate) async fn video(
    State(app): State<App>,
    Path(id): Path<RunId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    film(&app, id, None, &headers).await
}

pub(super) async fn film(
    app: &App,
    id: RunId,
    download: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let run = known(app, id).await?;
    let path = app.pictures.find_video(&run).ok_or_else(|| ApiError::not_found("there is no film of this run"))?;
    answer(&path, MP4, download, headers).await
}

async fn legacy_own(
    State(app): State<App>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, LegacyError> {
    legacy_picture(&app, app.config.robot_id.as_str(), &path, &headers).await
}

async fn legacy_any(
    State(app): State<App>,
    Path((id, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, LegacyError> {
    if !is_robot_id(&id) {
        return Err(LegacyError::bad_request("Invalid robot ID"));
    }
    legacy_picture(&app, &id, &path, &headers).await
}

async fn legacy_picture(app: &App, robot: &str, path: &str, headers: &HeaderMap) -> Result<Response, LegacyError> {
    let absent = || LegacyError::new(StatusCode::NOT_FOUND, "Image not found");
    let found = app.pictures.find(robot, path).ok_or_else(absent)?;
    answer(&found, JPEG, None, headers).await.map_err(|_| absent())
}

async fn legacy_video(
    State(app): State<App>,
    Path(id): Path<RunId>,
    headers: HeaderMap,
) -> Result<Response, LegacyError> {
    let name = format!("patrol_{id}.mp4");
    let film = film(&app, id, Some(&name), &headers).await;
    film.map_err(|error| LegacyError::new(error.status(), "Video not found"))
}

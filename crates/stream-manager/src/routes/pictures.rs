//! Pictures: the newest one of a camera, live ones, and those of alerts.

use std::collections::BTreeSet;

use axum::extract::{Path, Query, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::http::{ApiError, ErrorBody, StreamGuard};
use domain::id::AlertId;
use domain::sampling::{FrameRate, FrameRateError};
use serde::Deserialize;

use super::{App, no_camera};
use crate::lifecycle::State as CameraState;
use crate::post::Post;
use crate::viewers::{self, Wish};

/// How a picture is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PictureQuery {
    /// `1` to have zones and boxes drawn into it.
    annotated: Option<String>,
    /// The most pictures in a second; only for streams.
    fps: Option<f64>,
}

impl PictureQuery {
    /// Returns whether it is to be annotated; `None` if that is not understood.
    fn is_annotated(&self) -> Option<bool> {
        match self.annotated.as_deref() {
            None | Some("0" | "false") => Some(false),
            Some("" | "1" | "true") => Some(true),
            Some(_) => None,
        }
    }
}

/// Which live pictures are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveQuery {
    /// The ids of cameras, parted by commas; absent for all cameras. Unknown ones are shown once they are configured.
    cameras: Option<String>,
    /// The most pictures of each camera in a second.
    fps: Option<f64>,
}

/// Shows the newest picture of a camera, in its full size.
#[utoipa::path(
    get, path = "/api/v1/cameras/{id}/picture", tag = "pictures",
    params(("id" = String, Path, description = "The camera"), PictureQuery),
    responses(
        (status = 200, description = "The picture; X-Captured-At tells when it was captured", content_type = "image/jpeg"),
        (status = 404, description = "There is no such camera", body = ErrorBody),
        (status = 503, description = "The camera does not stream now", body = ErrorBody),
    ),
)]
pub(crate) async fn picture(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PictureQuery>,
) -> Result<Response, ApiError> {
    let is_annotated = query.is_annotated().ok_or_else(bad_annotated)?;
    let post = app.post(&id).ok_or_else(|| no_camera(&id))?;
    let shot = post.newest().ok_or_else(|| dark(&post))?;
    let jpeg = if is_annotated { shot.annotated().await? } else { shot.full().await? };
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::HeaderName::from_static("x-captured-at"), shot.captured_at().to_string()),
    ];
    Ok((headers, jpeg).into_response())
}

fn dark(post: &Post) -> ApiError {
    let (state, reason) = post.state();
    let reason = match (state, reason) {
        (CameraState::Disabled, _) => "the camera is switched off".to_owned(),
        (_, Some(reason)) => reason,
        (_, None) => "the camera has sent no picture yet".to_owned(),
    };
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no_picture", reason)
}

/// Shows a camera live as MJPEG. It is dark while the camera does not stream, and goes on when it is back.
#[utoipa::path(
    get, path = "/api/v1/cameras/{id}/mjpeg", tag = "pictures",
    params(("id" = String, Path, description = "The camera"), PictureQuery),
    responses(
        (status = 200, description = "JPEG pictures without end", content_type = "multipart/x-mixed-replace"),
        (status = 404, description = "There is no such camera", body = ErrorBody),
    ),
)]
pub(crate) async fn mjpeg(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PictureQuery>,
) -> Result<Response, ApiError> {
    let is_annotated = query.is_annotated().ok_or_else(bad_annotated)?;
    let fps = query.fps.map(FrameRate::try_from).transpose().map_err(bad_rate)?;
    let look = app.post(&id).ok_or_else(|| no_camera(&id))?.look(fps);
    Ok(viewers::mjpeg(look, is_annotated))
}

/// Shows cameras live over a WebSocket. Each binary message is the length of a header (four bytes, the highest first), the
/// header (a `LiveHeader` in JSON) and a JPEG; the boxes in the header belong to exactly that picture.
#[utoipa::path(
    get, path = "/api/v1/live", tag = "pictures",
    params(LiveQuery),
    responses(
        (status = 101, description = "Pictures without end"),
        (status = 400, description = "The parameters are not understood", body = ErrorBody),
    ),
)]
pub(crate) async fn live(
    State(app): State<App>,
    Query(query): Query<LiveQuery>,
    guard: StreamGuard,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let names = |text: String| {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let fps = query.fps.map(FrameRate::try_from).transpose().map_err(bad_rate)?;
    let wish = Wish { cameras: query.cameras.map(names), fps };
    // Viewers have nothing to say: a small limit keeps what they may make us hold small.
    let upgrade = upgrade.max_message_size(4096);
    Ok(upgrade.on_upgrade(move |socket| viewers::websocket(socket, app.site, wish, guard)))
}

fn bad_annotated() -> ApiError {
    ApiError::bad_request("annotated must be 0 or 1")
}

fn bad_rate(error: FrameRateError) -> ApiError {
    ApiError::bad_request(format!("fps: {error}"))
}

/// Shows the picture of an alert, which never changes.
#[utoipa::path(
    get, path = "/snapshots/{file}", tag = "pictures",
    params(("file" = String, Path, description = "The alert's id and `.jpg`")),
    responses(
        (status = 200, description = "The picture", content_type = "image/jpeg"),
        (status = 304, description = "The caller has it"),
        (status = 404, description = "There is none, or it is too old to be kept", body = ErrorBody),
    ),
)]
pub(crate) async fn snapshot(
    State(app): State<App>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let none = || ApiError::not_found("there is no such snapshot, or it is no longer kept");
    let alert: AlertId = file.strip_suffix(".jpg").and_then(|id| id.parse().ok()).ok_or_else(none)?;
    let tag = format!("\"{alert}\"");
    let caching =
        [(header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()), (header::ETAG, tag.clone())];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if known.is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let picture = app.snapshots.read(&alert).await.map_err(ApiError::internal)?.ok_or_else(none)?;
    Ok((caching, [(header::CONTENT_TYPE, "image/jpeg")], picture).into_response())
}

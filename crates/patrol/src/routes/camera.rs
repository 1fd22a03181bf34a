//! The robot's cameras, as they see now.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, ApiError, ErrorBody, Routes};
use robot::Camera;

use crate::App;
use crate::camera::mjpeg;

/// How long a single picture is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// When a picture was taken.
const CAPTURED_AT: HeaderName = HeaderName::from_static("x-captured-at");

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .stream(Method::GET, "/api/camera/front", Access::Viewer, front)
        .stream(Method::GET, "/api/camera/back", Access::Viewer, back)
        .stream(Method::GET, "/api/v1/camera/{camera}/mjpeg", Access::Viewer, stream)
        .route(Method::GET, "/api/v1/camera/{camera}/picture", Access::Viewer, picture)
}

/// The front camera live.
#[utoipa::path(get, path = "/api/camera/front", tag = "camera",
    responses((status = 200, description = "Endless", content_type = "multipart/x-mixed-replace")))]
pub(crate) async fn front(State(app): State<App>) -> Response {
    mjpeg(app.hub.watch(Camera::Front))
}

/// The back camera live.
#[utoipa::path(get, path = "/api/camera/back", tag = "camera",
    responses((status = 200, description = "Endless", content_type = "multipart/x-mixed-replace")))]
pub(crate) async fn back(State(app): State<App>) -> Response {
    mjpeg(app.hub.watch(Camera::Back))
}

/// A camera live. The stream ends when the robot is lost.
#[utoipa::path(get, path = "/api/v1/camera/{camera}/mjpeg", tag = "camera",
    params(("camera" = String, Path, description = "`front` or `back`")),
    responses(
        (status = 200, description = "Until the robot is lost", content_type = "multipart/x-mixed-replace"),
        (status = 404, description = "There is no such camera", body = ErrorBody),
    ))]
pub(crate) async fn stream(State(app): State<App>, Path(camera): Path<String>) -> Result<Response, ApiError> {
    Ok(mjpeg(app.hub.watch(named(&camera)?)))
}

/// What a camera sees now. Whoever asks again and again watches the camera.
#[utoipa::path(get, path = "/api/v1/camera/{camera}/picture", tag = "camera",
    params(("camera" = String, Path, description = "`front` or `back`")),
    responses(
        (status = 200, description = "The picture; `X-Captured-At` is when it was taken, if the robot says", content_type = "image/jpeg"),
        (status = 304, description = "There is no newer one than the caller has"),
        (status = 404, description = "There is no such camera", body = ErrorBody),
        (status = 503, description = "The camera gives no picture", body = ErrorBody),
    ))]
pub(crate) async fn picture(
    State(app): State<App>,
    Path(camera): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(picture) = app.hub.glance(named(&camera)?, PATIENCE).await else {
        return Err(ApiError::busy("the camera gives no picture", 2));
    };
    let tag = format!("\"{}\"", picture.at().as_nanosecond());
    let has_it = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut answer = if has_it {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "image/jpeg")], picture.shot.jpeg.clone()).into_response()
    };
    let text = |text: String| HeaderValue::try_from(text).expect("digits are a header");
    answer.headers_mut().insert(header::ETAG, text(tag));
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(captured_at) = picture.captured_at {
        answer.headers_mut().insert(CAPTURED_AT, text(captured_at.to_string()));
    }
    Ok(answer)
}

fn named(camera: &str) -> Result<Camera, ApiError> {
    let named = Camera::ALL.into_iter().find(|known| known.to_string() == camera);
    named.ok_or_else(|| ApiError::not_found(format!("there is no camera {camera:?}: `front` and `back` are there")))
}

//! The zones, read and drawn.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::http::{ApiError, ErrorBody};
use domain::entry::Entry;
use domain::id::CameraId;
use domain::zone::CameraZones;
use domain::zone::RoiEntry;
use serde_json::Value;
use tracing::info;

use super::{App, no_camera};
use crate::view;
use crate::zone_book::{EditError, tag};

/// Lists the zones of all cameras.
#[utoipa::path(
    get, path = "/api/v1/zones", tag = "zones",
    responses((status = 200, description = "Every entry of rois.yaml with its defaults filled in", body = view::Zones)),
)]
pub(crate) async fn zones(State(app): State<App>) -> Json<view::Zones> {
    let zoning = app.site.zone_book.now();
    let cameras = zoning.all().map(CameraZones::to_entry).collect();
    Json(view::Zones { cameras, problems: zoning.problems().map(view::Problem::from).collect() })
}

/// Shows the zones of a camera; the defaults, if none were drawn yet.
#[utoipa::path(
    get, path = "/api/v1/zones/{camera_id}", tag = "zones",
    params(("camera_id" = String, Path, description = "The camera")),
    responses(
        (status = 200, description = "The zones; their ETag makes a later PUT safe", body = RoiEntry),
        (status = 404, description = "There is no such camera", body = ErrorBody),
    ),
)]
pub(crate) async fn zones_of(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let camera = known(&app, &id).ok_or_else(|| no_camera(&id))?;
    Ok(shown(&app.site.zone_book.of_or_none(&camera)))
}

/// Replaces the zones of a camera. They hold from its next frame on.
#[utoipa::path(
    put, path = "/api/v1/zones/{camera_id}", tag = "zones",
    params(
        ("camera_id" = String, Path, description = "The camera"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the zones that were edited; without it the last editor wins"),
    ),
    request_body(content = RoiEntry, description = "The entry of rois.yaml; keys may be left out as they may there"),
    responses(
        (status = 200, description = "The zones as they are stored", body = RoiEntry),
        (status = 404, description = "There is no such camera", body = ErrorBody),
        (status = 409, description = "rois.yaml cannot be read as it is", body = ErrorBody),
        (status = 412, description = "The zones were changed by somebody else in the meantime", body = ErrorBody),
        (status = 422, description = "The zones are wrong; the message says where", body = ErrorBody),
    ),
)]
pub(crate) async fn put(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(mut body): Json<Value>,
) -> Result<Response, ApiError> {
    let camera = known(&app, &id).ok_or_else(|| no_camera(&id))?;
    if let Some(map) = body.as_object_mut() {
        map.entry("camera_id").or_insert_with(|| camera.as_str().into());
    }
    let entry: Entry = serde_json::from_value(body).map_err(|error| ApiError::invalid(error.to_string()))?;
    let expected = headers.get(header::IF_MATCH).and_then(|tag| tag.to_str().ok());
    let stored = app.site.zone_book.put(&camera, &entry, expected).await.map_err(refusal)?;
    info!(%camera, zones = stored.zones().len(), "zones were edited");
    Ok(shown(&stored))
}

/// Zones can be drawn for every camera that is configured, and for those that have some.
fn known(app: &App, id: &str) -> Option<CameraId> {
    let camera: CameraId = id.parse().ok()?;
    let is_known = app.site.cameras().post(id).is_some() || app.site.zone_book.now().of(&camera).is_some();
    is_known.then_some(camera)
}

fn shown(zones: &CameraZones) -> Response {
    ([(header::ETAG, tag(zones))], Json(zones.to_entry())).into_response()
}

fn refusal(error: EditError) -> ApiError {
    match error {
        EditError::Changed => ApiError::new(StatusCode::PRECONDITION_FAILED, "zones_changed", error.to_string()),
        EditError::Invalid(_) | EditError::OtherCamera(_) | EditError::Variable => {
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_zones", error.to_string())
        }
        EditError::Rewrite(_) => ApiError::new(StatusCode::CONFLICT, "zones_file_unreadable", error.to_string()),
        EditError::Io { .. } => ApiError::internal(error),
    }
}

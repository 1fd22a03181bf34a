//! Inspections: a question tried out, the pictures of one, and the photo that later ones are compared with.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chassis::http::{Access, ApiError, ErrorBody, Limits, Routes};
use domain::patrol::{CameraSide, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vlm::inspection::DEFAULT_PROMPT;

use super::LegacyError;
use crate::App;
use crate::history::{InspectionId, InspectionRow, InspectionView, UsageView, further_photo};
use crate::inspect::NoAnswer;

/// How long a picture that is taken now is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than the longest time that the settings allow a model.
const LONGEST: Duration = Duration::from_secs(630);
/// What is asked on the older path if nothing else is.
const LEGACY_PROMPT: &str = "Describe what you see and tell whether everything is normal.";
/// A photo never changes; that it was deleted should show within the hour.
const KEPT: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    let patient = Limits::default().timeout(LONGEST);
    Routes::new()
        .route_with(Method::POST, "/api/test_ai", Access::Operator, patient, test_legacy)
        .route_with(Method::POST, "/api/v1/test-inspection", Access::Operator, patient, test)
        .route(Method::POST, "/api/v1/inspections/{id}/accept", Access::Operator, accept)
        .route(Method::GET, "/api/v1/inspections/{id}/picture.jpg", Access::Viewer, picture)
        .route(Method::GET, "/api/v1/inspections/{id}/previous.jpg", Access::Viewer, previous)
        .route(Method::GET, "/api/v1/inspections/{id}/difference.jpg", Access::Viewer, difference)
        .route(Method::GET, "/api/v1/inspections/{id}/{name}", Access::Viewer, further_picture)
}

/// What `POST /api/test_ai` is told.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct LegacyTest {
    prompt: Option<String>,
}

/// Asks the model about what the front camera sees now.
#[utoipa::path(post, path = "/api/test_ai", tag = "inspections", request_body = LegacyTest,
    responses(
        (status = 200, description = "`{result: {is_NG, Description}, prompt, usage: {prompt_token_count, candidates_token_count, total_token_count}}`", body = Object),
        (status = 500, description = "`{error}`: there is no answer", body = Object),
        (status = 503, description = "`{error}`: the camera gives no picture", body = Object),
    ))]
pub(crate) async fn test_legacy(
    State(app): State<App>,
    Json(test): Json<LegacyTest>,
) -> Result<Json<serde_json::Value>, LegacyError> {
    let prompt = test.prompt.filter(|prompt| !prompt.trim().is_empty()).unwrap_or_else(|| LEGACY_PROMPT.to_owned());
    // Only a picture that is taken now: what the robot saw before it was lost says nothing.
    let picture = app.hub.fresh_after(CameraSide::Front, Timestamp::now(), PATIENCE).await;
    let picture = picture.map_err(|error| LegacyError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    let looked = app.inspector.look(&prompt, picture.shot.jpeg.clone()).await;
    let looked = looked.map_err(|error| match error {
        NoAnswer::Failed(cause) => LegacyError::internal(cause),
        other => LegacyError::new(StatusCode::INTERNAL_SERVER_ERROR, other.to_string()),
    })?;
    let usage = looked.expense.usage;
    Ok(Json(json!({
        "result": looked.judgement,
        "prompt": prompt,
        "usage": {
            "prompt_token_count": usage.input,
            "candidates_token_count": usage.output,
            "total_token_count": usage.total,
        },
    })))
}

/// A question to try out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Test {
    /// What is asked; the usual question if it is empty.
    #[serde(default)]
    prompt: String,
    /// The name of the place, if the question is that of a waypoint.
    #[serde(default)]
    place: Option<String>,
    /// Which camera; the front one if it is not said.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    camera: Option<CameraSide>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tested {
    verdict: Verdict,
    description: String,
    /// The question as it was asked.
    prompt: String,
    model: Option<String>,
    usage: UsageView,
    /// In US dollars; nothing if the model's price is not known.
    cost: Option<f64>,
    /// When the picture was taken.
    #[schema(value_type = String, format = DateTime)]
    captured_at: Timestamp,
    /// The picture, as a data URI.
    picture: String,
}

/// Asks the model about what a camera sees now. Nothing is kept of it but what it cost.
#[utoipa::path(post, path = "/api/v1/test-inspection", tag = "inspections", request_body = Test,
    responses(
        (status = 200, description = "What the model says", body = Tested),
        (status = 409, description = "No model is configured, or the day's budget is spent", body = ErrorBody),
        (status = 502, description = "The model did not answer, or not what was asked for", body = ErrorBody),
        (status = 503, description = "The camera gives no picture", body = ErrorBody),
    ))]
pub(crate) async fn test(State(app): State<App>, Json(test): Json<Test>) -> Result<Json<Tested>, ApiError> {
    let prompt = match &test.place {
        Some(place) => vlm::inspection::prompt(place, &test.prompt),
        None if test.prompt.trim().is_empty() => DEFAULT_PROMPT.to_owned(),
        None => test.prompt,
    };
    let camera = test.camera.unwrap_or(CameraSide::Front);
    let picture = app.hub.fresh_after(camera, Timestamp::now(), PATIENCE).await;
    let picture =
        picture.map_err(|error| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no_picture", error.to_string()))?;
    let looked = app.inspector.look(&prompt, picture.shot.jpeg.clone()).await.map_err(refusal)?;
    Ok(Json(Tested {
        verdict: looked.verdict(),
        description: looked.judgement.description,
        prompt,
        usage: looked.expense.usage.into(),
        cost: looked.expense.cost,
        model: looked.expense.model,
        captured_at: picture.at(),
        picture: format!("data:image/jpeg;base64,{}", STANDARD.encode(&picture.shot.jpeg)),
    }))
}

fn refusal(error: NoAnswer) -> ApiError {
    let (status, code) = match &error {
        NoAnswer::NotConfigured(_) => (StatusCode::CONFLICT, "not_configured"),
        NoAnswer::Budget(_) => (StatusCode::CONFLICT, "budget"),
        NoAnswer::Model(_) => (StatusCode::BAD_GATEWAY, "model"),
        NoAnswer::Failed(_) => return ApiError::internal(error),
    };
    ApiError::new(status, code, error.to_string())
}

/// Makes the photo of an inspection the one that later ones of its waypoint are compared with.
#[utoipa::path(post, path = "/api/v1/inspections/{id}/accept", tag = "inspections",
    params(("id" = i64, Path, description = "Which inspection")),
    responses(
        (status = 200, description = "The inspection", body = InspectionView),
        (status = 404, description = "There is no such inspection", body = ErrorBody),
        (status = 409, description = "It has no photo", body = ErrorBody),
    ))]
pub(crate) async fn accept(
    State(app): State<App>,
    Path(id): Path<InspectionId>,
) -> Result<Json<InspectionView>, ApiError> {
    inspection(&app, id).await?;
    if !app.history.accept(id, Timestamp::now()).await.map_err(ApiError::internal)? {
        return Err(ApiError::conflict("the inspection has no photo, or belongs to no waypoint"));
    }
    let view = InspectionView::of(&inspection(&app, id).await?, "/api/v1");
    app.events.verdict(&view);
    Ok(Json(view))
}

/// The photo of an inspection.
#[utoipa::path(get, path = "/api/v1/inspections/{id}/picture.jpg", tag = "inspections",
    params(("id" = i64, Path, description = "Which inspection")),
    responses((status = 200, content_type = "image/jpeg"), (status = 404, body = ErrorBody)))]
pub(crate) async fn picture(State(app): State<App>, Path(id): Path<InspectionId>) -> Result<Response, ApiError> {
    let row = inspection(&app, id).await?;
    file(&app, &row.robot_id, row.image_path.as_deref()).await
}

/// A photo of an inspection besides its first: `picture-2.jpg`, `picture-3.jpg` and so on.
#[utoipa::path(get, path = "/api/v1/inspections/{id}/{name}", tag = "inspections",
    params(("id" = i64, Path, description = "Which inspection"), ("name" = String, Path, example = "picture-2.jpg")),
    responses((status = 200, content_type = "image/jpeg"), (status = 404, body = ErrorBody)))]
pub(crate) async fn further_picture(
    State(app): State<App>,
    Path((id, name)): Path<(InspectionId, String)>,
) -> Result<Response, ApiError> {
    let row = inspection(&app, id).await?;
    let photo = further_photo(&name).and_then(|at| row.more_photos.get(at));
    file(&app, &row.robot_id, photo.map(|photo| photo.path.as_str())).await
}

/// The accepted photo that it was compared with.
#[utoipa::path(get, path = "/api/v1/inspections/{id}/previous.jpg", tag = "inspections",
    params(("id" = i64, Path, description = "Which inspection")),
    responses((status = 200, content_type = "image/jpeg"), (status = 404, body = ErrorBody)))]
pub(crate) async fn previous(State(app): State<App>, Path(id): Path<InspectionId>) -> Result<Response, ApiError> {
    let row = inspection(&app, id).await?;
    file(&app, &row.robot_id, row.previous_path.as_deref()).await
}

/// The photo with frames around what changed.
#[utoipa::path(get, path = "/api/v1/inspections/{id}/difference.jpg", tag = "inspections",
    params(("id" = i64, Path, description = "Which inspection")),
    responses((status = 200, content_type = "image/jpeg"), (status = 404, body = ErrorBody)))]
pub(crate) async fn difference(State(app): State<App>, Path(id): Path<InspectionId>) -> Result<Response, ApiError> {
    let row = inspection(&app, id).await?;
    file(&app, &row.robot_id, row.difference_path.as_deref()).await
}

async fn inspection(app: &App, id: InspectionId) -> Result<InspectionRow, ApiError> {
    let row = app.history.inspection(id).await.map_err(ApiError::internal)?;
    row.ok_or_else(|| ApiError::not_found(format!("there is no inspection {id}")))
}

async fn file(app: &App, robot: &str, path: Option<&str>) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found("there is no such picture");
    let jpeg = app.pictures.read(robot, path.ok_or_else(missing)?).await.ok_or_else(missing)?;
    let kind = HeaderValue::from_static("image/jpeg");
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, KEPT)], jpeg).into_response())
}

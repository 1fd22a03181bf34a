//! Runs, over the older paths and over ours.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use chassis::http::{Access, ApiError, Routes};
use domain::patrol::Then;
use domain::patrol::run::Decision;
use domain::patrol::words::IDLE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::App;
use crate::history::RunId;
use crate::plan::{StartError, Wanted};
use crate::routes::LegacyError;
use crate::run::TellError;
use crate::view::{RobotState, RunProgress};

pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/api/patrol/status", Access::Viewer, legacy_status)
        .route(Method::POST, "/api/patrol/start", Access::Operator, legacy_start)
        .route(Method::POST, "/api/patrol/stop", Access::Operator, legacy_stop)
        .route(Method::GET, "/api/patrol/results", Access::Viewer, legacy_results)
        .route(Method::GET, "/api/patrol/live_alerts", Access::Viewer, legacy_alerts)
        .route(Method::GET, "/api/patrol/edge_ai_alerts", Access::Viewer, legacy_alerts)
        .route(Method::GET, "/api/v1/state", Access::Viewer, state)
        .route(Method::POST, "/api/v1/runs", Access::Operator, start)
        .route(Method::GET, "/api/v1/runs/current", Access::Viewer, current)
        .route(Method::POST, "/api/v1/runs/{id}/pause", Access::Operator, pause)
        .route(Method::POST, "/api/v1/runs/{id}/resume", Access::Operator, resume)
        .route(Method::POST, "/api/v1/runs/{id}/stop", Access::Operator, stop)
        .route(Method::POST, "/api/v1/runs/{id}/answer", Access::Operator, answer)
}

/// What a run is to do.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NewRun {
    /// A named route; every enabled waypoint if missing.
    route: Option<String>,
    /// Only these waypoints, by id, in this order.
    points: Option<Vec<String>>,
    /// How many rounds; one if missing.
    loops: Option<u32>,
    /// Whether the robot only drives.
    dry_run: bool,
    /// Where the robot goes then.
    then: Then,
}

/// A run that has begun.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Begun {
    run_id: i64,
}

/// Where the robot goes after a stop.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StopBody {
    then: Then,
}

/// The answer to a run's question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerBody {
    decision: Decision,
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        let status = match &error {
            StartError::RunActive(_)
            | StartError::BatteryLow { .. }
            | StartError::RobotNotReady(_)
            | StartError::Controlled(_)
            | StartError::NotConfigured
            | StartError::OutOfBounds(_)
            | StartError::Plan(_) => StatusCode::CONFLICT,
            StartError::NoRoute(_) | StartError::NoPoint(_) => StatusCode::NOT_FOUND,
            StartError::Ending => StatusCode::SERVICE_UNAVAILABLE,
            StartError::Database(_) => return Self::internal(anyhow::Error::new(error)),
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl From<TellError> for ApiError {
    fn from(error: TellError) -> Self {
        let (status, code) = match &error {
            TellError::NoRun | TellError::AnotherRun(_) => (StatusCode::NOT_FOUND, "not_found"),
            TellError::NotNow(_) => (StatusCode::CONFLICT, "not_now"),
            TellError::Controlled(_) => (StatusCode::CONFLICT, "controlled"),
            TellError::Ending => (StatusCode::SERVICE_UNAVAILABLE, "ending"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// How the robot is.
#[utoipa::path(get, path = "/api/v1/state", tag = "robot", responses((status = 200, body = RobotState)))]
pub(crate) async fn state(State(app): State<App>) -> Json<RobotState> {
    Json(crate::state::robot(&app))
}

/// Begins a run; how far it is comes as events.
#[utoipa::path(
    post, path = "/api/v1/runs", tag = "runs", request_body = NewRun,
    responses(
        (status = 202, body = Begun),
        (status = 404, body = chassis::http::ErrorBody, description = "No such route or waypoint."),
        (status = 409, body = chassis::http::ErrorBody,
         description = "`run_active`, `battery_low`, `robot_not_ready`, `controlled`, `not_configured`, `nothing_to_do`."),
    ),
)]
pub(crate) async fn start(
    State(app): State<App>,
    Json(new): Json<NewRun>,
) -> Result<(StatusCode, Json<Begun>), ApiError> {
    let NewRun { route, points, loops, dry_run, then } = new;
    let loops = loops.unwrap_or(1);
    let run = app.runner.start(Wanted { route, points, loops, dry_run, then, ..Wanted::round() }).await?;
    Ok((StatusCode::ACCEPTED, Json(Begun { run_id: run.0 })))
}

/// How far the run is.
#[utoipa::path(
    get, path = "/api/v1/runs/current", tag = "runs",
    responses((status = 200, body = RunProgress), (status = 404, body = chassis::http::ErrorBody)),
)]
pub(crate) async fn current(State(app): State<App>) -> Result<Json<RunProgress>, ApiError> {
    let progress = app.runner.under_way().ok_or_else(|| ApiError::not_found("no run is under way"))?;
    Ok(Json(progress.as_ref().clone()))
}

/// Lets the robot wait where it is.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/pause", tag = "runs", params(("id" = i64, Path)),
    responses((status = 202), (status = 404, body = chassis::http::ErrorBody), (status = 409, body = chassis::http::ErrorBody)),
)]
pub(crate) async fn pause(State(app): State<App>, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    app.runner.pause(Some(RunId(id))).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Lets a paused run go on.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/resume", tag = "runs", params(("id" = i64, Path)),
    responses((status = 202), (status = 404, body = chassis::http::ErrorBody), (status = 409, body = chassis::http::ErrorBody)),
)]
pub(crate) async fn resume(State(app): State<App>, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    app.runner.resume(Some(RunId(id))).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Ends the run: the robot stops, and goes home or stays.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/stop", tag = "runs", params(("id" = i64, Path)), request_body = StopBody,
    responses((status = 202), (status = 404, body = chassis::http::ErrorBody)),
)]
pub(crate) async fn stop(
    State(app): State<App>,
    Path(id): Path<i64>,
    Json(body): Json<StopBody>,
) -> Result<StatusCode, ApiError> {
    app.runner.stop(Some(RunId(id)), body.then).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Answers the run's question.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/answer", tag = "runs", params(("id" = i64, Path)), request_body = AnswerBody,
    responses((status = 202), (status = 404, body = chassis::http::ErrorBody), (status = 409, body = chassis::http::ErrorBody)),
)]
pub(crate) async fn answer(
    State(app): State<App>,
    Path(id): Path<i64>,
    Json(body): Json<AnswerBody>,
) -> Result<StatusCode, ApiError> {
    app.runner.answer(Some(RunId(id)), body.decision).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn legacy_status(State(app): State<App>) -> Json<Value> {
    let shown = app.runner.shown();
    let progress = shown.progress.as_deref();
    let is_patrolling = progress.is_some_and(|progress| progress.outcome.is_none());
    let text = match (&shown.refusal, progress) {
        (Some(refusal), _) if !is_patrolling => refusal.as_str(),
        (_, Some(progress)) => progress.text.as_str(),
        _ => IDLE,
    };
    let current_index = progress.map_or(-1, |progress| progress.current_index);
    Json(json!({"is_patrolling": is_patrolling, "status": text, "current_index": current_index}))
}

/// On this path what is missing in the configuration shows in the status only, as it always did; what keeps a robot from
/// driving off is refused.
async fn legacy_start(State(app): State<App>) -> Result<Json<Value>, LegacyError> {
    match app.runner.start(Wanted::round()).await {
        Ok(_) | Err(StartError::NotConfigured | StartError::Plan(_) | StartError::Database(_)) => {
            Ok(Json(json!({"status": "started"})))
        }
        Err(StartError::RunActive(_)) => Err(LegacyError::bad_request("Already patrolling")),
        Err(error) => Err(LegacyError::bad_request(error.to_string())),
    }
}

/// The robot stops and goes home. Without a run there is nothing to stop, and nothing is said to be stopping.
async fn legacy_stop(State(app): State<App>) -> Result<Json<Value>, LegacyError> {
    match app.runner.stop(None, Then::Home).await {
        Ok(_) | Err(TellError::NoRun) => Ok(Json(json!({"status": "stopping"}))),
        Err(error) => Err(LegacyError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
    }
}

async fn legacy_results(State(app): State<App>) -> Result<Json<Vec<Value>>, LegacyError> {
    let Some(progress) = app.runner.progress() else { return Ok(Json(Vec::new())) };
    let rows = app.history.inspections(RunId(progress.run_id)).await.map_err(LegacyError::internal)?;
    let zone = app.settings.current().zone();
    let settled = rows.into_iter().filter(|row| row.verdict.is_some());
    let shown = settled.map(|row| {
        let at = row.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        json!({
            "point_name": row.point_name,
            "result": row.answer,
            "timestamp": at,
            "robot_moving_status": row.moving_status,
            "ai_description": row.description,
        })
    });
    Ok(Json(shown.collect()))
}

async fn legacy_alerts(State(app): State<App>) -> Result<Json<Vec<Value>>, LegacyError> {
    let Some(progress) = app.runner.progress() else { return Ok(Json(Vec::new())) };
    let mut rows = app.history.alerts(RunId(progress.run_id)).await.map_err(LegacyError::internal)?;
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    let zone = app.settings.current().zone();
    let shown = rows.into_iter().map(|row| {
        let at = row.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        json!({
            "id": row.id,
            "rule": row.rule,
            "response": row.response,
            "image_path": row.image_path,
            "timestamp": at,
            "stream_source": row.stream_source,
        })
    });
    Ok(Json(shown.collect()))
}

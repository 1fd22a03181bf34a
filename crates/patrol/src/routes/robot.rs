//! Showing and moving the robot.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, ApiError, ErrorBody, Routes};
use domain::patrol::run::Stage;
use jiff::Timestamp;
use robot::{Camera, Command};
use serde::{Deserialize, Serialize};
use tracing::warn;
use utoipa::ToSchema;

use super::drive;
use crate::App;
use crate::control::{Bounds, CommandFault, Step, give, target};
use crate::run::TellError;

/// What an operator shows to move the robot.
const TOKEN: &str = "x-ronda-control";
/// The longest sentence the robot is made to say, in characters.
const LONGEST_SPEECH: usize = 500;
/// The longest name of an operator, in characters.
const LONGEST_NAME: usize = 64;

/// Returns the routes of this module; the drive socket is one of them.
pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/api/v1/map", Access::Viewer, map)
        .route(Method::POST, "/api/v1/control", Access::Operator, take_control)
        .route(Method::DELETE, "/api/v1/control", Access::Operator, give_control_back)
        .route(Method::POST, "/api/v1/move", Access::Operator, move_to)
        .route(Method::POST, "/api/v1/home", Access::Operator, home)
        .route(Method::POST, "/api/v1/step", Access::Operator, step)
        .route(Method::POST, "/api/v1/cancel", Access::Operator, cancel)
        .route(Method::POST, "/api/v1/speak", Access::Operator, speak)
        .route(Method::POST, "/api/v1/torch", Access::Operator, torch)
        .route(Method::POST, "/api/v1/emergency-stop", Access::Operator, emergency_stop)
        .stream(Method::GET, "/api/v1/drive", Access::Operator, drive::drive_by_hand)
}

/// The picture of the map.
#[utoipa::path(
    get, path = "/api/v1/map", tag = "robot",
    responses(
        (status = 200, description = "PNG; its ETag is the map's id", content_type = "image/png"),
        (status = 304, description = "The caller has it already"),
        (status = 404, description = "No map is known yet", body = ErrorBody),
    ),
)]
pub(crate) async fn map(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let map = app.link.map().ok_or_else(|| ApiError::not_found("no map is known yet"))?;
    // An id may have characters that a header cannot.
    let tag = HeaderValue::from_str(&format!("\"{}\"", map.id)).ok();
    if tag.is_some() && headers.get(header::IF_NONE_MATCH) == tag.as_ref() {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let mut answer =
        ([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-cache")], map.png.clone()).into_response();
    if let Some(tag) = tag {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    Ok(answer)
}

/// Who wants to move the robot.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TakeControl {
    /// The name that others see.
    holder: String,
    /// Whether to take the robot from whoever has it; a run is paused.
    #[serde(default)]
    take_over: bool,
}

/// The right to move the robot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ControlGranted {
    /// To be shown as the header `X-Ronda-Control`.
    token: String,
    /// The name that others see.
    holder: String,
    /// When it ends unless it is used or renewed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Takes the robot, or renews what one has.
#[utoipa::path(
    post, path = "/api/v1/control", tag = "control", request_body = TakeControl,
    params(("X-Ronda-Control" = Option<String>, Header, description = "A token that is renewed")),
    responses(
        (status = 200, description = "The robot is the caller's for 30 s", body = ControlGranted),
        (status = 409, description = "`controlled` by somebody else, or `run_active`", body = ErrorBody),
    ),
)]
pub(crate) async fn take_control(
    State(app): State<App>,
    headers: HeaderMap,
    Json(wanted): Json<TakeControl>,
) -> Result<Json<ControlGranted>, ApiError> {
    let holder = wanted.holder.trim();
    if holder.is_empty() || holder.chars().count() > LONGEST_NAME {
        return Err(ApiError::invalid(format!("holder must be a name of 1 to {LONGEST_NAME} characters")));
    }
    let token = token(&headers);
    let has_it = token.is_some() && app.lease.allow(token).is_ok();
    if wanted.take_over && !has_it {
        pause_run(&app).await?;
    }
    let grant = app.lease.take(holder, token, wanted.take_over)?;
    let token = grant.token.expose().to_owned();
    Ok(Json(ControlGranted { token, holder: grant.holder, expires_at: grant.expires_at }))
}

/// Lets a run wait that is taken over. One that cannot wait keeps the robot.
async fn pause_run(app: &App) -> Result<(), ApiError> {
    let run = app.runner.under_way();
    if run.is_none_or(|run| run.state == Stage::Paused) {
        return Ok(());
    }
    match app.runner.pause(None).await {
        Ok(_) | Err(TellError::NoRun) => Ok(()),
        Err(error) => Err(ApiError::new(StatusCode::CONFLICT, "run_active", error.to_string())),
    }
}

/// Gives the robot back.
#[utoipa::path(
    delete, path = "/api/v1/control", tag = "control",
    params(("X-Ronda-Control" = String, Header, description = "The token")),
    responses((status = 204, description = "The caller does not have the robot any more")),
)]
pub(crate) async fn give_control_back(State(app): State<App>, headers: HeaderMap) -> StatusCode {
    if let Some(token) = token(&headers) {
        app.lease.give_back(token);
    }
    StatusCode::NO_CONTENT
}

/// A place to drive to.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct MoveTo {
    /// Metres.
    x: f64,
    /// Metres.
    y: f64,
    /// The heading in radians; the robot's own if left out.
    theta: Option<f64>,
}

/// A command that the robot has taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Taken {
    /// The robot's id of it.
    command_id: String,
}

/// Sends the robot to a place.
#[utoipa::path(
    post, path = "/api/v1/move", tag = "control", request_body = MoveTo,
    params(("X-Ronda-Control" = String, Header, description = "The token")),
    responses(
        (status = 202, description = "The robot is on its way", body = Taken),
        (status = 409, description = "`run_active`, `controlled`, `not_in_control`, `robot_refused`", body = ErrorBody),
        (status = 422, description = "That is no place on the map, or outside the allowed area", body = ErrorBody),
        (status = 503, description = "`robot_away`", body = ErrorBody),
    ),
)]
pub(crate) async fn move_to(
    State(app): State<App>,
    headers: HeaderMap,
    Json(wanted): Json<MoveTo>,
) -> Result<(StatusCode, Json<Taken>), ApiError> {
    app.lease.allow(token(&headers))?;
    let state = app.link.now();
    let heading = wanted.theta.or(state.pose.map(|seen| seen.value.theta)).unwrap_or_default();
    let bounds = Bounds::of(&app.settings.current());
    let place = target(&state, &bounds, wanted.x, wanted.y, heading).map_err(ApiError::invalid)?;
    taken(&app, Command::MoveTo(place)).await
}

/// Sends the robot home.
#[utoipa::path(
    post, path = "/api/v1/home", tag = "control",
    params(("X-Ronda-Control" = String, Header, description = "The token")),
    responses(
        (status = 202, description = "The robot is on its way", body = Taken),
        (status = 409, description = "`run_active`, `controlled`, `not_in_control`, `robot_refused`", body = ErrorBody),
        (status = 503, description = "`robot_away`", body = ErrorBody),
    ),
)]
pub(crate) async fn home(State(app): State<App>, headers: HeaderMap) -> Result<(StatusCode, Json<Taken>), ApiError> {
    app.lease.allow(token(&headers))?;
    taken(&app, Command::Home).await
}

/// A step by hand.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TakeStep {
    /// Which way.
    action: Step,
}

/// Lets the robot make one step: 0.1 m, or 10°.
#[utoipa::path(
    post, path = "/api/v1/step", tag = "control", request_body = TakeStep,
    params(("X-Ronda-Control" = String, Header, description = "The token")),
    responses(
        (status = 202, description = "The robot moves", body = Taken),
        (status = 409, description = "`run_active`, `controlled`, `not_in_control`, `robot_refused`", body = ErrorBody),
        (status = 422, description = "The robot would leave the allowed area", body = ErrorBody),
        (status = 503, description = "`robot_away`", body = ErrorBody),
    ),
)]
pub(crate) async fn step(
    State(app): State<App>,
    headers: HeaderMap,
    Json(wanted): Json<TakeStep>,
) -> Result<(StatusCode, Json<Taken>), ApiError> {
    app.lease.allow(token(&headers))?;
    let pose = app.link.now().pose.map(|seen| seen.value);
    let step = Bounds::of(&app.settings.current()).step(wanted.action, pose);
    taken(&app, step.map_err(|error| ApiError::invalid(error.to_string()))?).await
}

/// Ends what the robot is doing.
#[utoipa::path(
    post, path = "/api/v1/cancel", tag = "control",
    params(("X-Ronda-Control" = String, Header, description = "The token")),
    responses(
        (status = 204, description = "The robot stands, after about 0.1 m"),
        (status = 409, description = "`run_active`, `controlled`, `not_in_control`", body = ErrorBody),
        (status = 503, description = "`robot_away`", body = ErrorBody),
    ),
)]
pub(crate) async fn cancel(State(app): State<App>, headers: HeaderMap) -> Result<StatusCode, ApiError> {
    app.lease.allow(token(&headers))?;
    let robot = app.link.robot();
    match robot.cancel().await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(CommandFault::of(&*robot, error).await.into()),
    }
}

/// Something to say.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Speech {
    /// What.
    text: String,
}

/// Lets the robot say something. It goes on with what it is doing.
#[utoipa::path(
    post, path = "/api/v1/speak", tag = "control", request_body = Speech,
    params(("X-Ronda-Control" = String, Header, description = "The token")),
    responses(
        (status = 202, description = "The robot speaks", body = Taken),
        (status = 409, description = "`run_active`, `controlled`, `not_in_control`, `robot_refused`", body = ErrorBody),
        (status = 503, description = "`robot_away`", body = ErrorBody),
    ),
)]
pub(crate) async fn speak(
    State(app): State<App>,
    headers: HeaderMap,
    Json(speech): Json<Speech>,
) -> Result<(StatusCode, Json<Taken>), ApiError> {
    app.lease.allow(token(&headers))?;
    let text = speech.text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_SPEECH {
        return Err(ApiError::invalid(format!("text must have 1 to {LONGEST_SPEECH} characters")));
    }
    taken(&app, Command::Speak(text.to_owned())).await
}

/// A light.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Torch {
    /// The one beside which camera.
    #[schema(value_type = String, example = "front")]
    camera: Camera,
    /// 0 is off, 255 is brightest.
    intensity: u8,
}

/// Lights the torch beside a camera.
#[utoipa::path(
    post, path = "/api/v1/torch", tag = "control", request_body = Torch,
    params(("X-Ronda-Control" = String, Header, description = "The token")),
    responses(
        (status = 204, description = "It is as bright as wanted"),
        (status = 409, description = "`run_active`, `controlled`, `not_in_control`, `robot_refused`", body = ErrorBody),
        (status = 503, description = "`robot_away`", body = ErrorBody),
    ),
)]
pub(crate) async fn torch(
    State(app): State<App>,
    headers: HeaderMap,
    Json(wanted): Json<Torch>,
) -> Result<StatusCode, ApiError> {
    app.lease.allow(token(&headers))?;
    let robot = app.link.robot();
    match robot.set_torch(wanted.camera, wanted.intensity).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(CommandFault::of(&*robot, error).await.into()),
    }
}

/// A stop for good.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EmergencyStop {
    /// Must be true: the robot then stands until somebody walks up to it.
    #[serde(default)]
    confirm: bool,
}

/// What an emergency stop means.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stopped {
    /// For people.
    message: &'static str,
}

/// Stops the robot until somebody presses its power button, and ends the run. Nobody needs to have the robot for this.
#[utoipa::path(
    post, path = "/api/v1/emergency-stop", tag = "control", request_body = EmergencyStop,
    responses(
        (status = 200, description = "The robot stands", body = Stopped),
        (status = 400, description = "It was not confirmed", body = ErrorBody),
        (status = 503, description = "`robot_away`: the robot was not told", body = ErrorBody),
    ),
)]
pub(crate) async fn emergency_stop(
    State(app): State<App>,
    Json(wanted): Json<EmergencyStop>,
) -> Result<Json<Stopped>, ApiError> {
    if !wanted.confirm {
        return Err(ApiError::bad_request("an emergency stop must be confirmed: {\"confirm\": true}"));
    }
    warn!("emergency stop");
    let robot = app.link.robot();
    let told = robot.emergency_stop().await;
    // The run ends in any case: it must not go on when the robot can be told again.
    app.runner.emergency_stopped().await;
    match told {
        Ok(()) => Ok(Json(Stopped {
            message: "The robot stands. Only its power button releases it: somebody must press it at the robot.",
        })),
        Err(error) => Err(CommandFault::of(&*robot, error).await.into()),
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    headers.get(TOKEN).and_then(|value| value.to_str().ok()).filter(|token| !token.is_empty())
}

async fn taken(app: &App, command: Command) -> Result<(StatusCode, Json<Taken>), ApiError> {
    let id = give(&app.link, command).await?;
    Ok((StatusCode::ACCEPTED, Json(Taken { command_id: id.0 })))
}

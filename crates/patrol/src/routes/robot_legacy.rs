//! Showing and moving the robot on the paths of the older interface, in its words. What moves the robot does not wait for
//! the end of the movement, and not at all for a robot that is away.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chassis::http::{Access, Routes};
use domain::patrol::Then;
use robot::{Command, Pose};
use serde_json::{Value, json};
use tracing::warn;

use super::LegacyError;
use crate::App;
use crate::control::{Bounds, CommandFault, Refused, Step, give, target};

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/api/state", Access::Public, state)
        .route(Method::GET, "/api/robot_info", Access::Viewer, robot_info)
        .route(Method::GET, "/api/map", Access::Viewer, map)
        .route(Method::POST, "/api/move", Access::Operator, move_to)
        .route(Method::POST, "/api/manual_control", Access::Operator, manual_control)
        .route(Method::POST, "/api/return_home", Access::Operator, return_home)
        .route(Method::POST, "/api/cancel_command", Access::Operator, cancel_command)
}

/// How the robot is, or was when it was lost: `connected` tells, which the older interface did not.
async fn state(State(app): State<App>) -> Json<Value> {
    let state = app.link.now();
    let pose = state.pose.map(|seen| seen.value).unwrap_or_default();
    let map = state.map.as_deref();
    let origin = map.map_or(Pose::default(), |map| map.origin);
    Json(json!({
        "battery": state.battery.map_or(0, |seen| seen.value.percent as i64),
        "pose": {"x": pose.x, "y": pose.y, "theta": pose.theta},
        "map_info": {
            "resolution": map.map_or(0.05, |map| map.resolution),
            "width": map.map_or(0, |map| map.size.width),
            "height": map.map_or(0, |map| map.size.height),
            "origin_x": origin.x,
            "origin_y": origin.y,
        },
        "robot_id": app.config.robot_id.as_str(),
        "robot_name": app.config.robot_name,
        "connected": state.is_connected(),
    }))
}

async fn robot_info(State(app): State<App>) -> Json<Value> {
    Json(json!({"robot_id": app.config.robot_id.as_str(), "robot_name": app.config.robot_name}))
}

async fn map(State(app): State<App>) -> Response {
    match app.link.map() {
        Some(map) => ([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-cache")], map.png.clone())
            .into_response(),
        // The older interface answers in words; plain text would become the one body of errors.
        None => (StatusCode::NOT_FOUND, Html("Map not available")).into_response(),
    }
}

async fn move_to(State(app): State<App>, Json(wanted): Json<Value>) -> Result<Json<Value>, LegacyError> {
    let (Some(x), Some(y)) = (wanted.get("x"), wanted.get("y")) else {
        return Err(LegacyError::bad_request("Missing x or y coordinates"));
    };
    let coordinate = |value: &Value| number(value).ok_or_else(|| LegacyError::bad_request("Invalid coordinate values"));
    let (x, y) = (coordinate(x)?, coordinate(y)?);
    let theta = wanted.get("theta").map_or(Ok(0.0), coordinate)?;
    let bounds = Bounds::of(&app.settings.current());
    let place = target(&app.link.now(), &bounds, x, y, theta).map_err(LegacyError::bad_request)?;
    app.lease.allow_anybody()?;
    give(&app.link, Command::MoveTo(place)).await?;
    Ok(Json(json!({"status": "Moving", "target": {"x": place.x, "y": place.y, "theta": place.theta}})))
}

async fn manual_control(State(app): State<App>, Json(wanted): Json<Value>) -> Result<Json<Value>, LegacyError> {
    let action = wanted.get("action").and_then(Value::as_str).unwrap_or_default();
    let step = Step::parse(action).ok_or_else(|| LegacyError::bad_request("Invalid action"))?;
    app.lease.allow_anybody()?;
    let pose = app.link.now().pose.map(|seen| seen.value);
    let command = Bounds::of(&app.settings.current()).step(step, pose);
    give(&app.link, command.map_err(|error| LegacyError::bad_request(error.to_string()))?).await?;
    Ok(Json(json!({"status": "Command sent", "action": action})))
}

async fn return_home(State(app): State<App>) -> Result<Json<Value>, LegacyError> {
    app.lease.allow_anybody()?;
    give(&app.link, Command::Home).await?;
    Ok(Json(json!({"status": "Returning home"})))
}

/// Stops the robot, and the run with it, so that it does not drive on to the next point. Nobody is refused this: it makes the
/// robot stand.
async fn cancel_command(State(app): State<App>) -> Result<Json<Value>, LegacyError> {
    if app.runner.under_way().is_some()
        && let Err(error) = app.runner.stop(None, Then::Stay).await
    {
        warn!("the run was not stopped with the robot: {error}");
    }
    let robot = app.link.robot();
    match robot.cancel().await {
        Ok(()) => Ok(Json(json!({"status": "Command cancelled"}))),
        Err(error) => Err(CommandFault::of(&*robot, error).await.into()),
    }
}

/// Reads a number, or a text that is one.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

impl From<Refused> for LegacyError {
    fn from(refused: Refused) -> Self {
        Self::new(StatusCode::CONFLICT, refused.to_string())
    }
}

impl From<CommandFault> for LegacyError {
    fn from(fault: CommandFault) -> Self {
        let text = match &fault {
            CommandFault::Away(_) => "Robot not connected".to_owned(),
            fault => fault.to_string(),
        };
        Self::new(fault.status(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coordinate_may_be_written_as_a_text() {
        assert_eq!(number(&json!(1.5)), Some(1.5));
        assert_eq!(number(&json!("-2")), Some(-2.0));
        assert_eq!(number(&json!("north")), None);
        assert_eq!(number(&json!(null)), None);
        // Refused later, as no place.
        assert!(number(&json!("NaN")).is_some_and(f64::is_nan));
    }
}

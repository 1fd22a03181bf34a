//! The robots of the site.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use chassis::http::{Access, ApiError, ErrorBody, Routes};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::LegacyError;
use crate::App;
use crate::history::{BackendState, LinkState, RobotRow, RunId};

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/api/v1/robots", Access::Viewer, list)
        .route(Method::DELETE, "/api/v1/robots/{id}", Access::Admin, forget)
        .route(Method::GET, "/api/robots", Access::Viewer, legacy_list)
}

/// A robot of the site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RobotView {
    robot_id: String,
    robot_name: String,
    robot_ip: Option<String>,
    /// Whether its program runs.
    backend: BackendState,
    /// Whether its program reaches it.
    robot: LinkState,
    /// When its program was last heard of.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen: Option<Timestamp>,
    /// When its program last reached it.
    #[schema(value_type = Option<String>, format = DateTime)]
    robot_last_seen: Option<Timestamp>,
    /// In percent.
    battery: Option<u8>,
    /// The run under way.
    run: Option<RunId>,
}

impl From<RobotRow> for RobotView {
    fn from(row: RobotRow) -> Self {
        Self {
            robot_id: row.robot_id,
            robot_name: row.robot_name,
            robot_ip: row.robot_ip,
            backend: row.backend,
            robot: row.link,
            last_seen: row.backend_seen,
            robot_last_seen: row.robot_seen,
            battery: row.battery,
            run: row.run,
        }
    }
}

/// Returns the robots of the site.
#[utoipa::path(get, path = "/api/v1/robots", tag = "robots", responses((status = 200, body = [RobotView])))]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Vec<RobotView>>, ApiError> {
    let rows = app.history.robots(Timestamp::now()).await.map_err(ApiError::internal)?;
    Ok(Json(rows.into_iter().map(RobotView::from).collect()))
}

/// Takes a robot that is no longer there off the list. Its runs stay.
#[utoipa::path(delete, path = "/api/v1/robots/{id}", tag = "robots", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn forget(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let rows = app.history.robots(Timestamp::now()).await.map_err(ApiError::internal)?;
    let Some(row) = rows.into_iter().find(|row| row.robot_id == id) else {
        return Err(ApiError::not_found(format!("there is no robot {id:?}")));
    };
    if row.backend == BackendState::Online {
        return Err(ApiError::conflict("its program runs: it would be back at once"));
    }
    app.history.forget_robot(&id).await.map_err(ApiError::internal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The older interface has one status: whether the robot can be used.
async fn legacy_list(State(app): State<App>) -> Result<Json<Vec<Value>>, LegacyError> {
    let rows = app.history.robots(Timestamp::now()).await.map_err(LegacyError::internal)?;
    let robot = |row: RobotRow| {
        let status = if row.link == LinkState::Online { "online" } else { "offline" };
        json!({
            "robot_id": row.robot_id, "robot_name": row.robot_name, "robot_ip": row.robot_ip,
            "last_seen": row.last_seen, "status": status,
        })
    };
    Ok(Json(rows.into_iter().map(robot).collect()))
}

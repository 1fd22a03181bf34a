//! Runs and what was found in them.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use chassis::http::{Access, ApiError, ErrorBody, Routes};
use domain::patrol::Verdict;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::LegacyError;
use crate::App;
use crate::history::{DayUsage, Parts, RunDetail, RunFilter, RunId, RunRow, RunStatus, RunView};

/// Where the addresses in answers begin.
pub(super) const BASE: &str = "/api/v1";
/// How many runs are on a page unless the caller says so.
const PAGE: u16 = 50;
/// How many may be.
const LARGEST_PAGE: u16 = 200;

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/api/v1/runs", Access::Viewer, list)
        .route(Method::GET, "/api/v1/runs/{id}", Access::Viewer, show)
        .route(Method::GET, "/api/history", Access::Viewer, legacy_list)
        .route(Method::GET, "/api/history/{id}", Access::Viewer, legacy_show)
        .route(Method::GET, "/api/stats/token_usage", Access::Viewer, legacy_usage)
}

/// Which runs are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Those of this robot.
    robot_id: Option<String>,
    /// Those that are so.
    #[param(inline)]
    status: Option<RunStatus>,
    /// Those with an inspection of this verdict.
    #[param(inline)]
    verdict: Option<Verdict>,
    /// Begun at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Begun before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// How many, at most 200.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of runs, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunPage {
    pub(super) runs: Vec<RunView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
}

/// Returns runs, the newest first.
#[utoipa::path(get, path = "/api/v1/runs", tag = "runs", params(ListQuery),
    responses((status = 200, body = RunPage), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Json<RunPage>, ApiError> {
    page(&app, query).await.map(Json)
}

pub(super) async fn page(app: &App, query: ListQuery) -> Result<RunPage, ApiError> {
    let limit = checked_limit(query.limit)?;
    let after = match query.cursor.as_deref().map(str::parse).transpose() {
        Ok(after) => after,
        Err(reason) => return Err(ApiError::invalid(format!("cursor: {reason}"))),
    };
    let ListQuery { robot_id, status, verdict, from, to, .. } = query;
    let filter = RunFilter { robot_id, status, verdict, from, to };
    let (runs, next) = app.history.runs(&filter, after, limit).await.map_err(ApiError::internal)?;
    let runs = runs.iter().map(RunView::of).collect();
    Ok(RunPage { runs, next_cursor: next.map(|next| next.to_string()) })
}

/// Returns how many entries a page has.
pub(super) fn checked_limit(limit: Option<u16>) -> Result<u16, ApiError> {
    let limit = limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(ApiError::invalid(format!("limit: expected 1 to {LARGEST_PAGE}, found {limit}")));
    }
    Ok(limit)
}

/// Returns a run with everything that belongs to it.
#[utoipa::path(get, path = "/api/v1/runs/{id}", tag = "runs", params(("id" = i64, Path)),
    responses((status = 200, body = RunDetail), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(State(app): State<App>, Path(id): Path<RunId>) -> Result<Json<RunDetail>, ApiError> {
    detail(&app, id, BASE).await.map(Json)
}

pub(super) async fn detail(app: &App, id: RunId, base: &str) -> Result<RunDetail, ApiError> {
    let run = known(app, id).await?;
    let history = &app.history;
    let parts = async {
        Ok::<_, sqlx::Error>(Parts {
            counts: history.run_counts(&run).await?,
            inspections: history.inspections(id).await?,
            steps: history.steps(id).await?,
            path: history.path(id).await?,
            alerts: history.alerts(id).await?,
            run,
        })
    };
    Ok(RunDetail::of(parts.await.map_err(ApiError::internal)?, base))
}

/// Returns a run, or that there is none.
pub(super) async fn known(app: &App, id: RunId) -> Result<RunRow, ApiError> {
    let run = app.history.run(id).await.map_err(ApiError::internal)?;
    run.ok_or_else(|| ApiError::not_found(format!("there is no run {id}")))
}

#[derive(Deserialize)]
struct OfRobot {
    robot_id: Option<String>,
}

impl OfRobot {
    /// The older pages send an empty one for all robots.
    fn named(&self) -> Option<&str> {
        self.robot_id.as_deref().filter(|robot| !robot.is_empty())
    }
}

async fn legacy_list(State(app): State<App>, Query(query): Query<OfRobot>) -> Result<Json<Vec<Value>>, LegacyError> {
    Ok(Json(app.history.legacy_history(query.named()).await?))
}

async fn legacy_show(State(app): State<App>, Path(id): Path<RunId>) -> Result<Json<Value>, LegacyError> {
    let run = app.history.legacy_run(id).await?;
    run.map(Json).ok_or_else(|| LegacyError::new(StatusCode::NOT_FOUND, "Run not found"))
}

async fn legacy_usage(
    State(app): State<App>,
    Query(query): Query<OfRobot>,
) -> Result<Json<Vec<DayUsage>>, LegacyError> {
    Ok(Json(app.history.legacy_token_usage(query.named()).await.map_err(LegacyError::internal)?))
}

//! Schedules, over the older paths and over ours.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use chassis::http::{Access, ApiError, Routes};
use domain::schedule::{Form, Schedule, upcoming};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::App;
use crate::events::Changed;
use crate::history::ScheduleEntry;
use crate::routes::LegacyError;
use crate::timetable::{self, BookError};

/// The most coming runs that are shown at once.
const MOST_UPCOMING: usize = 400;
/// The most entries of the log in one answer.
const LOG_PAGE: u16 = 200;

pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/api/patrol/schedule", Access::Viewer, legacy_list)
        .route(Method::POST, "/api/patrol/schedule", Access::Operator, legacy_add)
        .route(Method::PUT, "/api/patrol/schedule/{id}", Access::Operator, legacy_edit)
        .route(Method::DELETE, "/api/patrol/schedule/{id}", Access::Operator, legacy_remove)
        .route(Method::GET, "/api/v1/schedules", Access::Viewer, list)
        .route(Method::POST, "/api/v1/schedules", Access::Operator, add)
        .route(Method::PUT, "/api/v1/schedules/{id}", Access::Operator, edit)
        .route(Method::DELETE, "/api/v1/schedules/{id}", Access::Operator, remove)
        .route(Method::GET, "/api/v1/schedules/preview", Access::Viewer, preview)
        .route(Method::GET, "/api/v1/schedules/log", Access::Viewer, log)
}

/// A list of schedules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Schedules {
    #[schema(value_type = Vec<Form>)]
    schedules: Vec<Schedule>,
}

/// A run to come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Upcoming {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    schedule_id: String,
    route: Option<String>,
}

/// What came of planned runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Log {
    entries: Vec<LogEntry>,
    /// Where the next page begins.
    next_cursor: Option<i64>,
}

/// What came of a planned run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogEntry {
    /// When it was to begin.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[serde(flatten)]
    entry: ScheduleEntryView,
}

/// The rest of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleEntryView {
    schedule_id: String,
    /// `fired`, `late` or `missed`.
    #[schema(value_type = String)]
    outcome: crate::history::ScheduleOutcome,
    /// When that was decided.
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Count {
    count: Option<usize>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    cursor: Option<i64>,
}

impl From<BookError> for ApiError {
    fn from(error: BookError) -> Self {
        match error {
            BookError::Schedule(wrong) => Self::invalid(wrong.to_string()),
            BookError::Unknown(_) => Self::not_found(error.to_string()),
            BookError::Broken => Self::conflict(error.to_string()),
            BookError::Write(cause) => Self::internal(cause),
        }
    }
}

impl From<BookError> for LegacyError {
    fn from(error: BookError) -> Self {
        match error {
            BookError::Schedule(wrong) => Self::bad_request(wrong.to_string()),
            BookError::Unknown(_) => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            BookError::Broken => Self::new(StatusCode::CONFLICT, error.to_string()),
            BookError::Write(cause) => Self::internal(cause),
        }
    }
}

/// Every schedule.
#[utoipa::path(get, path = "/api/v1/schedules", tag = "schedules", responses((status = 200, body = Schedules)))]
pub(crate) async fn list(State(app): State<App>) -> Json<Schedules> {
    Json(Schedules { schedules: app.timetable.list() })
}

/// Adds a schedule: `time`, `times`, `every` or `sun`.
#[utoipa::path(
    post, path = "/api/v1/schedules", tag = "schedules", request_body = Form,
    responses((status = 201, body = Form), (status = 422, body = chassis::http::ErrorBody)),
)]
pub(crate) async fn add(
    State(app): State<App>,
    Json(mut form): Json<Form>,
) -> Result<(StatusCode, Json<Schedule>), ApiError> {
    check_route(&app, &form).await?;
    let usual = app.settings.current().schedule_run_late_minutes;
    form.run_late_minutes = form.run_late_minutes.or(Some(usual.into()));
    let schedule = app.timetable.add(&form)?;
    app.events.changed(Changed::Schedules);
    Ok((StatusCode::CREATED, Json(schedule)))
}

/// Changes what is given of a schedule.
#[utoipa::path(
    put, path = "/api/v1/schedules/{id}", tag = "schedules", request_body = Form, params(("id" = String, Path)),
    responses((status = 200, body = Form), (status = 404, body = chassis::http::ErrorBody), (status = 422, body = chassis::http::ErrorBody)),
)]
pub(crate) async fn edit(
    State(app): State<App>,
    Path(id): Path<String>,
    Json(form): Json<Form>,
) -> Result<Json<Schedule>, ApiError> {
    check_route(&app, &form).await?;
    let schedule = app.timetable.edit(&id, &form)?;
    app.events.changed(Changed::Schedules);
    Ok(Json(schedule))
}

/// Removes a schedule.
#[utoipa::path(
    delete, path = "/api/v1/schedules/{id}", tag = "schedules", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = chassis::http::ErrorBody)),
)]
pub(crate) async fn remove(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    app.timetable.remove(&id)?;
    app.events.changed(Changed::Schedules);
    Ok(StatusCode::NO_CONTENT)
}

/// The runs to come.
#[utoipa::path(
    get, path = "/api/v1/schedules/preview", tag = "schedules",
    params(("count" = Option<usize>, Query, description = "How many, at most 400; 10 if missing.")),
    responses((status = 200, body = [Upcoming])),
)]
pub(crate) async fn preview(State(app): State<App>, Query(Count { count }): Query<Count>) -> Json<Vec<Upcoming>> {
    let site = timetable::site(&app.settings.current());
    let count = count.unwrap_or(10).min(MOST_UPCOMING);
    let firings = upcoming(&app.timetable.list(), &site, Timestamp::now(), count);
    let shown = firings.into_iter().map(|firing| Upcoming {
        at: firing.at,
        schedule_id: firing.schedule_id.to_string(),
        route: firing.route,
    });
    Json(shown.collect())
}

/// What came of planned runs, the newest first.
#[utoipa::path(
    get, path = "/api/v1/schedules/log", tag = "schedules",
    params(
        ("from" = Option<String>, Query, description = "Planned from this time on."),
        ("to" = Option<String>, Query, description = "Planned before this time."),
        ("cursor" = Option<i64>, Query, description = "`next_cursor` of the answer before."),
    ),
    responses((status = 200, body = Log)),
)]
pub(crate) async fn log(State(app): State<App>, Query(page): Query<Page>) -> Result<Json<Log>, ApiError> {
    let rows = app.history.schedule_log(LOG_PAGE, page.cursor).await.map_err(ApiError::internal)?;
    let is_full = rows.len() == usize::from(LOG_PAGE);
    let next_cursor = rows.last().map(|(id, _)| *id).filter(|_| is_full);
    let is_asked_for = |entry: &ScheduleEntry| {
        page.from.is_none_or(|from| entry.planned_at >= from) && page.to.is_none_or(|to| entry.planned_at < to)
    };
    let entries = rows.into_iter().map(|(_, entry)| entry).filter(is_asked_for).map(shown).collect();
    Ok(Json(Log { entries, next_cursor }))
}

fn shown(entry: ScheduleEntry) -> LogEntry {
    let ScheduleEntry { schedule_id, planned_at, at, outcome, reason, run } = entry;
    let run_id = run.map(|run| run.0);
    LogEntry { at: planned_at, entry: ScheduleEntryView { schedule_id, outcome, decided_at: at, reason, run_id } }
}

/// W-32: a schedule names a route that there is.
async fn check_route(app: &App, form: &Form) -> Result<(), ApiError> {
    let Some(name) = form.route.as_deref().filter(|name| !name.is_empty()) else { return Ok(()) };
    match app.points.route(name).await? {
        Some(_) => Ok(()),
        None => Err(ApiError::invalid(format!("there is no route {name:?}"))),
    }
}

async fn legacy_list(State(app): State<App>) -> Json<Vec<Schedule>> {
    Json(app.timetable.list())
}

async fn legacy_add(State(app): State<App>, Json(body): Json<Value>) -> Result<Json<Value>, LegacyError> {
    if body["time"].as_str().is_none_or(str::is_empty) && !has_other_rule(&body) {
        return Err(LegacyError::bad_request("Time is required"));
    }
    let schedule = app.timetable.add(&legacy_form(body)?)?;
    app.events.changed(Changed::Schedules);
    Ok(Json(json!({"status": "added", "schedule": schedule})))
}

async fn legacy_edit(
    State(app): State<App>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, LegacyError> {
    app.timetable.edit(&id, &legacy_form(body)?)?;
    app.events.changed(Changed::Schedules);
    Ok(Json(json!({"status": "updated"})))
}

/// Removing what is not there is done already, as it always was on this path.
async fn legacy_remove(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, LegacyError> {
    match app.timetable.remove(&id) {
        Ok(()) | Err(BookError::Unknown(_)) => {}
        Err(error) => return Err(error.into()),
    }
    app.events.changed(Changed::Schedules);
    Ok(Json(json!({"status": "deleted"})))
}

fn has_other_rule(body: &Value) -> bool {
    ["times", "every", "sun"].iter().any(|rule| body.get(rule).is_some())
}

fn legacy_form(mut body: Value) -> Result<Form, LegacyError> {
    // No day at all stood for every day.
    if body["days"].as_array().is_some_and(Vec::is_empty)
        && let Some(body) = body.as_object_mut()
    {
        body.remove("days");
    }
    serde_json::from_value(body).map_err(|error| LegacyError::bad_request(error.to_string()))
}

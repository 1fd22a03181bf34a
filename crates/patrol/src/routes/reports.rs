//! Reports: of runs as PDF, over several days as text and as PDF.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, ApiError, ErrorBody, Limits, Routes};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::LegacyError;
use super::file::attachment;
use super::history::{BASE, checked_limit, known};
use crate::App;
use crate::events::Changed;
use crate::history::{ReportFilter, ReportId, ReportRow, ReportState, ReportView, RunId};
use crate::reports::{NoReport, Order, begin, run_file_name, write};

const PDF: &str = "application/pdf";
/// How long a report of many photos may take to be set.
const PRINTING: Duration = Duration::from_secs(120);
/// How long a client of the older interface waits for a model.
const WRITING: Duration = Duration::from_secs(330);

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    let printing = Limits::default().timeout(PRINTING);
    Routes::new()
        .route_with(Method::GET, "/api/v1/runs/{id}/report.pdf", Access::Viewer, printing, run_pdf)
        .route(Method::GET, "/api/v1/reports", Access::Viewer, list)
        .route(Method::POST, "/api/v1/reports", Access::Operator, order)
        .route(Method::GET, "/api/v1/reports/{id}", Access::Viewer, show)
        .route(Method::DELETE, "/api/v1/reports/{id}", Access::Operator, delete)
        .route_with(Method::GET, "/api/v1/reports/{id}/report.pdf", Access::Viewer, printing, report_pdf)
        .route_with(Method::GET, "/api/report/{id}/pdf", Access::Viewer, printing, legacy_run_pdf)
        .route(Method::GET, "/api/reports", Access::Viewer, legacy_list)
        .route_with(
            Method::POST,
            "/api/reports/generate",
            Access::Operator,
            Limits::default().timeout(WRITING),
            legacy_generate,
        )
        .route_with(Method::GET, "/api/reports/generate/pdf", Access::Viewer, printing, legacy_report_pdf)
}

/// Returns the report of a run as PDF.
#[utoipa::path(get, path = "/api/v1/runs/{id}/report.pdf", tag = "reports", params(("id" = i64, Path)),
    responses((status = 200, content_type = "application/pdf"), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn run_pdf(State(app): State<App>, Path(id): Path<RunId>) -> Result<Response, ApiError> {
    printed_run(&app, id).await
}

pub(super) async fn printed_run(app: &App, id: RunId) -> Result<Response, ApiError> {
    let run = known(app, id).await?;
    let pdf = app.press.run(id).await?.ok_or_else(|| ApiError::not_found(format!("there is no run {id}")))?;
    Ok(attachment(PDF, &run_file_name(id, run.started_at, &app.history.zone()), pdf))
}

/// Which reports are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Those about this robot alone.
    robot_id: Option<String>,
    /// How many, at most 200.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of reports, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportPage {
    pub(super) reports: Vec<ReportView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
}

/// Returns reports, the newest first, without their texts.
#[utoipa::path(get, path = "/api/v1/reports", tag = "reports", params(ListQuery),
    responses((status = 200, body = ReportPage), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Json<ReportPage>, ApiError> {
    page(&app, query, BASE, None).await.map(Json)
}

pub(super) async fn page(
    app: &App,
    query: ListQuery,
    base: &str,
    state: Option<ReportState>,
) -> Result<ReportPage, ApiError> {
    let limit = checked_limit(query.limit)?;
    let before = query.cursor.as_deref().map(str::parse).transpose();
    let before = before.map_err(|_| ApiError::invalid("cursor: is not a cursor that this API gave out"))?;
    let filter = ReportFilter { robot_id: query.robot_id, state, before, ..ReportFilter::default() };
    let mut rows = app.history.reports(&filter, limit + 1).await.map_err(ApiError::internal)?;
    let is_last = rows.len() <= usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| !is_last).map(|row| row.cursor().to_string());
    Ok(ReportPage { reports: rows.iter().map(|row| ReportView::listed(row, base)).collect(), next_cursor: next })
}

/// What a report is to be about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReport {
    /// The first day of the site, `YYYY-MM-DD`.
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// The last day, it included.
    #[schema(value_type = String, format = Date)]
    to: Date,
    /// All robots, if nothing is said.
    robot_id: Option<String>,
    /// What the settings say, if nothing is said.
    prompt: Option<String>,
}

/// The number of a report that is being written.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    id: ReportId,
}

/// Has a report written. It can be read, as `working` at first, under the number that is answered.
#[utoipa::path(post, path = "/api/v1/reports", tag = "reports", request_body = NewReport,
    responses((status = 202, body = Accepted), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn order(State(app): State<App>, Json(wanted): Json<NewReport>) -> Result<Response, ApiError> {
    if wanted.to < wanted.from {
        return Err(ApiError::invalid("to: must not lie before from"));
    }
    let robot = wanted.robot_id.filter(|robot| !robot.is_empty());
    let order = Order { days: (wanted.from, wanted.to), robot, prompt: wanted.prompt };
    let begun = begin(&app, &order).await.map_err(|error| match error {
        NoReport::Failed(cause) => ApiError::internal(cause),
        other => ApiError::new(StatusCode::CONFLICT, "nothing_to_report", other.to_string()),
    })?;
    let id = begun.id;
    if app.report_orders.place(begun).is_err() {
        let reason = "too many reports wait to be written";
        app.history.fail_report(id, reason).await.map_err(ApiError::internal)?;
        return Err(ApiError::busy(reason, 60));
    }
    Ok((StatusCode::ACCEPTED, Json(Accepted { id })).into_response())
}

/// Returns a report.
#[utoipa::path(get, path = "/api/v1/reports/{id}", tag = "reports", params(("id" = i64, Path)),
    responses((status = 200, body = ReportView), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(State(app): State<App>, Path(id): Path<ReportId>) -> Result<Json<ReportView>, ApiError> {
    Ok(Json(ReportView::of(&known_report(&app, id).await?, BASE)))
}

/// Returns a report, or that there is none.
pub(super) async fn known_report(app: &App, id: ReportId) -> Result<ReportRow, ApiError> {
    let report = app.history.report(id).await.map_err(ApiError::internal)?;
    report.ok_or_else(|| ApiError::not_found(format!("there is no report {id}")))
}

/// Deletes a report. What it cost stays in the accounts.
#[utoipa::path(delete, path = "/api/v1/reports/{id}", tag = "reports", params(("id" = i64, Path)),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn delete(State(app): State<App>, Path(id): Path<ReportId>) -> Result<StatusCode, ApiError> {
    if app.history.delete_report(id).await.map_err(ApiError::internal)? {
        app.events.changed(Changed::Reports);
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::not_found(format!("there is no report {id}")))
}

/// Returns a report as PDF.
#[utoipa::path(get, path = "/api/v1/reports/{id}/report.pdf", tag = "reports", params(("id" = i64, Path)),
    responses((status = 200, content_type = "application/pdf"), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn report_pdf(State(app): State<App>, Path(id): Path<ReportId>) -> Result<Response, ApiError> {
    let report = known_report(&app, id).await?;
    printed_report(&app, &report).await
}

pub(super) async fn printed_report(app: &App, report: &ReportRow) -> Result<Response, ApiError> {
    if report.state != ReportState::Done {
        return Err(ApiError::conflict("the report is not written"));
    }
    let absent = || ApiError::not_found(format!("there is no report {}", report.id));
    let pdf = app.press.analysis(report.id).await?.ok_or_else(absent)?;
    // Days come from the database, where an older program may have written anything.
    let plain = |day: &str| day.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect::<String>();
    Ok(attachment(PDF, &format!("analysis_report_{}_{}.pdf", plain(&report.from), plain(&report.to)), pdf))
}

async fn legacy_run_pdf(State(app): State<App>, Path(id): Path<RunId>) -> Result<Response, LegacyError> {
    let refuse = |error: ApiError| match error.status() {
        StatusCode::NOT_FOUND => LegacyError::new(StatusCode::NOT_FOUND, "Run not found"),
        status => LegacyError::new(status, "the request failed on our side"),
    };
    printed_run(&app, id).await.map_err(refuse)
}

async fn legacy_list(State(app): State<App>) -> Result<Json<Vec<Value>>, LegacyError> {
    Ok(Json(app.history.legacy_reports().await?))
}

#[derive(Deserialize)]
struct LegacyDays {
    start_date: Option<String>,
    end_date: Option<String>,
    prompt: Option<String>,
    robot_id: Option<String>,
}

impl LegacyDays {
    fn days(&self) -> Result<(Date, Date), LegacyError> {
        let day = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(str::parse::<Date>);
        match (day(&self.start_date), day(&self.end_date)) {
            (Some(Ok(from)), Some(Ok(to))) => Ok((from, to)),
            (Some(_), Some(_)) => Err(LegacyError::bad_request("Dates must be YYYY-MM-DD")),
            _ => Err(LegacyError::bad_request("Start date and end date are required")),
        }
    }
}

async fn legacy_generate(State(app): State<App>, Json(wanted): Json<LegacyDays>) -> Result<Json<Value>, LegacyError> {
    let days = wanted.days()?;
    let order = Order { days, robot: wanted.robot_id.filter(|robot| !robot.is_empty()), prompt: wanted.prompt };
    let refuse = |error: NoReport| match error {
        NoReport::Nothing => LegacyError::new(StatusCode::NOT_FOUND, "No inspection data found"),
        NoReport::NotWritten(reason) => LegacyError::new(StatusCode::INTERNAL_SERVER_ERROR, reason),
        NoReport::Failed(cause) => LegacyError::internal(cause),
    };
    let begun = begin(&app, &order).await.map_err(refuse)?;
    let id = begun.id;
    let (report, expense) = write(&app, begun).await.map_err(refuse)?;
    let usage = expense.usage;
    Ok(Json(json!({
        "id": id,
        "report": report,
        "usage": {
            "prompt_token_count": usage.input, "candidates_token_count": usage.output,
            "total_token_count": usage.total,
        },
    })))
}

async fn legacy_report_pdf(State(app): State<App>, Query(wanted): Query<LegacyDays>) -> Result<Response, LegacyError> {
    let (from, to) = wanted.days()?;
    let exactly = Some((from.to_string(), to.to_string()));
    let robot_id = wanted.robot_id.filter(|robot| !robot.is_empty());
    let filter = ReportFilter { robot_id, exactly, state: Some(ReportState::Done), before: None };
    let found = app.history.reports(&filter, 1).await.map_err(LegacyError::internal)?;
    let Some(report) = found.first() else {
        return Err(LegacyError::new(StatusCode::NOT_FOUND, "No report found for this date range"));
    };
    let refuse = |error: ApiError| LegacyError::new(error.status(), "the request failed on our side");
    printed_report(&app, report).await.map_err(refuse)
}

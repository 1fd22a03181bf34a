//! What somebody outside reads by a shared link: read-only, after the password.

use axum::Json;
use axum::extract::{FromRequestParts, Path, RawPathParams, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, ApiError, ErrorBody, Limits, Routes};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::file::answer;
use super::history::{self, BASE};
use super::{images, reports};
use crate::App;
use crate::history::{
    InspectionId, ReportId, ReportState, ReportView, RunDetail, RunId, RunSummary, RunView, ShareRow, ShareScope,
};
use crate::share::{COOKIE, GUESSES, WINDOW, is_pass, is_right, pass};

/// Returns the routes of this module. Anybody may call them; what they answer depends on the link's password.
pub(crate) fn routes() -> Routes<App> {
    let printing = Limits::default().timeout(std::time::Duration::from_secs(120));
    Routes::new()
        .route(Method::POST, "/api/v1/shared/{token}/open", Access::Public, open)
        .route(Method::GET, "/api/v1/shared/{token}", Access::Public, show)
        .route(Method::GET, "/api/v1/shared/{token}/runs/{id}", Access::Public, show_run)
        .route_with(Method::GET, "/api/v1/shared/{token}/runs/{id}/report.pdf", Access::Public, printing, run_pdf)
        .route(Method::GET, "/api/v1/shared/{token}/runs/{id}/map.png", Access::Public, run_map)
        .route_with(Method::GET, "/api/v1/shared/{token}/runs/{id}/video", Access::Public, Limits::stream(), video)
        .route(Method::GET, "/api/v1/shared/{token}/inspections/{id}/{name}", Access::Public, picture)
        .route(Method::GET, "/api/v1/shared/{token}/alerts/{id}/picture.jpg", Access::Public, evidence)
        .route(Method::GET, "/api/v1/shared/{token}/reports/{id}", Access::Public, show_report)
        .route_with(Method::GET, "/api/v1/shared/{token}/reports/{id}/report.pdf", Access::Public, printing, report_pdf)
}

/// A link that was opened: extracting it is the check of every route here.
pub(crate) struct Opened(ShareRow);

impl FromRequestParts<App> for Opened {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| absent())?;
        let token = params.iter().find(|(name, _)| *name == "token").map(|(_, value)| value.to_owned());
        let share = live(app, &token.unwrap_or_default()).await?;
        let is_open =
            cookies(&parts.headers).any(|value| is_pass(app.settings.vault(), &share, value, Timestamp::now()));
        if !is_open {
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "password_needed", "the password is needed"));
        }
        Ok(Self(share))
    }
}

impl Opened {
    fn base(&self) -> String {
        format!("{BASE}/shared/{}", self.0.token)
    }

    fn run(&self, id: RunId) -> Result<RunId, ApiError> {
        if self.0.scope.shows_run(id) { Ok(id) } else { Err(absent()) }
    }

    fn report(&self, id: ReportId) -> Result<ReportId, ApiError> {
        if self.0.scope.shows_report(id) { Ok(id) } else { Err(absent()) }
    }
}

/// What is not shared does not exist.
fn absent() -> ApiError {
    ApiError::not_found("there is nothing at this path")
}

/// Returns a link that has not expired.
async fn live(app: &App, token: &str) -> Result<ShareRow, ApiError> {
    let share = app.history.share(token).await?.ok_or_else(absent)?;
    if share.expires_at.is_some_and(|end| end <= Timestamp::now()) {
        return Err(ApiError::new(StatusCode::GONE, "expired", "this link has expired"));
    }
    Ok(share)
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// The password of a link.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Password {
    password: String,
}

/// Opens a link for this browser. A password may be guessed five times a minute, by all guessers together.
#[utoipa::path(post, path = "/api/v1/shared/{token}/open", tag = "shared", params(("token" = String, Path)),
    request_body = Password, responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn open(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Json(guess): Json<Password>,
) -> Result<Response, ApiError> {
    let share = live(&app, &token).await?;
    let now = Timestamp::now();
    if !app.history.count_guess(share.id, GUESSES, WINDOW, now).await.map_err(ApiError::internal)? {
        let refused = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_guesses", "wait a minute and try again");
        return Err(refused.with_header(header::RETRY_AFTER, HeaderValue::from(WINDOW.as_secs())));
    }
    if !is_right(guess.password, share.password_hash.clone()).await? {
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_password", "this is not the password"));
    }
    app.history.forget_guesses(share.id).await.map_err(ApiError::internal)?;
    let pass = pass(app.settings.vault(), &share, now);
    let is_https = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if is_https { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={}; Path={BASE}/shared/{token}; Max-Age={}; HttpOnly; SameSite=Strict{secure}",
        pass.value, pass.seconds
    );
    let cookie = HeaderValue::from_str(&cookie).map_err(ApiError::internal)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// What a link shows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SharedView {
    label: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    runs: Vec<RunView>,
    reports: Vec<ReportView>,
}

/// Returns what a link shows: a run, a report, or the newest of all.
#[utoipa::path(get, path = "/api/v1/shared/{token}", tag = "shared", params(("token" = String, Path)),
    responses((status = 200, body = SharedView), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(State(app): State<App>, opened: Opened) -> Result<Json<SharedView>, ApiError> {
    let base = opened.base();
    let (runs, reports) = match opened.0.scope {
        ShareScope::All => {
            let runs = history::page(&app, history::ListQuery::default()).await?;
            let done = Some(ReportState::Done);
            let reports = reports::page(&app, reports::ListQuery::default(), &base, done).await?;
            (runs.runs, reports.reports)
        }
        ShareScope::Run(id) => {
            let run = history::known(&app, id).await?;
            let counts = app.history.run_counts(&run).await.map_err(ApiError::internal)?;
            (vec![RunView::of(&RunSummary { run, counts })], Vec::new())
        }
        ShareScope::Report(id) => {
            let report = reports::known_report(&app, id).await?;
            (Vec::new(), vec![ReportView::listed(&report, &base)])
        }
    };
    Ok(Json(SharedView { label: opened.0.label, expires_at: opened.0.expires_at, runs, reports }))
}

/// The number in a path below a link.
#[derive(Debug, Deserialize)]
pub(crate) struct Numbered<I> {
    id: I,
}

/// Returns a shared run.
#[utoipa::path(get, path = "/api/v1/shared/{token}/runs/{id}", tag = "shared",
    params(("token" = String, Path), ("id" = i64, Path)),
    responses((status = 200, body = RunDetail), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show_run(
    State(app): State<App>,
    opened: Opened,
    Path(path): Path<Numbered<RunId>>,
) -> Result<Json<RunDetail>, ApiError> {
    history::detail(&app, opened.run(path.id)?, &opened.base()).await.map(Json)
}

/// Returns the report of a shared run as PDF.
#[utoipa::path(get, path = "/api/v1/shared/{token}/runs/{id}/report.pdf", tag = "shared",
    params(("token" = String, Path), ("id" = i64, Path)),
    responses((status = 200, content_type = "application/pdf"), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn run_pdf(
    State(app): State<App>,
    opened: Opened,
    Path(path): Path<Numbered<RunId>>,
) -> Result<Response, ApiError> {
    reports::printed_run(&app, opened.run(path.id)?).await
}

/// Returns the map of a shared run.
#[utoipa::path(get, path = "/api/v1/shared/{token}/runs/{id}/map.png", tag = "shared",
    params(("token" = String, Path), ("id" = i64, Path)),
    responses((status = 200, content_type = "image/png"), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn run_map(
    State(app): State<App>,
    opened: Opened,
    Path(path): Path<Numbered<RunId>>,
) -> Result<Response, ApiError> {
    images::run_map(&app, opened.run(path.id)?).await
}

/// Returns the film of a shared run, or the part of it that `Range` names.
#[utoipa::path(get, path = "/api/v1/shared/{token}/runs/{id}/video", tag = "shared",
    params(("token" = String, Path), ("id" = i64, Path)),
    responses((status = 200, content_type = "video/mp4"), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn video(
    State(app): State<App>,
    opened: Opened,
    Path(path): Path<Numbered<RunId>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    images::film(&app, opened.run(path.id)?, None, &headers).await
}

/// The picture a path names below a link.
#[derive(Debug, Deserialize)]
pub(crate) struct Picture {
    id: InspectionId,
    name: String,
}

/// Returns a picture of a shared inspection.
#[utoipa::path(get, path = "/api/v1/shared/{token}/inspections/{id}/{name}", tag = "shared",
    params(("token" = String, Path), ("id" = i64, Path), ("name" = String, Path)),
    responses((status = 200, content_type = "image/jpeg"), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn picture(
    State(app): State<App>,
    opened: Opened,
    Path(path): Path<Picture>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (file, run) = images::find_picture(&app, path.id, &path.name).await?;
    opened.run(run)?;
    answer(&file, "image/jpeg", None, &headers).await
}

/// Returns the evidence of an alert of a shared run.
#[utoipa::path(get, path = "/api/v1/shared/{token}/alerts/{id}/picture.jpg", tag = "shared",
    params(("token" = String, Path), ("id" = i64, Path)),
    responses((status = 200, content_type = "image/jpeg"), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn evidence(
    State(app): State<App>,
    opened: Opened,
    Path(path): Path<Numbered<i64>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (file, run) = images::find_evidence(&app, path.id).await?;
    opened.run(run.ok_or_else(absent)?)?;
    answer(&file, "image/jpeg", None, &headers).await
}

/// Returns a shared report.
#[utoipa::path(get, path = "/api/v1/shared/{token}/reports/{id}", tag = "shared",
    params(("token" = String, Path), ("id" = i64, Path)),
    responses((status = 200, body = ReportView), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show_report(
    State(app): State<App>,
    opened: Opened,
    Path(path): Path<Numbered<ReportId>>,
) -> Result<Json<ReportView>, ApiError> {
    let report = reports::known_report(&app, opened.report(path.id)?).await?;
    Ok(Json(ReportView::of(&report, &opened.base())))
}

/// Returns a shared report as PDF.
#[utoipa::path(get, path = "/api/v1/shared/{token}/reports/{id}/report.pdf", tag = "shared",
    params(("token" = String, Path), ("id" = i64, Path)),
    responses((status = 200, content_type = "application/pdf"), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn report_pdf(
    State(app): State<App>,
    opened: Opened,
    Path(path): Path<Numbered<ReportId>>,
) -> Result<Response, ApiError> {
    let report = reports::known_report(&app, opened.report(path.id)?).await?;
    reports::printed_report(&app, &report).await
}

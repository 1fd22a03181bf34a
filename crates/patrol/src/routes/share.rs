//! Links by which somebody outside may read reports.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, ApiError, ErrorBody, Routes};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::LegacyError;
use super::history::known;
use super::reports::known_report;
use crate::App;
use crate::history::{NewShare, ReportId, RunId, ShareRow, ShareScope};
use crate::share::hashed;

/// The shortest password of a new link.
const SHORTEST_PASSWORD: usize = 8;
/// The shortest one that the older interface takes.
const SHORTEST_LEGACY_PASSWORD: usize = 4;
/// The longest: hashing is slow on purpose, and not to be made slower from outside.
const LONGEST_PASSWORD: usize = 200;
const LONGEST_LABEL: usize = 200;
const LONGEST_LIFE_DAYS: u32 = 3650;

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/api/v1/shares", Access::Operator, list)
        .route(Method::POST, "/api/v1/shares", Access::Operator, add)
        .route(Method::DELETE, "/api/v1/shares/{id}", Access::Operator, delete)
        .route(Method::GET, "/api/share-links", Access::Operator, legacy_list)
        .route(Method::POST, "/api/share-links", Access::Operator, legacy_add)
        .route(Method::DELETE, "/api/share-links/{id}", Access::Operator, legacy_delete)
}

/// A link.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShareView {
    id: i64,
    token: String,
    /// The page, below the address of the site.
    url: String,
    label: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// The run it shows, if it shows one.
    run_id: Option<RunId>,
    /// The report it shows, if it shows one.
    report_id: Option<ReportId>,
    /// Whether it shows everything.
    all: bool,
}

impl ShareView {
    fn of(share: ShareRow, site: &str) -> Self {
        let (run_id, report_id) = match share.scope {
            ShareScope::All => (None, None),
            ShareScope::Run(run) => (Some(run), None),
            ShareScope::Report(report) => (None, Some(report)),
        };
        Self {
            url: url(site, &share.token),
            all: share.scope == ShareScope::All,
            id: share.id,
            token: share.token,
            label: share.label,
            created_at: share.created_at,
            expires_at: share.expires_at,
            run_id,
            report_id,
        }
    }
}

fn url(site: &str, token: &str) -> String {
    format!("{}/share/{token}", site.trim_end_matches('/'))
}

/// All links.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shares {
    shares: Vec<ShareView>,
}

/// Returns all links, the newest first.
#[utoipa::path(get, path = "/api/v1/shares", tag = "shares", responses((status = 200, body = Shares)))]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Shares>, ApiError> {
    let shares = app.history.shares().await?;
    let view = |share| ShareView::of(share, &app.config.public_url);
    Ok(Json(Shares { shares: shares.into_iter().map(view).collect() }))
}

/// A link to be made: of one run, of one report, or of everything.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    run_id: Option<RunId>,
    report_id: Option<ReportId>,
    #[serde(default)]
    all: bool,
    /// At least 8 characters.
    password: String,
    /// What it is for.
    label: Option<String>,
    /// For ever, if nothing is said.
    expires_days: Option<u32>,
}

/// Makes a link.
#[utoipa::path(post, path = "/api/v1/shares", tag = "shares", request_body = NewLink,
    responses((status = 201, body = ShareView), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn add(State(app): State<App>, Json(wanted): Json<NewLink>) -> Result<Response, ApiError> {
    let scope = match (wanted.run_id, wanted.report_id, wanted.all) {
        (Some(run), None, false) => ShareScope::Run(known(&app, run).await?.id),
        (None, Some(report), false) => ShareScope::Report(known_report(&app, report).await?.id),
        (None, None, true) => ShareScope::All,
        _ => return Err(ApiError::invalid("expected one of run_id, report_id and all")),
    };
    let wanted = Wanted {
        scope,
        password: wanted.password,
        label: wanted.label.unwrap_or_default(),
        expires_days: wanted.expires_days,
    };
    wanted.check(SHORTEST_PASSWORD).map_err(ApiError::invalid)?;
    let share = wanted.make(&app).await?;
    Ok((StatusCode::CREATED, Json(ShareView::of(share, &app.config.public_url))).into_response())
}

/// A link to be made, of either interface.
struct Wanted {
    scope: ShareScope,
    password: String,
    label: String,
    expires_days: Option<u32>,
}

impl Wanted {
    fn check(&self, shortest: usize) -> Result<(), String> {
        let length = self.password.chars().count();
        if !(shortest..=LONGEST_PASSWORD).contains(&length) {
            return Err(format!("password: expected {shortest} to {LONGEST_PASSWORD} characters"));
        }
        if self.label.chars().count() > LONGEST_LABEL {
            return Err(format!("label: expected at most {LONGEST_LABEL} characters"));
        }
        if self.expires_days.is_some_and(|days| !(1..=LONGEST_LIFE_DAYS).contains(&days)) {
            return Err(format!("expires_days: expected 1 to {LONGEST_LIFE_DAYS}"));
        }
        Ok(())
    }

    async fn make(self, app: &App) -> anyhow::Result<ShareRow> {
        let created_at = Timestamp::now();
        let life = |days: u32| created_at + SignedDuration::from_hours(24 * i64::from(days));
        let new = NewShare {
            token: app.settings.vault().random_word()?,
            label: self.label,
            scope: self.scope,
            password_hash: hashed(self.password).await?,
            created_at,
            expires_at: self.expires_days.map(life),
        };
        let id = app.history.add_share(&new).await?;
        let NewShare { token, label, scope, password_hash, created_at, expires_at } = new;
        Ok(ShareRow { id, token, label, scope, password_hash, created_at, expires_at })
    }
}

/// Takes a link away. Whoever has it open can read no more.
#[utoipa::path(delete, path = "/api/v1/shares/{id}", tag = "shares", params(("id" = i64, Path)),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn delete(State(app): State<App>, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    if app.history.delete_share(id).await.map_err(ApiError::internal)? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::not_found(format!("there is no link {id}")))
}

async fn legacy_list(State(app): State<App>) -> Result<Json<Vec<Value>>, LegacyError> {
    let shares = app.history.shares().await?;
    let link = |share: ShareRow| {
        json!({
            "id": share.id, "token": share.token, "label": share.label, "expires_at": share.expires_at,
            "created_at": share.created_at, "url": url(&app.config.public_url, &share.token),
        })
    };
    Ok(Json(shares.into_iter().map(link).collect()))
}

#[derive(Deserialize)]
struct LegacyLink {
    #[serde(default)]
    password: String,
    label: Option<String>,
    expires_days: Option<u32>,
}

/// The older interface's links show everything.
async fn legacy_add(State(app): State<App>, Json(wanted): Json<LegacyLink>) -> Result<Json<Value>, LegacyError> {
    let wanted = Wanted {
        scope: ShareScope::All,
        password: wanted.password,
        label: wanted.label.unwrap_or_default(),
        expires_days: wanted.expires_days.filter(|days| *days > 0),
    };
    wanted.check(SHORTEST_LEGACY_PASSWORD).map_err(LegacyError::bad_request)?;
    let share = wanted.make(&app).await?;
    Ok(Json(json!({
        "id": share.id, "token": share.token, "url": url(&app.config.public_url, &share.token),
        "label": share.label, "expires_at": share.expires_at,
    })))
}

async fn legacy_delete(State(app): State<App>, Path(id): Path<i64>) -> Result<Json<Value>, LegacyError> {
    app.history.delete_share(id).await.map_err(LegacyError::internal)?;
    Ok(Json(json!({"ok": true})))
}

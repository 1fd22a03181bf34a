//! Settings of the site and of this robot.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, ApiError, ErrorBody, Routes};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::LegacyError;
use crate::App;
use crate::settings_book::{FieldView, SettingsRefused};

/// Returns the routes of this module.
pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .route(Method::GET, "/api/v1/settings", Access::Viewer, show)
        .route(Method::PATCH, "/api/v1/settings", Access::Admin, change)
        .route(Method::GET, "/api/v1/settings/schema", Access::Viewer, schema)
        .route(Method::GET, "/api/v1/robot-settings", Access::Viewer, show_own)
        .route(Method::PATCH, "/api/v1/robot-settings", Access::Admin, change_own)
        .route(Method::GET, "/api/settings", Access::Viewer, legacy_show)
        .route(Method::POST, "/api/settings", Access::Admin, legacy_change)
}

/// Why settings were not changed.
#[derive(Debug)]
pub(crate) enum Refusal {
    Invalid(BTreeMap<String, String>),
    Failed(ApiError),
}

/// The body of a refusal: `fields` has a sentence for each setting that cannot be so.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusalBody {
    error: RefusalDetail,
}

#[derive(Debug, Serialize, ToSchema)]
struct RefusalDetail {
    /// `invalid_settings`.
    code: &'static str,
    message: &'static str,
    fields: BTreeMap<String, String>,
}

impl From<SettingsRefused> for Refusal {
    fn from(refused: SettingsRefused) -> Self {
        match refused {
            SettingsRefused::Invalid(fields) => Self::Invalid(fields),
            SettingsRefused::Failed(cause) => Self::Failed(ApiError::internal(cause)),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid(fields) => {
                let message = "nothing was changed: some settings cannot be so";
                let error = RefusalDetail { code: "invalid_settings", message, fields };
                (StatusCode::UNPROCESSABLE_ENTITY, Json(RefusalBody { error })).into_response()
            }
            Self::Failed(error) => error.into_response(),
        }
    }
}

/// Returns every setting. Secrets are masked.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings", responses((status = 200, body = Object)))]
pub(crate) async fn show(State(app): State<App>) -> Json<Map<String, Value>> {
    Json(app.settings.shown())
}

/// Changes settings of the site: all of them or none. `null` returns to the default.
#[utoipa::path(patch, path = "/api/v1/settings", tag = "settings", request_body = Object,
    responses((status = 200, body = Object), (status = 422, body = RefusalBody), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn change(
    State(app): State<App>,
    Json(changes): Json<Map<String, Value>>,
) -> Result<Json<Map<String, Value>>, Refusal> {
    app.settings.change(&changes).await?;
    Ok(Json(app.settings.shown()))
}

/// What there is to set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Schema {
    fields: Vec<FieldView>,
}

/// Returns what there is to set.
#[utoipa::path(get, path = "/api/v1/settings/schema", tag = "settings", responses((status = 200, body = Schema)))]
pub(crate) async fn schema(State(app): State<App>) -> Json<Schema> {
    Json(Schema { fields: app.settings.schema() })
}

/// Returns what this robot has different from the site. Secrets are masked.
#[utoipa::path(get, path = "/api/v1/robot-settings", tag = "settings", responses((status = 200, body = Object)))]
pub(crate) async fn show_own(State(app): State<App>) -> Json<Map<String, Value>> {
    Json(app.settings.shown_of_robot())
}

/// Changes what this robot has different. `null` returns to what the site has.
#[utoipa::path(patch, path = "/api/v1/robot-settings", tag = "settings", request_body = Object,
    responses((status = 200, body = Object), (status = 422, body = RefusalBody), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn change_own(
    State(app): State<App>,
    Json(changes): Json<Map<String, Value>>,
) -> Result<Json<Map<String, Value>>, Refusal> {
    app.settings.change_of_robot(&changes).await?;
    Ok(Json(app.settings.shown_of_robot()))
}

async fn legacy_show(State(app): State<App>) -> Json<Map<String, Value>> {
    Json(app.settings.shown_to_legacy())
}

async fn legacy_change(
    State(app): State<App>,
    Json(changes): Json<Map<String, Value>>,
) -> Result<Json<Value>, LegacyError> {
    let unknown = app.settings.change_as_legacy(&changes).await.map_err(|refused| match refused {
        SettingsRefused::Invalid(_) => LegacyError::bad_request(refused.to_string()),
        SettingsRefused::Failed(cause) => LegacyError::internal(cause),
    })?;
    Ok(Json(if unknown.is_empty() {
        json!({"status": "saved"})
    } else {
        json!({"status": "saved", "unknown": unknown})
    }))
}

//! `GET /models`, `POST /models/{name}/activate`, `GET /api/model/info`: which models there are, and which one answers.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use domain::geometry::Size;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vision::{Manifest, ModelRef, Models, Thresholds};

use crate::App;
use crate::fault::Fault;
use crate::health::ModelName;

/// The models of this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelList {
    /// Every model that has a manifest, by name.
    pub models: Vec<Model>,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Whether it can answer.
    pub state: ModelState,
    /// Why it cannot, if its manifest is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What its manifest says.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
}

/// Whether a model can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// It answers now.
    Active,
    /// It is on this machine.
    Ready,
    /// It must be fetched first.
    NotFetched,
    /// Its manifest is wrong.
    Invalid,
}

/// What a manifest says of its model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Description {
    /// The version.
    pub version: String,
    /// One sentence for people.
    pub description: String,
    /// The licence of the weights.
    pub licence: String,
    /// The SHA-256 of the model file.
    pub sha256: String,
    /// The largest input, `[width, height]`.
    pub input_size: Size,
    /// The class names, by class id.
    pub classes: Vec<String>,
}

/// The answer to an activation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Activation {
    /// The model that answers from now on.
    #[schema(value_type = ModelName)]
    pub model: ModelRef,
    /// The model that answered before.
    #[schema(value_type = ModelName)]
    pub previous: ModelRef,
}

/// The model that answers, in detail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its file.
    pub sha256: String,
    /// The licence of the weights.
    pub licence: String,
    /// The class names, by class id.
    pub classes: Vec<String>,
    /// How many classes there are.
    pub num_classes: usize,
    /// The largest input, `[width, height]`.
    pub input_size: Size,
    /// A detection counts above this confidence, unless the request says otherwise.
    pub conf_threshold: f32,
    /// Of two boxes of one class that overlap more than this, the weaker one goes.
    pub iou_threshold: f32,
}

/// Lists the models of this machine.
#[utoipa::path(
    get, path = "/models", tag = "models",
    responses((status = 200, description = "The models", body = ModelList)),
)]
pub(crate) async fn list(State(app): State<App>) -> Response {
    let active = app.engine.pool().ok().map(|pool| pool.status().info.model.name);
    let models = app.models.clone();
    let listing = tokio::task::spawn_blocking(move || listed(&models, active.as_deref()));
    let listed = listing.await.map_err(anyhow::Error::from).and_then(|listed| Ok(listed?));
    match listed {
        Ok(models) => Json(ModelList { models }).into_response(),
        Err(error) => app.refuse(&Fault::Internal(error.context("listing the models"))).as_error(),
    }
}

fn listed(models: &Models, active: Option<&str>) -> std::io::Result<Vec<Model>> {
    let model = |name: String| {
        let manifest = models.manifest(&name);
        let state = match &manifest {
            Err(_) => ModelState::Invalid,
            Ok(_) if active == Some(name.as_str()) => ModelState::Active,
            Ok(_) if models.file(&name).is_file() => ModelState::Ready,
            Ok(_) => ModelState::NotFetched,
        };
        // The path of the file is nobody's business.
        let problem = manifest.is_err().then(|| "its manifest is wrong, see `ronda model check`".to_owned());
        Model { name, state, problem, description: manifest.ok().map(describe) }
    };
    Ok(models.names()?.into_iter().map(model).collect())
}

fn describe(manifest: Manifest) -> Description {
    Description {
        version: manifest.version,
        description: manifest.description,
        licence: manifest.licence,
        sha256: manifest.sha256,
        input_size: manifest.input.size,
        classes: manifest.labels.iter().map(ToString::to_string).collect(),
    }
}

/// Makes a model the one that answers, here and in every other detector on this machine. It is loaded and warmed up first;
/// no request is dropped meanwhile.
#[utoipa::path(
    post, path = "/models/{name}/activate", tag = "models",
    params(("name" = String, Path, description = "A model of `GET /models` that is ready.")),
    responses(
        (status = 200, description = "It answers from now on", body = Activation),
        (status = 404, description = "There is no such model", body = chassis::http::ErrorBody),
        (status = 409, description = "It is not on this machine: fetch it first", body = chassis::http::ErrorBody),
        (status = 422, description = "Its file or manifest is wrong, or no backend runs it", body = chassis::http::ErrorBody),
    ),
)]
pub(crate) async fn activate(State(app): State<App>, Path(name): Path<String>) -> Response {
    match change_over(&app, &name).await {
        Ok(activation) => Json(activation).into_response(),
        Err(fault) => app.refuse(&fault).as_error(),
    }
}

async fn change_over(app: &App, name: &str) -> Result<Activation, Fault> {
    let pool = app.engine.pool()?;
    let previous = pool.status().info.model;
    let model = pool.activate(name).await.map_err(Fault::Activation)?;
    Ok(Activation { model, previous })
}

/// Describes the model that answers.
#[utoipa::path(
    get, path = "/api/model/info", tag = "detection",
    responses(
        (status = 200, description = "The model", body = ModelInfo),
        (status = 503, description = "The model is loading", body = crate::openapi::Detail),
    ),
)]
pub(crate) async fn info(State(app): State<App>) -> Response {
    match app.engine.pool() {
        Ok(pool) => {
            let status = pool.status();
            let thresholds = app.models.manifest(&status.info.model.name).map(|manifest| manifest.thresholds);
            Json(inform(status, &thresholds.unwrap_or_default(), &app)).into_response()
        }
        Err(fault) => app.refuse(&fault).as_detail(),
    }
}

fn inform(status: vision::PoolStatus, thresholds: &Thresholds, app: &App) -> ModelInfo {
    ModelInfo {
        name: status.info.model.name,
        version: status.info.model.version,
        sha256: status.info.model.sha256,
        licence: status.licence,
        num_classes: status.info.labels.len(),
        classes: status.info.labels.iter().map(ToString::to_string).collect(),
        input_size: status.info.input,
        conf_threshold: app.thresholds.confidence.unwrap_or(thresholds.confidence),
        iou_threshold: app.thresholds.iou.unwrap_or(thresholds.iou),
    }
}

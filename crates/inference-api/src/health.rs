//! `GET /health`: whether a model answers, and what it really runs on.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vision::{Backend, ModelRef, PoolStatus, Precision};

use crate::App;

/// How the service is. It is answered from memory: it never waits for the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `healthy` once a model answers, else `loading`.
    pub status: String,
    /// Whether a model answers.
    pub model_loaded: bool,
    /// What the model runs on: `cpu`, `cuda` or `tensorrt`. It is what is in use, not what is configured.
    pub device: Option<String>,
    /// What runs the model: `onnxruntime` or `tract`.
    #[schema(value_type = Option<String>)]
    pub backend: Option<Backend>,
    /// How exactly the model computes: `float` or `int8`.
    #[schema(value_type = Option<String>)]
    pub precision: Option<Precision>,
    /// Why the backend, device or precision is not the one that is configured.
    pub fallback: Option<String>,
    /// Why the model that was activated last does not run; the one before it still answers.
    pub activation_problem: Option<String>,
    /// The model that answers.
    #[schema(value_type = Option<ModelName>)]
    pub model: Option<ModelRef>,
    /// How much work there is.
    pub queue: Queue,
}

/// Which model it is.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a type of another crate in the OpenAPI document")]
pub(crate) struct ModelName {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// The SHA-256 of its file.
    sha256: String,
}

/// How much work there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Queue {
    /// Requests that are worked on or wait for the detector.
    pub in_work: usize,
    /// How many there may be; one more is refused.
    pub places: usize,
}

/// Tells how the service is; 503 until a model is loaded.
#[utoipa::path(
    get, path = "/health", tag = "service",
    responses(
        (status = 200, description = "A model answers", body = Health),
        (status = 503, description = "The model is loading", body = Health),
    ),
)]
pub(crate) async fn health(State(app): State<App>) -> Response {
    let (in_work, places) = app.engine.places();
    let queue = Queue { in_work, places };
    match app.engine.pool() {
        Ok(pool) => Json(of(pool.status(), queue)).into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Json(loading(queue))).into_response(),
    }
}

fn of(status: PoolStatus, queue: Queue) -> Health {
    Health {
        status: "healthy".to_owned(),
        model_loaded: true,
        device: Some(status.info.device.to_owned()),
        backend: Some(status.info.backend),
        precision: Some(status.info.precision),
        fallback: status.fallback,
        activation_problem: status.swap_error,
        model: Some(status.info.model),
        queue,
    }
}

fn loading(queue: Queue) -> Health {
    Health {
        status: "loading".to_owned(),
        model_loaded: false,
        device: None,
        backend: None,
        precision: None,
        fallback: None,
        activation_problem: None,
        model: None,
        queue,
    }
}

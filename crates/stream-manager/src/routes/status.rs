//! How the service is doing, and what its detector knows.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chassis::http::{ApiError, ErrorBody};

use super::App;
use crate::lifecycle::State as CameraState;
use crate::site::Detector;
use crate::view;

/// How long a caller should wait for the model.
const MODEL_WAIT_SECS: u64 = 5;

/// Lists the classes that the active model knows.
#[utoipa::path(
    get, path = "/api/v1/classes", tag = "status",
    responses(
        (status = 200, description = "The classes in the order of their ids", body = view::Classes),
        (status = 503, description = "No model is loaded yet", body = ErrorBody),
    ),
)]
pub(crate) async fn classes(State(app): State<App>) -> Result<Json<view::Classes>, ApiError> {
    match app.site.detector() {
        Detector::Loaded(pool) => {
            Ok(Json(view::Classes { classes: pool.labels().iter().map(ToString::to_string).collect() }))
        }
        Detector::Missing(reason) => Err(ApiError::busy(reason, MODEL_WAIT_SECS)),
    }
}

/// Tells how the service is doing.
#[utoipa::path(
    get, path = "/api/v1/status", tag = "status",
    responses((status = 200, description = "How it is doing", body = view::Status)),
)]
pub(crate) async fn status(State(app): State<App>) -> Json<view::Status> {
    let (detector, alerts) = (detector(app.site.detector()), alerts(&app));
    let (roster, zoning) = (app.site.cameras(), app.site.zone_book.now());
    let mut states = BTreeMap::new();
    for place in &roster.places {
        *states.entry(name_of(place.state())).or_default() += 1;
    }
    let stage = |(name, count, seconds): (&str, u64, f64)| {
        let mean_ms = if count == 0 { 0.0 } else { seconds * 1000.0 / count as f64 };
        (name.to_owned(), view::Stage { count, mean_ms })
    };
    Json(view::Status {
        ready: detector.loaded && (alerts.redis_connected || !app.outlet.is_full()),
        started_at: app.site.started_at,
        detector,
        alerts,
        cameras: roster.posts().map(|post| (post.id().to_string(), post.counters())).collect(),
        states,
        stages: app.site.metrics.stages().into_iter().map(stage).collect(),
        problems: roster.problems.iter().chain(&zoning.problem).map(view::Problem::from).collect(),
    })
}

fn name_of(state: CameraState) -> String {
    match state {
        CameraState::Starting => "starting",
        CameraState::Streaming => "streaming",
        CameraState::Reconnecting => "reconnecting",
        CameraState::Failed => "failed",
        CameraState::Disabled => "disabled",
        CameraState::Invalid => "invalid",
    }
    .to_owned()
}

fn detector(detector: Detector) -> view::Detector {
    let pool = match detector {
        Detector::Missing(reason) => return view::Detector { error: Some(reason), ..view::Detector::default() },
        Detector::Loaded(pool) => pool.status(),
    };
    view::Detector {
        loaded: true,
        error: pool.swap_error,
        model: Some(pool.info.model.name),
        version: Some(pool.info.model.version),
        sha256: Some(pool.info.model.sha256),
        backend: Some(pool.info.backend.to_string()),
        device: Some(pool.info.device.to_owned()),
        fallback: pool.fallback,
        waiting: pool.waiting,
        queue_capacity: pool.queue_capacity,
        answered: pool.answered,
        refused: pool.refused,
    }
}

fn alerts(app: &App) -> view::Alerts {
    let redis = app.outlet.redis();
    view::Alerts {
        stream: app.outlet.stream().to_owned(),
        redis_connected: redis.is_ok(),
        spooled: app.outlet.publisher().waiting(),
        lost: app.site.metrics.alerts_lost.get(),
        error: redis.err(),
    }
}

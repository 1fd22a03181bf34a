//! Loading the detector while the service already answers: cameras are shown without boxes until it is there.

use std::sync::Arc;

use anyhow::Context as _;
use chassis::Stop;
use chassis::http::Condition;
use tracing::info;
use vision::{ModelSource, Pool, PoolSettings};

use crate::site::{Detector, Site};

/// Loads the model and answers with it until the [`Stop`] is set.
///
/// # Errors
/// If the model cannot be loaded; the reason is shown, and it is worth to try again: the model may be fetched meanwhile.
pub(crate) async fn serve(
    site: Arc<Site>,
    settings: PoolSettings,
    source: ModelSource,
    condition: Condition,
    stop: Stop,
) -> anyhow::Result<()> {
    let loading = tokio::task::spawn_blocking(move || Pool::start(settings, source));
    let loaded = loading.await.context("the thread that loads the model ended")?.context("cannot load the model");
    let pool = match loaded {
        Ok(pool) => pool,
        Err(error) => {
            let reason = format!("{error:#}");
            condition.fails(reason.clone());
            site.set_detector(Detector::Missing(reason));
            return Err(error);
        }
    };
    let status = pool.status();
    info!(
        model = status.info.model.name,
        version = status.info.model.version,
        backend = %status.info.backend,
        device = status.info.device,
        fallback = status.fallback,
        "the detector is ready"
    );
    vision::describe(&pool);
    site.set_detector(Detector::Loaded(pool));
    condition.holds();
    stop.stopped().await;
    Ok(())
}

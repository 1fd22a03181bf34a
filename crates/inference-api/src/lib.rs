//! The inference API: an image in, detections out. It answers the routes of the reference, of DeepStack and CodeProject.AI, and
//! our own, all from one detector pool. It is alive at once and ready when its model is loaded.

mod accept;
mod budget;
mod confidence;
mod config;
mod cors;
mod deepstack;
mod engine;
mod fault;
mod health;
mod infer;
mod metrics;
mod models;
mod openapi;
mod predict;
mod routes;
mod site;
mod upload;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use chassis::http::{Condition, Readiness, Server};
use chassis::{Stop, Tasks};
use tracing::{info, warn};
use vision::{Models, Pool};

pub use config::Config;
pub use deepstack::{CustomModels, Predictions};
pub use health::Health;
pub use infer::Inference;
pub use models::{Activation, ModelInfo, ModelList, ModelState};
pub use predict::Prediction;
pub use site::{CameraRois, CameraSummary};

use engine::Engine;
use fault::Fault;
use metrics::Metrics;
use site::Site;

/// How long requests may take to end after the service was told to.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the service until it is told to stop.
///
/// # Errors
/// If the port is taken, or the model cannot be loaded.
pub async fn run(config: Config, stop: Stop) -> anyhow::Result<()> {
    Service::bind(config).await?.run(stop).await
}

/// The service with its port taken.
pub struct Service {
    server: Server,
    config: Config,
}

/// What every handler reads.
#[derive(Clone)]
struct App {
    engine: Engine,
    site: Site,
    models: Models,
    thresholds: Thresholds,
    metrics: Metrics,
}

/// The configured thresholds; absent ones are the model's own.
#[derive(Debug, Clone, Copy)]
struct Thresholds {
    confidence: Option<f32>,
    iou: Option<f32>,
}

impl App {
    /// Counts a request that is not served, and logs why if it is our fault.
    fn refuse<'f>(&self, fault: &'f Fault) -> &'f Fault {
        self.metrics.rejected(fault);
        let is_of_interest = fault.status().is_server_error() || matches!(fault, Fault::Activation(_));
        if is_of_interest && !fault.is_temporary() {
            let cause = std::error::Error::source(fault).map(ToString::to_string);
            warn!(cause, "{fault}");
        }
        fault
    }
}

impl Service {
    /// Takes the port.
    ///
    /// # Errors
    /// If another process has it.
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        let server = Server::bind(config.address).await?;
        Ok(Self { server, config })
    }

    /// Returns the address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Serves until it is told to stop.
    ///
    /// # Errors
    /// If the model cannot be loaded.
    pub async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let Self { server, config } = self;
        chassis::metrics::describe_machine();
        let metrics = Metrics::new();
        let app = App {
            engine: Engine::new(config.places(), config.limits, metrics.clone()),
            site: Site::read(&config.env),
            models: config.source.models.clone(),
            thresholds: Thresholds { confidence: config.pool.detector.confidence, iou: config.pool.detector.iou },
            metrics,
        };
        let readiness = Readiness::new();
        let loaded = readiness.condition("model");
        let routes = routes::routes(app.clone(), config.cors_origins.clone()).ready_when(readiness);
        let mut tasks = Tasks::new(stop.clone());
        tasks.vital("http", server.run(routes, stop.clone()));
        tasks.vital("configuration", app.site.clone().follow(stop.clone()));
        tasks.vital("model", serve_model(app.clone(), config, loaded, stop));
        let ended = tasks.run(GRACE).await;
        if let Ok(pool) = app.engine.pool() {
            pool.stop().await;
        }
        ended
    }
}

/// Loads the model on a thread of its own and begins to answer with it.
async fn serve_model(app: App, config: Config, loaded: Condition, stop: Stop) -> anyhow::Result<()> {
    loaded.fails("the model is loading");
    let (settings, source) = (config.pool, config.source);
    let starting = tokio::task::spawn_blocking(move || Pool::start(settings, source));
    let pool = starting.await.context("the thread that loads the model ended")?;
    let pool = pool.context("cannot load the model")?;
    let status = pool.status();
    info!(
        model = status.info.model.name,
        version = status.info.model.version,
        backend = %status.info.backend,
        device = status.info.device,
        fallback = status.fallback,
        "ready"
    );
    app.engine.serve_with(pool);
    loaded.holds();
    stop.stopped().await;
    Ok(())
}

//! The patrol backend of one robot: it keeps the connection to the robot, sends it on its round, has its pictures
//! judged, records everything and reports. One process per robot; all of a site share the data directory.

mod camera;
mod config;
mod control;
mod events;
mod history;
mod link;
mod metrics;
mod openapi;
mod points;
mod routes;
mod settings_book;
mod view;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chassis::http::{Readiness, Server};
use chassis::{Stop, Tasks};

use events::Events;

pub use config::{Config, RobotId, RobotIdError};

/// How long a run, viewers and the last events may take to end after the process was told to.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the process until it is told to stop.
///
/// # Errors
/// If the port is taken, or the data directory cannot be used.
pub async fn run(config: Config, stop: Stop) -> anyhow::Result<()> {
    Service::bind(config).await?.run(stop).await
}

/// What every handler and every part reads: all of it shared.
#[derive(Clone)]
pub(crate) struct App {
    /// What the process was told at its start.
    pub(crate) config: Arc<Config>,
    /// Everything that happens, told at once.
    pub(crate) events: Events,
}

/// The service with its port taken.
pub struct Service {
    server: Server,
    config: Config,
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

    /// Answers, keeps the connection and patrols until it is told to stop.
    ///
    /// # Errors
    /// If the data directory cannot be used.
    pub async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let Self { server, config } = self;
        let readiness = Readiness::new();
        let app = App::open(config).await.context("starting patrol")?;

        let mut tasks = Tasks::new(stop.clone());
        tasks.vital("http", server.run(routes::routes(app.clone()).ready_when(readiness), stop.clone()));
        tasks.restarted("events", {
            let (events, stop) = (app.events.clone(), stop.clone());
            move || events.clone().drain(stop.clone())
        });
        tasks.run(GRACE).await
    }
}

impl App {
    /// Opens every part. Nothing moves yet.
    async fn open(config: Config) -> anyhow::Result<Self> {
        let events = Events::open(&config.redis, config.spool()).context("cannot keep events")?;
        Ok(Self { config: Arc::new(config), events })
    }
}

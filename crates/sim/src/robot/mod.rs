//! A simulated Kachaka: what the real one answers over gRPC, how it drives and fails, and a control beside it with which
//! tests and demonstrations make it fail and ask for the truth.
//!
//! [`Robot::start`] puts one on the network; it is gone when it is dropped. Time factors concern the world only: how fast the
//! robot drives and charges and people walk. What clients can measure, as time limits and holds, is as on a real robot.

mod body;
mod cameras;
mod codes;
mod control;
mod core;
mod drive;
mod journal;
mod link;
mod machine;
mod routes;
mod sensors;
mod service;
mod task;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chassis::Stop;
use robot::api::kachaka_api_server::KachakaApiServer;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tracing::error;

pub use cameras::CameraState;
pub use control::{Control, RobotTruth};
pub use journal::Entry;
pub use link::LinkState;
pub use routes::routes;

use crate::building::{World, WorldSettings};
use core::Core;
use service::Service;

/// How often the robot's state is computed.
const TICK: Duration = Duration::from_millis(20);

/// How a robot begins.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it answers; port 0 is any free one.
    pub listen: SocketAddr,
    /// What the control calls it.
    pub id: String,
    /// Which of the building's chargers is its own: 0 or 1.
    pub charger: usize,
    /// Chance comes from here.
    pub seed: u64,
    /// How many times faster than real its world is.
    pub speed: f64,
    /// How many times faster than in its world the battery fills and empties.
    pub battery_rate: f64,
    /// How long a call is held that waits for something new, before it is cancelled.
    pub hold: Duration,
    /// How long a start takes.
    pub boot: Duration,
    /// The building; without one, the robot is alone in its own, where nothing is wrong and nobody walks.
    pub world: Option<World>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            id: "robot-a".to_owned(),
            charger: 0,
            seed: 1,
            speed: 1.0,
            battery_rate: 1.0,
            hold: Duration::from_secs(35),
            boot: Duration::from_secs(8),
            world: None,
        }
    }
}

/// Why a robot cannot start.
#[derive(Debug, thiserror::Error)]
#[error("the simulated robot cannot listen on {address}")]
pub struct StartError {
    address: SocketAddr,
    source: std::io::Error,
}

/// A running robot. Dropping it takes it off the network.
#[derive(Debug)]
pub struct Robot {
    core: Arc<Core>,
    address: SocketAddr,
    stop: Stop,
    // Aborted when dropped.
    _tasks: JoinSet<()>,
}

impl Robot {
    /// Starts a robot on its charger.
    ///
    /// # Errors
    /// If its address cannot be listened on.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let failed = |source| StartError { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = Stop::new();
        let world = settings
            .world
            .clone()
            .unwrap_or_else(|| World::new(&WorldSettings { seed: settings.seed, ..WorldSettings::default() }));
        let core = Arc::new(Core::new(&settings, world));
        let mut tasks = JoinSet::new();
        tasks.spawn(live(Arc::clone(&core), settings.speed));
        let connections = link::take_connections(listener, core.heard_link(), stop.clone());
        let service = KachakaApiServer::new(Service::new(Arc::clone(&core)));
        tasks.spawn(async move {
            let served =
                tonic::transport::Server::builder().add_service(service).serve_with_incoming(connections).await;
            if let Err(error) = served {
                error!("the simulated robot has stopped answering: {error}");
            }
        });
        Ok(Self { core, address, stop, _tasks: tasks })
    }

    /// Returns where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what makes it fail and tells the truth.
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.core))
    }
}

impl Drop for Robot {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// Lets time pass.
async fn live(core: Arc<Core>, speed: f64) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = core.seconds();
    loop {
        ticks.tick().await;
        let now = core.seconds();
        core.tick(now, (now - before) * speed, now * speed);
        before = now;
    }
}

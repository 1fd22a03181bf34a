//! Everything that happens, told at once: to browsers as server-sent events, to other services over Redis.

use std::sync::Arc;

use bus::{RedisUrl, SpoolError, SpoolSettings, SpooledPublisher, Topic};
use chassis::Stop;
use domain::patrol::event::RunEvent;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::view::{RobotState, RunProgress};

/// The stream that other services read.
pub(crate) const TOPIC: &str = "patrol-events";
/// About how many events it keeps.
const KEPT: u64 = 10_000;
/// How many events a slow browser may be behind; it is told to read everything anew when it is further.
const BEHIND: usize = 256;

/// One event as a browser gets it: written once, for all of them.
#[derive(Debug)]
pub(crate) struct Told {
    /// What it is about: `state`, `run`, `verdict`, `points`, `settings`, `schedules`, `reports`.
    pub(crate) name: &'static str,
    /// JSON in one line.
    pub(crate) data: String,
}

/// What was changed and should be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Waypoints or named routes.
    Points,
    /// Settings, of the site or of this robot.
    Settings,
    /// Schedules.
    Schedules,
    /// Reports over several runs.
    Reports,
}

/// Tells what happens. Clones share everything.
#[derive(Clone)]
pub(crate) struct Events {
    browsers: broadcast::Sender<Arc<Told>>,
    services: SpooledPublisher<RunEvent>,
}

impl Events {
    /// Opens the spool; Redis need not be there. Must be called on a runtime.
    ///
    /// # Errors
    /// If the spool's directory cannot be used.
    pub(crate) fn open(url: &RedisUrl, spool: SpoolSettings) -> Result<Self, SpoolError> {
        let services = SpooledPublisher::open(url, &Topic::new(TOPIC, KEPT), spool)?;
        Ok(Self { browsers: broadcast::Sender::new(BEHIND), services })
    }

    /// Begins to hear what browsers hear.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<Told>> {
        self.browsers.subscribe()
    }

    /// Returns whether any browser listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.browsers.receiver_count() > 0
    }

    /// Tells how the robot is.
    pub(crate) fn state(&self, state: &RobotState) {
        self.tell("state", state);
    }

    /// Tells how far the run is.
    pub(crate) fn run(&self, progress: &RunProgress) {
        self.tell("run", progress);
    }

    /// Tells what came of an inspection: the inspection as the run's details have it.
    pub(crate) fn verdict(&self, inspection: &impl Serialize) {
        self.tell("verdict", inspection);
    }

    /// Tells that something is to be read again.
    pub(crate) fn changed(&self, what: Changed) {
        let name = match what {
            Changed::Points => "points",
            Changed::Settings => "settings",
            Changed::Schedules => "schedules",
            Changed::Reports => "reports",
        };
        self.tell(name, &serde_json::Map::new());
    }

    /// Tells other services. When this returns, the event is on disk and will be sent.
    pub(crate) async fn publish(&self, event: &RunEvent) {
        // What is refused was counted and logged by the spool; nobody here could do more about it.
        let _ = self.services.publish(event).await;
    }

    /// Sends to Redis what waits, until the [`Stop`] is set.
    ///
    /// # Errors
    /// Never.
    pub(crate) async fn drain(self, stop: Stop) -> anyhow::Result<()> {
        self.services.drain(stop).await;
        Ok(())
    }

    fn tell(&self, name: &'static str, body: &impl Serialize) {
        if !self.is_heard() {
            return;
        }
        let data = serde_json::to_string(body).expect("our own answers can be written as JSON");
        // Fails only if the last browser has just gone.
        let _ = self.browsers.send(Arc::new(Told { name, data }));
    }
}

//! The connection to the robot, kept alive: how the robot is, as of now, for everybody who wants to know.
//!
//! Its pose is asked for so that the robot answers when it has moved; the rest is asked for again and again. A robot that
//! does not answer is lost, and what it said before is no longer shown as if it were so now.

#[cfg(test)]
pub(crate) mod puppet;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use chassis::Stop;
use jiff::Timestamp;
use robot::{Activity, Cursor, Fault, Map, MapId, Robot, RobotError};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{debug, info, warn};

use crate::metrics;

pub(crate) use state::{Heard, RobotState, Seen};

/// The least time between two poses: twenty in a second are enough for every eye.
const POSE_EVERY: Duration = Duration::from_millis(50);
/// How long the robot may hold the question for its pose. A robot that stands still is then asked plainly, so that its
/// pose is known to be so now.
const POSE_HOLD: Duration = Duration::from_secs(1);
/// How often it is asked whether it carries out a command.
const GLANCE_EVERY: Duration = Duration::from_millis(300);
/// Every how many such glances everything is looked at.
const LOOK_EVERY: u32 = 4;
/// How long to wait after a failure.
const AWAY_PAUSE: Duration = Duration::from_millis(300);
/// How often it is noticed that nothing was heard.
const SILENCE_EVERY: Duration = Duration::from_millis(500);

/// The connection to the robot. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    robot: Arc<dyn Robot>,
    state: Arc<watch::Sender<RobotState>>,
}

/// What is known of the robot since it was found; forgotten when it is lost.
#[derive(Debug, Default)]
struct Known {
    serial: bool,
    map: Option<MapId>,
    codes: Option<Vec<i32>>,
}

impl Link {
    /// Returns the connection to a robot. Nothing is asked before [`Self::run`].
    pub(crate) fn new(robot: Arc<dyn Robot>) -> Self {
        Self { robot, state: Arc::new(watch::Sender::new(RobotState::new(Timestamp::now()))) }
    }

    /// Returns the robot itself.
    pub(crate) fn robot(&self) -> Arc<dyn Robot> {
        Arc::clone(&self.robot)
    }

    /// Follows how the robot is.
    pub(crate) fn state(&self) -> watch::Receiver<RobotState> {
        self.state.subscribe()
    }

    /// Returns how the robot is.
    pub(crate) fn now(&self) -> RobotState {
        self.state.borrow().clone()
    }

    /// Returns the map that the robot uses, or used when it was lost.
    pub(crate) fn map(&self) -> Option<Arc<Map>> {
        self.state.borrow().map.clone()
    }

    /// Keeps the connection until the [`Stop`] is set.
    ///
    /// # Errors
    /// Never: a robot that is away is no failure.
    pub(crate) async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let all = async { tokio::join!(self.follow_pose(), self.follow_rest(), self.notice_silence()) };
        stop.or(all).await;
        Ok(())
    }

    async fn follow_pose(&self) {
        let mut seen = Cursor::default();
        let mut ticks = interval(POSE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.robot.next_pose(seen, POSE_HOLD).await {
                Ok(Some((pose, newer))) => {
                    seen = newer;
                    self.hear(Heard::Pose(pose));
                }
                Ok(None) => seen = Cursor::default(),
                Err(error) => {
                    debug!("no pose: {error}");
                    seen = Cursor::default();
                    sleep(AWAY_PAUSE).await;
                }
            }
        }
    }

    async fn follow_rest(&self) {
        let mut known = Known::default();
        let mut round = 0;
        let mut ticks = interval(GLANCE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let looked = if round % LOOK_EVERY == 0 { self.look(&mut known).await } else { self.glance().await };
            match looked {
                Ok(()) => round += 1,
                // It answers, if not what was asked.
                Err(error) if !error.is_link_loss() => {
                    debug!("the robot is there and does not say how it is: {error}");
                    round += 1;
                }
                Err(error) => {
                    self.fail(&error);
                    // It may come back restarted, on another map, or as another robot.
                    (known, round) = (Known::default(), 0);
                    sleep(AWAY_PAUSE).await;
                }
            }
        }
    }

    async fn notice_silence(&self) {
        let mut ticks = interval(SILENCE_EVERY);
        loop {
            ticks.tick().await;
            self.change(RobotState::pass);
        }
    }

    /// Asks whether the robot carries out a command.
    async fn glance(&self) -> Result<(), RobotError> {
        let activity = optional(self.robot.activity().await)?;
        self.hear(Heard::Activity(activity.unwrap_or(Activity::Idle)));
        Ok(())
    }

    /// Asks for everything but the pose.
    async fn look(&self, known: &mut Known) -> Result<(), RobotError> {
        let robot = &self.robot;
        let (battery, codes, map) = tokio::join!(robot.battery(), robot.active_faults(), robot.map_id());
        let battery = battery?;
        self.hear(Heard::Battery(battery));
        self.glance().await?;
        if let Some(codes) = optional(codes)?
            && known.codes.as_ref() != Some(&codes)
        {
            self.hear(Heard::Faults(self.explain(&codes).await));
            known.codes = Some(codes);
        }
        if !known.serial {
            self.hear(Heard::Serial(optional(robot.serial_number().await)?));
            known.serial = true;
        }
        if let Some(id) = optional(map)?
            && known.map.as_ref() != Some(&id)
        {
            let map = robot.map().await?;
            info!(map = %map.id, name = map.name, "the robot uses this map");
            known.map = Some(map.id.clone());
            self.hear(Heard::Map(Arc::new(map)));
        }
        Ok(())
    }

    async fn explain(&self, codes: &[i32]) -> Vec<Fault> {
        let mut faults = Vec::with_capacity(codes.len());
        for code in codes {
            faults.push(self.robot.fault(*code).await);
        }
        faults
    }

    fn hear(&self, heard: Heard) {
        self.change(|state, now| state.hear(now, heard));
    }

    fn fail(&self, error: &RobotError) {
        let reason = error.to_string();
        self.change(|state, now| state.fail(now, reason));
    }

    /// Changes the state, and says so in the log when the robot was found or lost.
    fn change(&self, change: impl FnOnce(&mut RobotState, Timestamp) -> bool) {
        let (mut was_connected, mut is_connected) = (false, false);
        self.state.send_if_modified(|state| {
            was_connected = state.is_connected();
            let changed = change(state, Timestamp::now());
            is_connected = state.is_connected();
            changed
        });
        match (was_connected, is_connected) {
            (false, true) => info!("the robot answers"),
            (true, false) => {
                let reason = self.state.borrow().connection.reason().unwrap_or_default().to_owned();
                warn!(reason, "the robot is lost");
                metrics::robot_losses().inc();
            }
            _ => {}
        }
    }
}

/// What an older robot does not know is not there.
fn optional<T>(answer: Result<T, RobotError>) -> Result<Option<T>, RobotError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(RobotError::Unsupported { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

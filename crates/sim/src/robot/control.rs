//! What makes a robot fail, and tells the truth about it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::cameras::CameraState;
use super::core::Core;
use super::drive::Drive;
use super::journal::{Entry, Served};
use super::link::LinkState;
use super::machine::Machine;
use super::sensors::Scene;
use crate::building::view::Side;
use crate::building::{Point, Pose, World, WorldTruth};

/// The control of a robot; clones control the same one.
#[derive(Debug, Clone)]
pub struct Control {
    core: Arc<Core>,
}

/// What is true of a robot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RobotTruth {
    /// Its id.
    pub id: String,
    /// The map in use.
    pub map_id: String,
    /// Where it is.
    pub pose: Pose,
    /// Metres and radians in a second.
    pub speed: f64,
    /// Radians in a second.
    pub turning: f64,
    /// Where it drives to.
    pub goal: Option<Pose>,
    /// The corners that are ahead on its way.
    pub way: Vec<Point>,
    /// Whether it is on its charger.
    pub docked: bool,
    /// Percent.
    pub battery: f64,
    /// What runs: its id on the wire and its kind.
    pub running: Option<(String, &'static str)>,
    /// How many commands wait behind it.
    pub queued: usize,
    /// The code of the last finished command; 0 is success.
    pub last_error_code: Option<i32>,
    /// `off`, `latching` or `latched`.
    pub emergency_stop: &'static str,
    /// Whether it is driven by hand.
    pub manual: bool,
    /// What is wrong with it.
    pub errors: Vec<i32>,
    /// Whether it carries the shelf.
    pub carries_shelf: bool,
    /// How its radio is.
    pub link: LinkState,
    /// How long every answer takes, in milliseconds.
    pub delay_ms: u64,
    /// How its front and its back camera behave.
    pub cameras: [CameraState; 2],
    /// Its building.
    pub world: WorldTruth,
    /// What it was told, oldest first.
    pub commands: Vec<Entry>,
    /// Where it said it was in the last seconds: milliseconds since 1970, x, y and theta.
    pub trail: Vec<(i64, f64, f64, f64)>,
    /// How often which call was made.
    pub served: Served,
}

impl Control {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Returns what is true at this moment.
    pub fn truth(&self) -> RobotTruth {
        let machine = self.core.machine();
        let task = machine.running.as_ref();
        RobotTruth {
            id: machine.identity.id.clone(),
            map_id: machine.maps[machine.map].id.clone(),
            pose: machine.body.pose,
            speed: machine.body.speed,
            turning: machine.body.turning,
            goal: task.and_then(|task| task.goal()).map(Drive::goal),
            way: task.and_then(|task| task.goal()).map(|drive| drive.way().to_vec()).unwrap_or_default(),
            docked: machine.is_docked,
            battery: machine.battery,
            running: task.map(|task| (task.id.clone(), task.name())),
            queued: machine.queue.len(),
            last_error_code: machine.last.as_ref().map(|last| last.result.error_code),
            emergency_stop: machine.emergency_stop(),
            manual: machine.manual.is_some(),
            errors: machine.errors(),
            carries_shelf: machine.carries_shelf,
            link: self.core.link_state(),
            delay_ms: self.core.delay_ms(),
            cameras: [Side::Front, Side::Back].map(|side| self.core.camera(side).state()),
            world: machine.world.truth(),
            commands: machine.journal.entries().cloned().collect(),
            trail: machine.trail.told(),
            served: self.core.served(),
        }
    }

    /// Waits until the truth satisfies a condition, and returns it; nothing if the limit passed first.
    pub async fn wait_for(&self, limit: Duration, condition: impl Fn(&RobotTruth) -> bool) -> Option<RobotTruth> {
        let mut changes = self.core.changes();
        let satisfied = async {
            loop {
                changes.borrow_and_update();
                let truth = self.truth();
                if condition(&truth) {
                    return truth;
                }
                // The sender lives in `self`.
                let _ = changes.changed().await;
            }
        };
        tokio::time::timeout(limit, satisfied).await.ok()
    }

    /// Returns its building.
    pub fn world(&self) -> World {
        self.core.machine().world.clone()
    }

    /// Returns what one of its cameras would see, as JPEG, whatever state it is in.
    ///
    /// # Panics
    /// If the picture cannot be encoded.
    pub fn picture(&self, side: Side) -> bytes::Bytes {
        let scene = Scene::of(&self.core.machine());
        media::jpeg::encode(&scene.picture(side), 90).expect("a picture of this size can be encoded")
    }

    /// Says how its radio is.
    pub fn set_link(&self, state: LinkState) {
        self.core.set_link(state);
    }

    /// Delays every answer.
    pub fn set_delay(&self, delay: Duration) {
        self.core.set_delay(delay);
    }

    /// Says how a camera behaves.
    pub fn set_camera(&self, side: Side, state: CameraState) {
        self.core.camera(side).set_state(state);
    }

    /// Says how full the battery is.
    pub fn set_battery(&self, percent: f64) {
        self.core.change(|machine| machine.set_battery(percent));
    }

    /// Says what is wrong with the robot, by code. A fatal fault ends what runs.
    pub fn set_faults(&self, codes: BTreeSet<i32>) {
        self.core.set_faults(codes);
    }

    /// Refuses the next commands when they are given.
    pub fn refuse_next(&self, code: i32, times: usize) {
        self.core.change(|machine| machine.refusals.extend(std::iter::repeat_n(code, times)));
    }

    /// Accepts the next commands and fails them when they begin.
    pub fn fail_next(&self, code: i32, times: usize) {
        self.core.change(|machine| machine.failures.extend(std::iter::repeat_n(code, times)));
    }

    /// Presses the button that releases the emergency stop.
    pub fn press_power_button(&self) {
        self.core.change(Machine::press_power_button);
    }

    /// Starts the robot again.
    pub fn reboot(&self) {
        self.core.reboot();
    }

    /// Puts the robot somewhere.
    pub fn set_pose(&self, pose: Pose) {
        self.core.change(|machine| machine.set_pose(pose));
    }

    /// Begins to use another map; tells whether there is such a map.
    pub fn switch_map(&self, map_id: &str) -> bool {
        self.core.change(|machine| machine.switch_map(map_id, None))
    }

    /// Forgets what the robot was told and how often it was asked.
    pub fn forget(&self) {
        self.core.change(|machine| machine.journal.clear());
        self.core.forget_served();
    }
}

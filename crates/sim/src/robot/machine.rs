//! The robot itself, without its radio: commands, motion, battery, docking, manual control, the emergency stop and its faults.
//!
//! Nothing here waits or looks at a clock: [`Machine::tick`] is told how late it is and how much time of the world has passed.
//! What clients wait for has a version each ([`Topic`]); every change makes a new one.

pub(super) mod commands;
mod motion;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};

use robot::api;

use super::body::Body;
use super::codes;
use super::journal::{Journal, Trail};
use super::task::Task;
use crate::building::{Pose, World};

/// How long after it was received a command shows up, in seconds.
pub(super) const ACCEPTANCE_SECS: f64 = 0.3;
/// How long the emergency stop takes to latch, in seconds.
pub(super) const LATCH_SECS: f64 = 1.9;
/// How long manual control lasts, and a velocity within it, in seconds.
pub(super) const MANUAL_SECS: f64 = 60.0;
pub(super) const VELOCITY_SECS: f64 = 0.3;
/// How many finished commands are remembered.
const HISTORY: usize = 200;
/// How full the battery gets and how empty, in percent an hour of the world's time.
const CHARGE_PER_HOUR: f64 = 60.0;
const DRIVE_PER_HOUR: f64 = 30.0;
const REST_PER_HOUR: f64 = 6.0;
/// After this many seconds without a command the robot drives home by itself, if it may.
const HOMING_SECS: f64 = 300.0;

/// Something that clients can wait for a change of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Identity,
    Pose,
    Battery,
    Command,
    Result,
    Errors,
    Map,
    Places,
    Shelf,
    Manual,
    Homing,
    Volume,
    History,
    Detection,
    Scan,
}

const TOPICS: usize = Topic::Scan as usize + 1;

/// What the last finished command came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finished {
    pub(super) id: String,
    pub(super) command: api::Command,
    pub(super) result: api::Result,
}

/// How far an emergency stop has got.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Pause {
    Off,
    /// It latches at this time.
    Latching {
        at: f64,
    },
    Latched,
}

/// Manual control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Manual {
    until: f64,
    velocity: (f64, f64),
    velocity_until: f64,
}

/// A map that the robot has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownMap {
    pub(super) id: String,
    pub(super) name: String,
    /// The floor that it shows.
    pub(super) floor: usize,
}

/// What a robot is, for good.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Identity {
    pub(super) id: String,
    pub(super) serial: String,
    /// Which of the chargers is its own.
    pub(super) charger: usize,
    pub(super) seed: u64,
    /// How many times faster than a real one its battery fills and empties.
    pub(super) battery_rate: f64,
}

/// The robot.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) identity: Identity,
    pub(super) world: World,
    pub(super) maps: Vec<KnownMap>,
    /// Which of the maps is in use.
    pub(super) map: usize,
    pub(super) body: Body,
    /// The pose that clients are told, taken at the last publication.
    pub(super) told: Pose,
    pub(super) is_docked: bool,
    pub(super) carries_shelf: bool,
    pub(super) battery: f64,
    pub(super) running: Option<Task>,
    /// When the running command shows up and begins, while it has not.
    begins: Option<f64>,
    pub(super) queue: VecDeque<Task>,
    pub(super) last: Option<Finished>,
    pub(super) history: VecDeque<api::History>,
    pub(super) pause: Pause,
    /// Active states that were injected, besides the emergency stop.
    pub(super) faults: BTreeSet<i32>,
    pub(super) manual: Option<Manual>,
    /// Driving off the charger because manual control was switched on there.
    leaving: bool,
    pub(super) auto_homing: bool,
    idle_since: f64,
    pub(super) volume: i32,
    /// Brightness of the front and back lamp, 0 to 255.
    pub(super) torches: [i32; 2],
    pub(super) scan_until: f64,
    /// Codes with which the next commands are refused, and fail.
    pub(super) refusals: VecDeque<i32>,
    pub(super) failures: VecDeque<i32>,
    pub(super) journal: Journal,
    pub(super) trail: Trail,
    versions: [u64; TOPICS],
    /// Grows with every start, so that cursors of before mean nothing.
    pub(super) boots: u64,
    ids: fastrand::Rng,
    now: f64,
    /// Milliseconds since 1970.
    pub(super) now_ms: i64,
    published: [f64; 4],
}

impl Machine {
    /// Puts a robot on its charger.
    pub(super) fn new(identity: Identity, world: World) -> Self {
        let maps = (0..2)
            .map(|floor| {
                let plan = world.floor(floor);
                KnownMap { id: plan.map_id.to_owned(), name: plan.name.to_owned(), floor }
            })
            .collect();
        let pose = world.floor(0).chargers[identity.charger];
        world.place_robot(&identity.id, 0, pose);
        let ids = fastrand::Rng::with_seed(identity.seed ^ 0x6b61_6368_616b_6121);
        Self {
            identity,
            maps,
            map: 0,
            body: Body::at(pose),
            told: pose,
            is_docked: true,
            carries_shelf: false,
            battery: 92.0,
            running: None,
            begins: None,
            queue: VecDeque::new(),
            last: None,
            history: VecDeque::new(),
            pause: Pause::Off,
            faults: BTreeSet::new(),
            manual: None,
            leaving: false,
            auto_homing: true,
            idle_since: 0.0,
            volume: 5,
            torches: [0; 2],
            scan_until: f64::NEG_INFINITY,
            refusals: VecDeque::new(),
            failures: VecDeque::new(),
            journal: Journal::default(),
            trail: Trail::default(),
            versions: [1; TOPICS],
            boots: 1,
            ids,
            now: 0.0,
            now_ms: 0,
            published: [f64::NEG_INFINITY; 4],
            world,
        }
    }

    /// Returns the floor that the robot is on.
    pub(super) fn floor(&self) -> usize {
        self.maps[self.map].floor
    }

    /// Returns its charger on this floor.
    pub(super) fn charger(&self) -> Pose {
        self.world.floor(self.floor()).chargers[self.identity.charger]
    }

    /// Returns the cursor of a topic: a number that means nothing to anybody else.
    pub(super) fn cursor(&self, topic: Topic) -> i64 {
        let version = self.versions[topic as usize];
        1_900_000_000_000 + (self.boots * 1_000_003 + version) as i64 * 64 + topic as i64
    }

    /// Makes a new version of a topic.
    fn touch(&mut self, topic: Topic) {
        self.versions[topic as usize] += 1;
    }

    /// Returns what is wrong with the robot at the moment.
    pub(super) fn errors(&self) -> Vec<i32> {
        let pause = (self.pause == Pause::Latched).then_some(codes::PAUSED);
        self.faults.iter().copied().chain(pause).collect()
    }

    /// Tells whether the robot charges.
    pub(super) fn charges(&self) -> bool {
        self.is_docked
    }

    /// Tells whether the LiDAR turns: not on the charger, and only while it is needed.
    pub(super) fn scans(&self) -> bool {
        !self.is_docked && (self.now < self.scan_until || !self.body.is_still() || self.running.is_some())
    }

    /// Says how full the battery is.
    pub(super) fn set_battery(&mut self, percent: f64) {
        self.battery = percent.clamp(0.0, 100.0);
        self.touch(Topic::Battery);
    }

    /// Says what is wrong, besides the emergency stop.
    pub(super) fn set_faults(&mut self, faults: BTreeSet<i32>) {
        self.faults = faults;
        self.touch(Topic::Errors);
        if self.has_fatal_fault() {
            self.finish_all(codes::FATAL);
        }
    }

    fn has_fatal_fault(&self) -> bool {
        self.faults.iter().any(|code| codes::is_fatal(*code))
    }

    /// Puts the robot somewhere. On its charger it is docked.
    pub(super) fn set_pose(&mut self, pose: Pose) {
        self.body = Body::at(pose);
        self.is_docked = pose.point().distance(self.charger().point()) < 0.05;
        self.publish_pose();
    }

    /// Says where the shelf is.
    pub(super) fn place_shelf(&mut self, pose: Pose) {
        self.world.place_shelf(self.floor(), pose);
        self.touch(Topic::Shelf);
    }

    /// Begins to use another map, as if the robot had been carried to its floor.
    pub(super) fn switch_map(&mut self, id: &str, pose: Option<Pose>) -> bool {
        let Some(map) = self.maps.iter().position(|map| map.id == id) else { return false };
        self.finish_all(codes::INTERRUPTED);
        self.map = map;
        self.set_pose(pose.unwrap_or_else(|| self.charger()));
        for topic in [Topic::Map, Topic::Places, Topic::Shelf] {
            self.touch(topic);
        }
        true
    }

    /// Adds a copy of a map, and returns its id.
    pub(super) fn add_map(&mut self, name: String, floor: usize) -> String {
        let id = format!("map-imported-{}", self.maps.len() - 1);
        self.maps.push(KnownMap { id: id.clone(), name, floor });
        self.touch(Topic::Map);
        id
    }

    /// Starts again: whatever ran is forgotten, as are faults that a restart clears.
    pub(super) fn reboot(&mut self) {
        self.running = None;
        self.begins = None;
        self.queue.clear();
        self.last = None;
        self.history.clear();
        self.manual = None;
        self.leaving = false;
        self.faults.clear();
        self.torches = [0; 2];
        self.body = Body::at(self.body.pose);
        self.boots += 1;
        self.versions = [1; TOPICS];
        self.journal.note(self.now_ms, "boot", serde_json::Value::Null);
    }

    /// Returns a new id for a command.
    fn new_id(&mut self) -> String {
        let (high, low) = (self.ids.u64(..), self.ids.u64(..));
        let (first, second, third) = (high >> 32, high >> 16 & 0xffff, high & 0xfff);
        format!("{first:08x}-{second:04x}-4{third:03x}-8{:03x}-{:012x}", low >> 48 & 0xfff, low & 0xffff_ffff_ffff)
    }
}

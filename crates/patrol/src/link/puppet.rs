//! A robot for tests, which is and does what the test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::geometry::Size;
use robot::{
    Activity, Battery, Camera, Command, CommandId, Cursor, Fault, Location, Map, MapId, Object, Outcome, Pose, Robot,
    RobotError, Shot, Velocity,
};

/// What the puppet was told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    /// A command.
    Start(Command),
    /// To end what it does.
    Cancel,
    /// To stop for good.
    EmergencyStop,
    /// To let itself be driven by hand.
    Manual(bool),
    /// How fast to drive.
    Velocity(Velocity),
    /// How bright.
    Torch(Camera, u8),
}

#[derive(Debug, Default)]
struct Strings {
    away: bool,
    pose: Pose,
    map: &'static str,
    faults: Vec<i32>,
    activity: Option<CommandId>,
    refusal: Option<i32>,
    manual: bool,
    maps_fetched: usize,
    shots_taken: usize,
    shots: VecDeque<Shot>,
    told: Vec<Told>,
}

/// A robot for tests.
#[derive(Debug, Default)]
pub(crate) struct Puppet {
    strings: Mutex<Strings>,
}

impl Puppet {
    pub(crate) fn new() -> Arc<Self> {
        let puppet = Self::default();
        puppet.pull(|strings| strings.map = "first");
        Arc::new(puppet)
    }

    fn pull<T>(&self, pull: impl FnOnce(&mut Strings) -> T) -> T {
        pull(&mut self.strings.lock().expect("no holder panics"))
    }

    pub(crate) fn go_away(&self) {
        self.pull(|strings| strings.away = true);
    }

    pub(crate) fn come_back(&self) {
        self.pull(|strings| strings.away = false);
    }

    pub(crate) fn stand(&self, pose: Pose) {
        self.pull(|strings| strings.pose = pose);
    }

    pub(crate) fn use_map(&self, id: &'static str) {
        self.pull(|strings| strings.map = id);
    }

    pub(crate) fn suffer(&self, faults: &[i32]) {
        self.pull(|strings| strings.faults = faults.to_vec());
    }

    pub(crate) fn refuse(&self, code: i32) {
        self.pull(|strings| strings.refusal = Some(code));
    }

    pub(crate) fn maps_fetched(&self) -> usize {
        self.pull(|strings| strings.maps_fetched)
    }

    pub(crate) fn shots_taken(&self) -> usize {
        self.pull(|strings| strings.shots_taken)
    }

    /// Adds what the camera shows next; the last one stays.
    pub(crate) fn show(&self, shot: Shot) {
        self.pull(|strings| strings.shots.push_back(shot));
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.pull(|strings| strings.told.clone())
    }

    fn tell(&self, told: Told) -> Result<(), RobotError> {
        self.ask("tell", |strings| strings.told.push(told))
    }

    fn ask<T>(&self, call: &'static str, answer: impl FnOnce(&mut Strings) -> T) -> Result<T, RobotError> {
        self.pull(|strings| {
            if strings.away {
                return Err(RobotError::Unreachable { call, reason: "away".to_owned() });
            }
            Ok(answer(strings))
        })
    }
}

#[async_trait]
impl Robot for Puppet {
    async fn serial_number(&self) -> Result<String, RobotError> {
        self.ask("serial_number", |_| "BKP01".to_owned())
    }

    async fn version(&self) -> Result<String, RobotError> {
        self.ask("version", |_| "3.17.5".to_owned())
    }

    async fn is_ready(&self) -> Result<bool, RobotError> {
        self.ask("is_ready", |_| true)
    }

    async fn pose(&self) -> Result<Pose, RobotError> {
        self.ask("pose", |strings| strings.pose)
    }

    async fn next_pose(&self, _seen: Cursor, _limit: Duration) -> Result<Option<(Pose, Cursor)>, RobotError> {
        self.ask("next_pose", |strings| Some((strings.pose, Cursor::default())))
    }

    async fn battery(&self) -> Result<Battery, RobotError> {
        self.ask("battery", |_| Battery { percent: 87.6, charging: false })
    }

    async fn active_faults(&self) -> Result<Vec<i32>, RobotError> {
        self.ask("active_faults", |strings| strings.faults.clone())
    }

    async fn fault(&self, code: i32) -> Fault {
        Fault::unknown(code)
    }

    async fn map_id(&self) -> Result<MapId, RobotError> {
        self.ask("map_id", |strings| MapId(strings.map.to_owned()))
    }

    async fn map(&self) -> Result<Map, RobotError> {
        self.ask("map", |strings| {
            strings.maps_fetched += 1;
            Map {
                id: MapId(strings.map.to_owned()),
                name: format!("map {}", strings.map),
                png: Bytes::from_static(b"\x89PNG"),
                resolution: 0.05,
                size: Size::new(200, 100),
                origin: Pose::new(-5.0, -2.5, 0.0),
            }
        })
    }

    async fn locations(&self) -> Result<Vec<Location>, RobotError> {
        self.ask("locations", |_| Vec::new())
    }

    async fn shot(&self, _camera: Camera) -> Result<Shot, RobotError> {
        self.ask("shot", |strings| {
            strings.shots_taken += 1;
            if strings.shots.len() > 1 { strings.shots.pop_front() } else { strings.shots.front().cloned() }
        })?
        .ok_or(RobotError::Malformed { call: "shot", what: "a picture" })
    }

    async fn objects(&self) -> Result<Vec<Object>, RobotError> {
        self.ask("objects", |_| Vec::new())
    }

    async fn activity(&self) -> Result<Activity, RobotError> {
        self.ask("activity", |strings| strings.activity.clone().map_or(Activity::Idle, Activity::Running))
    }

    async fn start(&self, command: Command) -> Result<CommandId, RobotError> {
        if let Some(code) = self.pull(|strings| strings.refusal) {
            return Err(RobotError::Refused { call: "start", code });
        }
        self.tell(Told::Start(command))?;
        let id = CommandId(format!("command {}", self.told().len()));
        self.pull(|strings| strings.activity = Some(id.clone()));
        Ok(id)
    }

    async fn outcome(&self, _command: &CommandId, _limit: Duration) -> Result<Outcome, RobotError> {
        self.pull(|strings| strings.activity = None);
        Ok(Outcome { success: true, error_code: 0 })
    }

    async fn cancel(&self) -> Result<(), RobotError> {
        self.tell(Told::Cancel)?;
        self.pull(|strings| strings.activity = None);
        Ok(())
    }

    async fn emergency_stop(&self) -> Result<(), RobotError> {
        self.tell(Told::EmergencyStop)
    }

    async fn set_manual_control(&self, enabled: bool) -> Result<(), RobotError> {
        self.tell(Told::Manual(enabled))?;
        self.pull(|strings| strings.manual = enabled);
        Ok(())
    }

    async fn set_velocity(&self, velocity: Velocity) -> Result<(), RobotError> {
        if !self.pull(|strings| strings.manual) {
            return Err(RobotError::Refused { call: "set_velocity", code: 13151 });
        }
        self.tell(Told::Velocity(velocity))
    }

    async fn set_auto_homing(&self, _enabled: bool) -> Result<(), RobotError> {
        self.ask("set_auto_homing", |_| ())
    }

    async fn set_torch(&self, camera: Camera, intensity: u8) -> Result<(), RobotError> {
        self.tell(Told::Torch(camera, intensity))
    }
}

//! What any robot can be asked.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::{
    Activity, Battery, Camera, Command, CommandId, Fault, Location, Map, MapId, Object, Outcome, Pose, RobotError,
    Shot, Velocity,
};

/// Which state of a value was seen last, so that the robot can be asked for a newer one. The robot's own business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor(pub(crate) i64);

/// A robot. Every call ends within a known time, also when the robot is away; all may be made at once.
#[async_trait]
pub trait Robot: fmt::Debug + Send + Sync {
    /// Returns the robot's serial number.
    async fn serial_number(&self) -> Result<String, RobotError>;

    /// Returns the version of the robot's software.
    async fn version(&self) -> Result<String, RobotError>;

    /// Returns whether the robot says that it is ready. It says so too early, so look at [`Self::active_faults`] as well.
    async fn is_ready(&self) -> Result<bool, RobotError>;

    /// Returns where the robot is.
    async fn pose(&self) -> Result<Pose, RobotError>;

    /// Waits until the robot has a pose newer than the one seen with the cursor; the default cursor asks for any.
    /// `None` if there is none within `limit`, which says nothing of whether the robot is there.
    async fn next_pose(&self, seen: Cursor, limit: Duration) -> Result<Option<(Pose, Cursor)>, RobotError>;

    /// Returns what the battery holds.
    async fn battery(&self) -> Result<Battery, RobotError>;

    /// Returns the codes of the faults that the robot has now.
    async fn active_faults(&self) -> Result<Vec<i32>, RobotError>;

    /// Returns what a code means by the robot's own table, which is asked for once. Without the table the number has to do.
    async fn fault(&self, code: i32) -> Fault;

    /// Returns the id of the map that the robot uses.
    async fn map_id(&self) -> Result<MapId, RobotError>;

    /// Returns the map that the robot uses.
    async fn map(&self) -> Result<Map, RobotError>;

    /// Returns the places that the robot knows by name.
    async fn locations(&self) -> Result<Vec<Location>, RobotError>;

    /// Returns a picture of a camera. It may be an old one: see [`Shot::captured_at`].
    async fn shot(&self, camera: Camera) -> Result<Shot, RobotError>;

    /// Returns what the robot's own detector sees.
    async fn objects(&self) -> Result<Vec<Object>, RobotError>;

    /// Returns what the robot is doing.
    async fn activity(&self) -> Result<Activity, RobotError>;

    /// Tells the robot to do something.
    ///
    /// # Errors
    /// With [`RobotError::TimedOut`] and [`RobotError::Unreachable`] nobody knows whether the robot took it.
    async fn start(&self, command: Command) -> Result<CommandId, RobotError>;

    /// Waits for the end of this very command. The robot may be away meanwhile.
    ///
    /// # Errors
    /// [`RobotError::StillRunning`] after `limit`, [`RobotError::Forgotten`] if the end will never be known.
    async fn outcome(&self, command: &CommandId, limit: Duration) -> Result<Outcome, RobotError>;

    /// Ends what the robot is doing. It rolls on for about 0.1 m.
    async fn cancel(&self) -> Result<(), RobotError>;

    /// Stops the robot until somebody presses its power button.
    async fn emergency_stop(&self) -> Result<(), RobotError>;

    /// Lets the robot be driven by hand, or no longer. It ends by itself after 60 s. On the charger the robot drives off it.
    async fn set_manual_control(&self, enabled: bool) -> Result<(), RobotError>;

    /// Drives by hand; holds for 0.3 s.
    async fn set_velocity(&self, velocity: Velocity) -> Result<(), RobotError>;

    /// Lets the robot go home by itself when it has nothing to do, or not.
    async fn set_auto_homing(&self, enabled: bool) -> Result<(), RobotError>;

    /// Lights the torch beside a camera; 0 is off.
    async fn set_torch(&self, camera: Camera, intensity: u8) -> Result<(), RobotError>;
}

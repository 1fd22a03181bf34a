//! What a robot can be told to do, and how it ended.

use std::fmt;

use crate::api::{self, command::Command as Wire};
use crate::{Pose, RobotError};

/// How fast a robot drives a measured way if nobody says, in metres per second. Firmware from 3.16 refuses to be told
/// nothing.
const GENTLE: f64 = 0.1;

/// Something that a robot is told to do. A new command ends the one before, but for [`Command::Speak`].
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Drive to a place and turn to its heading.
    MoveTo(Pose),
    /// Drive to a place that the robot knows by this id.
    MoveToLocation(String),
    /// Drive to the charger and dock.
    Home,
    /// Drive straight on.
    Forward {
        /// How far; backwards if negative.
        metres: f64,
        /// How fast, in metres per second; what is not above 0 is a gentle 0.1.
        speed: f64,
    },
    /// Turn on the spot.
    Turn {
        /// How far; to the left if positive.
        radians: f64,
    },
    /// Say something.
    Speak(String),
    /// Stay where it is.
    Lock {
        /// How long.
        seconds: f64,
    },
    /// Find out where it is.
    Localize,
    /// Carry a shelf somewhere.
    MoveShelf {
        /// Which.
        shelf: String,
        /// The id of the place.
        location: String,
    },
    /// Carry a shelf back where it belongs.
    ReturnShelf {
        /// Which.
        shelf: String,
    },
    /// Go under the shelf in front and take it.
    DockShelf,
    /// Put a shelf down.
    UndockShelf {
        /// Which.
        shelf: String,
    },
}

impl Command {
    /// Returns whether the command ends what the robot is doing: an announcement does not.
    pub(crate) fn interrupts(&self) -> bool {
        !matches!(self, Self::Speak(_))
    }

    /// Returns the command as it goes over the wire.
    pub(crate) fn into_wire(self) -> Result<api::Command, RobotError> {
        let command = match self {
            Self::MoveTo(Pose { x, y, theta }) => {
                finite(&[x, y, theta])?;
                Wire::MoveToPoseCommand(api::MoveToPoseCommand { x, y, yaw: theta })
            }
            Self::MoveToLocation(target_location_id) => {
                Wire::MoveToLocationCommand(api::MoveToLocationCommand { target_location_id, ..Default::default() })
            }
            Self::Home => Wire::ReturnHomeCommand(api::ReturnHomeCommand {}),
            Self::Forward { metres, speed } => {
                finite(&[metres, speed])?;
                let speed = if speed > 0.0 { speed } else { GENTLE };
                Wire::MoveForwardCommand(api::MoveForwardCommand {
                    distance_meter: metres,
                    speed,
                    ..Default::default()
                })
            }
            Self::Turn { radians } => {
                finite(&[radians])?;
                Wire::RotateInPlaceCommand(api::RotateInPlaceCommand { angle_radian: radians })
            }
            Self::Speak(text) => Wire::SpeakCommand(api::SpeakCommand { text }),
            Self::Lock { seconds } => {
                finite(&[seconds])?;
                Wire::LockCommand(api::LockCommand { duration_sec: seconds })
            }
            Self::Localize => Wire::LocalizeCommand(api::LocalizeCommand {}),
            Self::MoveShelf { shelf, location } => Wire::MoveShelfCommand(api::MoveShelfCommand {
                target_shelf_id: shelf,
                destination_location_id: location,
                ..Default::default()
            }),
            Self::ReturnShelf { shelf } => Wire::ReturnShelfCommand(api::ReturnShelfCommand { target_shelf_id: shelf }),
            Self::DockShelf => Wire::DockShelfCommand(api::DockShelfCommand {}),
            Self::UndockShelf { shelf } => Wire::UndockShelfCommand(api::UndockShelfCommand { target_shelf_id: shelf }),
        };
        Ok(api::Command { command: Some(command) })
    }
}

/// A robot told to go to what is no number goes somewhere.
fn finite(values: &[f64]) -> Result<(), RobotError> {
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(RobotError::NotANumber { value: *value }),
        None => Ok(()),
    }
}

/// The robot's id of a command that it took.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CommandId(pub String);

impl CommandId {
    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a robot is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Nothing that it was told to. It says so for a moment after it has taken a command, too.
    Idle,
    /// The command of this id.
    Running(CommandId),
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it was done.
    pub success: bool,
    /// Why not; 0 after a success.
    pub error_code: i32,
}

impl Outcome {
    /// The code of a command that was cancelled, or that a newer one replaced.
    pub const INTERRUPTED: i32 = 10001;

    /// Returns whether the command was cancelled, or replaced by a newer one.
    #[must_use]
    pub fn was_interrupted(&self) -> bool {
        !self.success && self.error_code == Self::INTERRUPTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w43_a_way_forward_always_has_a_speed() {
        let speed = |speed: f64| {
            let forward = Command::Forward { metres: 0.1, speed };
            match forward.into_wire().expect("is finite").command {
                Some(Wire::MoveForwardCommand(forward)) => forward.speed,
                other => panic!("not a way forward: {other:?}"),
            }
        };
        assert_eq!(speed(0.0), 0.1);
        assert_eq!(speed(-0.2), 0.1);
        assert_eq!(speed(0.25), 0.25);
    }

    #[test]
    fn what_is_no_number_is_never_sent() {
        let nowhere = Command::MoveTo(Pose::new(f64::NAN, 0.0, 0.0)).into_wire();
        assert!(matches!(nowhere, Err(RobotError::NotANumber { .. })), "{nowhere:?}");
        let for_ever = Command::Turn { radians: f64::INFINITY }.into_wire();
        assert!(matches!(for_ever, Err(RobotError::NotANumber { .. })), "{for_ever:?}");
    }

    #[test]
    fn an_announcement_does_not_end_what_the_robot_is_doing() {
        assert!(!Command::Speak("mind the robot".to_owned()).interrupts());
        assert!(Command::Home.interrupts());
    }
}

//! Single commands that people give.

use axum::http::StatusCode;
use chassis::http::ApiError;
use robot::{Command, CommandId, Pose, Robot, RobotError};
use serde::Deserialize;
use tracing::{info, warn};
use utoipa::ToSchema;

use super::Bounds;
use crate::link::{Link, RobotState};

/// One step forward or back, in metres.
const STEP: f64 = 0.1;
/// How fast a step is, in metres per second.
const STEP_SPEED: f64 = 0.1;
/// One step to a side: ten degrees.
const TURN: f64 = 0.1745;
/// Headings are within two whole turns.
const GREATEST_HEADING: f64 = std::f64::consts::TAU;
/// After how long nobody waits for the end of a single command any more.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(300);

/// A step by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// 0.1 m ahead.
    Forward,
    /// 0.1 m back.
    Backward,
    /// 10° to the left.
    Left,
    /// 10° to the right.
    Right,
}

impl Step {
    /// Reads the older interface's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "forward" => Some(Self::Forward),
            "backward" => Some(Self::Backward),
            "left" => Some(Self::Left),
            "right" => Some(Self::Right),
            _ => None,
        }
    }

    /// Returns the command.
    pub(crate) fn command(self) -> Command {
        match self {
            Self::Forward => Command::Forward { metres: STEP, speed: STEP_SPEED },
            Self::Backward => Command::Forward { metres: -STEP, speed: STEP_SPEED },
            Self::Left => Command::Turn { radians: TURN },
            Self::Right => Command::Turn { radians: -TURN },
        }
    }
}

/// Returns where the robot is to go, if it can be a place at all: numbers, a heading within two turns, on the map if that
/// is known, and within its bounds.
///
/// # Errors
/// What is wrong with it, in words for people.
pub(crate) fn target(state: &RobotState, bounds: &Bounds, x: f64, y: f64, theta: f64) -> Result<Pose, String> {
    if !(x.is_finite() && y.is_finite() && theta.is_finite()) {
        return Err("x, y and theta must be numbers".to_owned());
    }
    if theta.abs() > GREATEST_HEADING {
        return Err("theta must be between -2π and 2π".to_owned());
    }
    if let Some(map) = &state.map {
        let (u, v) = map.to_pixel(x, y);
        let is_within = |at: f64, length: u32| at >= -0.5 && at <= f64::from(length) - 0.5;
        if !(is_within(u, map.size.width) && is_within(v, map.size.height)) {
            return Err("the place is not on the map".to_owned());
        }
    }
    bounds.place(x, y).map_err(|error| error.to_string())?;
    Ok(Pose::new(x, y, theta))
}

/// Why a command was not given.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CommandFault {
    /// The robot is away.
    #[error("the robot is not connected: {0}")]
    Away(String),
    /// The robot said no.
    #[error("the robot refused: {title}")]
    Refused {
        /// The robot's words.
        title: String,
    },
    /// Anything else.
    #[error("{0}")]
    Failed(RobotError),
}

impl CommandFault {
    /// Says what an error of the robot means to the one who gave the command.
    pub(crate) async fn of(robot: &dyn Robot, error: RobotError) -> Self {
        match error.code() {
            Some(code) => Self::Refused { title: robot.fault(code).await.title },
            None if error.is_link_loss() => Self::Away(error.to_string()),
            None => Self::Failed(error),
        }
    }

    /// Returns the status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused { .. } => StatusCode::CONFLICT,
            Self::Failed(_) => StatusCode::BAD_GATEWAY,
        }
    }
}

impl From<CommandFault> for ApiError {
    fn from(fault: CommandFault) -> Self {
        let code = match fault {
            CommandFault::Away(_) => "robot_away",
            CommandFault::Refused { .. } => "robot_refused",
            CommandFault::Failed(_) => "robot_failed",
        };
        Self::new(fault.status(), code, fault.to_string())
    }
}

/// Gives the robot a command and returns once it has taken it. A robot that is lost is not waited for. How the command ends
/// goes to the log.
///
/// # Errors
/// If the robot is away or refuses.
pub(crate) async fn give(link: &Link, command: Command) -> Result<CommandId, CommandFault> {
    let state = link.now();
    if !state.is_connected() {
        let reason = state.connection.reason().unwrap_or("it has not answered yet").to_owned();
        return Err(CommandFault::Away(reason));
    }
    let robot = link.robot();
    let id = match robot.start(command.clone()).await {
        Ok(id) => id,
        Err(error) => return Err(CommandFault::of(&*robot, error).await),
    };
    info!(command = %id, ?command, "the robot was told to move by hand");
    let taken = id.clone();
    tokio::spawn(async move {
        match robot.outcome(&taken, LONGEST).await {
            Ok(outcome) if outcome.success || outcome.was_interrupted() => {}
            Ok(outcome) => {
                let title = robot.fault(outcome.error_code).await.title;
                warn!(command = %taken, code = outcome.error_code, title, "a command by hand failed");
            }
            Err(error) => warn!(command = %taken, "how a command by hand ended is not known: {error}"),
        }
    });
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Heard;
    use jiff::Timestamp;
    use std::sync::Arc;

    #[test]
    fn w06_a_place_that_is_none_is_refused() {
        let mut state = RobotState::new(Timestamp::UNIX_EPOCH);
        let anywhere = Bounds::everywhere();
        let target = |state: &RobotState, x, y, theta| target(state, &anywhere, x, y, theta);
        for (x, y, theta) in [(f64::NAN, 0.0, 0.0), (0.0, f64::INFINITY, 0.0), (0.0, 0.0, 7.0)] {
            target(&state, x, y, theta).expect_err("is none");
        }
        target(&state, 1000.0, 0.0, -6.0).expect("nobody knows better");
        let map = robot::Map {
            id: robot::MapId("m".to_owned()),
            name: String::new(),
            png: bytes::Bytes::new(),
            resolution: 0.05,
            size: domain::geometry::Size::new(200, 100),
            origin: Pose::new(-5.0, -2.5, 0.0),
        };
        state.hear(Timestamp::UNIX_EPOCH, Heard::Map(Arc::new(map)));
        assert_eq!(target(&state, 4.9, 2.4, 0.0), Ok(Pose::new(4.9, 2.4, 0.0)));
        target(&state, 5.1, 0.0, 0.0).expect_err("is beside the map");
    }

    #[test]
    fn w43_a_step_has_a_speed() {
        assert_eq!(Step::Backward.command(), Command::Forward { metres: -0.1, speed: 0.1 });
        assert_eq!(Step::Left.command(), Command::Turn { radians: 0.1745 });
        assert_eq!(Step::parse("sideways"), None);
    }
}

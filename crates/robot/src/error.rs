//! Why a robot did not answer, or said no.

use std::time::Duration;

use crate::CommandId;

/// Why a robot did not answer, or said no.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RobotError {
    /// The address is none.
    #[error("{address:?} is no address of a robot: expected host:port")]
    Address {
        /// What was given.
        address: String,
    },
    /// There is no way to the robot.
    #[error("the robot is not reachable ({call}: {reason})")]
    Unreachable {
        /// The call that failed.
        call: &'static str,
        /// What the network said.
        reason: String,
    },
    /// The robot did not answer in time.
    #[error("the robot did not answer {call} within {} s", .limit.as_secs_f64())]
    TimedOut {
        /// The call that was not answered.
        call: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// The robot gave up a call that it was holding; asking again is right.
    #[error("the robot ended the call {call}")]
    Ended {
        /// The call.
        call: &'static str,
    },
    /// The robot's firmware does not know the call.
    #[error("the robot does not know {call}")]
    Unsupported {
        /// The call.
        call: &'static str,
    },
    /// The robot refused, with a code of its own table.
    #[error("the robot refused {call} with error {code}")]
    Refused {
        /// The call that was refused.
        call: &'static str,
        /// The robot's code.
        code: i32,
    },
    /// The robot failed to answer.
    #[error("the robot failed at {call}: {reason}")]
    Failed {
        /// The call.
        call: &'static str,
        /// What the robot said.
        reason: String,
    },
    /// The answer makes no sense.
    #[error("the robot's answer to {call} lacks {what}")]
    Malformed {
        /// The call.
        call: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// A command would send the robot to what is no number.
    #[error("{value} is no number that a robot could be given")]
    NotANumber {
        /// What was given.
        value: f64,
    },
    /// The command did not end in time. It may still be running.
    #[error("command {command} did not end within {} s", .limit.as_secs_f64())]
    StillRunning {
        /// The command.
        command: CommandId,
        /// How long it had.
        limit: Duration,
    },
    /// The robot neither runs the command nor tells how it ended: it was restarted, or somebody else took it over.
    #[error("the robot no longer knows command {command}")]
    Forgotten {
        /// The command.
        command: CommandId,
    },
}

impl RobotError {
    /// Returns whether the robot could not be asked at all, so that asking again later may do.
    #[must_use]
    pub fn is_link_loss(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. })
    }

    /// Returns the robot's own code, if it refused.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

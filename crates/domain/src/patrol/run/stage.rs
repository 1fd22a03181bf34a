//! Where a run is: what people see of it, and what it remembers.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::message::{Outcome, Part, Ticket, Trouble};
use crate::patrol::Then;

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RunState)]
pub enum Stage {
    /// It is being prepared.
    Starting,
    /// The robot is on its way to a waypoint.
    Moving,
    /// The robot stands at a waypoint.
    Inspecting,
    /// Somebody asked it to wait.
    Paused,
    /// The robot charges and will go on.
    Charging,
    /// The robot is on its way home.
    Returning,
    /// Somebody must say how to go on.
    Asking,
    /// The robot is done; pictures are judged and the report is written.
    Finishing,
    /// It has ended.
    Finished,
}

impl Stage {
    /// Returns the word that stands for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Moving => "moving",
            Self::Inspecting => "inspecting",
            Self::Paused => "paused",
            Self::Charging => "charging",
            Self::Returning => "returning",
            Self::Asking => "asking",
            Self::Finishing => "finishing",
            Self::Finished => "finished",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far one waypoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PointState)]
pub enum VisitState {
    /// The robot comes later.
    #[default]
    Waiting,
    /// The robot is on its way.
    Moving,
    /// The robot stands there, or its pictures are being judged.
    Inspecting,
    /// It took place.
    Done,
    /// It could not take place.
    Failed,
    /// The run ended or went on without it.
    Skipped,
}

/// What a run remembers of where it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    Starting,
    Moving {
        ticket: Ticket,
    },
    /// A pause before a waypoint, or the way home, is tried again.
    Resting {
        home: Option<Homeward>,
    },
    Dwelling {
        since: Timestamp,
    },
    Shooting {
        ticket: Ticket,
        after: Timestamp,
        taken: u32,
    },
    Judging,
    /// The robot was told to stop and has not said that it stands still.
    Halting {
        ticket: Ticket,
        awaits: Await,
    },
    Paused {
        of: Pausing,
    },
    Returning {
        ticket: Ticket,
        home: Homeward,
    },
    Charging,
    Asking {
        trouble: Trouble,
    },
    Finishing {
        end: End,
        part: Part,
    },
    Finished {
        end: End,
    },
}

/// How a run ends, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) trouble: Option<Trouble>,
    pub(super) debt: Option<super::message::Debt>,
}

/// What follows when the robot stands still.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Await {
    /// The waypoint took too long.
    GiveUp,
    /// The way home took too long.
    NotHome(Homeward),
    /// The battery is low.
    Charge,
    /// Somebody asked to wait.
    Pause(Pausing),
    /// The run ends.
    End { end: End, then: Then },
}

/// Why the robot goes home.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Return {
    /// To charge, and then go on with the visit it broke off.
    Charge,
    /// The run ends there.
    End(End),
}

/// A way home.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Homeward {
    pub(super) why: Return,
    /// How often it was tried before.
    pub(super) attempt: u32,
}

impl Homeward {
    pub(super) fn first(why: Return) -> Self {
        Self { why, attempt: 0 }
    }
}

/// What goes on after a pause.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pausing {
    /// The visit that was broken off, or the one after it.
    Visit { again: bool },
    /// The way home.
    Home(Return),
    /// Charging.
    Charge,
}

impl Phase {
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::Starting => Stage::Starting,
            Self::Moving { .. } | Self::Resting { home: None } => Stage::Moving,
            Self::Dwelling { .. } | Self::Shooting { .. } | Self::Judging => Stage::Inspecting,
            Self::Halting { awaits, .. } => match awaits {
                Await::GiveUp | Await::Charge => Stage::Moving,
                Await::NotHome(_) => Stage::Returning,
                Await::Pause(_) => Stage::Paused,
                Await::End { .. } => Stage::Finishing,
            },
            Self::Paused { .. } => Stage::Paused,
            Self::Returning { .. } | Self::Resting { home: Some(_) } => Stage::Returning,
            Self::Charging => Stage::Charging,
            Self::Asking { .. } => Stage::Asking,
            Self::Finishing { .. } => Stage::Finishing,
            Self::Finished { .. } => Stage::Finished,
        }
    }

    pub(super) fn ticket(&self) -> Option<Ticket> {
        match self {
            Self::Moving { ticket }
            | Self::Shooting { ticket, .. }
            | Self::Halting { ticket, .. }
            | Self::Returning { ticket, .. } => Some(*ticket),
            _ => None,
        }
    }

    /// Returns whether the run can do nothing but wait for the robot.
    pub(super) fn needs_robot(&self) -> bool {
        matches!(
            self,
            Self::Moving { .. }
                | Self::Resting { .. }
                | Self::Dwelling { .. }
                | Self::Shooting { .. }
                | Self::Halting { .. }
                | Self::Returning { .. }
                | Self::Charging
        )
    }

    pub(super) fn end(&self) -> Option<&End> {
        match self {
            Self::Finishing { end, .. }
            | Self::Finished { end }
            | Self::Halting { awaits: Await::End { end, .. }, .. }
            | Self::Returning { home: Homeward { why: Return::End(end), .. }, .. }
            | Self::Resting { home: Some(Homeward { why: Return::End(end), .. }) } => Some(end),
            _ => None,
        }
    }
}

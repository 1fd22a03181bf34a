//! What a run hears, and what it wants done.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::patrol::{CameraSide, Then, Verdict};

/// Joins what was asked for with what came of it. Whatever carries another one than the run waits for is late and
/// changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Everything is prepared; the robot may drive.
    Ready,
    /// Something could not be prepared.
    NotReady {
        /// Why, for people.
        reason: String,
    },
    /// The robot is where it was sent.
    Arrived {
        /// What was asked for.
        ticket: Ticket,
    },
    /// The robot did not get where it was sent.
    NotArrived {
        /// What was asked for.
        ticket: Ticket,
        /// What it says.
        fault: Fault,
    },
    /// The robot stands still after a cancel.
    Halted {
        /// What was asked for.
        ticket: Ticket,
    },
    /// There is a picture, and it is kept.
    Photo {
        /// What was asked for.
        ticket: Ticket,
        /// When the camera took it.
        captured_at: Timestamp,
    },
    /// The camera gave no picture that is new enough.
    NoPhoto {
        /// What was asked for.
        ticket: Ticket,
    },
    /// The pictures of a visit have their verdict.
    Judged {
        /// Which visit.
        visit: usize,
        /// What it is.
        verdict: Verdict,
    },
    /// The work after the round has come to this part.
    Wrapping(Part),
    /// The work after the round is done.
    Wrapped,
    /// The battery was read.
    Battery {
        /// How full it is.
        percent: f64,
        /// Whether it is being charged.
        charging: bool,
    },
    /// The robot does not answer.
    LinkLost,
    /// The robot answers again.
    LinkBack,
    /// Somebody wants the robot to wait where it is.
    Pause,
    /// Somebody wants the run to go on.
    Resume,
    /// Somebody wants the run to end.
    Stop {
        /// Where the robot goes then.
        then: Then,
    },
    /// The robot's emergency stop is set.
    EmergencyStopped,
    /// Somebody answered the run's question.
    Answer(Decision),
    /// The process that carried the run ended, and another one found it.
    Restarted,
    /// Time has passed.
    Tick,
}

/// What is done about a waypoint that could not be inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is tried again.
    Retry,
    /// The run goes on without it.
    Skip,
    /// The robot goes home and the run ends.
    Return,
}

/// What the robot says when a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its number; 0 if the robot could not be asked.
    pub code: i32,
    /// Its words, in English.
    pub title: String,
    /// More of them.
    pub description: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.description.is_empty()) {
            (0, _) => f.write_str(&self.title),
            (code, true) => write!(f, "{} ({code})", self.title),
            (code, false) => write!(f, "{}: {} ({code})", self.title, self.description),
        }
    }
}

/// A part of the work after the round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Pictures wait for their verdict.
    Pictures,
    /// The film is looked at.
    Film,
    /// The report is written.
    Report,
}

/// Something to be done. The actions of one answer are done in their order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Send the robot to the waypoint of a visit.
    MoveTo {
        /// For the answer.
        ticket: Ticket,
        /// Which visit.
        visit: usize,
    },
    /// Send the robot to its charger.
    GoHome {
        /// For the answer.
        ticket: Ticket,
    },
    /// Cancel what the robot does, and say when it stands still.
    Halt {
        /// For the answer.
        ticket: Ticket,
    },
    /// Let the robot say something.
    Announce {
        /// What.
        text: String,
    },
    /// Set the torch beside a camera.
    Torch {
        /// Which.
        camera: CameraSide,
        /// How bright; 0 for off.
        intensity: u8,
    },
    /// Take and keep a picture.
    Shoot {
        /// For the answer.
        ticket: Ticket,
        /// For which visit.
        visit: usize,
        /// The camera.
        camera: CameraSide,
        /// The picture must not be older than this.
        after: Timestamp,
    },
    /// Have the pictures of a visit judged.
    Judge {
        /// Which visit.
        visit: usize,
    },
    /// Write down what became of a visit that no model judges.
    Record {
        /// Which visit.
        visit: usize,
        /// What became of it.
        verdict: Verdict,
        /// Why.
        trouble: Trouble,
    },
    /// Ask somebody how to go on at this visit.
    Ask {
        /// Which visit.
        visit: usize,
        /// What happened.
        trouble: Trouble,
    },
    /// The robot goes to charge, and the run goes on then.
    ToCharge,
    /// Wait for verdicts, look at the film, write the report.
    Wrap {
        /// How the run ends.
        outcome: Outcome,
    },
    /// The run has ended. Nothing follows.
    Close {
        /// How.
        outcome: Outcome,
        /// Why, if it did not simply walk its round.
        trouble: Option<Trouble>,
        /// What is still owed, because the robot could not be told.
        debt: Option<Debt>,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RunOutcome)]
pub enum Outcome {
    /// The whole round was walked.
    Completed,
    /// Somebody ended it.
    Stopped,
    /// It could not go on.
    Failed,
    /// The process ended in the midst of it.
    Interrupted,
}

impl Outcome {
    /// Returns the word that stands for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What a robot that could not be reached at the end is still to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Debt {
    /// To go home.
    Home,
    /// To stand still.
    Halt,
}

/// Why something did not go as planned, in a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The robot says that it cannot get there.
    #[error("{0}")]
    Robot(Fault),
    /// The robot took too long and was stopped.
    #[error("the robot did not arrive in time and was stopped")]
    TooLong,
    /// No fresh picture.
    #[error("the camera gave no picture taken after the robot arrived")]
    NoFreshPicture,
    /// The robot did not answer for too long.
    #[error("the link to the robot was lost for too long")]
    LinkLost,
    /// The robot did not get home.
    #[error("the robot could not get home: {0}")]
    NotHome(String),
    /// The battery was not charged.
    #[error("the battery was not charged in time")]
    NotCharged,
    /// Somebody ended the run.
    #[error("the run was stopped")]
    Stopped,
    /// The emergency stop.
    #[error("the robot's emergency stop was set")]
    EmergencyStop,
    /// The run was paused and forgotten.
    #[error("the run was paused for too long")]
    PausedTooLong,
    /// It could not be prepared.
    #[error("{0}")]
    NotPrepared(String),
    /// It took too long to prepare.
    #[error("the run could not be prepared in time")]
    PreparedTooSlowly,
    /// The process ended.
    #[error("the process ended in the midst of the run")]
    ProcessEnded,
    /// The waypoint's own rule, or an answer, ended the run.
    #[error("at {point}: {cause}")]
    GaveUpAt {
        /// The waypoint.
        point: String,
        /// What happened there.
        cause: Box<Trouble>,
    },
}

impl Trouble {
    /// Returns what the older database says of the way to the waypoint.
    #[must_use]
    pub fn moving_status(&self) -> String {
        match self {
            Self::Robot(Fault { code: 0, title, .. }) => format!("Error: {title}"),
            Self::Robot(fault) => format!("Error: {} - {}", fault.code, fault.title),
            Self::NoFreshPicture => "Success".to_owned(),
            other => format!("Error: {other}"),
        }
    }
}

//! What other services hear of runs: the messages of the stream `patrol-events`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Verdict;

/// Something that happened to a run or a robot. It may be received twice; the id tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunEvent {
    /// The same for every delivery of this event.
    pub id: String,
    /// What happened.
    pub kind: RunEventKind,
    /// To which robot.
    pub robot_id: String,
    /// What people call it.
    pub robot_name: String,
    /// In which run; 0 if it was in none.
    pub run_id: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// At which waypoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// What an inspection came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The same in a sentence for people.
    pub text: String,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunEventKind {
    /// A run began.
    Started,
    /// An inspection has its verdict.
    Inspected,
    /// Somebody must say how the run goes on.
    Asking,
    /// The robot went to charge and will go on.
    Charging,
    /// The whole round was walked.
    Completed,
    /// Somebody ended the run.
    Stopped,
    /// The run could not go on.
    Failed,
    /// The process ended in the midst of the run.
    Interrupted,
    /// The robot's emergency stop was set.
    EmergencyStop,
    /// A scheduled run did not take place.
    ScheduleMissed,
}

impl RunEventKind {
    /// Returns the word that stands for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Inspected => "inspected",
            Self::Asking => "asking",
            Self::Charging => "charging",
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::EmergencyStop => "emergency_stop",
            Self::ScheduleMissed => "schedule_missed",
        }
    }
}

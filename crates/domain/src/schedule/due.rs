//! What is to be done about the moments that have come since somebody last looked.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Firings, Misfire, Schedule, Site};

/// How long after its moment a beginning still counts as on time.
pub const ON_TIME: Duration = Duration::from_secs(60);

/// How far back missed moments are listed one by one. Nobody reads a list of what was missed longer ago.
pub const LOOK_BACK: Duration = Duration::from_secs(7 * 24 * 3600);

/// A moment that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When it came.
    pub at: Timestamp,
    /// What is to be done about it.
    pub verdict: Verdict,
}

/// What is to be done about a moment that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Begin.
    Fire,
    /// Begin, though late: the schedule allows it.
    FireLate,
    /// Record that it was missed.
    Missed(Missed),
}

/// Why a moment was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// It was noticed too late to begin.
    TooLate {
        /// How late.
        by: Duration,
    },
    /// A later moment of the same schedule had come before anything was begun.
    Superseded,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLate { by } => write!(f, "noticed {} min too late to begin", by.as_secs().div_ceil(60)),
            Self::Superseded => f.write_str("a later time of the same schedule had come"),
        }
    }
}

impl Misfire {
    /// Returns what is to be done now about a moment: also for a beginning that had to wait, until it is too late.
    #[must_use]
    pub fn verdict(self, at: Timestamp, now: Timestamp) -> Verdict {
        let late = Duration::try_from(now.duration_since(at)).unwrap_or_default();
        let allowed = match self {
            Self::Skip => ON_TIME,
            Self::RunLate { within } => within.max(ON_TIME),
        };
        if late <= ON_TIME {
            Verdict::Fire
        } else if late <= allowed {
            Verdict::FireLate
        } else {
            Verdict::Missed(Missed::TooLate { by: late })
        }
    }
}

/// Returns the moments of a schedule after `last_checked` and until `now`, in order, and what is to be done about each.
///
/// At most one of them is to be begun, and it is the last: whoever slept through three hours does not begin three
/// times. If the clock was set back, nothing is due until it has caught up. Of a long time only [`LOOK_BACK`] is
/// looked at.
#[must_use]
pub fn due(schedule: &Schedule, site: &Site, last_checked: Timestamp, now: Timestamp) -> Vec<Due> {
    let look_back = SignedDuration::try_from(LOOK_BACK).unwrap_or(SignedDuration::MAX);
    let oldest = now.checked_sub(look_back).unwrap_or(Timestamp::MIN);
    let moments = Firings::new(schedule, site, last_checked.max(oldest)).take_while(|at| *at <= now);
    let mut due: Vec<_> = moments.map(|at| Due { at, verdict: schedule.misfire.verdict(at, now) }).collect();
    if let Some((_, earlier)) = due.split_last_mut() {
        for due in earlier.iter_mut().filter(|due| !matches!(due.verdict, Verdict::Missed(_))) {
            due.verdict = Verdict::Missed(Missed::Superseded);
        }
    }
    due
}

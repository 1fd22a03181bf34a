//! What an inspection of a waypoint came to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an inspection came to. Only a fresh picture that a model judged is ever [`Verdict::Ok`] or [`Verdict::Ng`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The model saw nothing abnormal in a fresh picture.
    Ok,
    /// The model saw something abnormal in a fresh picture.
    Ng,
    /// There is a picture, and nobody could judge it.
    Error,
    /// The robot did not get there.
    Unreachable,
    /// Somebody ended the run, or the inspection, before it was judged.
    Cancelled,
    /// The camera gave no picture that was taken after the robot arrived.
    Stale,
}

impl Verdict {
    /// Every verdict, in the order in which they are counted.
    pub const ALL: [Self; 6] = [Self::Ok, Self::Ng, Self::Error, Self::Unreachable, Self::Cancelled, Self::Stale];

    /// Returns the word that stands for it in files, answers and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Ng => "NG",
            Self::Error => "ERROR",
            Self::Unreachable => "UNREACHABLE",
            Self::Cancelled => "CANCELLED",
            Self::Stale => "STALE",
        }
    }

    /// Returns whether a model looked at a picture and decided.
    #[must_use]
    pub fn is_judged(self) -> bool {
        matches!(self, Self::Ok | Self::Ng)
    }
}

/// A word that stands for no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no verdict")]
pub struct NoVerdict(String);

impl FromStr for Verdict {
    type Err = NoVerdict;

    fn from_str(word: &str) -> Result<Self, NoVerdict> {
        let found = Self::ALL.into_iter().find(|verdict| verdict.as_str() == word);
        found.ok_or_else(|| NoVerdict(word.to_owned()))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_is_written_and_read_as_its_word() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).expect("is JSON"), verdict.as_str());
            assert_eq!(verdict.to_string().parse(), Ok(verdict));
        }
        assert_eq!("ok".parse::<Verdict>().map_err(|error| error.to_string()), Err("\"ok\" is no verdict".to_owned()));
    }
}

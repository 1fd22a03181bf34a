//! Why there is no answer.

use std::time::Duration;

use crate::Usage;

/// Why there is no answer. No variant holds a key, and reasons are short.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AskError {
    /// The server is busy, failing or not reached: the same question may be answered later.
    #[error("the model cannot answer now: {reason}")]
    TryLater {
        /// What the server said, or why it is not reached.
        reason: String,
        /// How long the server asks to wait.
        after: Option<Duration>,
    },
    /// It took too long.
    #[error("the model did not answer within {} s", .limit.as_secs())]
    TimedOut {
        /// How long that was.
        limit: Duration,
    },
    /// The key is missing, wrong or not allowed to do this: somebody must change the settings.
    #[error("the model does not accept the key: {reason}")]
    Unauthorised {
        /// What the server said.
        reason: String,
    },
    /// The question is not taken, and would not be taken again.
    #[error("the model does not take the question: {reason}")]
    Refused {
        /// What the server said.
        reason: String,
    },
    /// There is an answer, and it is not what was asked for.
    #[error("the model's answer cannot be used: {reason}")]
    Unusable {
        /// What is wrong with it.
        reason: String,
        /// The answer.
        text: String,
        /// What it took all the same.
        usage: Usage,
    },
}

impl AskError {
    /// Tells whether the same question, asked again, may be answered.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::TryLater { .. } | Self::TimedOut { .. } | Self::Unusable { .. } => true,
            Self::Unauthorised { .. } | Self::Refused { .. } => false,
        }
    }

    /// Returns how long the server asks to wait before the next question.
    pub fn asked_pause(&self) -> Option<Duration> {
        match self {
            Self::TryLater { after, .. } => *after,
            _ => None,
        }
    }

    /// Returns what the failed question took: an answer that cannot be used is billed as any other.
    pub fn usage(&self) -> Usage {
        match self {
            Self::Unusable { usage, .. } => *usage,
            _ => Usage::default(),
        }
    }
}

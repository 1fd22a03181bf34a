//! Why a message could not be sent or read.

use redis::RedisError;

/// Why Redis did not do what it was asked to. None of these shows the URL's password.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The URL names no Redis.
    #[error("`REDIS_URL` is not understood: {0}")]
    Url(String),
    /// Redis cannot be reached, or the connection was lost.
    #[error("cannot reach Redis at {server}: {source}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What the client said.
        source: RedisError,
    },
    /// Redis did not answer in time. Whether it did what it was asked to is not known.
    #[error("Redis at {server} did not answer in time")]
    TimedOut {
        /// Host and port.
        server: String,
    },
    /// Redis answered with an error.
    #[error("Redis at {server} refused: {source}")]
    Refused {
        /// Host and port.
        server: String,
        /// What Redis said.
        source: RedisError,
    },
    /// The message cannot be written as JSON.
    #[error("cannot write the message as JSON: {0}")]
    Encode(#[from] serde_json::Error),
    /// Redis answered something that a Redis stream does not answer.
    #[error("Redis answered `{0}` where an entry id was expected")]
    BadEntryId(String),
}

impl BusError {
    /// Returns whether the group or its stream is gone, as after a flush.
    pub(crate) fn is_missing_group(&self) -> bool {
        matches!(self, Self::Refused { source, .. } if source.code() == Some("NOGROUP"))
    }

    /// Returns whether Redis says that what was to be made is there.
    pub(crate) fn is_existing_group(&self) -> bool {
        matches!(self, Self::Refused { source, .. } if source.code() == Some("BUSYGROUP"))
    }

    /// Returns whether Redis says that there is no such stream.
    pub(crate) fn is_missing_stream(&self) -> bool {
        matches!(self, Self::Refused { source, .. }
            if source.detail().is_some_and(|detail| detail.contains("no such key")))
    }
}

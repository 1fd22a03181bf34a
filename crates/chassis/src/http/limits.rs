//! What a route lets a caller use up.

use std::time::Duration;

/// How large a body and how long an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body accepted, in bytes.
    pub body_bytes: usize,
    /// How long until the handler must have answered; `None` for an answer that goes on, as SSE,
    /// MJPEG or a WebSocket.
    pub timeout: Option<Duration>,
}

impl Default for Limits {
    /// One MiB and 30 s.
    fn default() -> Self {
        Self { body_bytes: 1 << 20, timeout: Some(Duration::from_secs(30)) }
    }
}

impl Limits {
    /// The limits of a route whose answer goes on until one side ends it.
    pub fn stream() -> Self {
        Self { timeout: None, ..Self::default() }
    }

    /// Changes the largest body.
    #[must_use]
    pub fn body_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// Changes the time until the answer.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

//! The section `stream_manager`.

use std::time::Duration;

use crate::entry::{Entry, Lookup, Problem, Reader};

/// How cameras are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamManagerSettings {
    /// How many frames of a camera may wait. The newest frame wins, whatever this says; it is kept for older
    /// configurations.
    pub frame_buffer_size: usize,
    /// The longest pause before a lost camera is opened again.
    pub reconnect_delay: Duration,
    /// After how many failed attempts in a row a camera is given up; nothing for never (`-1` in the file).
    pub max_reconnect_attempts: Option<u32>,
    /// After how much silence a camera counts as lost.
    pub read_timeout: Duration,
}

impl StreamManagerSettings {
    pub(super) fn read(entry: &Entry, env: Lookup<'_>) -> (Self, Vec<Problem>) {
        let mut reader = Reader::new(entry, "stream_manager.").overridden_by(env, "STREAM_MANAGER");
        let attempts: i64 = reader.count_or("max_reconnect_attempts", -1..=1_000_000, 10);
        let settings = Self {
            frame_buffer_size: reader.count_or("frame_buffer_size", 1..=100, 10),
            reconnect_delay: reader.seconds_or("reconnect_delay_seconds", 0.1, Duration::from_secs(5)),
            max_reconnect_attempts: u32::try_from(attempts).ok(),
            read_timeout: reader.seconds_or("read_timeout_seconds", 1.0, Duration::from_secs(30)),
        };
        (settings, reader.finish())
    }
}

//! What tests and measurements ask afterwards: which commands came and when, and where the robot said it was.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

/// How many entries are kept.
const KEPT: usize = 5000;
/// How long a trail is, in milliseconds.
const TRAIL_MS: i64 = 5000;

/// Something that the robot was told, or that happened to a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The call, as `StartCommand`; or `finished`, `boot`, `power button`.
    pub call: &'static str,
    /// What it was about.
    pub content: Value,
}

/// What the robot was told, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
}

impl Journal {
    /// Adds an entry.
    pub(super) fn note(&mut self, at_ms: i64, call: &'static str, content: Value) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { at_ms, call, content });
    }

    /// Returns every entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Forgets every entry.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Where the robot said it was in the last seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Trail {
    told: VecDeque<(i64, [f64; 3])>,
}

impl Trail {
    /// Adds a pose.
    pub(super) fn add(&mut self, at_ms: i64, pose: [f64; 3]) {
        while self.told.front().is_some_and(|(before, _)| at_ms - before > TRAIL_MS) {
            self.told.pop_front();
        }
        self.told.push_back((at_ms, pose));
    }

    /// Returns times in milliseconds since 1970, and poses.
    pub(super) fn told(&self) -> Vec<(i64, f64, f64, f64)> {
        self.told.iter().map(|(at, [x, y, theta])| (*at, *x, *y, *theta)).collect()
    }
}

/// How often which call was made.
pub(super) type Served = BTreeMap<&'static str, u64>;

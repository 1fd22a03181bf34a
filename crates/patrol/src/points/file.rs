//! A file of waypoints.

use anyhow::Context;
use domain::patrol::Waypoint;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};
use sha2::{Digest, Sha256};

/// What a file of waypoints contains.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Points {
    /// The waypoints in the order of their visits.
    pub(crate) points: Vec<Waypoint>,
    /// Entries that are no waypoints. They stay in the file: nobody asked for them to be deleted.
    strange: Vec<Value>,
    /// Why they are none.
    pub(super) problems: Vec<String>,
}

impl Points {
    /// Returns a file of these waypoints alone.
    pub(super) fn of(points: Vec<Waypoint>) -> Self {
        Self { points, ..Self::default() }
    }

    /// Reads the content of a file.
    pub(super) fn read(content: &[u8]) -> anyhow::Result<Self> {
        let entries: Vec<Value> = serde_json::from_slice(content).context("expected a JSON list")?;
        let mut points = Self::default();
        for (index, entry) in entries.into_iter().enumerate() {
            match serde_json::from_value(entry.clone()) {
                Ok(point) => points.points.push(point),
                Err(error) => {
                    points.problems.push(format!("entry {}: {error}", index + 1));
                    points.strange.push(entry);
                }
            }
        }
        Ok(points)
    }

    /// Returns the content of a file: as the reference writes it, indented by four blanks.
    pub(crate) fn content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        let mut writer = Serializer::with_formatter(&mut content, PrettyFormatter::with_indent(b"    "));
        let entries: Vec<Entry<'_>> =
            self.points.iter().map(Entry::Point).chain(self.strange.iter().map(Entry::Strange)).collect();
        entries.serialize(&mut writer).expect("waypoints can be written as JSON, and memory does not fail");
        content
    }

    /// Returns the tag that tells this state from others.
    pub(crate) fn tag(&self) -> String {
        hex::encode(&Sha256::digest(self.content())[..8])
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Point(&'a Waypoint),
    Strange(&'a Value),
}

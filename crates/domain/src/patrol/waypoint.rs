//! The places a robot visits, as `points.json` holds them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What is asked at a waypoint that has no question of its own.
pub const STANDARD_QUESTION: &str = "Is everything normal?";

/// The longest a robot stands at a waypoint before the first picture, in seconds.
const LONGEST_DWELL: f64 = 3600.0;
/// The most pictures of one inspection.
const MOST_PHOTOS: u32 = 8;
/// The most repeated attempts at a waypoint.
const MOST_RETRIES: u32 = 10;
/// The longest announcement, in characters.
const LONGEST_ANNOUNCEMENT: usize = 500;

/// A place to visit: metres and radians in the frame of the map. The order in the file is the order of the visits.
///
/// Keys that are not known here are kept as they are, so that other readers of the file find what they wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Waypoint {
    /// What tells it from the others, for ever.
    #[serde(default)]
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Metres along the map's x axis.
    pub x: f64,
    /// Metres along the map's y axis.
    pub y: f64,
    /// Where the robot looks, in radians, counter-clockwise from the x axis.
    #[serde(default)]
    pub theta: f64,
    /// What is asked about the picture; empty for [`STANDARD_QUESTION`].
    #[serde(default)]
    pub prompt: String,
    /// Whether runs visit it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// `robot` if it was taken over from the robot's own list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How long the robot stands still before the first picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dwell_seconds: Option<f64>,
    /// How many pictures are taken and judged together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photos: Option<u32>,
    /// The camera that takes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<CameraSide>,
    /// How bright the torch beside that camera is meanwhile, 0 to 255.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub torch: Option<u8>,
    /// What the robot says when it has arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<String>,
    /// What is done when the waypoint cannot be reached or photographed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<FailurePolicy>,
    /// Every other key.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub extra: Map<String, Value>,
}

/// One of the robot's two cameras.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CameraSide {
    /// The one that looks where the robot drives.
    #[default]
    Front,
    /// The one that looks back.
    Back,
}

impl CameraSide {
    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Back => "back",
        }
    }
}

/// What is done when a waypoint cannot be reached or photographed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct FailurePolicy {
    /// How often it is tried again first.
    #[serde(default)]
    pub retry: u32,
    /// What is done then.
    #[serde(default)]
    pub then: OnFailure,
}

/// What follows when the attempts at a waypoint are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// The run goes on with the next waypoint.
    #[default]
    Skip,
    /// The robot goes home and the run ends.
    Return,
    /// Somebody is asked; without an answer the run goes on with the next waypoint.
    Ask,
}

/// Waypoints by a name of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Route {
    /// What people call it.
    pub name: String,
    /// The waypoints in the order of their visits.
    pub points: Vec<Waypoint>,
}

/// What is wrong with a waypoint.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WaypointError {
    /// It has no name.
    #[error("a waypoint needs a name")]
    NoName,
    /// A coordinate is no finite number.
    #[error("{0} must be a finite number")]
    NotFinite(&'static str),
    /// The heading is beyond a full turn.
    #[error("theta must lie between -2π and 2π, not {0}")]
    Heading(f64),
    /// A number is beyond what it may be.
    #[error("{key} must lie between {least} and {most}")]
    Range {
        /// Which one.
        key: &'static str,
        /// The least it may be.
        least: u32,
        /// The most it may be.
        most: u32,
    },
    /// The announcement is no short sentence.
    #[error("an announcement has at most {LONGEST_ANNOUNCEMENT} characters")]
    LongAnnouncement,
}

fn yes() -> bool {
    true
}

impl Waypoint {
    /// Returns a waypoint that has only what every waypoint must have.
    #[must_use]
    pub fn at(id: impl Into<String>, name: impl Into<String>, x: f64, y: f64) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            x,
            y,
            theta: 0.0,
            prompt: String::new(),
            enabled: true,
            source: None,
            dwell_seconds: None,
            photos: None,
            camera: None,
            torch: None,
            announcement: None,
            on_failure: None,
            extra: Map::new(),
        }
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), WaypointError> {
        if self.name.trim().is_empty() {
            return Err(WaypointError::NoName);
        }
        for (key, value) in [("x", self.x), ("y", self.y), ("theta", self.theta)] {
            if !value.is_finite() {
                return Err(WaypointError::NotFinite(key));
            }
        }
        if self.theta.abs() > std::f64::consts::TAU {
            return Err(WaypointError::Heading(self.theta));
        }
        let range = |key, least, most| WaypointError::Range { key, least, most };
        if self.dwell_seconds.is_some_and(|dwell| !(0.0..=LONGEST_DWELL).contains(&dwell)) {
            return Err(range("dwell_seconds", 0, LONGEST_DWELL as u32));
        }
        if self.photos.is_some_and(|photos| !(1..=MOST_PHOTOS).contains(&photos)) {
            return Err(range("photos", 1, MOST_PHOTOS));
        }
        if self.failure_policy().retry > MOST_RETRIES {
            return Err(range("on_failure.retry", 0, MOST_RETRIES));
        }
        if self.announcement.as_ref().is_some_and(|text| text.chars().count() > LONGEST_ANNOUNCEMENT) {
            return Err(WaypointError::LongAnnouncement);
        }
        Ok(())
    }

    /// Returns what is asked about its picture.
    #[must_use]
    pub fn question(&self) -> &str {
        if self.prompt.trim().is_empty() { STANDARD_QUESTION } else { &self.prompt }
    }

    /// Returns the camera that photographs it.
    #[must_use]
    pub fn camera(&self) -> CameraSide {
        self.camera.unwrap_or_default()
    }

    /// Returns how many pictures are taken, at least one.
    #[must_use]
    pub fn photo_count(&self) -> u32 {
        self.photos.unwrap_or(1).clamp(1, MOST_PHOTOS)
    }

    /// Returns how long the robot stands still before the first picture, if the waypoint says so.
    #[must_use]
    pub fn dwell(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.dwell_seconds?.clamp(0.0, LONGEST_DWELL)).ok()
    }

    /// Returns what is done when it cannot be reached or photographed.
    #[must_use]
    pub fn failure_policy(&self) -> FailurePolicy {
        self.on_failure.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_point_of_the_older_file_is_read_and_its_other_keys_are_kept() {
        let text = json!({"id": "1", "name": "大廳/Lobby", "x": 1, "y": -2.5, "colour": "red", "source": "robot"});
        let point: Waypoint = serde_json::from_value(text).expect("is a point");
        assert_eq!((point.theta, point.enabled, point.question()), (0.0, true, STANDARD_QUESTION));
        assert_eq!((point.photo_count(), point.camera(), point.dwell()), (1, CameraSide::Front, None));
        let written = serde_json::to_value(&point).expect("is JSON");
        let expected = json!({
            "id": "1", "name": "大廳/Lobby", "x": 1.0, "y": -2.5, "theta": 0.0, "prompt": "", "enabled": true,
            "source": "robot", "colour": "red",
        });
        assert_eq!(written, expected);
    }

    #[test]
    fn a_failure_policy_says_how_often_and_what_then() {
        let read = |text| serde_json::from_value::<FailurePolicy>(text).expect("is a policy");
        assert_eq!(read(json!({})), FailurePolicy { retry: 0, then: OnFailure::Skip });
        assert_eq!(read(json!({"retry": 2, "then": "ask"})), FailurePolicy { retry: 2, then: OnFailure::Ask });
    }

    #[test]
    fn what_no_robot_can_do_is_refused() {
        let good = Waypoint::at("1", "Gate", 1.0, 2.0);
        assert_eq!(good.check(), Ok(()));
        let wrong = |change: fn(&mut Waypoint)| {
            let mut point = good.clone();
            change(&mut point);
            point.check().expect_err("is wrong").to_string()
        };
        assert_eq!(wrong(|point| point.name = " ".to_owned()), "a waypoint needs a name");
        assert_eq!(wrong(|point| point.x = f64::NAN), "x must be a finite number");
        assert_eq!(wrong(|point| point.theta = 7.0), "theta must lie between -2π and 2π, not 7");
        assert_eq!(wrong(|point| point.photos = Some(9)), "photos must lie between 1 and 8");
        assert_eq!(wrong(|point| point.dwell_seconds = Some(-1.0)), "dwell_seconds must lie between 0 and 3600");
        let policy = |point: &mut Waypoint| point.on_failure = Some(FailurePolicy { retry: 99, then: OnFailure::Ask });
        assert_eq!(wrong(policy), "on_failure.retry must lie between 0 and 10");
    }
}

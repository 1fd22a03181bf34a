//! What a robot sees.

use std::fmt;

use bytes::Bytes;
use domain::patrol::CameraSide;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api;

/// One of the robot's cameras.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Camera {
    /// The one that looks ahead.
    #[default]
    Front,
    /// The one that looks back.
    Back,
}

impl Camera {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Front, Self::Back];
}

impl From<CameraSide> for Camera {
    fn from(side: CameraSide) -> Self {
        match side {
            CameraSide::Front => Self::Front,
            CameraSide::Back => Self::Back,
        }
    }
}

impl fmt::Display for Camera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Front => "front",
            Self::Back => "back",
        })
    }
}

/// A picture of a camera, as the robot made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// The picture, as JPEG.
    pub jpeg: Bytes,
    /// When it was taken, by the robot's clock, if the robot says. The robot may answer with a picture from a buffer, so
    /// the time of the answer says nothing.
    pub captured_at: Option<Timestamp>,
}

impl From<api::RosCompressedImage> for Shot {
    fn from(image: api::RosCompressedImage) -> Self {
        let stamp = image.header.map_or(0, |header| header.stamp_nsec);
        let captured_at = (stamp != 0).then(|| Timestamp::from_nanosecond(stamp.into()).ok()).flatten();
        Self { jpeg: image.data, captured_at }
    }
}

/// Something that the robot recognised in front of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// How sure the robot is, 0 to 1.
    pub score: f32,
    /// How far away it is, in metres.
    pub distance: f64,
    /// Where it is in the front camera's picture.
    pub region: Region,
}

/// What the robot's own detector tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A person.
    Person,
    /// A shelf that it could carry.
    Shelf,
    /// Its charger.
    Charger,
    /// A door.
    Door,
    /// Something of a kind that we do not know.
    Other(u32),
}

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// The left edge.
    pub x: u32,
    /// The upper edge.
    pub y: u32,
    /// The width.
    pub width: u32,
    /// The height.
    pub height: u32,
}

impl From<api::ObjectDetection> for Object {
    fn from(object: api::ObjectDetection) -> Self {
        let kind = match object.label {
            1 => ObjectKind::Person,
            2 => ObjectKind::Shelf,
            3 => ObjectKind::Charger,
            4 => ObjectKind::Door,
            label => ObjectKind::Other(label),
        };
        let roi = object.roi.unwrap_or_default();
        Self {
            kind,
            score: object.score,
            distance: object.distance_median,
            region: Region { x: roi.x_offset, y: roi.y_offset, width: roi.width, height: roi.height },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_without_a_stamp_has_no_time() {
        let stamped = |stamp_nsec: i64| {
            let header = Some(api::RosHeader { stamp_nsec, ..Default::default() });
            Shot::from(api::RosCompressedImage { header, ..Default::default() }).captured_at
        };
        assert_eq!(stamped(0), None);
        assert_eq!(stamped(1_500_000_000), Some("1970-01-01T00:00:01.5Z".parse().expect("is a time")));
    }
}

//! The robot's map and its geometry: pixels of the picture, metres on the floor.

use std::fmt;

use bytes::Bytes;
use domain::geometry::Size;

use crate::Pose;
use crate::api;

/// The robot's id of a map.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MapId(pub String);

impl fmt::Display for MapId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A map that the robot holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapEntry {
    /// Its id.
    pub id: MapId,
    /// Its name.
    pub name: String,
}

/// A map as a picture, and how it lies on the floor.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Its id.
    pub id: MapId,
    /// Its name.
    pub name: String,
    /// The picture, as PNG.
    pub png: Bytes,
    /// Metres per pixel.
    pub resolution: f64,
    /// The picture's size.
    pub size: Size,
    /// Where the picture's lower left corner is, and how the picture is turned.
    pub origin: Pose,
}

impl Map {
    /// Makes a map of what came over the wire.
    pub(crate) fn from_wire(id: MapId, map: api::Map) -> Self {
        let side = |length: i32| u32::try_from(length).unwrap_or(0);
        Self {
            id,
            name: map.name,
            png: map.data,
            resolution: map.resolution,
            size: Size::new(side(map.width), side(map.height)),
            origin: map.origin.unwrap_or_default().into(),
        }
    }

    /// Returns the place on the floor of a point in the picture; whole numbers are the middles of pixels, and `v` counts
    /// downwards.
    #[must_use]
    pub fn to_world(&self, u: f64, v: f64) -> (f64, f64) {
        let along = self.resolution * (u + 0.5);
        let across = self.resolution * (f64::from(self.size.height) - v - 0.5);
        let (sin, cos) = self.origin.theta.sin_cos();
        (self.origin.x + along * cos - across * sin, self.origin.y + along * sin + across * cos)
    }

    /// Returns the point in the picture of a place on the floor: the other way round of [`Self::to_world`].
    #[must_use]
    pub fn to_pixel(&self, x: f64, y: f64) -> (f64, f64) {
        let (dx, dy) = (x - self.origin.x, y - self.origin.y);
        let (sin, cos) = self.origin.theta.sin_cos();
        let (along, across) = (dx * cos + dy * sin, dy * cos - dx * sin);
        (along / self.resolution - 0.5, f64::from(self.size.height) - across / self.resolution - 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(origin: Pose) -> Map {
        Map {
            id: MapId("m".to_owned()),
            name: "floor".to_owned(),
            png: Bytes::new(),
            resolution: 0.05,
            size: Size::new(200, 100),
            origin,
        }
    }

    fn close(a: (f64, f64), b: (f64, f64)) -> bool {
        (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9
    }

    #[test]
    fn the_lower_left_pixel_is_half_a_pixel_from_the_origin() {
        let map = map(Pose::new(-2.0, -1.0, 0.0));
        assert!(close(map.to_world(0.0, 99.0), (-2.0 + 0.025, -1.0 + 0.025)));
        assert!(close(map.to_world(-0.5, 99.5), (-2.0, -1.0)));
    }

    #[test]
    fn a_turned_map_turns_what_is_on_it() {
        let map = map(Pose::new(1.0, 2.0, std::f64::consts::FRAC_PI_2));
        // One metre along the picture's lower edge is one metre up on the floor.
        assert!(close(map.to_world(19.5, 99.5), (1.0, 3.0)));
    }

    #[test]
    fn a_place_comes_back_from_the_picture() {
        let map = map(Pose::new(-3.7, 0.4, 0.3));
        for (x, y) in [(0.0, 0.0), (-3.7, 0.4), (4.2, -1.9)] {
            let (u, v) = map.to_pixel(x, y);
            assert!(close(map.to_world(u, v), (x, y)));
        }
    }
}

//! The map that a robot has of a floor: a picture of what is free, what is not and what nobody has seen.

use std::io::Cursor;

use bytes::Bytes;
use image::{GrayImage, ImageFormat, Luma};

use super::Building;
use super::geometry::{Point, Pose};

const FREE: u8 = 254;
const OCCUPIED: u8 = 0;
const UNKNOWN: u8 = 205;

/// Where a map's pixels are in the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapFrame {
    /// Metres along a pixel's side.
    pub resolution: f64,
    /// Pixels from west to east.
    pub width: u32,
    /// Pixels from north to south.
    pub height: u32,
    /// The lower left corner of the picture in the world, and how the picture is turned there.
    pub origin: Pose,
}

impl MapFrame {
    /// Returns where the middle of a pixel is; rows are counted from the top.
    pub fn to_world(&self, column: u32, row: u32) -> Point {
        let x = self.resolution * (f64::from(column) + 0.5);
        let y = self.resolution * (f64::from(self.height) - f64::from(row) - 0.5);
        let (sin, cos) = self.origin.theta.sin_cos();
        Point::new(self.origin.x + cos * x - sin * y, self.origin.y + sin * x + cos * y)
    }
}

/// A floor's map.
#[derive(Debug, Clone, PartialEq)]
pub struct FloorMap {
    /// Where its pixels are.
    pub frame: MapFrame,
    /// The picture.
    pub png: Bytes,
}

impl FloorMap {
    /// Draws the map of a floor.
    ///
    /// # Panics
    /// If the picture cannot be written to memory.
    pub fn of(floor: &Building) -> Self {
        let frame = floor.frame;
        let solids: Vec<_> = floor.solids().collect();
        let picture = GrayImage::from_fn(frame.width, frame.height, |column, row| {
            let at = frame.to_world(column, row);
            let value = if solids.iter().any(|solid| solid.distance(at) < frame.resolution / 2.0) {
                OCCUPIED
            } else if floor.room_at(at).is_some() {
                FREE
            } else {
                UNKNOWN
            };
            Luma([value])
        });
        let mut png = Cursor::new(Vec::new());
        picture.write_to(&mut png, ImageFormat::Png).expect("memory takes all that is written");
        Self { frame, png: png.into_inner().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_lie_where_the_manufacturer_s_helper_puts_them() {
        let frame = MapFrame { resolution: 0.05, width: 300, height: 212, origin: Pose::new(-1.2, -1.1, 0.0) };
        let corner = frame.to_world(0, 211);
        assert!((corner.x + 1.175).abs() < 1e-9 && (corner.y + 1.075).abs() < 1e-9, "{corner:?}");
        let turned = MapFrame { origin: Pose::new(-0.6, -1.6, std::f64::consts::FRAC_PI_2), ..frame };
        let corner = turned.to_world(0, 211);
        assert!((corner.x + 0.625).abs() < 1e-9 && (corner.y + 1.575).abs() < 1e-9, "{corner:?}");
    }

    #[test]
    fn walls_are_black_floors_are_white_and_the_outside_is_neither() {
        for floor in Building::floors() {
            let map = FloorMap::of(&floor);
            let picture = image::load_from_memory(&map.png).expect("a PNG").to_luma8();
            assert_eq!(picture.dimensions(), (map.frame.width, map.frame.height));
            let at = |point: Point| {
                let found = picture.enumerate_pixels().min_by(|one, other| {
                    let far = |pixel: &(u32, u32, &Luma<u8>)| map.frame.to_world(pixel.0, pixel.1).distance(point);
                    far(one).total_cmp(&far(other))
                });
                found.expect("it has pixels").2.0[0]
            };
            for location in &floor.locations {
                assert_eq!(at(location.pose.point()), FREE, "{}", location.name);
            }
            assert_eq!(at(floor.walls[0].middle()), OCCUPIED);
            assert_eq!(at(Point::new(-0.3, -0.3)), UNKNOWN);
        }
    }
}

//! Points, sizes, boxes and polygons in the plane of a picture: x to the right, y down, the origin in the top left
//! corner.

mod polygon;

use serde::{Deserialize, Serialize};

pub use polygon::{Polygon, PolygonError};

/// A place in a picture. Written as `[x, y]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

impl Point {
    /// Returns the point at `x`, `y`.
    #[must_use]
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }
}

impl From<[f64; 2]> for Point {
    fn from([x, y]: [f64; 2]) -> Self {
        Self { x, y }
    }
}

impl From<Point> for [f64; 2] {
    fn from(point: Point) -> Self {
        [point.x, point.y]
    }
}

/// The width and height of a picture in pixels. Written as `[width, height]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "[u32; 2]", into = "[u32; 2]")]
pub struct Size {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// Returns the size of `width` by `height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Returns the number of pixels.
    #[must_use]
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Returns whether there is no pixel at all.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

impl From<[u32; 2]> for Size {
    fn from([width, height]: [u32; 2]) -> Self {
        Self { width, height }
    }
}

impl From<Size> for [u32; 2] {
    fn from(size: Size) -> Self {
        [size.width, size.height]
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// An upright box between two corners. Written as `[x1, y1, x2, y2]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 4]", into = "[f32; 4]")]
pub struct BBox {
    /// The left edge.
    pub x1: f32,
    /// The top edge.
    pub y1: f32,
    /// The right edge.
    pub x2: f32,
    /// The bottom edge.
    pub y2: f32,
}

impl BBox {
    /// Returns the box between the corners `(x1, y1)` and `(x2, y2)`.
    #[must_use]
    pub const fn new(x1: f32, y1: f32, x2: f32, y2: f32) -> Self {
        Self { x1, y1, x2, y2 }
    }

    /// Returns the middle.
    #[must_use]
    pub fn center(&self) -> Point {
        Point::new(middle(self.x1, self.x2), middle(self.y1, self.y2))
    }

    /// Returns the middle of the bottom edge: where a standing thing touches the ground.
    #[must_use]
    pub fn bottom_center(&self) -> Point {
        Point::new(middle(self.x1, self.x2), f64::from(self.y2))
    }

    /// Returns the width, never below zero.
    #[must_use]
    pub fn width(&self) -> f32 {
        (self.x2 - self.x1).max(0.0)
    }

    /// Returns the height, never below zero.
    #[must_use]
    pub fn height(&self) -> f32 {
        (self.y2 - self.y1).max(0.0)
    }

    /// Returns the area; zero if the corners are in the wrong order.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// Returns the area shared with `other` as a part of the area covered by either: 1 for equal boxes, 0 for boxes
    /// apart.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = Self {
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
            x2: self.x2.min(other.x2),
            y2: self.y2.min(other.y2),
        }
        .area();
        let covered = self.area() + other.area() - shared;
        if covered > 0.0 { shared / covered } else { 0.0 }
    }

    /// Returns the part of the box that lies inside a picture of this size.
    #[must_use]
    pub fn clip(&self, size: Size) -> Self {
        let (right, bottom) = (size.width as f32, size.height as f32);
        Self {
            x1: self.x1.clamp(0.0, right),
            y1: self.y1.clamp(0.0, bottom),
            x2: self.x2.clamp(0.0, right),
            y2: self.y2.clamp(0.0, bottom),
        }
    }

    /// Returns the box in a plane that is `x` times as wide and `y` times as high.
    #[must_use]
    pub fn scale(&self, x: f32, y: f32) -> Self {
        Self { x1: self.x1 * x, y1: self.y1 * y, x2: self.x2 * x, y2: self.y2 * y }
    }

    /// Returns the box moved by `x` to the right and `y` down.
    #[must_use]
    pub fn shift(&self, x: f32, y: f32) -> Self {
        Self { x1: self.x1 + x, y1: self.y1 + y, x2: self.x2 + x, y2: self.y2 + y }
    }

    /// Returns the box made larger on each side by `share` of its width and height.
    #[must_use]
    pub fn grow(&self, share: f32) -> Self {
        let (x, y) = (self.width() * share, self.height() * share);
        Self { x1: self.x1 - x, y1: self.y1 - y, x2: self.x2 + x, y2: self.y2 + y }
    }

    /// Returns whether every corner is a number.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        <[f32; 4]>::from(*self).iter().all(|edge| edge.is_finite())
    }
}

impl From<[f32; 4]> for BBox {
    fn from([x1, y1, x2, y2]: [f32; 4]) -> Self {
        Self { x1, y1, x2, y2 }
    }
}

impl From<BBox> for [f32; 4] {
    fn from(b: BBox) -> Self {
        [b.x1, b.y1, b.x2, b.y2]
    }
}

fn middle(a: f32, b: f32) -> f64 {
    f64::midpoint(f64::from(a), f64::from(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_box_knows_its_middle_and_where_it_stands() {
        let b = BBox::new(10.0, 20.0, 30.0, 60.0);
        assert_eq!((b.center(), b.bottom_center()), (Point::new(20.0, 40.0), Point::new(20.0, 60.0)));
        assert_eq!((b.width(), b.height(), b.area()), (20.0, 40.0, 800.0));
    }

    #[test]
    fn a_box_with_its_corners_swapped_has_no_area() {
        let b = BBox::new(30.0, 20.0, 10.0, 60.0);
        assert_eq!((b.area(), b.iou(&b)), (0.0, 0.0));
    }

    #[test]
    fn half_of_each_box_shared_is_a_third_of_both() {
        let (a, b) = (BBox::new(0.0, 0.0, 2.0, 1.0), BBox::new(1.0, 0.0, 3.0, 1.0));
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(a.iou(&BBox::new(2.0, 0.0, 4.0, 1.0)), 0.0);
    }

    #[test]
    fn a_clipped_box_stays_in_the_picture() {
        let size = Size::new(100, 50);
        assert_eq!(BBox::new(-5.0, 10.0, 120.0, 70.0).clip(size), BBox::new(0.0, 10.0, 100.0, 50.0));
        assert_eq!(BBox::new(200.0, 60.0, 210.0, 70.0).clip(size).area(), 0.0);
    }

    #[test]
    fn growing_by_a_half_doubles_both_sides() {
        assert_eq!(BBox::new(10.0, 10.0, 20.0, 30.0).grow(0.5), BBox::new(5.0, 0.0, 25.0, 40.0));
    }

    #[test]
    fn points_sizes_and_boxes_are_lists_in_json() {
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("valid JSON");
        let written = serde_json::to_value((Point::new(1.5, 2.0), Size::new(640, 480), BBox::new(0.5, 1.0, 2.0, 3.0)));
        assert_eq!(written.expect("plain values"), json("[[1.5, 2.0], [640, 480], [0.5, 1.0, 2.0, 3.0]]"));
        assert_eq!(serde_json::from_str::<Point>("[3, 4]").expect("whole numbers are fine"), Point::new(3.0, 4.0));
    }

    fn any_box() -> impl Strategy<Value = BBox> {
        (0..500_i16, 0..500_i16, 1..200_i16, 1..200_i16).prop_map(|(x, y, w, h)| {
            let (x, y, w, h) = (f32::from(x), f32::from(y), f32::from(w), f32::from(h));
            BBox::new(x, y, x + w, y + h)
        })
    }

    proptest! {
        #[test]
        fn overlap_is_symmetric_bounded_and_whole_with_itself(a in any_box(), b in any_box()) {
            prop_assert_eq!(a.iou(&b), b.iou(&a));
            prop_assert!((0.0..=1.0).contains(&a.iou(&b)));
            prop_assert!((a.iou(&a) - 1.0).abs() < 1e-6);
        }
    }
}

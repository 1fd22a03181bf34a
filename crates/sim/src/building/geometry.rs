//! Points, poses and rectangles on the floor.

use std::f64::consts::{PI, TAU};

use serde::{Deserialize, Serialize};

/// A point on the floor, in metres.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Point {
    /// To the east.
    pub x: f64,
    /// To the north.
    pub y: f64,
}

impl Point {
    /// Returns the point.
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Returns how far another point is.
    pub fn distance(self, other: Self) -> f64 {
        (other.x - self.x).hypot(other.y - self.y)
    }

    /// Returns the direction in which another point lies.
    pub fn direction(self, other: Self) -> f64 {
        (other.y - self.y).atan2(other.x - self.x)
    }

    /// Returns the point this far away in a direction.
    pub fn ahead(self, direction: f64, distance: f64) -> Self {
        Self::new(self.x + distance * direction.cos(), self.y + distance * direction.sin())
    }

    /// Returns how far it is from the straight line between two points.
    pub fn distance_to_line(self, from: Self, to: Self) -> f64 {
        let length = from.distance(to);
        if length < 1e-9 {
            return self.distance(from);
        }
        let along = ((self.x - from.x) * (to.x - from.x) + (self.y - from.y) * (to.y - from.y)) / length;
        self.distance(from.ahead(from.direction(to), along.clamp(0.0, length)))
    }
}

/// A point and a heading.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Pose {
    /// To the east.
    pub x: f64,
    /// To the north.
    pub y: f64,
    /// Counter-clockwise from the east.
    #[serde(default)]
    pub theta: f64,
}

impl Pose {
    /// Returns the pose.
    pub const fn new(x: f64, y: f64, theta: f64) -> Self {
        Self { x, y, theta }
    }

    /// Returns where it is.
    pub const fn point(self) -> Point {
        Point::new(self.x, self.y)
    }

    /// Returns the pose this far straight ahead, or behind if it is negative.
    pub fn ahead(self, distance: f64) -> Self {
        let Point { x, y } = self.point().ahead(self.theta, distance);
        Self { x, y, ..self }
    }
}

/// Returns the shortest turn from one heading to another, between -π and π.
pub fn turn(from: f64, to: f64) -> f64 {
    let turn = (to - from).rem_euclid(TAU);
    if turn > PI { turn - TAU } else { turn }
}

/// A rectangle along the axes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rect {
    /// Its west side.
    pub x0: f64,
    /// Its south side.
    pub y0: f64,
    /// Its east side.
    pub x1: f64,
    /// Its north side.
    pub y1: f64,
}

impl Rect {
    /// Returns the rectangle between two corners.
    pub const fn new(x0: f64, y0: f64, x1: f64, y1: f64) -> Self {
        Self { x0, y0, x1, y1 }
    }

    /// Returns the rectangle of a size around a point.
    pub fn around(middle: Point, width: f64, depth: f64) -> Self {
        Self::new(middle.x - width / 2.0, middle.y - depth / 2.0, middle.x + width / 2.0, middle.y + depth / 2.0)
    }

    /// Returns its middle.
    pub fn middle(self) -> Point {
        Point::new((self.x0 + self.x1) / 2.0, (self.y0 + self.y1) / 2.0)
    }

    /// Tells whether a point is inside or on its edge.
    pub fn contains(self, at: Point) -> bool {
        at.x >= self.x0 && at.x <= self.x1 && at.y >= self.y0 && at.y <= self.y1
    }

    /// Returns how far a point is from it; 0 inside.
    pub fn distance(self, at: Point) -> f64 {
        let x = (self.x0 - at.x).max(at.x - self.x1).max(0.0);
        let y = (self.y0 - at.y).max(at.y - self.y1).max(0.0);
        x.hypot(y)
    }

    /// Returns how far along a line from a point it is entered, as a share of the way to the other point.
    pub fn entered(self, from: Point, to: Point) -> Option<f64> {
        let (mut first, mut last) = (0.0_f64, 1.0_f64);
        for (start, end, low, high) in [(from.x, to.x, self.x0, self.x1), (from.y, to.y, self.y0, self.y1)] {
            let step = end - start;
            if step.abs() < 1e-12 {
                if start < low || start > high {
                    return None;
                }
                continue;
            }
            let (one, other) = ((low - start) / step, (high - start) / step);
            first = first.max(one.min(other));
            last = last.min(one.max(other));
        }
        (first <= last).then_some(first)
    }

    /// Tells whether the straight line between two points touches it.
    pub fn crosses(self, from: Point, to: Point) -> bool {
        self.entered(from, to).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_turn_goes_either_way_and_over_the_seam() {
        assert!((turn(0.1, 0.4) - 0.3).abs() < 1e-12);
        assert!((turn(PI - 0.1, -PI + 0.1) - 0.2).abs() < 1e-12);
        assert!((turn(-PI + 0.1, PI - 0.1) + 0.2).abs() < 1e-12);
    }

    #[test]
    fn a_line_enters_a_rectangle_where_it_meets_its_side() {
        let rect = Rect::new(2.0, 0.0, 3.0, 1.0);
        assert_eq!(rect.entered(Point::new(0.0, 0.5), Point::new(4.0, 0.5)), Some(0.5));
        assert_eq!(rect.entered(Point::new(0.0, 0.5), Point::new(1.9, 0.5)), None);
        assert_eq!(rect.entered(Point::new(0.0, 1.5), Point::new(4.0, 1.5)), None);
        assert!((rect.distance(Point::new(0.0, 2.0)) - 5.0_f64.sqrt()).abs() < 1e-12);
        assert!(
            (Point::new(1.0, 2.0).distance_to_line(Point::new(0.0, 0.0), Point::new(4.0, 0.0)) - 2.0).abs() < 1e-12
        );
    }
}

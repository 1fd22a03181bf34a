//! What is not in the plan of a floor because it moves, comes or goes: as something to bump into, and as something to see.

use super::anomaly::{AnomalyKind, Spot};
use super::geometry::{Point, Pose, Rect};

/// Something to bump into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Obstacle {
    /// Something round.
    Disc {
        /// Its middle.
        at: Point,
        /// Its radius.
        radius: f64,
    },
    /// Something with corners.
    Block(Rect),
}

impl Obstacle {
    /// Returns something round.
    pub const fn disc(at: Point, radius: f64) -> Self {
        Self::Disc { at, radius }
    }

    /// Returns how far a point is from it; 0 or less inside.
    pub fn distance(&self, from: Point) -> f64 {
        match self {
            Self::Disc { at, radius } => at.distance(from) - radius,
            Self::Block(area) => area.distance(from),
        }
    }

    /// Returns how far it is from the straight line between two points.
    pub fn distance_to_line(&self, from: Point, to: Point) -> f64 {
        match self {
            Self::Disc { at, radius } => at.distance_to_line(from, to) - radius,
            Self::Block(area) if area.crosses(from, to) => 0.0,
            Self::Block(area) => {
                let corners = [(area.x0, area.y0), (area.x1, area.y0), (area.x1, area.y1), (area.x0, area.y1)];
                let corners = corners.map(|(x, y)| Point::new(x, y).distance_to_line(from, to));
                corners.into_iter().fold(area.distance(from).min(area.distance(to)), f64::min)
            }
        }
    }

    /// Returns its middle.
    pub fn middle(&self) -> Point {
        match self {
            Self::Disc { at, .. } => *at,
            Self::Block(area) => area.middle(),
        }
    }
}

/// Something to see that is not in the plan of the floor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moving {
    /// Somebody who walks or stands.
    Person {
        /// Where, and where to.
        pose: Pose,
        /// How far the legs have swung, in radians.
        stride: f64,
        /// How the person is dressed: a number.
        clothes: usize,
    },
    /// A robot.
    Robot {
        /// Where it is.
        pose: Pose,
    },
    /// A shelf that robots carry.
    Shelf {
        /// Where it is.
        pose: Pose,
    },
    /// A door between rooms that is closed.
    ClosedDoor {
        /// The opening that it closes.
        opening: Rect,
    },
    /// A spot where something can be wrong.
    Spot {
        /// Which.
        spot: Spot,
        /// Whether it is.
        is_wrong: bool,
    },
}

impl Moving {
    /// Returns what of it is in the way.
    pub fn obstacle(&self) -> Option<Obstacle> {
        match self {
            Self::Person { pose, .. } => Some(Obstacle::disc(pose.point(), 0.24)),
            Self::Robot { pose } => Some(Obstacle::disc(pose.point(), 0.22)),
            Self::ClosedDoor { opening } => Some(Obstacle::Block(*opening)),
            Self::Spot { spot, is_wrong: true } => match spot.kind {
                AnomalyKind::Box => Some(Obstacle::Block(box_area(spot.at))),
                AnomalyKind::FallenPerson => Some(Obstacle::Block(fallen_area(spot.at))),
                _ => None,
            },
            Self::Shelf { .. } | Self::Spot { .. } => None,
        }
    }
}

/// The footprint of a box that stands in the way.
pub(super) fn box_area(at: Point) -> Rect {
    Rect::around(at, 0.46, 0.38)
}

/// The footprint of somebody who lies on the floor.
pub(super) fn fallen_area(at: Point) -> Rect {
    Rect::around(at, 1.7, 0.46)
}

//! How the robot moves: speeds that rise and fall no faster than the motors and the brakes allow.

use crate::building::{Point, Pose};

/// The greatest speed, in metres in a second.
pub(super) const TOP_SPEED: f64 = 0.3;
/// The greatest turning speed, in radians in a second.
pub(super) const TOP_TURN: f64 = 1.57;
/// How fast the speed rises, in metres in a second, every second.
const RISE: f64 = 0.35;
/// How fast the speed falls: from full speed the robot still rolls 0.1 m.
pub(super) const BRAKE: f64 = 0.45;
/// How fast the turning speed changes, in radians in a second, every second.
pub(super) const SWING: f64 = 3.2;
/// How close to something solid the robot's middle can get.
const RADIUS: f64 = 0.17;

/// Where the robot is and how it moves.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Body {
    /// Where it is and looks.
    pub(super) pose: Pose,
    /// Metres in a second, negative backwards.
    pub(super) speed: f64,
    /// Radians in a second, positive to the left.
    pub(super) turning: f64,
}

impl Body {
    /// Stands at a pose.
    pub(super) fn at(pose: Pose) -> Self {
        Self { pose, speed: 0.0, turning: 0.0 }
    }

    /// Tells whether it stands still.
    pub(super) fn is_still(&self) -> bool {
        self.speed == 0.0 && self.turning == 0.0
    }

    /// Moves for some seconds towards these speeds; `is_solid` tells where it cannot be, and there it stops.
    pub(super) fn step(&mut self, seconds: f64, (speed, turning): (f64, f64), is_solid: impl Fn(Point, f64) -> bool) {
        let slower = speed.abs() < self.speed.abs() || speed * self.speed < 0.0;
        let change = if slower { BRAKE } else { RISE } * seconds;
        self.speed += (speed - self.speed).clamp(-change, change);
        self.turning += (turning - self.turning).clamp(-SWING * seconds, SWING * seconds);
        self.pose.theta = wrapped(self.pose.theta + self.turning * seconds);
        let next = self.pose.ahead(self.speed * seconds);
        if self.speed != 0.0 && is_solid(next.point(), RADIUS) && !is_solid(self.pose.point(), RADIUS) {
            self.speed = 0.0;
        } else {
            self.pose = next;
        }
    }
}

/// Returns a heading between -π and π.
fn wrapped(theta: f64) -> f64 {
    crate::building::turn(0.0, theta)
}

/// Returns the greatest speed from which one can stop within a distance.
pub(super) fn speed_to_stop(distance: f64, brake: f64) -> f64 {
    (2.0 * brake * distance.max(0.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: f64 = 0.02;

    fn free(_: Point, _: f64) -> bool {
        false
    }

    #[test]
    fn it_drives_at_thirty_centimetres_a_second_after_a_start() {
        let mut body = Body::at(Pose::default());
        for _ in 0..500 {
            body.step(STEP, (TOP_SPEED, 0.0), free);
        }
        assert!((body.speed - 0.3).abs() < 1e-9);
        assert!((2.7..2.95).contains(&body.pose.x), "{}", body.pose.x);
    }

    #[test]
    fn from_full_speed_it_rolls_a_tenth_of_a_metre() {
        let mut body = Body { speed: TOP_SPEED, ..Body::at(Pose::default()) };
        while !body.is_still() {
            body.step(STEP, (0.0, 0.0), free);
        }
        assert!((0.09..0.11).contains(&body.pose.x), "{}", body.pose.x);
    }

    #[test]
    fn a_wall_stops_it() {
        let mut body = Body::at(Pose::default());
        for _ in 0..500 {
            body.step(STEP, (TOP_SPEED, 0.0), |at, radius| at.x + radius > 1.0);
        }
        assert!((0.8..0.831).contains(&body.pose.x), "{}", body.pose.x);
    }
}

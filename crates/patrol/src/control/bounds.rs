//! How fast and where a robot may be moved, as the settings say. The robot's own way home is never hindered.

use domain::geometry::{Point, Polygon};
use robot::{Command, Pose, Velocity};

use super::{Step, Wish};
use crate::settings_book::Settings;

/// The robot's greatest speed when it is driven by hand, in metres per second.
const GREATEST_SPEED: f64 = 0.3;
/// Its greatest turning speed, in degrees per second.
const GREATEST_TURN: f64 = 90.0;
/// How far ahead of a robot that is driven by hand the area is looked for: it rolls on for 0.1 m when it is told to stand,
/// goes on for 0.3 s when it is told nothing, and where it is is known a tenth of a second late. In metres.
const AHEAD: f64 = 0.3;

/// How fast and where a robot may be moved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bounds {
    /// Shares of the greatest speeds.
    speed: f64,
    turn: f64,
    /// Where the robot may be; everywhere without one.
    area: Option<Polygon>,
}

/// Why the robot is not moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutOfBounds {
    /// It would leave the area.
    #[error("the robot may not leave the area that the settings allow")]
    Edge,
    /// A place is not in the area.
    #[error("the place is outside the area that the settings allow the robot")]
    Place,
    /// There is an area, and nobody knows whether the robot is in it.
    #[error("where the robot is is not known, and the settings allow it a part of the map only")]
    Lost,
}

/// What is given to the robot for a wish.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Allowed {
    pub(crate) velocity: Velocity,
    /// Why it is less than what was wished, apart from the speed.
    pub(crate) reason: Option<OutOfBounds>,
}

impl Bounds {
    /// Returns the bounds that settings name.
    pub(crate) fn of(settings: &Settings) -> Self {
        let corners: Vec<Point> = settings.allowed_area.iter().copied().map(Point::from).collect();
        Self {
            speed: (settings.drive_speed_limit / GREATEST_SPEED).clamp(0.0, 1.0),
            turn: (settings.drive_turn_limit / GREATEST_TURN).clamp(0.0, 1.0),
            // Corners that make no area are refused before they get here; none at all mean everywhere.
            area: Polygon::try_from(corners).ok(),
        }
    }

    /// Returns bounds that hinder nothing.
    #[cfg(test)]
    pub(crate) fn everywhere() -> Self {
        Self { speed: 1.0, turn: 1.0, area: None }
    }

    /// Checks whether the robot may be sent to a place.
    pub(crate) fn place(&self, x: f64, y: f64) -> Result<(), OutOfBounds> {
        let is_inside = self.area.as_ref().is_none_or(|area| area.contains(Point::new(x, y)));
        if is_inside { Ok(()) } else { Err(OutOfBounds::Place) }
    }

    /// Returns what is given to a robot that stands at a pose and is driven by hand. Turning is always allowed, and so is
    /// driving back towards the area.
    pub(crate) fn velocity(&self, wish: Wish, pose: Option<Pose>) -> Allowed {
        let wished = Velocity::new(wish.linear, wish.angular);
        let (linear, angular) = (wished.linear() * self.speed, wished.angular() * self.turn);
        match self.way(linear.signum() * AHEAD, pose).err().filter(|_| linear != 0.0) {
            Some(reason) => Allowed { velocity: Velocity::new(0.0, angular), reason: Some(reason) },
            None => Allowed { velocity: Velocity::new(linear, angular), reason: None },
        }
    }

    /// Returns the command for a step by hand.
    pub(crate) fn step(&self, step: Step, pose: Option<Pose>) -> Result<Command, OutOfBounds> {
        let command = step.command();
        let Command::Forward { metres, speed } = command else { return Ok(command) };
        self.way(metres, pose)?;
        Ok(Command::Forward { metres, speed: speed.min(self.speed * GREATEST_SPEED) })
    }

    /// Checks a way straight ahead, or back. A robot outside the area may come closer to it.
    fn way(&self, metres: f64, pose: Option<Pose>) -> Result<(), OutOfBounds> {
        let Some(area) = &self.area else { return Ok(()) };
        let pose = pose.ok_or(OutOfBounds::Lost)?;
        let here = Point::new(pose.x, pose.y);
        let there = Point::new(pose.x + metres * pose.theta.cos(), pose.y + metres * pose.theta.sin());
        let comes_closer = || !area.contains(here) && area.distance(there) < area.distance(here);
        if area.contains(there) || comes_closer() { Ok(()) } else { Err(OutOfBounds::Edge) }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{FRAC_PI_2, PI};

    use super::*;

    /// Ten metres by four, with a corner at the origin.
    fn hall() -> Bounds {
        let corners = [[0.0, 0.0], [10.0, 0.0], [10.0, 4.0], [0.0, 4.0]].map(Point::from);
        Bounds { speed: 1.0, turn: 1.0, area: Polygon::try_from(corners.to_vec()).ok() }
    }

    const AHEAD_AND_LEFT: Wish = Wish { linear: 1.0, angular: 0.5 };

    #[test]
    fn w06_a_place_outside_the_area_is_refused() {
        assert_eq!(hall().place(9.9, 0.1), Ok(()));
        assert_eq!(hall().place(10.1, 1.0), Err(OutOfBounds::Place));
        assert_eq!(Bounds::everywhere().place(1e6, 0.0), Ok(()));
    }

    #[test]
    fn w06_nobody_drives_faster_than_the_settings_allow() {
        let slow = Bounds { speed: 0.5, turn: 0.1, area: None };
        let given = slow.velocity(Wish { linear: 40.0, angular: -1.0 }, None);
        assert_eq!(given, Allowed { velocity: Velocity::new(0.5, -0.1), reason: None });
        let step = slow.step(Step::Backward, None).expect("may");
        assert_eq!(step, Command::Forward { metres: -0.1, speed: 0.1 }, "a step is slow anyway");
        let crawl = Bounds { speed: 0.2, ..slow }.step(Step::Forward, None).expect("may");
        assert!(matches!(crawl, Command::Forward { speed, .. } if (speed - 0.06).abs() < 1e-9), "{crawl:?}");
    }

    #[test]
    fn w06_a_robot_stops_before_the_edge_of_its_area_and_may_turn_there() {
        let at = |x: f64, theta: f64| Some(Pose::new(x, 2.0, theta));
        let free = hall().velocity(AHEAD_AND_LEFT, at(9.6, 0.0));
        assert_eq!(free, Allowed { velocity: Velocity::new(1.0, 0.5), reason: None });
        let edge = hall().velocity(AHEAD_AND_LEFT, at(9.8, 0.0));
        assert_eq!(edge, Allowed { velocity: Velocity::new(0.0, 0.5), reason: Some(OutOfBounds::Edge) });
        let back = hall().velocity(Wish { linear: -1.0, angular: 0.0 }, at(9.8, 0.0));
        assert_eq!(back.reason, None);
        assert_eq!(hall().step(Step::Forward, at(9.95, 0.0)), Err(OutOfBounds::Edge));
        assert!(hall().step(Step::Left, at(9.95, 0.0)).is_ok());
    }

    #[test]
    fn w06_a_robot_that_was_carried_out_of_its_area_may_come_back_and_go_no_further() {
        let away = |theta: f64| hall().velocity(AHEAD_AND_LEFT, Some(Pose::new(12.0, 2.0, theta))).reason;
        assert_eq!(away(PI), None);
        assert_eq!(away(0.0), Some(OutOfBounds::Edge));
        assert_eq!(away(FRAC_PI_2), Some(OutOfBounds::Edge), "along the edge is not back");
    }

    #[test]
    fn w06_a_robot_that_nobody_can_locate_is_not_driven_where_there_are_bounds() {
        assert_eq!(hall().velocity(AHEAD_AND_LEFT, None).reason, Some(OutOfBounds::Lost));
        assert_eq!(Bounds::everywhere().velocity(AHEAD_AND_LEFT, None).reason, None);
    }
}

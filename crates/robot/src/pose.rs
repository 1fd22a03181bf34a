//! Where a robot is, how it moves and how much it has left.

use serde::{Deserialize, Serialize};

use crate::api;

/// A place and a heading on the robot's map: metres and radians, counter-clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Pose {
    /// Metres along the map's first axis.
    pub x: f64,
    /// Metres along the map's second axis.
    pub y: f64,
    /// The heading in radians.
    pub theta: f64,
}

impl Pose {
    /// Returns the place `x`, `y` with the heading `theta`.
    #[must_use]
    pub fn new(x: f64, y: f64, theta: f64) -> Self {
        Self { x, y, theta }
    }

    /// Returns how far away another place is, in metres.
    #[must_use]
    pub fn distance(&self, other: &Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

impl From<api::Pose> for Pose {
    fn from(pose: api::Pose) -> Self {
        Self { x: pose.x, y: pose.y, theta: pose.theta }
    }
}

impl From<Pose> for api::Pose {
    fn from(pose: Pose) -> Self {
        Self { x: pose.x, y: pose.y, theta: pose.theta }
    }
}

/// How fast a robot drives by hand, as shares of its greatest speeds: each from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Velocity {
    linear: f64,
    angular: f64,
}

impl Velocity {
    /// Standing still.
    pub const ZERO: Self = Self { linear: 0.0, angular: 0.0 };

    /// Returns the velocity; each share is held within -1 to 1, and what is no number is standing still.
    #[must_use]
    pub fn new(linear: f64, angular: f64) -> Self {
        let share = |value: f64| if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) };
        Self { linear: share(linear), angular: share(angular) }
    }

    /// Returns the share of the greatest speed, backwards if negative.
    #[must_use]
    pub fn linear(&self) -> f64 {
        self.linear
    }

    /// Returns the share of the greatest turning speed, to the left if positive.
    #[must_use]
    pub fn angular(&self) -> f64 {
        self.angular
    }
}

/// What a robot's battery holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Battery {
    /// 0 to 100.
    pub percent: f64,
    /// Whether it is on the charger.
    pub charging: bool,
}

impl From<api::GetBatteryInfoResponse> for Battery {
    fn from(answer: api::GetBatteryInfoResponse) -> Self {
        use api::PowerSupplyStatus as Status;
        Self {
            percent: answer.remaining_percentage,
            // A full battery is on the charger too.
            charging: matches!(answer.power_supply_status(), Status::Charging | Status::Full),
        }
    }
}

/// A place that the robot knows by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// The robot's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub pose: Pose,
    /// What it is.
    pub kind: LocationKind,
}

/// What a place is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocationKind {
    /// A place that somebody named.
    Named,
    /// The charger.
    Charger,
    /// Where a shelf belongs.
    ShelfHome,
    /// A mark that helps the robot to find itself.
    Marker,
}

impl From<api::Location> for Location {
    fn from(location: api::Location) -> Self {
        use api::LocationType as Type;
        let kind = match location.r#type() {
            Type::Unspecified => LocationKind::Named,
            Type::Charger => LocationKind::Charger,
            Type::ShelfHome => LocationKind::ShelfHome,
            Type::SlamMarker => LocationKind::Marker,
        };
        Self { id: location.id, name: location.name, pose: location.pose.unwrap_or_default().into(), kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_velocity_is_held_within_the_robots_greatest_and_is_always_a_number() {
        let fast = Velocity::new(7.0, -3.0);
        assert_eq!((fast.linear(), fast.angular()), (1.0, -1.0));
        let odd = Velocity::new(f64::NAN, f64::INFINITY);
        assert_eq!((odd.linear(), odd.angular()), (0.0, 1.0));
    }

    #[test]
    fn a_full_battery_is_charging() {
        let told = |status: api::PowerSupplyStatus| {
            let answer = api::GetBatteryInfoResponse {
                remaining_percentage: 87.6,
                power_supply_status: status.into(),
                ..Default::default()
            };
            Battery::from(answer)
        };
        assert_eq!(told(api::PowerSupplyStatus::Full), Battery { percent: 87.6, charging: true });
        assert_eq!(told(api::PowerSupplyStatus::Discharging), Battery { percent: 87.6, charging: false });
    }
}

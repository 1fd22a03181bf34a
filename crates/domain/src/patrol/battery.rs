//! When a robot may start, when it must go and charge, and when it may go on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The battery levels, in percent, that decide.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatteryPolicy {
    /// A run does not start below this.
    pub start_above: f64,
    /// A robot on its round goes home to charge below this.
    pub home_below: f64,
    /// A robot that charges goes on from this.
    pub resume_above: f64,
}

/// Why battery levels make no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatteryError {
    /// A level is no percentage.
    #[error("battery levels lie between 0 and 100 percent")]
    NoPercentage,
    /// A robot would go home as soon as it went on.
    #[error("the level to go on at must lie above the level to go home at")]
    NeverOnItsWay,
}

impl BatteryPolicy {
    /// Returns a policy.
    ///
    /// # Errors
    /// If a robot could not follow it.
    pub fn new(start_above: f64, home_below: f64, resume_above: f64) -> Result<Self, BatteryError> {
        if [start_above, home_below, resume_above].iter().any(|level| !(0.0..=100.0).contains(level)) {
            return Err(BatteryError::NoPercentage);
        }
        if resume_above <= home_below || start_above < home_below {
            return Err(BatteryError::NeverOnItsWay);
        }
        Ok(Self { start_above, home_below, resume_above })
    }

    /// Returns whether a run may start.
    #[must_use]
    pub fn may_start(&self, percent: f64) -> bool {
        percent >= self.start_above
    }

    /// Returns whether the robot must go home and charge.
    #[must_use]
    pub fn is_low(&self, percent: f64) -> bool {
        percent < self.home_below
    }

    /// Returns whether the robot has charged enough to go on.
    #[must_use]
    pub fn may_resume(&self, percent: f64) -> bool {
        percent >= self.resume_above
    }
}

impl Default for BatteryPolicy {
    /// Starts from 30 percent, goes home below 15, goes on from 80.
    fn default() -> Self {
        Self { start_above: 30.0, home_below: 15.0, resume_above: 80.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_themselves_are_enough() {
        let policy = BatteryPolicy::new(30.0, 15.0, 80.0).expect("is a policy");
        assert_eq!(policy, BatteryPolicy::default());
        assert!(policy.may_start(30.0) && !policy.may_start(29.9));
        assert!(policy.is_low(14.9) && !policy.is_low(15.0));
        assert!(policy.may_resume(80.0) && !policy.may_resume(79.9));
    }

    #[test]
    fn a_policy_that_sends_the_robot_to_and_fro_is_refused() {
        assert_eq!(BatteryPolicy::new(30.0, 50.0, 50.0), Err(BatteryError::NeverOnItsWay));
        assert_eq!(BatteryPolicy::new(30.0, 40.0, 80.0), Err(BatteryError::NeverOnItsWay));
        assert_eq!(BatteryPolicy::new(30.0, f64::NAN, 80.0), Err(BatteryError::NoPercentage));
        assert_eq!(BatteryPolicy::new(130.0, 15.0, 80.0), Err(BatteryError::NoPercentage));
    }
}

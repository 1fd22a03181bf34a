//! What a run is to do, settled before it begins.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{BatteryPolicy, Waypoint};

/// The most rounds of one run.
const MOST_LOOPS: u32 = 1000;

/// Where the robot goes when the run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// To its charger.
    #[default]
    Home,
    /// Nowhere: it stays where it is.
    Stay,
}

/// How long each part of a run may take, and how often what fails is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start until the robot may drive.
    pub starting: Duration,
    /// One way to a waypoint.
    pub moving: Duration,
    /// The way home.
    pub homing: Duration,
    /// Until the robot confirms that it stands still.
    pub halting: Duration,
    /// How long the robot stands still before a picture, unless the waypoint says so.
    pub settling: Duration,
    /// Until there is a fresh picture.
    pub picture: Duration,
    /// Until a picture is judged; the run goes on without waiting any longer.
    pub judging: Duration,
    /// Until a question is answered.
    pub asking: Duration,
    /// How long a run may be paused.
    pub pausing: Duration,
    /// How long the robot may take to charge.
    pub charging: Duration,
    /// How long the link to the robot may be lost.
    pub link: Duration,
    /// Until everything is judged and the report is written.
    pub finishing: Duration,
    /// The pause before something is tried again.
    pub resting: Duration,
    /// How often the robot tries to get home.
    pub home_attempts: u32,
    /// How often the robot goes to charge without having visited a waypoint in between.
    pub charges: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            starting: secs(60),
            moving: secs(180),
            homing: secs(300),
            halting: secs(30),
            settling: secs(2),
            picture: secs(20),
            judging: secs(300),
            asking: secs(600),
            pausing: secs(3600),
            charging: secs(6 * 3600),
            link: secs(180),
            finishing: secs(900),
            resting: secs(2),
            home_attempts: 5,
            charges: 3,
        }
    }
}

/// What a run is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(super) waypoints: Vec<Waypoint>,
    pub(super) loops: u32,
    /// Whether the robot only drives: no pictures, no model.
    pub is_dry: bool,
    /// Whether the robot waits at each waypoint until its picture is judged.
    pub waits: bool,
    /// Where the robot goes when the round is done.
    pub then: Then,
    /// When it charges.
    pub battery: BatteryPolicy,
    /// How long everything may take.
    pub limits: Limits,
}

/// Why there is nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No waypoint is to be visited.
    #[error("No enabled points")]
    NoWaypoints,
    /// No round, or too many.
    #[error("loops must lie between 1 and {MOST_LOOPS}")]
    Loops,
}

impl Plan {
    /// Returns a plan to visit these waypoints, disabled ones left out, in this order, `loops` times. The robot looks,
    /// waits for each verdict and goes home at the end unless the fields say otherwise.
    ///
    /// # Errors
    /// If there is nothing to do.
    pub fn new(waypoints: impl IntoIterator<Item = Waypoint>, loops: u32) -> Result<Self, PlanError> {
        let waypoints: Vec<Waypoint> = waypoints.into_iter().filter(|waypoint| waypoint.enabled).collect();
        if waypoints.is_empty() {
            return Err(PlanError::NoWaypoints);
        }
        if !(1..=MOST_LOOPS).contains(&loops) {
            return Err(PlanError::Loops);
        }
        Ok(Self::of(waypoints, loops))
    }

    /// Returns a plan that visits nothing: all that is left of a run when its process ended.
    pub(super) fn to_go_home() -> Self {
        Self::of(Vec::new(), 1)
    }

    fn of(waypoints: Vec<Waypoint>, loops: u32) -> Self {
        Self {
            waypoints,
            loops,
            is_dry: false,
            waits: true,
            then: Then::Home,
            battery: BatteryPolicy::default(),
            limits: Limits::default(),
        }
    }

    /// Returns the waypoints of one round.
    #[must_use]
    pub fn waypoints(&self) -> &[Waypoint] {
        &self.waypoints
    }

    /// Returns how many rounds there are.
    #[must_use]
    pub fn loops(&self) -> u32 {
        self.loops
    }

    /// Returns how many visits there are in all.
    #[must_use]
    pub fn visits(&self) -> usize {
        self.waypoints.len() * self.loops as usize
    }

    /// Returns the waypoint of a visit.
    #[must_use]
    pub fn waypoint(&self, visit: usize) -> Option<&Waypoint> {
        (visit < self.visits()).then(|| &self.waypoints[visit % self.waypoints.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disabled_waypoints_are_left_out_and_nothing_to_do_is_refused() {
        let mut off = Waypoint::at("2", "Store", 1.0, 1.0);
        off.enabled = false;
        let plan = Plan::new([Waypoint::at("1", "Gate", 0.0, 0.0), off.clone()], 2).expect("is a plan");
        assert_eq!((plan.waypoints().len(), plan.visits()), (1, 2));
        assert_eq!(plan.waypoint(1).map(|waypoint| waypoint.id.as_str()), Some("1"));
        assert_eq!(plan.waypoint(2), None);
        assert_eq!(Plan::new([off], 1), Err(PlanError::NoWaypoints));
        assert_eq!(Plan::new([Waypoint::at("1", "Gate", 0.0, 0.0)], 0), Err(PlanError::Loops));
    }
}

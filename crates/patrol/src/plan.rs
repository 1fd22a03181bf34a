//! From what somebody wants to a plan that a run can follow.

use std::time::Duration;

use domain::patrol::{Limits, Plan, PlanError, Then, Waypoint};

use crate::control::Bounds;
use crate::history::RunId;
use crate::settings_book::Settings;
use crate::view;

/// What somebody wants the robot to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// A named route; the list of waypoints without one.
    pub(crate) route: Option<String>,
    /// Only these waypoints, in this order.
    pub(crate) points: Option<Vec<String>>,
    /// How many rounds.
    pub(crate) loops: u32,
    /// Whether the robot only drives.
    pub(crate) dry_run: bool,
    /// Where it goes then.
    pub(crate) then: Then,
    /// Who wants it: `operator`, or `schedule:<id>`.
    pub(crate) trigger: String,
}

impl Wanted {
    /// Returns the usual round, as somebody at a screen wants it.
    pub(crate) fn round() -> Self {
        let trigger = "operator".to_owned();
        Self { route: None, points: None, loops: 1, dry_run: false, then: Then::Home, trigger }
    }
}

/// Why a run does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// One is under way.
    #[error("run {0} is under way")]
    RunActive(RunId),
    /// The battery is too low.
    #[error("the battery is at {percent:.0} %, a run starts from {least:.0} %")]
    BatteryLow { percent: f64, least: f64 },
    /// The robot cannot be sent off.
    #[error("{0}")]
    RobotNotReady(String),
    /// An operator has the robot.
    #[error("{0} controls the robot")]
    Controlled(String),
    /// There is no such route.
    #[error("there is no route {0:?}")]
    NoRoute(String),
    /// There is no such waypoint.
    #[error("there is no waypoint {0:?}")]
    NoPoint(String),
    /// A waypoint lies where the robot may not be.
    #[error("waypoint {0:?} lies outside the area that the settings allow the robot")]
    OutOfBounds(String),
    /// There is nothing to do.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No model can judge.
    #[error("AI Not Configured")]
    NotConfigured,
    /// It cannot be recorded.
    #[error("Database Error")]
    Database(#[source] anyhow::Error),
    /// The process ends.
    #[error("the process is ending")]
    Ending,
}

impl StartError {
    /// Returns the word that stands for it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::RunActive(_) => "run_active",
            Self::BatteryLow { .. } => "battery_low",
            Self::RobotNotReady(_) | Self::Ending => "robot_not_ready",
            Self::Controlled(_) => "controlled",
            Self::NoRoute(_) => "no_such_route",
            Self::NoPoint(_) => "no_such_point",
            Self::OutOfBounds(_) => "out_of_bounds",
            Self::Plan(_) => "nothing_to_do",
            Self::NotConfigured => "not_configured",
            Self::Database(_) => "internal",
        }
    }
}

/// Returns the plan for what is wanted, of the waypoints that there are.
pub(crate) fn plan(wanted: &Wanted, waypoints: Vec<Waypoint>, settings: &Settings) -> Result<Plan, StartError> {
    let chosen = match &wanted.points {
        None => waypoints,
        Some(ids) => chosen(ids, &waypoints)?,
    };
    let mut plan = Plan::new(chosen, wanted.loops)?;
    let bounds = Bounds::of(settings);
    if let Some(outside) = plan.waypoints().iter().find(|point| bounds.place(point.x, point.y).is_err()) {
        return Err(StartError::OutOfBounds(outside.name.clone()));
    }
    plan.is_dry = wanted.dry_run;
    plan.waits = !settings.turbo_mode;
    plan.then = wanted.then;
    plan.battery = settings.battery();
    plan.limits = limits(settings);
    Ok(plan)
}

/// Whoever names waypoints wants them, enabled or not.
fn chosen(ids: &[String], waypoints: &[Waypoint]) -> Result<Vec<Waypoint>, StartError> {
    let find = |id: &String| {
        let found = waypoints.iter().find(|waypoint| waypoint.id == *id);
        found.map(|waypoint| Waypoint { enabled: true, ..waypoint.clone() })
    };
    ids.iter().map(|id| find(id).ok_or_else(|| StartError::NoPoint(id.clone()))).collect()
}

/// Returns the limits that the settings say, and the usual ones besides.
pub(crate) fn limits(settings: &Settings) -> Limits {
    let secs = |secs: f64| Duration::try_from_secs_f64(secs).unwrap_or_default();
    let usual = Limits::default();
    // One answer and the way to it; a model that needs longer is not waited for, its verdict comes later.
    let judging = Duration::from_secs(settings.inspection_timeout_secs).saturating_add(Duration::from_secs(30));
    Limits {
        moving: secs(settings.move_timeout_secs),
        homing: secs(settings.home_timeout_secs),
        settling: secs(settings.settle_secs),
        asking: secs(settings.ask_timeout_secs),
        pausing: secs(settings.pause_timeout_secs),
        charging: secs(settings.charge_timeout_secs),
        link: secs(settings.link_timeout_secs),
        judging: judging.max(usual.judging),
        ..usual
    }
}

/// Checks whether the robot may be sent off now.
pub(crate) fn check_robot(state: &view::RobotState, settings: &Settings) -> Result<(), StartError> {
    if state.link.state != view::LinkState::Connected {
        let why = state.link.reason.as_deref().unwrap_or("it has not answered yet");
        return Err(StartError::RobotNotReady(format!("the robot is not connected: {why}")));
    }
    if state.emergency_stop {
        let text = "the robot's emergency stop is set; only its power button releases it";
        return Err(StartError::RobotNotReady(text.to_owned()));
    }
    let policy = settings.battery();
    match state.battery {
        Some(battery) if !policy.may_start(battery.percent) => {
            Err(StartError::BatteryLow { percent: battery.percent, least: policy.start_above })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> Vec<Waypoint> {
        let mut off = Waypoint::at("2", "Store", 2.0, 0.0);
        off.enabled = false;
        vec![Waypoint::at("1", "Gate", 1.0, 0.0), off]
    }

    #[test]
    fn named_waypoints_are_visited_in_the_order_named_even_if_they_are_off() {
        let ids = ["2".to_owned(), "1".to_owned()];
        let chosen = chosen(&ids, &points()).expect("both are there");
        let names: Vec<&str> = chosen.iter().map(|point| point.name.as_str()).collect();
        assert_eq!(names, ["Store", "Gate"]);
        assert!(chosen.iter().all(|point| point.enabled));
    }

    #[test]
    fn an_unknown_waypoint_is_refused_by_its_name() {
        let error = chosen(&["9".to_owned()], &points()).expect_err("is unknown");
        assert_eq!((error.code(), error.to_string().as_str()), ("no_such_point", "there is no waypoint \"9\""));
    }
}

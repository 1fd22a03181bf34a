//! A robot's round: the waypoints it visits, what may become of each, and the run itself as a pure state machine.

mod battery;
pub mod event;
pub mod order;
mod plan;
pub mod run;
mod verdict;
mod waypoint;
pub mod words;

pub use battery::{BatteryError, BatteryPolicy};
pub use plan::{Limits, Plan, PlanError, Then};
pub use run::Run;
pub use verdict::{NoVerdict, Verdict};
pub use waypoint::{CameraSide, FailurePolicy, OnFailure, Route, STANDARD_QUESTION, Waypoint, WaypointError};

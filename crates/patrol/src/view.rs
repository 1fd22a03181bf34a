//! What is answered over HTTP about the robot and its run. Times are RFC 3339 in UTC.

use domain::patrol::Verdict;
use domain::patrol::run::{Outcome, Stage, VisitState};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// How the robot is: the answer to `v1/state` and the event `state`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RobotState {
    /// Which robot.
    pub(crate) robot_id: String,
    /// What people call it.
    pub(crate) robot_name: String,
    /// The connection to it.
    pub(crate) link: Link,
    /// Its battery, once known.
    pub(crate) battery: Option<Battery>,
    /// Where it is, once known.
    pub(crate) pose: Option<Pose>,
    /// The map it is on, once known.
    pub(crate) map: Option<Map>,
    /// Whether it carries out a command.
    pub(crate) moving: bool,
    /// What is wrong with it now.
    pub(crate) faults: Vec<Fault>,
    /// Whether its emergency stop is latched; only its power button releases it.
    pub(crate) emergency_stop: bool,
    /// The run that is under way, or the last one until the next begins.
    pub(crate) run: Option<RunProgress>,
    /// Who may move it now.
    pub(crate) control: Option<Control>,
    /// Its cameras.
    pub(crate) cameras: Cameras,
}

/// The connection to the robot.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Link {
    /// How it is.
    pub(crate) state: LinkState,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) since: Timestamp,
    /// Why it is not connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// How the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ConnectionState)]
pub(crate) enum LinkState {
    /// The robot has not answered yet.
    Connecting,
    /// The robot answers.
    Connected,
    /// The robot answered before, and does not now.
    Lost,
}

/// A battery.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct Battery {
    /// How full it is, 0 to 100.
    pub(crate) percent: f64,
    /// Whether it is being charged.
    pub(crate) charging: bool,
}

/// A place and a heading on the map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct Pose {
    /// Metres.
    pub(crate) x: f64,
    /// Metres.
    pub(crate) y: f64,
    /// Radians, counter-clockwise.
    pub(crate) theta: f64,
    /// When the robot was there.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) stamp: Timestamp,
}

/// A map; its picture is at `v1/map`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Map {
    /// Which map; another one has another id.
    pub(crate) id: String,
    /// What the robot calls it.
    pub(crate) name: String,
    /// Metres per pixel.
    pub(crate) resolution: f64,
    /// Pixels.
    pub(crate) width: u32,
    /// Pixels.
    pub(crate) height: u32,
    /// Where the lower left corner of the picture lies.
    pub(crate) origin: Origin,
}

/// Where a map's picture lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct Origin {
    /// Metres.
    pub(crate) x: f64,
    /// Metres.
    pub(crate) y: f64,
    /// Radians.
    pub(crate) theta: f64,
}

/// Something that is wrong with the robot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Fault {
    /// The robot's number for it.
    pub(crate) code: i32,
    /// The robot's words for it.
    pub(crate) title: String,
    /// More of the robot's words.
    pub(crate) description: String,
}

/// Who may move the robot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Control {
    /// The run's id or the operator's name.
    pub(crate) holder: String,
    /// A run or an operator.
    pub(crate) kind: ControlKind,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) expires_at: Option<Timestamp>,
}

/// A run or an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ControlKind {
    /// A run moves the robot.
    Run,
    /// An operator does.
    Operator,
}

/// The robot's cameras.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub(crate) struct Cameras {
    /// The one that looks where the robot drives.
    pub(crate) front: Camera,
    /// The one that looks back.
    pub(crate) back: Camera,
}

/// A camera of the robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub(crate) struct Camera {
    /// When its newest picture was taken.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_frame_at: Option<Timestamp>,
    /// How many people watch it live.
    pub(crate) watching: usize,
}

/// How far a run is: the answer to `v1/runs/current` and the event `run`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RunProgress {
    /// Which run.
    pub(crate) run_id: i64,
    /// Which robot.
    pub(crate) robot_id: String,
    /// What it is doing.
    pub(crate) state: Stage,
    /// The same in the words of the older interface, as `Moving to Gate...`.
    pub(crate) text: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) started_at: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) ended_at: Option<Timestamp>,
    /// The named route, if it walks one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) route: Option<String>,
    /// Whether it only drives.
    pub(crate) dry_run: bool,
    /// Which round this is, from 1.
    #[serde(rename = "loop")]
    #[schema(rename = "loop")]
    pub(crate) round: u32,
    /// How many rounds there are.
    pub(crate) loops: u32,
    /// Every waypoint of the round, in order.
    pub(crate) points: Vec<PointProgress>,
    /// The waypoint it is at or on its way to; -1 for none.
    pub(crate) current_index: i64,
    /// What came of it, once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<Outcome>,
    /// What it wants to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) question: Option<Question>,
    /// Why it is as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// How far one waypoint is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct PointProgress {
    /// Which waypoint.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Metres.
    pub(crate) x: f64,
    /// Metres.
    pub(crate) y: f64,
    /// How far it is.
    pub(crate) state: VisitState,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verdict: Option<Verdict>,
    /// Its inspection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inspection_id: Option<i64>,
}

/// What a run wants to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Question {
    /// The id of the waypoint that it is about.
    pub(crate) point: String,
    /// What happened.
    pub(crate) message: String,
}

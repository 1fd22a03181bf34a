//! Patrol robots: what any of them can be asked ([`Robot`]), and a Kachaka that answers over gRPC ([`kachaka`]).
//!
//! Every call has a time limit, a robot that is away is found again by itself, and a command is over only when the robot
//! says so of that very command. What a robot is told to do, and when, is decided elsewhere.
//!
//! With the feature `server` the robot's side of the wire is there too ([`api`]), for simulated robots.

mod camera;
mod command;
mod error;
mod fault;
pub mod kachaka;
mod map;
mod pose;
mod robot;

pub use camera::{Camera, Object, ObjectKind, Region, Shot};
pub use command::{Activity, Command, CommandId, Outcome};
pub use error::RobotError;
pub use fault::{Fault, FaultTable};
pub use kachaka::Kachaka;
pub use map::{Map, MapEntry, MapId};
pub use pose::{Battery, Location, LocationKind, Pose, Velocity};
pub use robot::{Cursor, Robot};

/// The wire, as it is: messages and the two sides of the service `kachaka_api.KachakaApi`.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::large_futures,
    clippy::needless_pass_by_value,
    clippy::semicolon_if_nothing_returned,
    clippy::map_unwrap_or,
    reason = "made from the protocol's description, where everything is explained"
)]
pub mod api {
    tonic::include_proto!("kachaka_api");
}

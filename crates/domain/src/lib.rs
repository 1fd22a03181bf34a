//! What Ronda talks about and the rules it follows: ids, geometry, pictures, detections, cameras, zones, tracks,
//! alerts, patrols and the settings that shape them.
//!
//! Everything here is a value or a pure function. There is no clock (the caller says what time it is), no input or
//! output, no async and no log, so that each rule can be tested by writing down what goes in and what must come out.

pub mod alert;
pub mod camera;
pub mod debounce;
pub mod detection;
pub mod entry;
pub mod geometry;
pub mod id;
pub mod patrol;
pub mod picture;
pub mod retry;
pub mod robots;
pub mod sampling;
pub mod schedule;
mod schema;
pub mod secret;
pub mod services;
pub mod track;
pub mod watch;
pub mod zone;

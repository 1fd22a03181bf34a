//! The outside world of a site, simulated: cameras that play real footage or scenes with known truth, patrol robots in a
//! building, the models that judge their pictures, and receivers of webhooks.
//!
//! As a library for tests ([`Cameras`], [`robot::Robot`], [`models::Models`], [`webhook::Receiver`], [`Scene`]), as the program
//! `sim` for `cargo xtask up` and the benchmarks.

pub mod building;
mod cameras;
mod fetching;
pub mod footage;
pub mod models;
pub mod robot;
mod routes;
mod scene;
mod site;
pub mod webhook;

pub use cameras::{Cameras, Mount, MountError, Plays};
pub use fetching::fetch;
pub use footage::Footage;
pub use scene::{Scene, Truth};
pub use site::{BuildingOptions, Config, PORT, run, run_robot, run_site};

//! The outside world of a site, simulated: cameras that play real footage or scenes with known truth, and receivers of
//! webhooks.
//!
//! As a library for tests ([`Cameras`], [`webhook::Receiver`], [`Scene`]), as the program `sim` for `cargo xtask up` and the
//! benchmarks.

mod cameras;
pub mod footage;
mod routes;
mod scene;
mod site;
pub mod webhook;

pub use cameras::{Cameras, Mount, MountError, Plays};
pub use footage::Footage;
pub use scene::{Scene, Truth};
pub use site::{Config, fetch, run, site};

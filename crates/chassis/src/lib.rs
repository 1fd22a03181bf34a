//! What every Ronda process does the same way: how it starts, reads its configuration, logs, counts,
//! runs its tasks, answers HTTP and stops. It knows nothing of cameras, alerts or Redis.
//!
//! A service is a doorway and a room:
//!
//! ```no_run
//! use std::process::ExitCode;
//! use chassis::{ConfigError, Env, Settings, Stop};
//!
//! struct Config;
//!
//! impl Settings for Config {
//!     const PORT: u16 = 8020;
//!     fn load(_env: &Env) -> Result<Self, ConfigError> {
//!         Ok(Self)
//!     }
//! }
//!
//! async fn run(_config: Config, stop: Stop) -> anyhow::Result<()> {
//!     stop.stopped().await;
//!     Ok(())
//! }
//!
//! fn main() -> ExitCode {
//!     chassis::main("alert-router", run)
//! }
//! ```

pub mod config;
mod entry;
pub mod http;
pub mod metrics;
mod secret;
pub mod tasks;
mod telemetry;
mod trace;

pub use config::{ConfigError, Env};
pub use entry::{Settings, healthcheck, install_tls, main, run_program};
pub use secret::Secret;
pub use tasks::{Stop, Tasks};
pub use trace::{Trace, TraceError};

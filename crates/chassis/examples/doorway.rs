//! The smallest service: it answers `/hello` and ends when asked to. `tests/process.rs` runs it.
//!
//! `MODE=failing` fails at start, `MODE=deaf` does not heed the request to end.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::http::Method;
use chassis::http::{Access, Routes, serve};
use chassis::{ConfigError, Env, Settings, Stop, Tasks};

struct Config {
    address: SocketAddr,
    mode: Mode,
}

enum Mode {
    Ordinary,
    Failing,
    Deaf,
}

impl Settings for Config {
    const PORT: u16 = 8099;

    fn load(env: &Env) -> Result<Self, ConfigError> {
        let mode = match env.or("MODE", "ordinary".to_owned())?.as_str() {
            "ordinary" => Mode::Ordinary,
            "failing" => Mode::Failing,
            "deaf" => Mode::Deaf,
            other => {
                let expected = format!("expected `ordinary`, `failing` or `deaf`, found `{other}`");
                return Err(ConfigError::variable("MODE", expected));
            }
        };
        Ok(Self { address: env.bind(Self::PORT)?, mode })
    }
}

async fn run(config: Config, stop: Stop) -> anyhow::Result<()> {
    let routes = Routes::new().route(Method::GET, "/hello", Access::Public, async || "hello");
    let mut tasks = Tasks::new(stop.clone());
    tasks.vital("http", serve(config.address, routes, stop));
    match config.mode {
        Mode::Ordinary => {}
        Mode::Failing => connect().context("starting the doorway")?,
        Mode::Deaf => tasks.vital("deaf", std::future::pending()),
    }
    tasks.run(Duration::from_secs(600)).await
}

fn connect() -> anyhow::Result<()> {
    let refused = || -> anyhow::Result<()> { bail!("connection refused") };
    refused().context("cannot connect to camera gate-1")
}

fn main() -> ExitCode {
    chassis::main("doorway", run)
}

//! `sim`: the outside world of a site, simulated.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use chassis::{Env, Stop};
use clap::{Parser, Subcommand};
use sim::{Config, Mount};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// How long blocking work that ignores the stop may hold up the exit.
const GRACE: Duration = Duration::from_secs(5);

/// Simulates cameras and webhook receivers.
///
/// BIND, PORT (HTTP: receivers and control) and RTSP_PORT (cameras) say where; the footage is in RONDA_CACHE_DIR.
#[derive(Debug, Parser)]
#[command(name = "sim", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetches and prepares the street footage, once.
    Fetch,
    /// Plays the cameras of the simulated site and receives its webhooks.
    Site,
    /// Plays other cameras, and receives webhooks.
    Cameras {
        /// A camera: its name and what it plays (street, crossing, pavement, still or yard), as gate=street.
        #[arg(long = "mount", required = true)]
        mounts: Vec<Mount>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    match start(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    let done = runtime.block_on(async {
        let config = Config::load(&Env::process())?;
        let stop = Stop::new();
        stop_on_signals(&stop)?;
        match command {
            Command::Fetch => {
                let fetched = stop.or(sim::fetch(config.footage)).await;
                fetched.unwrap_or_else(|| Err(anyhow::anyhow!("stopped before the footage was there")))
            }
            Command::Site => sim::run(config, sim::site(), stop).await,
            Command::Cameras { mounts } => sim::run(config, mounts, stop).await,
        }
    });
    runtime.shutdown_timeout(GRACE);
    done
}

/// Sets the stop at the first SIGTERM or SIGINT; a second one ends the process at once.
fn stop_on_signals(stop: &Stop) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let stop = stop.clone();
    tokio::spawn(async move {
        for _ in 0..2 {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop.is_stopped() {
                std::process::exit(130);
            }
            stop.stop();
        }
    });
    Ok(())
}

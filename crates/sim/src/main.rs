//! `sim`: the outside world of a site, simulated.

use std::net::SocketAddr;
use std::process::ExitCode;

use chassis::{Env, Stop};
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use sim::building::WorldSettings;
use sim::{BuildingOptions, Config, Mount};

/// Simulates cameras, patrol robots, vision-language models and webhook receivers.
///
/// BIND and PORT say where receivers and control answer over HTTP; RTSP_PORT, SIM_ROBOT_PORT and SIM_MODELS_PORT where the
/// cameras, the robots and the models of the site are. The footage is in RONDA_CACHE_DIR.
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
    /// Plays the whole simulated site: cameras, two robots, models, webhook receivers.
    Site {
        #[command(flatten)]
        building: Building,
    },
    /// Plays other cameras, and receives webhooks.
    Cameras {
        /// A camera: its name and what it plays (street, crossing, pavement, still or yard), as gate=street.
        #[arg(long = "mount", required = true)]
        mounts: Vec<Mount>,
    },
    /// Plays one patrol robot in its building, with its control over HTTP beside it.
    Robot {
        /// Where the robot answers over gRPC.
        #[arg(long, default_value = "127.0.0.1:26400")]
        listen: SocketAddr,
        #[command(flatten)]
        building: Building,
    },
    /// Plays the vision-language models.
    Models {
        /// Where they answer over HTTP.
        #[arg(long, default_value = "127.0.0.1:9110")]
        listen: SocketAddr,
    },
    /// Asks the simulation on this machine whether it is ready: what a container's health check runs.
    Healthcheck,
}

/// What the robots' building is like.
#[derive(Debug, Args)]
struct Building {
    /// How many times faster than real robots drive and charge and people walk.
    #[arg(long, env = "SIM_SPEED", default_value_t = 1.0)]
    speed: f64,
    /// Chance comes from here: the same seed is the same world.
    #[arg(long, env = "SIM_SEED", default_value_t = 1)]
    seed: u64,
    /// Which day it is, which says what is wrong; 0 is a day on which nothing is. Without it, today.
    #[arg(long, env = "SIM_DAY")]
    day: Option<u32>,
    /// How many people walk about.
    #[arg(long, env = "SIM_PEOPLE", default_value_t = 2)]
    people: usize,
}

impl From<Building> for BuildingOptions {
    fn from(building: Building) -> Self {
        let today = || u32::try_from(Timestamp::now().as_second() / 86_400).unwrap_or(1);
        let day = building.day.unwrap_or_else(today);
        let world = WorldSettings { seed: building.seed, day, people: building.people };
        Self { speed: building.speed.clamp(0.01, 1000.0), world }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let env = Env::process();
    if matches!(arguments.command, Command::Healthcheck) {
        return chassis::healthcheck(&env, sim::PORT);
    }
    chassis::run_program("sim", &env, async |stop| start(arguments.command, &env, stop).await)
}

async fn start(command: Command, env: &Env, stop: Stop) -> anyhow::Result<()> {
    let config = Config::load(env)?;
    match command {
        Command::Fetch => {
            let fetched = stop.or(sim::fetch(config.footage)).await;
            fetched.unwrap_or_else(|| Err(anyhow::anyhow!("stopped before the footage was there")))
        }
        Command::Site { building } => sim::run_site(config, building.into(), stop).await,
        Command::Cameras { mounts } => sim::run(config, mounts, stop).await,
        Command::Robot { listen, building } => sim::run_robot(config, building.into(), listen, stop).await,
        Command::Models { listen } => sim::models::serve(listen, stop).await,
        // Answered before anything was started.
        Command::Healthcheck => Ok(()),
    }
}

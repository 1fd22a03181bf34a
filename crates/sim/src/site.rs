//! The simulated site as a program: cameras, robots and models on ports of their own, receivers and control on another.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chassis::http::{Routes, Server};
use chassis::{ConfigError, Env, Stop, Tasks};
use tracing::info;

use crate::building::{World, WorldSettings};
use crate::cameras::{Cameras, Mount, Plays};
use crate::footage::Footage;
use crate::models::Models;
use crate::robot::{self, Robot};
use crate::{routes, webhook};

/// The port of the HTTP server unless `PORT` says otherwise.
pub const PORT: u16 = 9100;
/// The port of the RTSP server unless `RTSP_PORT` says otherwise.
const RTSP_PORT: u16 = 8554;
/// The port of the first robot unless `SIM_ROBOT_PORT` says otherwise; the next one has the next.
const ROBOT_PORT: u16 = 26400;
/// The port of the models unless `SIM_MODELS_PORT` says otherwise.
const MODELS_PORT: u16 = 9110;
/// How long servers may take to end.
const GRACE: Duration = Duration::from_secs(15);
/// The robots of the simulated site.
const ROBOTS: [&str; 2] = ["robot-a", "robot-b"];

/// Where everything is.
#[derive(Debug)]
pub struct Config {
    /// Address and port of receivers and control.
    pub http: SocketAddr,
    /// Port of the cameras, at the same address; 0 is any free one.
    pub rtsp_port: u16,
    /// Port of the first robot, at the same address; 0 is any free one for each.
    pub robot_port: u16,
    /// Port of the models, at the same address; 0 is any free one.
    pub models_port: u16,
    /// The clips.
    pub footage: Footage,
    /// With which the senders of webhooks sign.
    pub webhook_secret: Option<String>,
}

impl Config {
    /// Reads `BIND`, `PORT`, `RTSP_PORT`, `SIM_ROBOT_PORT`, `SIM_MODELS_PORT`, `SIM_WEBHOOK_SECRET` and the cache directory.
    ///
    /// # Errors
    /// If one of them is not what it should be.
    pub fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            http: env.bind(PORT)?,
            rtsp_port: env.or("RTSP_PORT", RTSP_PORT)?,
            robot_port: env.or("SIM_ROBOT_PORT", ROBOT_PORT)?,
            models_port: env.or("SIM_MODELS_PORT", MODELS_PORT)?,
            footage: Footage::in_cache(&env.cache_dir()),
            webhook_secret: env.text("SIM_WEBHOOK_SECRET")?,
        })
    }

    fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.http.ip(), port)
    }
}

/// What the robots' building is like.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildingOptions {
    /// How many times faster than real everything in it is.
    pub speed: f64,
    /// How it begins.
    pub world: WorldSettings,
}

/// Returns the cameras of the simulated site, those of `configs/sim/cameras.yaml`.
fn cameras() -> Vec<Mount> {
    ["street", "crossing", "pavement"]
        .map(|clip| Mount { name: clip.to_owned(), plays: Plays::Clip(clip) })
        .into_iter()
        .chain([Mount { name: "yard".to_owned(), plays: Plays::Yard }])
        .collect()
}

/// Plays the whole site until told to stop: cameras, robots in their building, models, receivers of webhooks.
///
/// # Errors
/// If a port is taken or the footage was not fetched.
pub async fn run_site(config: Config, options: BuildingOptions, stop: Stop) -> anyhow::Result<()> {
    let models = Models::new();
    let models_server = Server::bind(config.at(config.models_port)).await?;
    let listen =
        (0..).map(|robot| config.at(if config.robot_port == 0 { 0 } else { config.robot_port.saturating_add(robot) }));
    let (robots, control) = start_robots(&options, ROBOTS.into_iter().zip(listen)).await?;
    let served = models.clone();
    let mut tasks = Tasks::new(stop.clone());
    let ended = stop.clone();
    tasks.vital("models", async move { models_server.run(served.routes(), ended).await });
    let more = control.merge(models.control());
    tasks.vital("site", play(config, cameras(), more, stop));
    let end = tasks.run(GRACE).await;
    drop(robots);
    end
}

/// Plays cameras and receives webhooks until told to stop.
///
/// # Errors
/// If a port is taken or the footage was not fetched.
pub async fn run(config: Config, mounts: Vec<Mount>, stop: Stop) -> anyhow::Result<()> {
    play(config, mounts, Routes::new(), stop).await
}

/// Plays one robot, with its control beside it, until told to stop.
///
/// # Errors
/// If a port is taken.
pub async fn run_robot(config: Config, options: BuildingOptions, listen: SocketAddr, stop: Stop) -> anyhow::Result<()> {
    let server = Server::bind(config.http).await?;
    let (robots, control) = start_robots(&options, [(ROBOTS[0], listen)]).await?;
    let served = server.run(control, stop).await;
    drop(robots);
    served
}

/// Starts robots in a building of their own; returns them and the routes that control them.
async fn start_robots(
    options: &BuildingOptions,
    robots: impl IntoIterator<Item = (&'static str, SocketAddr)>,
) -> anyhow::Result<(Vec<Robot>, Routes)> {
    let settings = options.world.clone();
    let world = tokio::task::spawn_blocking(move || World::new(&settings)).await.context("building the world")?;
    let (mut running, mut controls) = (Vec::new(), Vec::new());
    for (charger, (id, listen)) in robots.into_iter().enumerate() {
        let robot = Robot::start(robot::Settings {
            listen,
            id: id.to_owned(),
            charger,
            seed: options.world.seed,
            speed: options.speed,
            world: Some(world.clone()),
            ..robot::Settings::default()
        })
        .await?;
        info!(robot = id, address = %robot.address(), "robot is there");
        controls.push((id.to_owned(), robot.control()));
        running.push(robot);
    }
    Ok((running, robot::routes(world, controls)))
}

async fn play(config: Config, mounts: Vec<Mount>, more: Routes, stop: Stop) -> anyhow::Result<()> {
    let needs_clips = mounts.iter().any(|mount| mount.plays != Plays::Yard);
    if needs_clips && !config.footage.is_complete() {
        anyhow::bail!("there is no footage for the cameras: run `sim fetch` first");
    }
    let receiver = webhook::Receiver::new(config.webhook_secret.as_deref()).context("reading SIM_WEBHOOK_SECRET")?;
    let server = Server::bind(config.http).await?;
    let bind = config.http.ip();
    let started = tokio::task::spawn_blocking(move || Cameras::start(bind, config.rtsp_port, &mounts, &config.footage));
    let cameras = Arc::new(started.await.context("starting the cameras")??);
    for camera in cameras.list() {
        info!(camera = camera.name, plays = camera.plays, url = camera.url, "camera plays");
    }
    info!(url = format!("http://{}/webhook", server.address()), "webhooks are received");
    let routes: Routes = receiver.routes().merge(routes::routes(Arc::clone(&cameras))).merge(more);
    let served = server.run(routes, stop).await;
    // Taking the cameras down waits for their threads.
    tokio::task::spawn_blocking(move || drop(cameras)).await.context("stopping the cameras")?;
    served
}

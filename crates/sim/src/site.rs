//! The simulated site as a program: cameras on one port, receivers and control on another.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use chassis::http::{Routes, Server};
use chassis::{ConfigError, Env, Stop};
use indicatif::{ProgressBar, ProgressStyle};
use tracing::info;

use crate::cameras::{Cameras, Mount, Plays};
use crate::footage::{Footage, Progress};
use crate::{routes, webhook};

/// The port of the HTTP server unless `PORT` says otherwise.
const PORT: u16 = 9100;
/// The port of the RTSP server unless `RTSP_PORT` says otherwise.
const RTSP_PORT: u16 = 8554;

/// Where everything is.
#[derive(Debug)]
pub struct Config {
    /// Address and port of receivers and control.
    pub http: SocketAddr,
    /// Port of the cameras, at the same address; 0 is any free one.
    pub rtsp_port: u16,
    /// The clips.
    pub footage: Footage,
    /// With which the senders of webhooks sign.
    pub webhook_secret: Option<String>,
}

impl Config {
    /// Reads `BIND`, `PORT`, `RTSP_PORT`, `SIM_WEBHOOK_SECRET` and the cache directory.
    ///
    /// # Errors
    /// If one of them is not what it should be.
    pub fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            http: env.bind(PORT)?,
            rtsp_port: env.or("RTSP_PORT", RTSP_PORT)?,
            footage: Footage::in_cache(&env.cache_dir()),
            webhook_secret: env.text("SIM_WEBHOOK_SECRET")?,
        })
    }
}

/// Returns the cameras of the simulated site, those of `configs/sim/cameras.yaml`.
pub fn site() -> Vec<Mount> {
    ["street", "crossing", "pavement"]
        .map(|clip| Mount { name: clip.to_owned(), plays: Plays::Clip(clip) })
        .into_iter()
        .chain([Mount { name: "yard".to_owned(), plays: Plays::Yard }])
        .collect()
}

/// Plays cameras and receives webhooks until told to stop.
///
/// # Errors
/// If a port is taken or the footage was not fetched.
pub async fn run(config: Config, mounts: Vec<Mount>, stop: Stop) -> anyhow::Result<()> {
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
    let routes: Routes = receiver.routes().merge(routes::routes(Arc::clone(&cameras)));
    let served = server.run(routes, stop).await;
    // Taking the cameras down waits for their threads.
    tokio::task::spawn_blocking(move || drop(cameras)).await.context("stopping the cameras")?;
    served
}

/// Fetches the footage, with a progress bar on a terminal and a line per step elsewhere.
///
/// # Errors
/// If it cannot be fetched or prepared.
pub async fn fetch(footage: Footage) -> anyhow::Result<()> {
    let shown = Mutex::new(Shown::default());
    footage.fetch(move |progress| shown.lock().unwrap_or_else(PoisonError::into_inner).show(progress)).await?;
    Ok(())
}

/// What is shown at the moment.
#[derive(Default)]
struct Shown {
    step: Option<&'static str>,
    bar: Option<ProgressBar>,
}

impl Shown {
    fn show(&mut self, progress: Progress) {
        let (step, done, of) = match progress {
            Progress::Downloading => ("download", 0, 0),
            Progress::Making { clip, done, of } => (clip, done, of),
        };
        if self.step.replace(step) != Some(step) {
            self.begin(progress);
        }
        if let Some(bar) = &self.bar {
            bar.set_length(of);
            bar.set_position(done);
        }
    }

    fn begin(&mut self, progress: Progress) {
        let text = match progress {
            Progress::Downloading => "fetching the street footage (2 MB)".to_owned(),
            Progress::Making { clip, .. } => format!("preparing the clip {clip}"),
        };
        if let Some(before) = self.bar.take() {
            before.finish_and_clear();
        }
        if !std::io::stderr().is_terminal() {
            eprintln!("{text}");
            return;
        }
        let style = ProgressStyle::with_template("{msg:36} {wide_bar} {pos}/{len}");
        let bar = ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar = Some(bar.with_message(text));
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

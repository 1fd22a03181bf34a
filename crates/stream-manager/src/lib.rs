//! The stream manager: cameras are read, what is in their pictures is detected and followed, and what is where it must not
//! be becomes an alert. It shows the cameras live, and lets operators draw zones.

mod announce;
mod calm;
mod camera;
mod cameras_file;
mod detector;
mod drawing;
mod frames;
mod gate;
mod lifecycle;
mod live;
mod metrics;
mod openapi;
mod outlet;
mod post;
mod rate;
mod rois_text;
mod roster;
mod routes;
mod settings;
mod shrink;
mod site;
mod snapshots;
mod supervisor;
mod view;
mod viewers;
mod watch;
mod zone_book;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bus::Topic;
use chassis::http::{Readiness, Server};
use chassis::{Stop, Tasks};

use announce::Announcer;
use outlet::Outlet;
use routes::App;
use site::Site;
use snapshots::Snapshots;
use zone_book::ZoneBook;

pub use lifecycle::{Patience, State};
pub use settings::Config;
pub use site::Watching;
pub use view::{
    Alerts, Camera, Cameras, Classes, Counters, Detector, LiveHeader, LiveTrack, Problem, Skipped, Stage, Status,
    Stream, Zones,
};

/// How long cameras, viewers and the last alerts may take to end after the service was told to.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the service until it is told to stop.
///
/// # Errors
/// If the port is taken, or the data directory cannot be used.
pub async fn run(config: Config, stop: Stop) -> anyhow::Result<()> {
    Service::bind(config).await?.run(stop).await
}

/// The service with its port taken.
pub struct Service {
    server: Server,
    config: Config,
}

impl Service {
    /// Takes the port.
    ///
    /// # Errors
    /// If another process has it.
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        let server = Server::bind(config.address).await?;
        Ok(Self { server, config })
    }

    /// Returns the address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Watches, answers and alerts until it is told to stop.
    ///
    /// # Errors
    /// If the data directory cannot be used.
    pub async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let Self { server, config } = self;
        let snapshots = Snapshots::open(&config.snapshots, config.snapshot_limits, &config.public_url)
            .context("cannot keep snapshots")?;
        let topic = Topic::new(config.stream, config.stream_length);
        let outlet = Outlet::open(&config.redis, &topic, config.spool).context("cannot keep alerts")?;
        let zone_book = ZoneBook::open(config.zones, config.env.clone());
        let (site, raised) = Site::new(zone_book, config.watching);
        let site = Arc::new(site);
        metrics::describe(&site);
        let readiness = Readiness::new();
        let (model, alerts) = (readiness.condition("model"), readiness.condition("alerts"));
        let app = App { site: site.clone(), snapshots: snapshots.clone(), outlet: outlet.clone() };
        let announcer = Announcer { snapshots: snapshots.clone(), outlet: outlet.clone(), site: site.clone() };

        let mut tasks = Tasks::new(stop.clone());
        tasks.vital("http", server.run(routes::routes(app).ready_when(readiness), stop.clone()));
        tasks.vital("cameras", supervisor::supervise(site.clone(), config.cameras, config.env, stop.clone()));
        tasks.vital("alerts", announcer.run(raised));
        tasks.restarted(
            "model",
            again(&site, &stop, move |site, stop| {
                detector::serve(site, config.pool.clone(), config.models.clone(), model.clone(), stop)
            }),
        );
        tasks.restarted("zones", again(&site, &stop, |site, stop| async move { site.zone_book.follow(stop).await }));
        tasks.restarted(
            "snapshots",
            again(&site, &stop, move |_, stop| {
                let snapshots = snapshots.clone();
                async move { snapshots.sweep(stop).await }
            }),
        );
        tasks.restarted("redis", again(&site, &stop, move |_, stop| outlet.clone().ask(alerts.clone(), stop)));
        let ended = tasks.run(GRACE).await;
        if let Some(pool) = site.pool() {
            pool.stop().await;
        }
        ended
    }
}

/// Returns what makes one attempt after the other, each with its own handles.
fn again<F, A>(site: &Arc<Site>, stop: &Stop, mut attempt: A) -> impl FnMut() -> F + use<F, A>
where
    A: FnMut(Arc<Site>, Stop) -> F,
{
    let (site, stop) = (Arc::clone(site), stop.clone());
    move || attempt(Arc::clone(&site), stop.clone())
}

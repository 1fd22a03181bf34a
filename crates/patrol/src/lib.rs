//! The patrol backend of one robot: it keeps the connection to the robot, sends it on its round, has its pictures
//! judged, records everything and reports. One process per robot; all of a site share the data directory.

mod camera;
mod config;
mod control;
mod events;
mod heart;
mod history;
mod inspect;
mod link;
mod metrics;
mod openapi;
mod plan;
mod points;
mod recorder;
mod reports;
mod routes;
mod run;
mod settings_book;
mod share;
mod state;
mod timetable;
mod view;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chassis::http::{Readiness, Server};
use chassis::{Stop, Tasks};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use robot::Kachaka;

use camera::Hub;
use control::Lease;
use events::{Changed, Events};
use history::{History, Pictures};
use inspect::{Inspector, Places};
use link::Link;
use points::PointBook;
use reports::{Orders, Press};
use run::{Outbox, Runner};
use settings_book::SettingsBook;
use timetable::Timetable;
use watch::Companions;

pub use config::{Config, RobotId, RobotIdError};

/// How long a run, viewers and the last events may take to end after the process was told to.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the process until it is told to stop.
///
/// # Errors
/// If the port is taken, or the data directory cannot be used.
pub async fn run(config: Config, stop: Stop) -> anyhow::Result<()> {
    Service::bind(config).await?.run(stop).await
}

/// What every handler and every part reads: all of it shared.
#[derive(Clone)]
pub(crate) struct App {
    /// What the process was told at its start.
    pub(crate) config: Arc<Config>,
    /// Everything that happens, told at once.
    pub(crate) events: Events,
    /// What is remembered of runs.
    pub(crate) history: History,
    /// The files of runs.
    pub(crate) pictures: Pictures,
    /// What people set.
    pub(crate) settings: SettingsBook,
    /// The waypoints of this robot.
    pub(crate) points: PointBook,
    /// The connection to the robot.
    pub(crate) link: Link,
    /// The robot's cameras.
    pub(crate) hub: Hub,
    /// Who may move the robot.
    pub(crate) lease: Lease,
    /// Has pictures judged.
    pub(crate) inspector: Inspector,
    /// The run.
    pub(crate) runner: Runner,
    /// The schedules.
    pub(crate) timetable: Timetable,
    /// Messages to people that wait to be sent.
    pub(crate) outbox: Outbox,
    /// Makes PDFs.
    pub(crate) press: Press,
    /// Reports over several days that wait to be written.
    pub(crate) report_orders: Orders,
    /// What looks along while the robot walks.
    pub(crate) companions: Companions,
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

    /// Answers, keeps the connection and patrols until it is told to stop.
    ///
    /// # Errors
    /// If the data directory cannot be used.
    pub async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let Self { server, config } = self;
        let readiness = Readiness::new();
        let (app, orders) = App::open(config).await.context("starting patrol")?;

        let mut tasks = Tasks::new(stop.clone());
        tasks.vital("http", server.run(routes::routes(app.clone()).ready_when(readiness), stop.clone()));
        tasks.vital("runs", run::carry(app.clone(), orders, stop.clone()));
        app.tend(&mut tasks, &stop);
        tasks.restarted("events", {
            let (events, stop) = (app.events.clone(), stop.clone());
            move || events.clone().drain(stop.clone())
        });
        tasks.restarted("settings", {
            let (settings, stop) = (app.settings.clone(), stop.clone());
            move || settings.clone().watch(stop.clone())
        });
        tasks.restarted("changed settings", {
            let (app, stop) = (app.clone(), stop.clone());
            move || app.clone().tell_changed_settings(stop.clone())
        });
        tasks.restarted("upkeep", {
            let (history, settings, stop) = (app.history.clone(), app.settings.clone(), stop.clone());
            move || history::upkeep(history.clone(), settings.clone(), stop.clone())
        });
        tasks.run(GRACE).await
    }
}

impl App {
    /// Opens every part. Nothing moves yet.
    async fn open(config: Config) -> anyhow::Result<(Self, run::Orders)> {
        let events = Events::open(&config.redis, config.spool()).context("cannot keep events")?;
        let history = History::open(&config.data_dir, config.robot_id.as_str()).await?;
        history.fail_interrupted_reports().await.context("looking for reports that were interrupted")?;
        let settings = SettingsBook::open(&history, &config.env).await?;
        let points = PointBook::open(&config.data_dir, &config.robot_dir())?;
        let pictures = Pictures::of(&history);
        let press = Press::new(&history, &config.env);
        let robot = Arc::new(Kachaka::new(&config.robot_address).context("addressing the robot")?);
        let link = Link::new(robot.clone());
        metrics::begin(config.robot_id.as_str(), &link);
        let hub = Hub::new(robot, settings.current().enable_idle_stream);
        let timetable = timetable::open(&config.robot_dir(), &config.data_dir);
        let outbox = Outbox::of(&config.robot_dir());
        let (runner, orders) = Runner::new();
        let places = Places { gemini: config.gemini_base.clone(), inference: config.inference.clone() };
        let inspector = Inspector::new(&history, &settings, places).context("preparing to judge photos")?;
        inspector.recover().await?;
        let app = Self {
            config: Arc::new(config),
            events,
            history,
            pictures,
            settings,
            points,
            link,
            hub,
            lease: Lease::default(),
            inspector,
            runner,
            timetable,
            outbox,
            press,
            report_orders: Orders::default(),
            companions: Companions::default(),
        };
        Ok((app, orders))
    }

    /// Starts what goes on all the time.
    fn tend(&self, tasks: &mut Tasks, stop: &Stop) {
        let again = |attempt: fn(Self, Stop) -> BoxFuture<'static, anyhow::Result<()>>| {
            let (app, stop) = (self.clone(), stop.clone());
            move || attempt(app.clone(), stop.clone())
        };
        tasks.restarted("link", again(|app, stop| app.link.run(stop).boxed()));
        tasks.restarted("cameras", again(|app, stop| app.hub.run(stop).boxed()));
        tasks.restarted("state", again(|app, stop| state::tell(app, stop).boxed()));
        tasks.restarted("heart", again(|app, stop| heart::beat(app, stop).boxed()));
        tasks.restarted("timetable", again(|app, stop| timetable::follow(app, stop).boxed()));
        for worker in 1..=inspect::WORKERS {
            tasks.restarted(format!("inspections {worker}"), again(|app, stop| app.inspector.work(stop).boxed()));
        }
        tasks.restarted("reports", again(|app, stop| app.report_orders.clone().run(app, stop).boxed()));
        tasks.restarted("messages", again(|app, stop| run::deliver(app, stop).boxed()));
    }

    /// Tells browsers when settings changed, whoever changed them.
    async fn tell_changed_settings(self, stop: Stop) -> anyhow::Result<()> {
        let mut changes = self.settings.changes();
        while let Some(Some(_)) = stop.or(changes.next()).await {
            self.hub.set_idle_stream(self.settings.current().enable_idle_stream);
            self.events.changed(Changed::Settings);
        }
        Ok(())
    }
}

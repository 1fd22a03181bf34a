//! The alert router: takes alerts from Redis, records each once, decides whether it is to be
//! delivered, and delivers it until the other end has it or the schedule ends. Nothing is lost in
//! silence: `detected = delivered + silenced + inhibited + expired + dead-lettered + pending`.

mod api;
mod book;
mod channel;
mod config;
mod dispatch;
mod intake;
mod metrics;
mod openapi;
mod routes;
mod rule;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::http::{Readiness, Server};
use chassis::{Stop, Tasks};
use tokio::sync::Notify;
use tracing::info;

use book::Book;
use channel::Channel;
use dispatch::Dispatcher;
use intake::Intake;

pub use config::Config;

/// How long the parts may take to end: an attempt under way is let finish, and none takes longer
/// than the time limit of a request.
const GRACE_BEYOND_AN_ATTEMPT: Duration = Duration::from_secs(5);

/// Runs the alert router until the [`Stop`] is set.
pub async fn run(config: Config, stop: Stop) -> anyhow::Result<()> {
    let grace = config.webhook_timeout() + GRACE_BEYOND_AN_ATTEMPT;
    let book = Book::open(&config.dir).await.context("starting the alert router")?;
    let channel = Arc::new(Channel::of(&config.delivery).context("starting the alert router")?);
    let server = Server::bind(config.address).await.context("starting the alert router")?;

    metrics::begin(channel.name());
    let added = Arc::new(Notify::new());
    let readiness = Readiness::new();
    let intake = Intake::open(&config, &book, &channel, &added, &readiness).context("starting the alert router")?;
    let dispatcher = Dispatcher::new(&book, &channel, config.schedule, &added);
    let routes = routes::routes(&book, &config, &channel, &intake, &added).ready_when(readiness);

    let redirected = book.redirect_due(channel.name()).await.context("starting the alert router")?;
    if redirected > 0 {
        info!(channel = channel.name(), count = redirected, "alerts that waited go over another channel now");
    }
    let mut tasks = Tasks::new(stop.clone());
    tasks.vital("http", server.run(routes, stop.clone()));
    tasks.vital("intake", intake.run(stop.clone()));
    tasks.restarted("dispatcher", {
        let stop = stop.clone();
        move || dispatcher.clone().run(stop.clone())
    });
    tasks.restarted("upkeep", move || upkeep::run(book.clone(), config.retention, stop.clone()));
    tasks.run(grace).await
}

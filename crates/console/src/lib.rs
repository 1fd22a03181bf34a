//! The console: the pages of the control room, the alerts that they show live, and how the whole system is. It only shows;
//! cameras, zones and recorded alerts are asked for at the services that have them.

mod encoding;
mod events;
mod feed;
mod metrics;
mod openapi;
mod pages;
mod peer;
mod routes;
mod settings;
mod system;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bus::Topic;
use chassis::http::Server;
use chassis::{Stop, Tasks};
use tracing::warn;

use events::Clients;
use feed::Feed;
use routes::App;
use system::Observer;

pub use peer::{Service, ServiceState};
pub use settings::{Config, Peer};
pub use system::{Queue, Redis, RedisState, System};

/// How long requests and streams may take to end after the service was told to.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the service until it is told to stop.
///
/// # Errors
/// If the port is taken.
pub async fn run(config: Config, stop: Stop) -> anyhow::Result<()> {
    Console::bind(config).await?.run(stop).await
}

/// The service with its port taken.
#[derive(Debug)]
pub struct Console {
    server: Server,
    config: Config,
}

impl Console {
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

    /// Shows pages and events until it is told to stop.
    ///
    /// # Errors
    /// If the HTTP server fails.
    pub async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let Self { server, config } = self;
        if !pages::ARE_BUILT {
            warn!("the pages were not built, a notice is shown instead; see crates/console/ui");
        }
        metrics::begin();
        let topic = Topic::new(config.stream, config.stream_length);
        let feed = Arc::new(Feed::new());
        let observer = Observer::new(config.peers, &config.redis, topic.name())?;
        let app = App { feed: feed.clone(), clients: Clients::new(), observer: Arc::new(observer) };

        let mut tasks = Tasks::new(stop.clone());
        tasks.vital("http", server.run(routes::routes(app), stop.clone()));
        tasks.restarted("alerts", move || {
            let (feed, redis, topic, stop) = (feed.clone(), config.redis.clone(), topic.clone(), stop.clone());
            async move { stop.or(feed.follow(&redis, &topic)).await.unwrap_or(Ok(())) }
        });
        tasks.run(GRACE).await
    }
}

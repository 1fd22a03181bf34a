//! How the whole system is: every service and Redis, asked at the same time and within a time limit.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bus::{BusError, GroupState, Inspector, RedisUrl};
use futures::future::join_all;
use jiff::Timestamp;
use reqwest::Client;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::peer::{self, Service, ServiceState};
use crate::settings::Peer;

/// How long Redis may take for all questions.
const PATIENCE: Duration = Duration::from_secs(2);
/// For how long an answer holds: many open pages ask no more often than one.
const FRESH: Duration = Duration::from_secs(1);

/// How everything is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct System {
    /// When it was looked at.
    #[schema(value_type = String, format = DateTime)]
    pub checked_at: Timestamp,
    /// The version of the console.
    pub version: String,
    /// Every service.
    pub services: Vec<Service>,
    /// The message queue.
    pub redis: Redis,
}

/// How Redis is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Redis {
    /// Whether it answers.
    pub state: RedisState,
    /// Why it does not.
    pub reason: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Memory in use.
    pub used_memory_bytes: Option<u64>,
    /// Our streams in it.
    pub queues: Vec<Queue>,
}

/// Whether Redis answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedisState {
    /// It answers.
    Ready,
    /// It does not.
    Unreachable,
}

/// How a stream is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// How many messages it keeps.
    pub length: u64,
    /// Those who read it.
    pub groups: Vec<Group>,
}

/// How a group of readers is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How many readers it has, dead ones that still hold messages included.
    pub consumers: u64,
    /// Messages handed out and not finished.
    pub pending: u64,
    /// Messages not handed out yet; null if Redis cannot tell.
    pub lag: Option<u64>,
    /// How long ago the oldest unfinished message was handed out.
    pub oldest_pending_idle_ms: Option<u64>,
}

/// Looks at everything.
#[derive(Debug)]
pub(crate) struct Observer {
    peers: Vec<Peer>,
    client: Client,
    redis: RedisUrl,
    queues: Vec<String>,
    last: Mutex<Option<(Instant, System)>>,
}

impl Observer {
    pub(crate) fn new(peers: Vec<Peer>, redis: &RedisUrl, stream: &str) -> anyhow::Result<Self> {
        let queues = vec![stream.to_owned(), format!("{stream}:dead")];
        Ok(Self { peers, client: peer::client()?, redis: redis.clone(), queues, last: Mutex::default() })
    }

    /// Returns how everything is, as of the last second.
    pub(crate) async fn look(&self) -> System {
        // Held while looking on purpose: whoever asks in the meantime gets the same answer instead of asking everybody again.
        let mut last = self.last.lock().await;
        if let Some((_, system)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return system.clone();
        }
        let system = self.look_now().await;
        *last = Some((Instant::now(), system.clone()));
        system
    }

    async fn look_now(&self) -> System {
        let services = join_all(self.peers.iter().map(|peer| peer::ask(&self.client, peer)));
        let (mut services, redis) = tokio::join!(services, self.redis());
        services.push(console());
        System { checked_at: Timestamp::now(), version: env!("CARGO_PKG_VERSION").to_owned(), services, redis }
    }

    async fn redis(&self) -> Redis {
        let looked = match timeout(PATIENCE, self.inspect()).await {
            Ok(looked) => looked.map_err(|error| error.to_string()),
            Err(_) => Err(format!("Redis at {} does not answer in time", self.redis)),
        };
        looked.unwrap_or_else(|reason| Redis {
            state: RedisState::Unreachable,
            reason: Some(reason),
            version: None,
            used_memory_bytes: None,
            queues: Vec::new(),
        })
    }

    async fn inspect(&self) -> Result<Redis, BusError> {
        let inspector = Inspector::connect(&self.redis)?;
        let server = inspector.server().await?;
        let mut queues = Vec::with_capacity(self.queues.len());
        for name in &self.queues {
            let stream = inspector.stream(name).await?;
            let groups = stream.groups.into_iter().map(Group::from).collect();
            queues.push(Queue { name: name.clone(), length: stream.length, groups });
        }
        Ok(Redis {
            state: RedisState::Ready,
            reason: None,
            version: Some(server.version),
            used_memory_bytes: Some(server.used_memory_bytes),
            queues,
        })
    }
}

impl From<GroupState> for Group {
    fn from(group: GroupState) -> Self {
        let GroupState { name, consumers, pending, lag, oldest_pending_idle_ms } = group;
        Self { name, consumers, pending, lag, oldest_pending_idle_ms }
    }
}

/// Returns how the console is: it answers, or nobody would read this.
fn console() -> Service {
    Service {
        name: "console".to_owned(),
        state: ServiceState::Ready,
        reason: None,
        conditions: BTreeMap::new(),
        response_ms: None,
        status: None,
    }
}

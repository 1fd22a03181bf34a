//! How Redis, its streams and their groups are: for status pages.

use std::collections::HashMap;

use redis::Value;
use serde::Serialize;

use crate::connection::Connection;
use crate::entry::RawEntry;
use crate::{BusError, EntryId, RedisUrl};

/// Asks Redis about itself.
#[derive(Clone)]
pub struct Inspector {
    connection: Connection,
}

/// How one stream is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct StreamState {
    /// How many messages it keeps.
    pub length: u64,
    /// The oldest message kept.
    pub first_id: Option<EntryId>,
    /// The newest message kept.
    pub last_id: Option<EntryId>,
    /// Its groups.
    pub groups: Vec<GroupState>,
}

/// How one group is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupState {
    /// Its name.
    pub name: String,
    /// How many consumers it has, dead ones that still hold messages included.
    pub consumers: u64,
    /// Messages delivered and not acknowledged.
    pub pending: u64,
    /// Messages not delivered yet; `None` if Redis cannot tell.
    pub lag: Option<u64>,
    /// How long ago the oldest pending message was last delivered.
    pub oldest_pending_idle_ms: Option<u64>,
}

/// How the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerState {
    /// The version.
    pub version: String,
    /// Memory in use.
    pub used_memory_bytes: u64,
    /// Connections.
    pub connected_clients: u64,
}

/// Whether what the server was told survives its end, and whether it may throw away what it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Durability {
    /// The version.
    pub version: String,
    /// Whether every change goes to a file at once.
    pub append_only: bool,
    /// Whether everything is written to a file now and then; `None` if the server does not let us ask.
    pub snapshots: Option<bool>,
    /// Whether the last time that it wrote either file it could.
    pub last_write_succeeded: bool,
    /// The memory in use.
    pub used_memory_bytes: u64,
    /// The most memory it may use; 0 for all there is.
    pub max_memory_bytes: u64,
    /// What it does when that is used up: `noeviction` refuses, everything else forgets.
    pub eviction: String,
}

impl Inspector {
    /// Prepares to ask; connects with the first question. Must be called on a runtime.
    pub fn connect(url: &RedisUrl) -> Result<Self, BusError> {
        Ok(Self { connection: Connection::open(url)? })
    }

    pub(crate) fn on(connection: Connection) -> Self {
        Self { connection }
    }

    /// Returns how a stream is; one that does not exist is empty.
    pub async fn stream(&self, name: &str) -> Result<StreamState, BusError> {
        let mut commands = redis::pipe();
        commands.cmd("XLEN").arg(name);
        commands.cmd("XRANGE").arg(name).arg("-").arg("+").arg("COUNT").arg(1);
        commands.cmd("XREVRANGE").arg(name).arg("+").arg("-").arg("COUNT").arg(1);
        let (length, first, last): (u64, Vec<RawEntry>, Vec<RawEntry>) = self.connection.send_all(&commands).await?;
        let id = |entries: Vec<RawEntry>| entries.first().map(|(id, _)| id.parse()).transpose();
        let groups = self.groups(name).await?;
        Ok(StreamState { length, first_id: id(first)?, last_id: id(last)?, groups })
    }

    /// Returns the groups of a stream; one that does not exist has none.
    pub(crate) async fn groups(&self, stream: &str) -> Result<Vec<GroupState>, BusError> {
        let mut command = redis::cmd("XINFO");
        command.arg("GROUPS").arg(stream);
        let answer: Vec<HashMap<String, Value>> = match self.connection.send(&command).await {
            Err(error) if error.is_missing_stream() => return Ok(Vec::new()),
            answer => answer?,
        };
        let mut groups = Vec::with_capacity(answer.len());
        for facts in answer {
            let name = text(facts.get("name"));
            let pending = number(facts.get("pending")).unwrap_or(0);
            let oldest_pending_idle_ms = match pending {
                0 => None,
                _ => self.oldest_pending_idle_ms(stream, &name).await?,
            };
            groups.push(GroupState {
                consumers: number(facts.get("consumers")).unwrap_or(0),
                lag: number(facts.get("lag")),
                name,
                pending,
                oldest_pending_idle_ms,
            });
        }
        Ok(groups)
    }

    /// Returns how the server is.
    pub async fn server(&self) -> Result<ServerState, BusError> {
        let info: String = self.connection.send(&redis::cmd("INFO")).await?;
        let facts: HashMap<&str, &str> = info.lines().filter_map(|line| line.trim().split_once(':')).collect();
        let number = |name| facts.get(name).and_then(|value| value.parse().ok()).unwrap_or(0);
        Ok(ServerState {
            version: (*facts.get("redis_version").unwrap_or(&"unknown")).to_owned(),
            used_memory_bytes: number("used_memory"),
            connected_clients: number("connected_clients"),
        })
    }

    /// Returns whether the server keeps what it is told.
    pub async fn durability(&self) -> Result<Durability, BusError> {
        let info: String = self.connection.send(&redis::cmd("INFO")).await?;
        let facts: HashMap<&str, &str> = info.lines().filter_map(|line| line.trim().split_once(':')).collect();
        let text = |name| (*facts.get(name).unwrap_or(&"unknown")).to_owned();
        let number = |name| facts.get(name).and_then(|value| value.parse().ok()).unwrap_or(0);
        let is_good = |name| facts.get(name).is_none_or(|value| *value == "ok");
        // A server may keep its settings to itself.
        let saves: Result<Vec<String>, BusError> =
            self.connection.send(redis::cmd("CONFIG").arg("GET").arg("save")).await;
        Ok(Durability {
            version: text("redis_version"),
            append_only: facts.get("aof_enabled") == Some(&"1"),
            snapshots: saves.ok().map(|answer| answer.get(1).is_some_and(|rules| !rules.is_empty())),
            last_write_succeeded: is_good("rdb_last_bgsave_status") && is_good("aof_last_write_status"),
            used_memory_bytes: number("used_memory"),
            max_memory_bytes: number("maxmemory"),
            eviction: text("maxmemory_policy"),
        })
    }

    async fn oldest_pending_idle_ms(&self, stream: &str, group: &str) -> Result<Option<u64>, BusError> {
        let mut command = redis::cmd("XPENDING");
        command.arg(stream).arg(group).arg("-").arg("+").arg(1);
        let oldest: Vec<(String, String, u64, u64)> = self.connection.send(&command).await?;
        Ok(oldest.first().map(|(_, _, idle, _)| *idle))
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(|value| redis::from_redis_value_ref(value).ok()).unwrap_or_default()
}

fn number(value: Option<&Value>) -> Option<u64> {
    value.and_then(|value| redis::from_redis_value_ref(value).ok())
}

//! Sending, when losing a message while Redis is away is acceptable or the caller's business.

use chassis::Trace;
use redis::Cmd;
use serde::Serialize;

use crate::connection::Connection;
use crate::{BusError, EntryId, RedisUrl, Topic, metrics};

/// Sends messages to any topic. Clones share one connection.
#[derive(Clone)]
pub struct Publisher {
    connection: Connection,
}

impl Publisher {
    /// Prepares to send; connects with the first message. Must be called on a runtime.
    pub fn connect(url: &RedisUrl) -> Result<Self, BusError> {
        Ok(Self { connection: Connection::open(url)? })
    }

    /// Sends a message and returns the id Redis gave it. After [`BusError::TimedOut`] and
    /// [`BusError::Unreachable`] it may have arrived all the same. It carries the [`Trace`] that the caller follows.
    pub async fn publish<T: Serialize>(&self, topic: &Topic<T>, message: &T) -> Result<EntryId, BusError> {
        self.send(topic, &serde_json::to_vec(message)?, Trace::current()).await
    }

    /// Asks whether Redis is there.
    pub(crate) async fn ping(&self) -> Result<(), BusError> {
        self.connection.send::<String>(&redis::cmd("PING")).await.map(drop)
    }

    /// Sends a message that is JSON already.
    pub(crate) async fn send<T>(
        &self,
        topic: &Topic<T>,
        json: &[u8],
        trace: Option<Trace>,
    ) -> Result<EntryId, BusError> {
        let sent = self.connection.send::<String>(&xadd(topic, json, trace)).await;
        match &sent {
            Ok(_) => metrics::published(topic.name()).inc(),
            Err(_) => metrics::publish_failures(topic.name()).inc(),
        }
        sent?.parse()
    }
}

fn xadd<T>(topic: &Topic<T>, json: &[u8], trace: Option<Trace>) -> Cmd {
    let mut command = redis::cmd("XADD");
    command.arg(topic.name()).arg("MAXLEN").arg("~").arg(topic.max_len());
    command.arg("*").arg("data").arg(json);
    if let Some(trace) = trace {
        command.arg(Trace::HEADER).arg(trace.to_string());
    }
    command
}

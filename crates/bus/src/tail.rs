//! Reading along, without a group: every reader sees every message.

use std::collections::VecDeque;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tracing::warn;

use crate::connection::Connection;
use crate::entry::{Content, Entry, RawEntry, ReadReply, entries};
use crate::{BusError, EntryId, RedisUrl, Topic, metrics};

/// How long one read waits for a message.
const WAIT: Duration = Duration::from_secs(5);
/// How many messages one read takes.
const BATCH: usize = 100;

/// Reads a topic from a point on. Keeps its place over lost connections.
pub struct Tail<T> {
    connection: Connection,
    topic: Topic<T>,
    /// The last entry seen; `None` until the end of the stream was looked up.
    after: Option<EntryId>,
    read: VecDeque<Entry>,
}

impl<T: DeserializeOwned> Tail<T> {
    /// Reads what comes after an entry, or with `None` only what is new from the first
    /// [`next`](Self::next) on. Connects with the first read. Must be called on a runtime.
    pub fn open(url: &RedisUrl, topic: &Topic<T>, after: Option<EntryId>) -> Result<Self, BusError> {
        let connection = Connection::waiting(url, WAIT)?;
        metrics::begin_to_tail(topic.name());
        Ok(Self { connection, topic: topic.clone(), after, read: VecDeque::new() })
    }

    /// Waits for the next message. Messages that cannot be read are skipped and counted. May be
    /// dropped and called again, also after an error: nothing is skipped.
    pub async fn next(&mut self) -> Result<(EntryId, T), BusError> {
        loop {
            while let Some(entry) = self.read.pop_front() {
                self.after = Some(entry.id);
                if let Some(message) = self.message(&entry) {
                    return Ok((entry.id, message));
                }
            }
            let after = match self.after {
                Some(after) => after,
                None => *self.after.insert(self.end().await?),
            };
            let mut command = redis::cmd("XREAD");
            command.arg("COUNT").arg(BATCH).arg("BLOCK").arg(WAIT.as_millis() as u64);
            command.arg("STREAMS").arg(self.topic.name()).arg(after.to_string());
            self.read = entries(self.connection.send::<ReadReply>(&command).await?)?.into();
        }
    }

    /// Returns the last entry of the stream as it is now.
    async fn end(&self) -> Result<EntryId, BusError> {
        let mut command = redis::cmd("XREVRANGE");
        command.arg(self.topic.name()).arg("+").arg("-").arg("COUNT").arg(1);
        let last: Vec<RawEntry> = self.connection.send(&command).await?;
        last.into_iter().next().map_or(Ok(EntryId::ZERO), |(id, _)| id.parse())
    }

    fn message(&self, entry: &Entry) -> Option<T> {
        let cause = match &entry.content {
            Content::Data(json) => match serde_json::from_slice(json) {
                Ok(message) => {
                    metrics::received(self.topic.name(), entry.id, entry.trace);
                    return Some(message);
                }
                Err(error) => error.to_string(),
            },
            Content::NoData => "no field `data`".to_owned(),
            Content::Trimmed => "trimmed away".to_owned(),
        };
        metrics::unreadable(self.topic.name()).inc();
        warn!(topic = self.topic.name(), entry = %entry.id, "skipped a message that cannot be read: {cause}");
        None
    }
}

//! Reading as one of a group: each message goes to one member, and comes again until acknowledged.

mod group;
mod name;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use chassis::Trace;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::entry::{Content, Entry};
use crate::{BusError, EntryId, RedisUrl, Topic, metrics};

use group::Group;

/// How a member takes part in its group.
#[derive(Debug, Clone)]
pub struct GroupSettings {
    /// The name of the group.
    pub group: String,
    /// What a group that does not exist yet reads first.
    pub start: Start,
    /// How long a message may stay unacknowledged before another member (or the same) takes it
    /// again. Longer than handling one message ever takes.
    pub take_over_after: Duration,
    /// How many times a message is delivered before it is put aside as one nobody can handle.
    pub max_deliveries: u64,
    /// How long a member may be silent, with nothing pending, before it is taken off the list.
    pub forget_after: Duration,
}

impl GroupSettings {
    /// Returns the usual settings for a group: from the beginning, again after a minute, ten times.
    pub fn new(group: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            start: Start::Beginning,
            take_over_after: Duration::from_secs(60),
            max_deliveries: 10,
            forget_after: Duration::from_secs(60 * 60),
        }
    }
}

/// What a group that does not exist yet reads first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The oldest message the stream still keeps.
    Beginning,
    /// The first message after now.
    Now,
}

/// A message and what is needed to acknowledge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<T> {
    /// The id Redis gave it.
    pub id: EntryId,
    /// The message.
    pub value: T,
    /// How many times it was delivered, this time included.
    pub deliveries: u64,
    /// What it is part of, if its sender said so.
    pub trace: Option<Trace>,
}

/// One member of a group, under a name of its own. A name is never used twice, so two processes
/// cannot share pending messages by mistake; what a dead member left is taken over.
pub struct Consumer<T> {
    group: Group,
    topic: Topic<T>,
    settings: GroupSettings,
    read: VecDeque<(Entry, u64)>,
    place: Place,
    /// When to look next for messages that others left.
    next_round: Instant,
    link: watch::Sender<Link>,
}

/// Whether a consumer reaches Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// It has not tried yet.
    Untried,
    /// Redis answered last time.
    Up,
    /// Redis did not.
    Down {
        /// What happened instead.
        reason: String,
    },
}

/// Where the next read begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The group may not exist.
    Outside,
    /// What was delivered to this member and not acknowledged, after an entry. Redis may have
    /// delivered messages with an answer that was lost with the connection.
    Own(EntryId),
    /// What was never delivered to anybody.
    New,
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("name", &self.group.member()).finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned> Consumer<T> {
    /// Prepares to take part; joins with the first [`next`](Self::next). Must be called on a
    /// runtime.
    pub fn join(url: &RedisUrl, topic: &Topic<T>, settings: GroupSettings) -> Result<Self, BusError> {
        metrics::begin_to_consume(topic.name());
        Ok(Self {
            group: Group::open(url, topic.name(), &settings.group, name::unique())?,
            topic: topic.clone(),
            settings,
            read: VecDeque::new(),
            place: Place::Outside,
            next_round: Instant::now(),
            link: watch::Sender::new(Link::Untried),
        })
    }

    /// Returns the name of this member.
    pub fn name(&self) -> &str {
        self.group.member()
    }

    /// Waits for the next message. May be dropped and called again, also after an error: a message
    /// that was not acknowledged then comes again, the oldest first.
    ///
    /// A message that cannot be read, or that was delivered too often, is moved to the stream
    /// `<topic>:dead` with its cause and not returned.
    pub async fn next(&mut self) -> Result<Message<T>, BusError> {
        loop {
            while let Some((entry, deliveries)) = self.read.front().cloned() {
                let opened = self.opened(entry, deliveries).await;
                // Not before: this may be dropped while it waits.
                self.read.pop_front();
                match opened {
                    Ok(Some(message)) => {
                        metrics::received(self.topic.name(), message.id, message.trace);
                        return Ok(message);
                    }
                    Ok(None) => {}
                    Err(error) => return Err(self.lost(error)),
                }
            }
            match self.fetched().await {
                Ok(read) => {
                    self.read = read.into();
                    self.note_link(Link::Up);
                }
                Err(error) => return Err(self.lost(error)),
            }
        }
    }

    /// Returns whether Redis can be reached, as it changes: [`next`](Self::next) says nothing while
    /// there is nothing new.
    pub fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    /// Says that a message was handled: it will not come again.
    pub async fn ack(&self, id: EntryId) -> Result<(), BusError> {
        self.group.ack(id).await
    }

    /// Leaves the group if nothing is pending here; otherwise the messages stay, for others to take
    /// over.
    pub async fn leave(self) -> Result<(), BusError> {
        self.group.remove_self().await
    }

    /// Notes that what was delivered may not have arrived, or that the group may be gone.
    fn lost(&mut self, error: BusError) -> BusError {
        self.read.clear();
        self.place = Place::Outside;
        self.note_link(Link::Down { reason: error.to_string() });
        error
    }

    fn note_link(&self, now: Link) {
        self.link.send_if_modified(|link| {
            let is_other = *link != now;
            *link = now;
            is_other
        });
    }

    /// Reads some messages, or none for now.
    async fn fetched(&mut self) -> Result<Vec<(Entry, u64)>, BusError> {
        match self.place {
            Place::Outside => {
                if self.group.create(self.settings.start).await? {
                    info!(topic = self.topic.name(), group = self.settings.group, "made the group");
                }
                self.place = Place::Own(EntryId::ZERO);
                Ok(Vec::new())
            }
            Place::Own(after) => {
                let entries = self.group.read_own(after).await?;
                self.place = entries.last().map_or(Place::New, |last| Place::Own(last.id));
                self.counted(entries).await
            }
            Place::New => {
                if Instant::now() >= self.next_round {
                    let left = self.round().await?;
                    if !left.is_empty() {
                        return Ok(left);
                    }
                }
                // If this is dropped while it waits, Redis may still deliver to it: such messages
                // are then our own.
                self.place = Place::Own(EntryId::ZERO);
                let entries = self.group.read_new().await?;
                self.place = Place::New;
                Ok(entries.into_iter().map(|entry| (entry, 1)).collect())
            }
        }
    }

    /// Takes over what others left, takes dead members off the list, notes how the group is.
    async fn round(&mut self) -> Result<Vec<(Entry, u64)>, BusError> {
        let period = (self.settings.take_over_after / 4).min(Duration::from_secs(5));
        self.next_round = Instant::now() + period;
        self.group.note_state().await?;
        self.group.remove_dead(self.settings.forget_after).await?;
        let (entries, trimmed) = self.group.take_over(self.settings.take_over_after).await?;
        let topic = self.topic.name();
        if trimmed > 0 {
            metrics::trimmed(topic).inc_by(trimmed);
            error!(topic, count = trimmed, "messages were trimmed away before they were handled");
        }
        if !entries.is_empty() {
            metrics::taken_over(topic).inc_by(entries.len() as u64);
            warn!(topic, count = entries.len(), "took over messages that were not acknowledged");
            // There may be more.
            self.next_round = Instant::now();
        }
        self.counted(entries).await
    }

    async fn counted(&self, entries: Vec<Entry>) -> Result<Vec<(Entry, u64)>, BusError> {
        let counts = self.group.deliveries(&entries).await?;
        Ok(entries.into_iter().zip(counts).collect())
    }

    /// Returns the message of an entry, or puts the entry aside.
    async fn opened(&self, entry: Entry, deliveries: u64) -> Result<Option<Message<T>>, BusError> {
        let topic = self.topic.name();
        let Entry { id, content, trace } = entry;
        let json = match content {
            Content::Data(json) => json,
            Content::NoData => {
                return self.put_aside(id, b"", "the message has no field `data`").await;
            }
            Content::Trimmed => {
                metrics::trimmed(topic).inc();
                error!(topic, entry = %id, "a message was trimmed away before it was handled");
                return self.group.ack(id).await.map(|()| None);
            }
        };
        if deliveries > self.settings.max_deliveries {
            let cause = format!("not acknowledged after {} deliveries", deliveries - 1);
            return self.put_aside(id, &json, &cause).await;
        }
        match serde_json::from_slice(&json) {
            Ok(value) => Ok(Some(Message { id, value, deliveries, trace })),
            Err(error) => self.put_aside(id, &json, &format!("cannot be read: {error}")).await,
        }
    }

    async fn put_aside(&self, id: EntryId, json: &[u8], cause: &str) -> Result<Option<Message<T>>, BusError> {
        let dead = self.topic.dead();
        self.group.put_aside(id, &dead, json, cause).await?;
        metrics::dead(self.topic.name()).inc();
        error!(topic = self.topic.name(), entry = %id, dead, "put a message aside: {cause}");
        Ok(None)
    }
}

//! Sending what may not be lost: a message is on disk before the caller goes on, and stays there
//! until Redis has it.

mod files;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chassis::tasks::Backoff;
use chassis::{Stop, Trace};
use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, info, warn};

use crate::{BusError, Publisher, RedisUrl, Topic, metrics};

use files::{Files, Name, Written};

/// How often Redis is asked whether it is there while there is nothing to send: who waits for the first message of a week
/// must not learn only then that it cannot be sent.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// Where a spool is and how much it holds.
#[derive(Debug, Clone)]
pub struct SpoolSettings {
    /// The directory, owned by one spool of one process at a time.
    pub dir: PathBuf,
    /// How many bytes may wait.
    pub max_bytes: u64,
    /// How many messages may wait.
    pub max_entries: u64,
}

impl SpoolSettings {
    /// Returns the usual bounds: 64 MiB, 50 000 messages.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), max_bytes: 64 << 20, max_entries: 50_000 }
    }
}

/// Why a message was not taken. It is then the caller's again.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The directory cannot be used.
    #[error("cannot use the spool directory {}: {source}", .dir.display())]
    Dir {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has the directory.
    #[error("the spool directory {} is used by another process", .0.display())]
    InUse(PathBuf),
    /// As much waits as may. The new message is refused rather than an old one dropped: the caller
    /// knows of the loss at once, and what was promised is kept.
    #[error("the spool is full: {entries} messages, {bytes} bytes wait for Redis")]
    Full {
        /// How many messages wait.
        entries: u64,
        /// How many bytes wait.
        bytes: u64,
    },
    /// The message cannot be written to disk.
    #[error("cannot write to the spool: {0}")]
    Write(#[source] io::Error),
    /// The message cannot be written as JSON.
    #[error("cannot write the message as JSON: {0}")]
    Encode(#[from] serde_json::Error),
    /// Redis cannot be used at all.
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// Sends messages of one topic over a spool on disk. Clones share it.
///
/// [`publish`](Self::publish) never waits for Redis; [`drain`](Self::drain), run as a task, sends
/// what waits, the oldest first. A crash between sending and deleting sends a message twice, never
/// not at all: receivers know it by its id.
pub struct SpooledPublisher<T> {
    spool: Arc<Spool>,
    topic: Topic<T>,
    publisher: Publisher,
}

struct Spool {
    files: Files,
    max_bytes: u64,
    max_entries: u64,
    waiting: Mutex<Waiting>,
    /// Told when a message was added.
    added: Notify,
}

/// What waits. Reserved before it is written, so that writers at the same time cannot exceed the
/// bounds together.
#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    entries: u64,
    bytes: u64,
    /// The messages that are written completely, by their numbers.
    written: BTreeMap<u64, Written>,
}

impl<T> Clone for SpooledPublisher<T> {
    fn clone(&self) -> Self {
        Self { spool: self.spool.clone(), topic: self.topic.clone(), publisher: self.publisher.clone() }
    }
}

impl<T> fmt::Debug for SpooledPublisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpooledPublisher").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl<T: Serialize> SpooledPublisher<T> {
    /// Takes the directory and looks what waits there from before. Must be called on a runtime.
    pub fn open(url: &RedisUrl, topic: &Topic<T>, settings: SpoolSettings) -> Result<Self, SpoolError> {
        let SpoolSettings { dir, max_bytes, max_entries } = settings;
        metrics::begin_to_spool(topic.name(), max_entries, max_bytes);
        let (files, written) = Files::open(dir)?;
        let waiting = Waiting {
            next: written.keys().next_back().map_or(0, |last| last + 1),
            entries: written.len() as u64,
            bytes: written.values().map(|message| message.size).sum(),
            written,
        };
        let spool = Spool { files, max_bytes, max_entries, waiting: Mutex::new(waiting), added: Notify::new() };
        let this = Self { spool: Arc::new(spool), topic: topic.clone(), publisher: Publisher::connect(url)? };
        let left = this.waiting();
        if left > 0 {
            info!(topic = topic.name(), count = left, "messages from before wait for Redis");
        }
        this.note_state();
        Ok(this)
    }

    /// Takes a message: when this returns, it is on disk and will be sent. A message that is
    /// refused is counted and logged here, because nobody else will hear of it. It carries the [`Trace`] that the caller
    /// follows, also if it waits for long.
    pub async fn publish(&self, message: &T) -> Result<(), SpoolError> {
        let taken = match serde_json::to_vec(message) {
            Ok(json) => self.spool.take(json).await,
            Err(error) => Err(error.into()),
        };
        self.note_state();
        if let Err(error) = &taken {
            metrics::spool_refused(self.topic.name()).inc();
            error!(topic = self.topic.name(), "a message is lost: {error}");
        }
        taken
    }

    /// Returns how many messages wait.
    pub fn waiting(&self) -> u64 {
        self.spool.lock().entries
    }

    /// Sends what waits, the oldest first, until the [`Stop`] is set. What is left stays on disk.
    pub async fn drain(&self, stop: Stop) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5), Duration::from_secs(10));
        let mut last_success = Instant::now();
        let mut is_away = false;
        let mut next_question = Instant::now();
        loop {
            let waiting = tokio::select! {
                biased;
                () = stop.stopped() => return,
                name = self.spool.oldest() => Some(name),
                () = sleep_until(next_question) => None,
            };
            next_question = Instant::now() + ASK_EVERY;
            let sent = match waiting {
                Some(name) => self.send(name).await,
                None => self.publisher.ping().await,
            };
            match sent {
                Ok(()) => {
                    last_success = Instant::now();
                    if std::mem::take(&mut is_away) {
                        info!(topic = self.topic.name(), waiting = self.waiting(), "Redis is back");
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_away, true) {
                        warn!(topic = self.topic.name(), "Redis is away, messages wait on disk: {error}");
                    }
                    let pause = backoff.pause_after(last_success.elapsed(), fastrand::f64());
                    last_success = Instant::now();
                    stop.or(sleep(pause)).await;
                }
            }
        }
    }

    /// Sends one message and forgets it. A file that holds none is set aside.
    async fn send(&self, name: Name) -> Result<(), BusError> {
        let number = name.number;
        match self.spool.files.read(name).await {
            Ok(json) => {
                self.publisher.send(&self.topic, &json, name.trace).await?;
                if let Err(error) = self.spool.files.remove(name).await {
                    error!(
                        topic = self.topic.name(),
                        number, "a sent message cannot be deleted and may be sent again: {error}"
                    );
                }
            }
            Err(error) => {
                metrics::spool_corrupt(self.topic.name()).inc();
                error!(topic = self.topic.name(), number, "set a spool file aside: {error}");
                self.spool.files.set_aside(name).await;
            }
        }
        self.spool.forget(number);
        self.note_state();
        Ok(())
    }

    fn note_state(&self) {
        let (entries, bytes) = {
            let waiting = self.spool.lock();
            (waiting.entries, waiting.bytes)
        };
        metrics::spool_entries(self.topic.name()).set(entries.try_into().unwrap_or(i64::MAX));
        metrics::spool_bytes(self.topic.name()).set(bytes.try_into().unwrap_or(i64::MAX));
    }
}

impl Spool {
    /// Writes a message to disk.
    async fn take(&self, json: Vec<u8>) -> Result<(), SpoolError> {
        let size = json.len() as u64;
        let name = Name { number: self.reserve(size)?, trace: Trace::current() };
        match self.files.write(name, json).await {
            Ok(()) => {
                self.lock().written.insert(name.number, Written { name, size });
                self.added.notify_one();
                Ok(())
            }
            Err(error) => {
                self.give_up(size);
                Err(SpoolError::Write(error))
            }
        }
    }

    fn reserve(&self, size: u64) -> Result<u64, SpoolError> {
        let mut waiting = self.lock();
        if waiting.entries >= self.max_entries || waiting.bytes + size > self.max_bytes {
            return Err(SpoolError::Full { entries: waiting.entries, bytes: waiting.bytes });
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.entries += 1;
        waiting.bytes += size;
        Ok(number)
    }

    fn give_up(&self, size: u64) {
        let mut waiting = self.lock();
        waiting.entries -= 1;
        waiting.bytes -= size;
    }

    fn forget(&self, number: u64) {
        let message = self.lock().written.remove(&number);
        if let Some(message) = message {
            self.give_up(message.size);
        }
    }

    /// Waits until a message waits; returns the oldest.
    async fn oldest(&self) -> Name {
        loop {
            let added = self.added.notified();
            let oldest = self.lock().written.values().next().copied();
            match oldest {
                Some(message) => return message.name,
                None => added.await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

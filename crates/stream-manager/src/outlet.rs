//! The way out for alerts: a spool on disk, and Redis behind it, which is asked now and then whether it is there.

use std::time::Duration;

use bus::{Inspector, RedisUrl, SpoolError, SpoolSettings, SpooledPublisher, Topic};
use chassis::Stop;
use chassis::http::Condition;
use domain::alert::Alert;
use tokio::sync::watch;
use tokio::time::sleep;

/// How often Redis is asked.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// The way out for alerts. Clones share it.
#[derive(Clone)]
pub(crate) struct Outlet {
    publisher: SpooledPublisher<Alert>,
    inspector: Inspector,
    stream: String,
    max_entries: u64,
    /// What Redis answered last; an error in an operator's words.
    answer: watch::Sender<Result<(), String>>,
}

impl Outlet {
    /// Opens the spool; Redis need not be there.
    ///
    /// # Errors
    /// If the spool's directory cannot be used.
    pub(crate) fn open(url: &RedisUrl, topic: &Topic<Alert>, spool: SpoolSettings) -> Result<Self, SpoolError> {
        Ok(Self {
            max_entries: spool.max_entries,
            publisher: SpooledPublisher::open(url, topic, spool)?,
            inspector: Inspector::connect(url)?,
            stream: topic.name().to_owned(),
            answer: watch::Sender::new(Err("not asked yet".to_owned())),
        })
    }

    /// Returns what takes alerts.
    pub(crate) fn publisher(&self) -> &SpooledPublisher<Alert> {
        &self.publisher
    }

    /// Returns the Redis stream that alerts go to.
    pub(crate) fn stream(&self) -> &str {
        &self.stream
    }

    /// Returns whether there is no room left on disk.
    pub(crate) fn is_full(&self) -> bool {
        self.publisher.waiting() >= self.max_entries
    }

    /// Returns what Redis answered last.
    pub(crate) fn redis(&self) -> Result<(), String> {
        self.answer.borrow().clone()
    }

    /// Asks Redis now and then until the [`Stop`] is set. The condition holds while alerts reach Redis or there is room for
    /// them on disk.
    ///
    /// # Errors
    /// Never.
    pub(crate) async fn ask(self, condition: Condition, stop: Stop) -> anyhow::Result<()> {
        loop {
            let Some(answer) = stop.or(self.inspector.server()).await else { return Ok(()) };
            let answer = answer.map(drop).map_err(|error| error.to_string());
            match &answer {
                Err(error) if self.is_full() => {
                    condition.fails(format!("the spool is full, and {error}"));
                }
                _ => condition.holds(),
            }
            self.answer.send_modify(|known| *known = answer);
            if stop.or(sleep(ASK_EVERY)).await.is_none() {
                return Ok(());
            }
        }
    }
}

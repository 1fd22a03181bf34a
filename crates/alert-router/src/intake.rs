//! Takes alerts from Redis: recorded first, acknowledged after.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bus::{BusError, Consumer, Link, Message};
use chassis::http::{Condition, Readiness};
use chassis::tasks::Backoff;
use chassis::{Stop, Trace};
use domain::alert::Alert;
use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};
use tracing::{debug, error, info, warn};

use crate::book::{Book, Recorded};
use crate::channel::Channel;
use crate::config::Config;
use crate::metrics;
use crate::rule::{Limits, Verdict};

/// The part that takes alerts from Redis.
pub(crate) struct Intake {
    consumer: Consumer<Alert>,
    book: Book,
    limits: Limits,
    channel: &'static str,
    /// Told when there is something new to deliver.
    added: Arc<Notify>,
    redis: Condition,
    recording: Condition,
    state: IntakeState,
}

/// How the intake is, for those who ask.
#[derive(Debug, Clone)]
pub(crate) struct IntakeState {
    consumer: Arc<str>,
    is_connected: Arc<AtomicBool>,
    last_received_at: Arc<Mutex<Option<Timestamp>>>,
}

impl IntakeState {
    /// Returns the name under which it takes part in the group.
    pub(crate) fn consumer(&self) -> &str {
        &self.consumer
    }

    /// Returns whether Redis answered last time.
    pub(crate) fn is_connected(&self) -> bool {
        self.is_connected.load(Ordering::Relaxed)
    }

    /// Returns when the last alert arrived since the start.
    pub(crate) fn last_received_at(&self) -> Option<Timestamp> {
        *self.last_received_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intake {
    pub(crate) fn open(
        config: &Config,
        book: &Book,
        channel: &Channel,
        added: &Arc<Notify>,
        readiness: &Readiness,
    ) -> Result<Self, BusError> {
        let recording = readiness.condition("recording");
        recording.holds();
        let consumer = Consumer::join(&config.redis, &config.topic, config.group.clone())?;
        let state = IntakeState {
            consumer: consumer.name().into(),
            is_connected: Arc::default(),
            last_received_at: Arc::default(),
        };
        Ok(Self {
            consumer,
            book: book.clone(),
            limits: config.limits,
            channel: channel.name(),
            added: added.clone(),
            redis: readiness.condition("redis"),
            recording,
            state,
        })
    }

    pub(crate) fn state(&self) -> IntakeState {
        self.state.clone()
    }

    /// Takes alerts until the [`Stop`] is set.
    pub(crate) async fn run(mut self, stop: Stop) -> anyhow::Result<()> {
        let link = self.consumer.link();
        let (state, redis) = (self.state.clone(), self.redis.clone());
        tokio::select! {
            () = show(link, state, redis) => {}
            () = self.take_all(&stop) => {}
        }
        if let Err(error) = self.consumer.leave().await {
            debug!("could not leave the group: {error}");
        }
        Ok(())
    }

    async fn take_all(&mut self, stop: &Stop) {
        let mut backoff = backoff();
        let mut last_failure = Instant::now();
        while let Some(next) = stop.or(self.consumer.next()).await {
            let taken = match next {
                Ok(message) => {
                    let trace = message.trace.map_or_else(Trace::begin, Trace::child);
                    trace.follow(self.take(message, stop)).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = taken {
                debug!("alerts cannot be received: {error}");
                let pause = backoff.pause_after(last_failure.elapsed(), fastrand::f64());
                last_failure = Instant::now();
                stop.or(sleep(pause)).await;
            }
        }
    }

    /// Records an alert, then acknowledges it.
    async fn take(&self, message: Message<Alert>, stop: &Stop) -> Result<(), BusError> {
        if self.recorded(&message.value, stop).await {
            self.consumer.ack(message.id).await?;
        }
        Ok(())
    }

    /// Writes an alert into the book; tries again until it is there or the [`Stop`] is set. There is
    /// nothing else to do while the disk is full: the alert stays with Redis.
    async fn recorded(&self, alert: &Alert, stop: &Stop) -> bool {
        let mut backoff = backoff();
        loop {
            let began = Instant::now();
            let now = Timestamp::now();
            match self.book.record(alert, now, &self.limits, self.channel).await {
                Ok(recorded) => {
                    *self.state.last_received_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                    self.recording.holds();
                    self.tell(alert, recorded);
                    return true;
                }
                Err(error) => {
                    error!(alert = %alert.alert_id, "an alert cannot be recorded, will try again: {error:#}");
                    self.recording.fails("alerts cannot be recorded");
                    let pause = backoff.pause_after(began.elapsed(), fastrand::f64());
                    if stop.or(sleep(pause)).await.is_none() {
                        return false;
                    }
                }
            }
        }
    }

    fn tell(&self, alert: &Alert, recorded: Recorded) {
        let (id, camera) = (&alert.alert_id, &alert.camera_id);
        if let Recorded::New(verdict) = recorded {
            metrics::recorded(alert.severity, verdict);
        }
        match recorded {
            Recorded::New(Verdict::Deliver) => {
                info!(alert = %id, %camera, class = &*alert.detection.class_name, "an alert is to be delivered");
                self.added.notify_one();
            }
            Recorded::New(Verdict::Silence) => debug!(alert = %id, %camera, "an alert is silenced"),
            Recorded::New(Verdict::Expire) => debug!(alert = %id, %camera, "an alert is too old"),
            Recorded::Known => {
                debug!(alert = %id, %camera, "an alert came again");
                metrics::repeated();
            }
        }
    }
}

/// Shows whether Redis can be reached, for as long as this is polled.
async fn show(mut link: watch::Receiver<Link>, state: IntakeState, redis: Condition) {
    loop {
        let now = link.borrow_and_update().clone();
        state.is_connected.store(now == Link::Up, Ordering::Relaxed);
        match now {
            Link::Untried => {}
            Link::Up => {
                info!("receiving alerts");
                redis.holds();
            }
            Link::Down { reason } => {
                warn!("alerts cannot be received: {reason}");
                redis.fails(reason);
            }
        }
        if link.changed().await.is_err() {
            return;
        }
    }
}

fn backoff() -> Backoff {
    Backoff::new(Duration::from_millis(200), Duration::from_secs(5), Duration::from_secs(30))
}

//! Delivers what is due, several at a time, and writes down how each attempt went.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chassis::{Stop, Trace};
use domain::alert::Alert;
use domain::retry::Schedule;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use crate::book::{Book, Due, Ending};
use crate::channel::{Attempt, Channel};
use crate::metrics;

/// The longest sleep: the clock of the machine may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// The part that delivers.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    book: Book,
    channel: Arc<Channel>,
    schedule: Schedule,
    added: Arc<Notify>,
}

impl Dispatcher {
    pub(crate) fn new(book: &Book, channel: &Arc<Channel>, schedule: Schedule, added: &Arc<Notify>) -> Self {
        Self { book: book.clone(), channel: channel.clone(), schedule, added: added.clone() }
    }

    /// Delivers until the [`Stop`] is set, then lets attempts under way end. What was not attempted
    /// stays in the book.
    pub(crate) async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let mut under_way = JoinSet::new();
        let mut numbers = HashSet::new();
        while !stop.is_stopped() {
            let pause = self.begin_due(&mut under_way, &mut numbers).await?;
            tokio::select! {
                () = stop.stopped() => {}
                () = self.added.notified() => {}
                () = sleep(pause) => {}
                Some(ended) = under_way.join_next() => {
                    numbers.remove(&ended??);
                }
            }
        }
        while let Some(ended) = under_way.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// Begins attempts that are due, as many as may be under way; returns how long nothing else is.
    async fn begin_due(
        &self,
        under_way: &mut JoinSet<anyhow::Result<i64>>,
        numbers: &mut HashSet<i64>,
    ) -> anyhow::Result<Duration> {
        let room = self.channel.width().saturating_sub(numbers.len());
        if room == 0 {
            return Ok(LONGEST_SLEEP);
        }
        let now = Timestamp::now();
        let upcoming = self.book.upcoming(numbers.len() + room + 1).await?;
        let mut waiting = upcoming.into_iter().filter(|due| !numbers.contains(&due.id)).collect::<Vec<_>>();
        let due = waiting.iter().take_while(|due| due.at <= now).take(room).count();
        let next = waiting.get(due).map(|due| due.at);
        for due in waiting.drain(..due) {
            numbers.insert(due.id);
            let trace = due.trace.map_or_else(Trace::begin, Trace::child);
            under_way.spawn(trace.follow(self.clone().attempt(due)));
        }
        let pause = next.map_or(LONGEST_SLEEP, |next| next.duration_since(now).try_into().unwrap_or_default());
        Ok(pause.min(LONGEST_SLEEP))
    }

    /// Makes one attempt and writes down how it went.
    async fn attempt(self, due: Due) -> anyhow::Result<i64> {
        let channel = self.channel.name();
        let began = Instant::now();
        let attempt = self.channel.deliver(&due.alert_id, &due.body).await;
        metrics::attempted(channel, &attempt, began.elapsed());
        let now = Timestamp::now();
        let ending = ending(attempt, due.attempts + 1, &self.schedule, fastrand::f64(), now);
        let (alert, attempts) = (&due.alert_id, due.attempts + 1);
        match &ending {
            Ending::Delivered => {
                info!(%alert, channel, attempts, "an alert was delivered");
                if let Some(delay_secs) = delay_secs(&due.body, now) {
                    metrics::delivered(channel, delay_secs);
                }
            }
            Ending::Again { at, error } => warn!(%alert, channel, attempts, next = %at, "a delivery failed: {error}"),
            Ending::Dead { error } => error!(%alert, channel, attempts, "an alert is a dead letter: {error}"),
        }
        self.book.conclude(due.id, &ending, now).await?;
        Ok(due.id)
    }
}

/// Decides what follows from an attempt: the `failures`-th one, if it failed.
fn ending(attempt: Attempt, failures: u32, schedule: &Schedule, chance: f64, now: Timestamp) -> Ending {
    let (error, after) = match attempt {
        Attempt::Delivered => return Ending::Delivered,
        Attempt::Refused { reason } => return Ending::Dead { error: reason },
        Attempt::TryLater { reason, after } => (reason, after),
    };
    match schedule.pause_at_least(failures, chance, after) {
        Some(pause) => {
            let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
            Ending::Again { at: now.saturating_add(pause).unwrap_or(Timestamp::MAX), error }
        }
        None => Ending::Dead { error },
    }
}

/// Returns how long ago the alert's picture was taken, or the alert was raised if that is not known.
fn delay_secs(body: &str, now: Timestamp) -> Option<f64> {
    let alert: Alert = serde_json::from_str(body).ok()?;
    let seen = alert.captured_at.unwrap_or(alert.timestamp);
    Some(now.duration_since(seen).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule = Schedule {
        first: Duration::from_secs(1),
        factor: 3.0,
        longest: Duration::from_secs(300),
        spread: 0.5,
        attempts: Some(3),
    };

    fn now() -> Timestamp {
        "2026-11-20T08:00:00Z".parse().expect("a time")
    }

    fn after(attempt: Attempt, failures: u32) -> Ending {
        ending(attempt, failures, &SCHEDULE, 0.0, now())
    }

    fn again(at: &str) -> Ending {
        Ending::Again { at: at.parse().expect("a time"), error: "answered 503".to_owned() }
    }

    fn busy(after: Option<u64>) -> Attempt {
        Attempt::TryLater { reason: "answered 503".to_owned(), after: after.map(Duration::from_secs) }
    }

    #[test]
    fn failures_are_tried_again_until_the_schedule_ends() {
        assert_eq!(after(busy(None), 1), again("2026-11-20T08:00:01Z"));
        assert_eq!(after(busy(None), 2), again("2026-11-20T08:00:03Z"));
        assert_eq!(after(busy(None), 3), Ending::Dead { error: "answered 503".to_owned() });
    }

    #[test]
    fn the_other_end_may_ask_for_a_longer_pause_but_not_for_another_attempt() {
        assert_eq!(after(busy(Some(60)), 1), again("2026-11-20T08:01:00Z"));
        assert_eq!(after(busy(Some(60)), 3), Ending::Dead { error: "answered 503".to_owned() });
    }

    #[test]
    fn what_is_refused_is_not_tried_again() {
        let refused = Attempt::Refused { reason: "answered 403".to_owned() };
        assert_eq!(after(refused, 1), Ending::Dead { error: "answered 403".to_owned() });
    }
}

//! The latest alerts in the order in which Redis took them: who comes late or comes back gets what it missed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bus::{EntryId, RedisUrl, Tail, Topic};
use domain::alert::Alert;
use jiff::Timestamp;
use tokio::sync::broadcast;

use crate::metrics;

/// How many alerts are kept for those who come back.
const KEPT: usize = 1000;
/// How far back alerts are read when the service starts, so that its restart is no gap for the pages that are open.
const LOOK_BACK: Duration = Duration::from_secs(15 * 60);
/// How old an alert may be and still be news for a page that was just opened.
const MOMENT: Duration = Duration::from_secs(5);
/// How many alerts a client may be behind before it is cut off; it comes back and gets what it missed.
const BEHIND: usize = 256;

/// One alert as clients get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: EntryId,
    pub(crate) json: Arc<str>,
}

/// What a client that comes gets first.
#[derive(Debug)]
pub(crate) struct Start {
    /// What it missed.
    pub(crate) missed: Vec<Event>,
    /// Whether it missed more than that.
    pub(crate) has_gap: bool,
    /// The last event it has or need not have: only later ones are for it.
    pub(crate) after: EntryId,
    /// What comes from now on. After a start of the service that is also what was before.
    pub(crate) new: broadcast::Receiver<Event>,
}

/// The latest alerts and those who wait for the next.
#[derive(Debug)]
pub(crate) struct Feed {
    latest: Mutex<VecDeque<Event>>,
    sender: broadcast::Sender<Event>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self { latest: Mutex::default(), sender: broadcast::channel(BEHIND).0 }
    }

    /// Takes in alerts from Redis until that fails.
    pub(crate) async fn follow(&self, redis: &RedisUrl, topic: &Topic<Alert>) -> anyhow::Result<()> {
        let after = self.newest().unwrap_or_else(|| ago(Timestamp::now(), LOOK_BACK));
        let mut tail = Tail::open(redis, topic, Some(after))?;
        loop {
            let (id, alert) = tail.next().await?;
            self.publish(Event { id, json: serde_json::to_string(&alert)?.into() });
        }
    }

    /// Hands an alert to everybody, now and later. One that is not newer than the last is known already.
    pub(crate) fn publish(&self, event: Event) {
        let mut latest = self.lock();
        if latest.back().is_some_and(|last| last.id >= event.id) {
            return;
        }
        if latest.len() == KEPT {
            latest.pop_front();
        }
        latest.push_back(event.clone());
        metrics::events().inc();
        // Fails if nobody waits, which is nothing to worry about.
        let _ = self.sender.send(event);
    }

    /// Returns what came after an entry and what comes from now on; without one only the latter.
    pub(crate) fn join(&self, last: Option<EntryId>, now: Timestamp) -> Start {
        // Under the lock nothing can be published, so nothing falls between the two.
        let latest = self.lock();
        let new = self.sender.subscribe();
        let Some(after) = last else {
            // Before the first alert was read it is not known which one is the newest; what is older than a moment is not new.
            let newest = latest.back().map(|event| event.id);
            return Start { missed: Vec::new(), has_gap: false, after: newest.unwrap_or(ago(now, MOMENT)), new };
        };
        let missed: Vec<Event> = latest.iter().filter(|event| event.id > after).cloned().collect();
        // Only if an entry up to `after` is still kept it is certain that none is missing in between.
        let has_gap = latest.front().map_or(after < ago(now, LOOK_BACK), |first| first.id > after);
        Start { missed, has_gap, after, new }
    }

    fn newest(&self) -> Option<EntryId> {
        self.lock().back().map(|event| event.id)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the id that Redis would have given an entry some time ago.
fn ago(now: Timestamp, time: Duration) -> EntryId {
    let millis = now.as_millisecond() - i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    format!("{}-0", millis.max(0)).parse().unwrap_or(EntryId::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64) -> Event {
        Event { id: id(number), json: format!("{{\"number\":{number}}}").into() }
    }

    fn id(number: u64) -> EntryId {
        format!("{number}-0").parse().expect("is an entry id")
    }

    fn now() -> Timestamp {
        Timestamp::from_millisecond(1_000_000_000).expect("is a time")
    }

    fn feed(numbers: impl IntoIterator<Item = u64>) -> Feed {
        let feed = Feed::new();
        numbers.into_iter().for_each(|number| feed.publish(event(number)));
        feed
    }

    #[test]
    fn who_comes_back_gets_exactly_what_it_missed() {
        let mut start = feed([1, 2, 3]).join(Some(id(1)), now());
        assert_eq!(start.missed, [event(2), event(3)]);
        assert!(!start.has_gap);
        assert!(start.new.try_recv().is_err());
    }

    #[test]
    fn who_comes_for_the_first_time_gets_only_what_is_new() {
        let feed = feed([1, 2]);
        let mut start = feed.join(None, now());
        feed.publish(event(3));
        assert!(start.missed.is_empty() && !start.has_gap);
        assert_eq!(start.new.try_recv(), Ok(event(3)));
    }

    #[test]
    fn who_was_away_too_long_is_told_of_the_gap() {
        let feed = feed(1..=KEPT as u64 + 5);
        let start = feed.join(Some(id(5)), now());
        assert_eq!(start.missed.len(), KEPT);
        assert!(start.has_gap);
        assert!(!feed.join(Some(id(6)), now()).has_gap);
    }

    #[test]
    fn nothing_missed_is_no_gap() {
        let start = feed([7]).join(Some(id(7)), now());
        assert!(start.missed.is_empty() && !start.has_gap);
        assert_eq!(start.after, id(7));
    }

    #[test]
    fn before_the_first_alert_was_read_only_a_long_absence_is_a_gap() {
        let feed = feed([]);
        assert!(!feed.join(Some(ago(now(), LOOK_BACK)), now()).has_gap);
        assert!(feed.join(Some(ago(now(), LOOK_BACK + MOMENT)), now()).has_gap);
    }

    #[test]
    fn what_was_before_is_no_news_for_a_page_that_was_just_opened() {
        assert_eq!(feed([1, 2]).join(None, now()).after, id(2));
        assert_eq!(feed([]).join(None, now()).after, ago(now(), MOMENT));
    }

    #[test]
    fn an_alert_that_comes_twice_is_shown_once() {
        let feed = feed([1, 2]);
        let mut start = feed.join(None, now());
        feed.publish(event(2));
        feed.publish(event(1));
        assert!(start.new.try_recv().is_err());
        assert_eq!(feed.join(Some(id(0)), now()).missed, [event(1), event(2)]);
    }

    #[test]
    fn a_time_ago_has_an_entry_id() {
        assert_eq!(ago(now(), Duration::from_secs(900)).millis(), 1_000_000_000 - 900_000);
        assert_eq!(ago(Timestamp::UNIX_EPOCH, LOOK_BACK), EntryId::ZERO);
    }
}

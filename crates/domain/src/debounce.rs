//! Lets only so many alerts of one kind through in a stretch of time, by the time at which they happened.

use std::collections::HashMap;
use std::hash::Hash;

use jiff::{SignedDuration, Timestamp};

/// Counts what was let through, per key, within a sliding window of event time.
///
/// A slot is reserved before a delivery and committed after it, so that a delivery that failed for good does not
/// silence those that follow. Event time makes a replay give the same answers as the first run.
#[derive(Debug)]
pub struct Debouncer<K> {
    window: SignedDuration,
    max_per_window: usize,
    emitted: HashMap<K, Vec<Timestamp>>,
}

/// A place in the window that was given to one alert. It counts until it is released.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a slot is committed after the delivery or released when the delivery failed"]
pub struct Slot<K> {
    key: K,
    at: Timestamp,
}

impl<K: Eq + Hash + Clone> Debouncer<K> {
    /// Returns a debouncer that lets `max_per_window` through in any `window`. An empty window lets everything through.
    #[must_use]
    pub fn new(window: SignedDuration, max_per_window: u32) -> Self {
        let max_per_window = usize::try_from(max_per_window.max(1)).unwrap_or(usize::MAX);
        Self { window: window.max(SignedDuration::ZERO), max_per_window, emitted: HashMap::new() }
    }

    /// Reserves a slot for what happened at this time, or returns nothing if the window is full.
    pub fn reserve(&mut self, key: &K, at: Timestamp) -> Option<Slot<K>> {
        // A time at the very beginning of all time has nothing before it that could count.
        let horizon = at.checked_sub(self.window).unwrap_or(Timestamp::MIN);
        let times = self.emitted.entry(key.clone()).or_default();
        times.retain(|time| *time > horizon);
        // What is later than `at` counts, too, unless there is no window for it to be in.
        if !self.window.is_zero() && times.len() >= self.max_per_window {
            return None;
        }
        times.push(at);
        Some(Slot { key: key.clone(), at })
    }

    /// Keeps the slot for good: it was delivered.
    pub fn commit(&mut self, slot: Slot<K>) {
        drop(slot);
    }

    /// Gives the slot back: it was not delivered and will not be.
    pub fn release(&mut self, slot: Slot<K>) {
        let Slot { key, at } = slot;
        let Some(times) = self.emitted.get_mut(&key) else { return };
        if let Some(index) = times.iter().position(|time| *time == at) {
            times.swap_remove(index);
        }
        if times.is_empty() {
            self.emitted.remove(&key);
        }
    }

    /// Remembers what was delivered before this process began.
    pub fn restore(&mut self, key: K, at: Timestamp) {
        self.emitted.entry(key).or_default().push(at);
    }

    /// Forgets keys whose windows ended before `now`, so that memory does not grow with every class and zone ever seen.
    pub fn prune(&mut self, now: Timestamp) {
        let horizon = now.checked_sub(self.window).unwrap_or(Timestamp::MIN);
        self.emitted.retain(|_, times| {
            times.retain(|time| *time > horizon);
            !times.is_empty()
        });
    }

    /// Forgets the keys for which the question is answered with yes.
    pub fn reset(&mut self, mut is_meant: impl FnMut(&K) -> bool) {
        self.emitted.retain(|key, _| !is_meant(key));
    }

    /// Returns how many keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.emitted.len()
    }

    /// Returns whether no key is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.emitted.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(1_700_000_000.0 + seconds)
    }

    fn debouncer(window: f64, max_per_window: u32) -> Debouncer<&'static str> {
        Debouncer::new(SignedDuration::from_secs_f64(window), max_per_window)
    }

    fn answers(debouncer: &mut Debouncer<&'static str>, times: &[f64]) -> Vec<bool> {
        let mut answer = |seconds: &f64| {
            let slot = debouncer.reserve(&"gate", at(*seconds));
            let is_let_through = slot.is_some();
            slot.into_iter().for_each(|slot| debouncer.commit(slot));
            is_let_through
        };
        times.iter().map(&mut answer).collect()
    }

    #[test]
    fn one_in_five_seconds_and_a_slot_of_exactly_five_seconds_is_over() {
        let given = answers(&mut debouncer(5.0, 1), &[0.0, 1.0, 4.999, 5.0, 5.1, 9.9, 10.0]);
        assert_eq!(given, [true, false, false, true, false, false, true]);
    }

    #[test]
    fn two_in_five_seconds() {
        let given = answers(&mut debouncer(5.0, 2), &[0.0, 1.0, 2.0, 5.0, 5.5, 6.0]);
        assert_eq!(given, [true, true, false, true, false, true]);
    }

    #[test]
    fn an_empty_window_lets_everything_through() {
        assert_eq!(answers(&mut debouncer(0.0, 1), &[0.0, 0.0, 0.1]), [true, true, true]);
        assert_eq!(answers(&mut debouncer(0.0, 1), &[100.0, 90.0, 106.0]), [true, true, true]);
    }

    #[test]
    fn what_comes_out_of_order_is_judged_by_its_own_time() {
        assert_eq!(answers(&mut debouncer(5.0, 1), &[100.0, 90.0, 106.0]), [true, false, true]);
    }

    #[test]
    fn keys_do_not_share_a_window() {
        let mut debouncer = debouncer(5.0, 1);
        assert!(debouncer.reserve(&"gate", at(0.0)).is_some());
        assert!(debouncer.reserve(&"yard", at(0.0)).is_some());
    }

    #[test]
    fn a_slot_counts_while_its_delivery_runs_and_not_after_it_failed() {
        let mut debouncer = debouncer(5.0, 1);
        let slot = debouncer.reserve(&"gate", at(0.0)).expect("the first is let through");
        assert_eq!(debouncer.reserve(&"gate", at(1.0)), None);
        debouncer.release(slot);
        assert!(debouncer.reserve(&"gate", at(1.0)).is_some());
    }

    #[test]
    fn what_was_delivered_before_a_restart_still_counts() {
        let mut debouncer = debouncer(5.0, 1);
        debouncer.restore("gate", at(0.0));
        assert_eq!(answers(&mut debouncer, &[4.0, 5.0]), [false, true]);
    }

    #[test]
    fn old_keys_are_forgotten_and_young_ones_are_not() {
        let mut debouncer = debouncer(5.0, 1);
        debouncer.restore("old", at(0.0));
        debouncer.restore("young", at(6.0));
        debouncer.prune(at(10.0));
        assert_eq!((debouncer.len(), debouncer.reserve(&"young", at(10.0))), (1, None));
    }

    #[test]
    fn a_reset_reaches_only_what_is_meant() {
        let mut debouncer = debouncer(5.0, 1);
        debouncer.restore("gate", at(0.0));
        debouncer.restore("yard", at(0.0));
        debouncer.reset(|key| *key == "gate");
        assert!(debouncer.reserve(&"gate", at(1.0)).is_some());
        assert_eq!(debouncer.reserve(&"yard", at(1.0)), None);
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        let mut debouncer = debouncer(5.0, 1);
        assert!(debouncer.reserve(&"gate", Timestamp::MIN).is_some());
        assert!(debouncer.reserve(&"gate", Timestamp::MAX).is_some());
        debouncer.prune(Timestamp::MIN);
    }
}

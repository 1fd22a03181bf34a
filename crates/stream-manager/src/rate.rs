//! How many frames a second came through lately.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::lifecycle::elapsed;

/// How far back a measured rate looks.
const WINDOW: Duration = Duration::from_secs(10);

/// A rate measured over the last ten seconds of events.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    times: VecDeque<Timestamp>,
}

impl Rate {
    /// Counts one event.
    pub(crate) fn count(&mut self, at: Timestamp) {
        self.times.push_back(at);
        self.forget(at);
    }

    /// Returns the events per second up to `now`; `None` before the second event.
    pub(crate) fn per_second(&mut self, now: Timestamp) -> Option<f64> {
        self.forget(now);
        let (first, last) = (*self.times.front()?, *self.times.back()?);
        // A stream that has stopped gets slower while we watch: the open interval counts once it is longer than usual.
        let spans = (self.times.len() - 1) as f64;
        let closed = elapsed(first, last).as_secs_f64();
        if spans < 1.0 || closed <= 0.0 {
            return None;
        }
        let usual = closed / spans;
        let overdue = (elapsed(last, now).as_secs_f64() - 2.0 * usual).max(0.0);
        Some(spans / (closed + overdue))
    }

    fn forget(&mut self, now: Timestamp) {
        while self.times.front().is_some_and(|&oldest| elapsed(oldest, now) > WINDOW) {
            self.times.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millis).expect("is a time")
    }

    fn five_per_second(seconds: i64) -> Rate {
        let mut rate = Rate::default();
        for i in 0..=seconds * 5 {
            rate.count(at(i * 200));
        }
        rate
    }

    #[test]
    fn an_even_stream_has_its_rate() {
        let measured = five_per_second(30).per_second(at(30_050)).expect("has a rate");
        assert!((measured - 5.0).abs() < 1e-9, "{measured}");
    }

    #[test]
    fn one_event_has_no_rate() {
        assert_eq!(five_per_second(0).per_second(at(0)), None);
    }

    #[test]
    fn a_stream_that_stopped_slows_down_and_then_has_none() {
        let mut rate = five_per_second(10);
        let measured = rate.per_second(at(15_000)).expect("has a rate");
        assert!(measured < 3.5, "{measured}");
        assert_eq!(rate.per_second(at(30_000)), None);
    }
}

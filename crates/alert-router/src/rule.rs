//! Whether an alert is delivered.

use std::time::Duration;

use domain::debounce::Debouncer;
use jiff::{SignedDuration, Timestamp};

/// What an alert must keep to in order to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The stretch of event time in which only so many alerts of one camera, class and zone are delivered.
    pub(crate) window: Duration,
    /// How many that are.
    pub(crate) max_per_window: u32,
    /// How old an alert may be; `None` has no bound. A backlog from before is kept, not delivered.
    pub(crate) max_age: Option<Duration>,
}

/// What becomes of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is delivered.
    Deliver,
    /// Enough of its kind were delivered.
    Silence,
    /// It is too old to be of use.
    Expire,
}

impl Verdict {
    /// Every verdict.
    pub(crate) const ALL: [Self; 3] = [Self::Deliver, Self::Silence, Self::Expire];

    /// Returns the word that metrics have for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Silence => "silence",
            Self::Expire => "expire",
        }
    }
}

impl Limits {
    /// Returns the time after which alerts of the same kind count against one raised at `raised_at`.
    pub(crate) fn horizon(&self, raised_at: Timestamp) -> Timestamp {
        raised_at.checked_sub(self.signed_window()).unwrap_or(Timestamp::MIN)
    }

    /// Judges an alert. `others` are the times of alerts of its kind that were delivered or are
    /// about to be; one whose delivery failed for good is not among them, so that it silences none.
    pub(crate) fn judge(
        &self,
        raised_at: Timestamp,
        others: impl IntoIterator<Item = Timestamp>,
        now: Timestamp,
    ) -> Verdict {
        let age = now.duration_since(raised_at);
        if self.max_age.is_some_and(|max| age > signed(max)) {
            return Verdict::Expire;
        }
        let mut debouncer = Debouncer::new(self.signed_window(), self.max_per_window);
        for other in others {
            debouncer.restore((), other);
        }
        match debouncer.reserve(&(), raised_at) {
            Some(slot) => {
                debouncer.commit(slot);
                Verdict::Deliver
            }
            None => Verdict::Silence,
        }
    }

    fn signed_window(&self) -> SignedDuration {
        signed(self.window)
    }
}

/// Settings are bounded far below what a signed duration holds.
fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(1_700_000_000.0 + seconds)
    }

    fn limits(max_per_window: u32) -> Limits {
        Limits { window: Duration::from_secs(5), max_per_window, max_age: Some(Duration::from_secs(3600)) }
    }

    #[test]
    fn an_alert_is_delivered_unless_enough_of_its_kind_were() {
        let now = at(10.0);
        assert_eq!(limits(1).judge(at(5.0), [], now), Verdict::Deliver);
        assert_eq!(limits(1).judge(at(5.0), [at(0.001)], now), Verdict::Silence);
        assert_eq!(limits(1).judge(at(5.0), [at(0.0)], now), Verdict::Deliver);
        assert_eq!(limits(2).judge(at(5.0), [at(1.0)], now), Verdict::Deliver);
        assert_eq!(limits(2).judge(at(5.0), [at(1.0), at(2.0)], now), Verdict::Silence);
    }

    #[test]
    fn an_alert_older_than_the_bound_expires_even_if_nothing_silences_it() {
        assert_eq!(limits(1).judge(at(0.0), [], at(3600.0)), Verdict::Deliver);
        assert_eq!(limits(1).judge(at(0.0), [], at(3600.1)), Verdict::Expire);
        let unbounded = Limits { max_age: None, ..limits(1) };
        assert_eq!(unbounded.judge(at(0.0), [], at(1e6)), Verdict::Deliver);
    }

    #[test]
    fn without_a_window_an_alert_that_comes_late_is_delivered() {
        let without = Limits { window: Duration::ZERO, ..limits(1) };
        assert_eq!(without.judge(at(5.0), [at(6.0), at(7.0)], at(10.0)), Verdict::Deliver);
        assert_eq!(limits(1).judge(at(5.0), [at(6.0)], at(10.0)), Verdict::Silence);
    }

    #[test]
    fn an_alert_from_the_future_is_not_old() {
        assert_eq!(limits(1).judge(at(60.0), [], at(0.0)), Verdict::Deliver);
    }
}

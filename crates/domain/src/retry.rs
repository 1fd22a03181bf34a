//! How long to wait before something is tried again, and when to give up.

use std::time::Duration;

/// A series of pauses, each longer than the one before, up to a longest one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The pause after the first failure.
    pub first: Duration,
    /// How many times longer each pause is than the one before.
    pub factor: f64,
    /// The longest pause.
    pub longest: Duration,
    /// The part of each pause that chance may take away, from 0 to 1, so that many callers do not return at the same
    /// moment.
    pub spread: f64,
    /// How many attempts are made in all, the first included; nothing stands for no end.
    pub attempts: Option<u32>,
}

impl Schedule {
    /// Returns how long to pause after `failures` failed attempts, or nothing if it is time to give up.
    ///
    /// `chance` is a fresh random number from 0 to 1; it shortens the pause by up to [`Schedule::spread`].
    #[must_use]
    pub fn pause(&self, failures: u32, chance: f64) -> Option<Duration> {
        if self.attempts.is_some_and(|attempts| failures >= attempts) {
            return None;
        }
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let longest = self.longest.as_secs_f64();
        let grown = (self.first.as_secs_f64() * self.factor.max(1.0).powi(exponent)).min(longest);
        let kept = 1.0 - self.spread.clamp(0.0, 1.0) * chance.clamp(0.0, 1.0);
        Some(Duration::from_secs_f64(grown * kept))
    }

    /// Like [`Schedule::pause`], but never before `asked_for`, which the other side named; at most a day.
    #[must_use]
    pub fn pause_at_least(&self, failures: u32, chance: f64, asked_for: Option<Duration>) -> Option<Duration> {
        let asked_for = asked_for.unwrap_or_default().min(Duration::from_secs(24 * 3600));
        self.pause(failures, chance).map(|pause| pause.max(asked_for))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCHEDULE: Schedule = Schedule {
        first: Duration::from_secs(1),
        factor: 2.0,
        longest: Duration::from_secs(30),
        spread: 0.5,
        attempts: Some(8),
    };

    #[test]
    fn pauses_double_up_to_the_longest_and_then_end() {
        let pauses: Vec<_> = (1..=9).map(|failures| SCHEDULE.pause(failures, 0.0).map(|p| p.as_secs())).collect();
        assert_eq!(pauses, [Some(1), Some(2), Some(4), Some(8), Some(16), Some(30), Some(30), None, None]);
    }

    #[test]
    fn chance_shortens_a_pause_by_at_most_the_spread() {
        assert_eq!(SCHEDULE.pause(3, 1.0), Some(Duration::from_secs(2)));
        assert_eq!(SCHEDULE.pause(3, 0.5), Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_schedule_without_a_number_of_attempts_never_ends() {
        let endless = Schedule { attempts: None, ..SCHEDULE };
        assert_eq!(endless.pause(u32::MAX, 0.0), Some(Duration::from_secs(30)));
    }

    #[test]
    fn one_attempt_means_no_second() {
        let once = Schedule { attempts: Some(1), ..SCHEDULE };
        assert_eq!(once.pause(1, 0.0), None);
    }

    #[test]
    fn the_other_side_may_ask_for_more_time_but_not_for_ever() {
        let asked = |secs| SCHEDULE.pause_at_least(1, 0.0, Some(Duration::from_secs(secs))).map(|p| p.as_secs());
        assert_eq!((asked(0), asked(20), asked(u64::MAX)), (Some(1), Some(20), Some(86_400)));
        assert_eq!(SCHEDULE.pause_at_least(8, 0.0, Some(Duration::from_secs(20))), None);
    }

    proptest! {
        #[test]
        fn a_pause_stays_within_its_bounds(failures in 1..8_u32, chance in -1.0..2.0_f64) {
            let pause = SCHEDULE.pause(failures, chance).expect("fewer than 8 failures");
            prop_assert!(pause >= SCHEDULE.first / 2 && pause <= SCHEDULE.longest);
        }
    }
}

//! How long to pause before the next attempt.

use std::time::Duration;

/// Pauses that double from `first` to `longest`, and begin again after an attempt that lasted
/// `healthy`. Pure: time and chance are arguments.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    healthy: Duration,
    failures: u32,
}

impl Backoff {
    /// Returns pauses from `first` to `longest`.
    pub fn new(first: Duration, longest: Duration, healthy: Duration) -> Self {
        Self { first, longest, healthy, failures: 0 }
    }

    /// Returns the pause after an attempt that lasted `lasted`. `chance` in 0..1 picks a point in
    /// the upper half of the step, so that many that failed together do not come back together.
    pub fn pause_after(&mut self, lasted: Duration, chance: f64) -> Duration {
        if lasted >= self.healthy {
            self.failures = 0;
        }
        // 2^20 times the first pause is beyond any longest one.
        let step = self.first.saturating_mul(1 << self.failures.min(20)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        step.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

impl Default for Backoff {
    /// From half a second to half a minute; an attempt of one minute was healthy.
    fn default() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(30), Duration::from_secs(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_secs(1);

    fn secs(pauses: impl Iterator<Item = Duration>) -> Vec<f64> {
        pauses.map(|pause| pause.as_secs_f64()).collect()
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let pauses = secs((0..8).map(|_| backoff.pause_after(SHORT, 1.0)));
        assert_eq!(pauses, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
    }

    #[test]
    fn chance_spreads_a_pause_over_the_upper_half_of_its_step() {
        let pauses = secs([0.0, 0.5, 1.0].map(|chance| Backoff::default().pause_after(SHORT, chance)).into_iter());
        assert_eq!(pauses, [0.25, 0.375, 0.5]);
    }

    #[test]
    fn a_healthy_attempt_begins_the_pauses_again() {
        let mut backoff = Backoff::default();
        for _ in 0..5 {
            backoff.pause_after(SHORT, 1.0);
        }
        assert_eq!(backoff.pause_after(Duration::from_secs(60), 1.0), Duration::from_millis(500));
    }

    #[test]
    fn pauses_stay_at_the_longest_for_ever() {
        let mut backoff = Backoff::default();
        let last = (0..10_000).map(|_| backoff.pause_after(SHORT, 1.0)).last();
        assert_eq!(last, Some(Duration::from_secs(30)));
    }
}

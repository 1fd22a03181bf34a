//! Which frames of a stream are looked at, so that the wanted rate is met exactly whatever the source's own rate is.

use jiff::Timestamp;

/// How far a source's time may step back before it counts as a new beginning. Smaller steps are late or reordered
/// frames.
const RESTART_NANOS: i128 = 500_000_000;

/// A rate of frames per second: finite and above zero.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct FrameRate(f64);

/// Why a number is no frame rate.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a frame rate is above 0 and at most {max}, not {0}", max = FrameRate::MAX)]
pub struct FrameRateError(f64);

impl FrameRate {
    /// The highest rate that makes sense, in frames per second.
    pub const MAX: f64 = 1000.0;

    /// Returns the rate in frames per second.
    #[must_use]
    pub const fn per_second(self) -> f64 {
        self.0
    }

    /// Returns the time from one frame to the next in seconds.
    #[must_use]
    pub const fn interval_seconds(self) -> f64 {
        1.0 / self.0
    }
}

impl TryFrom<f64> for FrameRate {
    type Error = FrameRateError;

    fn try_from(per_second: f64) -> Result<Self, Self::Error> {
        let is_rate = per_second > 0.0 && per_second <= Self::MAX;
        if is_rate { Ok(Self(per_second)) } else { Err(FrameRateError(per_second)) }
    }
}

/// Picks frames by their capture times.
///
/// The wanted times form a fixed grid that begins with the first frame; the first frame at or after each of them is
/// due. So errors do not add up, a source that jitters gives as many frames as one that does not, and after a pause
/// the grid goes on where it was.
#[derive(Debug, Clone)]
pub struct Sampler {
    interval: i128,
    times: Option<Times>,
}

#[derive(Debug, Clone, Copy)]
struct Times {
    latest: i128,
    next_due: i128,
}

impl Sampler {
    /// Returns a sampler that lets `rate` frames per second through, or all of them if the source has fewer.
    #[must_use]
    pub fn new(rate: FrameRate) -> Self {
        let interval = (rate.interval_seconds() * 1e9).round().max(1.0) as i128;
        Self { interval, times: None }
    }

    /// Returns whether the frame taken at this time is to be looked at. Must be asked once for each frame, in their
    /// order.
    pub fn is_due(&mut self, captured_at: Timestamp) -> bool {
        let now = captured_at.as_nanosecond();
        let Some(times) = self.times.filter(|times| now > times.latest - RESTART_NANOS) else {
            self.times = Some(Times { latest: now, next_due: now + self.interval });
            return true;
        };
        let is_due = now >= times.next_due;
        let next_due = if is_due { self.slot_after(times.next_due, now) } else { times.next_due };
        self.times = Some(Times { latest: times.latest.max(now), next_due });
        is_due
    }

    /// Returns the wanted time that follows the one just served by the frame taken at `now`.
    fn slot_after(&self, served: i128, now: i128) -> i128 {
        let following = served + self.interval;
        if following > now {
            return following;
        }
        // The frame came late. One wanted time may be caught up with, or jitter would cost frames; the others are gone.
        following + (now - following) / self.interval * self.interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000_000;

    fn sampler(per_second: f64) -> Sampler {
        Sampler::new(FrameRate::try_from(per_second).expect("a rate"))
    }

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanosecond(1_700_000_000_000_000_000 + i128::from(nanos)).expect("a time of this century")
    }

    /// Returns the times of a 25 fps source, each moved by its jitter.
    fn source(seconds: i64, jitter: impl Fn(i64) -> i64) -> impl Iterator<Item = i64> {
        (0..seconds * 25).map(move |i| i * SECOND / 25 + jitter(i))
    }

    fn due_per_second(target: f64, seconds: i64, jitter: impl Fn(i64) -> i64) -> f64 {
        let mut sampler = sampler(target);
        let due = source(seconds, jitter).filter(|nanos| sampler.is_due(at(*nanos))).count();
        due as f64 / seconds as f64
    }

    fn assert_rates(jitter: impl Fn(i64) -> i64 + Copy) {
        for (target, expected) in
            [(5.0, 5.0), (7.0, 7.0), (3.0, 3.0), (0.5, 0.5), (12.5, 12.5), (25.0, 25.0), (30.0, 25.0)]
        {
            let measured = due_per_second(target, 400, jitter);
            assert!((measured / expected - 1.0).abs() <= 0.02, "{target} fps wanted, {measured} given");
        }
    }

    #[test]
    fn a_steady_source_is_sampled_at_the_wanted_rate() {
        assert_rates(|_| 0);
    }

    #[test]
    fn jitter_of_half_a_frame_costs_nothing() {
        assert_rates(|i| (i * 7919 % 41 - 20) * 1_000_000);
    }

    #[test]
    fn samples_are_evenly_spread() {
        let mut sampler = sampler(5.0);
        let due: Vec<i64> = source(2, |_| 0).filter(|nanos| sampler.is_due(at(*nanos))).collect();
        assert_eq!(due, (0..10).map(|i| i * SECOND / 5).collect::<Vec<_>>());
    }

    #[test]
    fn after_a_pause_the_grid_goes_on_where_it_was() {
        let mut sampler = sampler(1.0);
        let times = [0, 500, 1000, 9400, 9440, 9500, 9960, 10_000, 10_040];
        let due: Vec<i64> = times.into_iter().filter(|ms| sampler.is_due(at(ms * 1_000_000))).collect();
        assert_eq!(due, [0, 1000, 9400, 9440, 10_000]);
    }

    #[test]
    fn a_long_jump_forward_does_not_bring_a_burst() {
        let mut sampler = sampler(5.0);
        assert!(sampler.is_due(at(0)));
        let after = source(2, |_| 3600 * SECOND).filter(|nanos| sampler.is_due(at(*nanos))).count();
        assert!((10..=11).contains(&after), "{after} frames in 2 s");
    }

    #[test]
    fn a_jump_back_begins_anew() {
        let mut sampler = sampler(5.0);
        assert!(sampler.is_due(at(3600 * SECOND)));
        let after = source(2, |_| 0).filter(|nanos| sampler.is_due(at(*nanos))).count();
        assert_eq!(after, 10);
    }

    #[test]
    fn a_frame_out_of_order_is_not_due() {
        let mut sampler = sampler(5.0);
        assert!(sampler.is_due(at(SECOND)));
        assert!(!sampler.is_due(at(SECOND - 40_000_000)));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for number in [0.0, -1.0, f64::NAN, f64::INFINITY, 1000.1] {
            assert!(FrameRate::try_from(number).is_err(), "{number}");
        }
    }

    proptest! {
        #[test]
        fn any_rate_is_met_with_any_jitter(target in 0.5..25.0_f64, seed in any::<u32>()) {
            let noise = |i: i64| (i64::from(seed) + i * 2_654_435_761) % 40_000_000 - 20_000_000;
            let measured = due_per_second(target, 200, noise);
            prop_assert!((measured / target - 1.0).abs() <= 0.02, "{} wanted, {} given", target, measured);
        }
    }
}

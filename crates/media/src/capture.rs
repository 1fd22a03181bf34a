//! When a frame was captured, as well as can be known: pure rules, no clock. The pipeline says what it observed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How far the camera's own clock may be behind the arrival of its frames and still be believed: encoding, network and
/// buffering take less, a clock that nobody set is off by more.
const BELIEVABLE_AGE: SignedDuration = SignedDuration::from_secs(2);

/// Gives every frame of a live stream its time of capture.
#[derive(Debug, Default)]
pub(crate) struct LiveClock {
    last: Option<Timestamp>,
}

impl LiveClock {
    /// Returns the capture time of a frame that arrived at `arrival` and that the camera says it took at `sender`.
    /// Never goes back, whatever the camera's clock or ours does.
    pub(crate) fn stamp(&mut self, arrival: Timestamp, sender: Option<Timestamp>) -> Timestamp {
        let believable =
            |&at: &Timestamp| (SignedDuration::ZERO..=BELIEVABLE_AGE).contains(&arrival.duration_since(at));
        let stamped = sender.filter(believable).unwrap_or(arrival);
        let stamped = self.last.map_or(stamped, |last| stamped.max(last));
        self.last = Some(stamped);
        stamped
    }
}

/// Gives every frame of a film file its time: the time the film was started plus the position in it, across repetitions.
#[derive(Debug)]
pub(crate) struct FilmClock {
    started: Timestamp,
    /// Where the current repetition began.
    offset: Duration,
    /// Position in the current repetition of the newest frame, and how long it lasts.
    position: Duration,
    length: Duration,
}

impl FilmClock {
    /// A film that is started now.
    pub(crate) fn new(started: Timestamp) -> Self {
        Self { started, offset: Duration::ZERO, position: Duration::ZERO, length: Duration::from_millis(40) }
    }

    /// Returns the time of the frame at `position`. A film without positions is taken to run on at its last pace.
    pub(crate) fn stamp(&mut self, position: Option<Duration>) -> Timestamp {
        let position = position.unwrap_or(self.position + self.length);
        if let Some(length) = position.checked_sub(self.position).filter(|length| !length.is_zero()) {
            self.length = length;
        }
        self.position = position;
        self.started + (self.offset + position)
    }

    /// Notes that the film begins again.
    pub(crate) fn begin_again(&mut self) {
        self.offset += self.position + self.length;
        self.position = Duration::ZERO;
    }
}

/// Frames per second of a stream that does not say, from the times of its frames.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    last: Option<Timestamp>,
    /// Smoothed seconds from one frame to the next.
    gap_secs: Option<f64>,
    seen: u32,
}

impl Rate {
    /// Takes the time of a frame and returns the rate once it has settled.
    pub(crate) fn observe(&mut self, at: Timestamp) -> Option<f64> {
        const SETTLED_FRAMES: u32 = 8;
        const WEIGHT: f64 = 0.1;

        if let Some(last) = self.last.replace(at) {
            let gap = at.duration_since(last).as_secs_f64();
            let smoothed = self.gap_secs.map_or(gap, |before| before + WEIGHT * (gap - before));
            self.gap_secs = Some(smoothed);
            self.seen += 1;
        }
        self.gap_secs.filter(|gap| self.seen >= SETTLED_FRAMES && *gap > 0.0).map(|gap| (10.0 / gap).round() / 10.0)
    }
}

/// Keeps a machine that cannot decode as fast as its cameras send from falling further and further behind: coded frames
/// older than the limit are thrown away until a key frame is young enough again.
#[derive(Debug, Default)]
pub(crate) struct LagGuard {
    skipping: bool,
}

impl LagGuard {
    const TOO_OLD: Duration = Duration::from_secs(2);
    const YOUNG: Duration = Duration::from_millis(500);

    /// Returns whether a coded frame of this age is to be decoded.
    pub(crate) fn admits(&mut self, age: Duration, key_frame: bool) -> bool {
        if self.skipping {
            self.skipping = !(key_frame && age < Self::YOUNG);
        } else {
            self.skipping = age > Self::TOO_OLD;
        }
        !self.skipping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millis).expect("in range")
    }

    #[test]
    fn a_believable_camera_clock_is_believed() {
        let mut clock = LiveClock::default();
        assert_eq!(clock.stamp(at(1000), Some(at(900))), at(900));
    }

    #[test]
    fn a_camera_clock_in_the_future_or_far_past_is_not_believed() {
        let mut clock = LiveClock::default();
        assert_eq!(clock.stamp(at(10_000), Some(at(10_001))), at(10_000));
        assert_eq!(clock.stamp(at(10_040), Some(at(7_000))), at(10_040));
    }

    #[test]
    fn capture_times_never_go_back() {
        let mut clock = LiveClock::default();
        clock.stamp(at(1000), None);
        assert_eq!(clock.stamp(at(1040), Some(at(940))), at(1000));
        assert_eq!(clock.stamp(at(400), None), at(1000));
        assert_eq!(clock.stamp(at(1200), Some(at(1100))), at(1100));
    }

    #[test]
    fn a_repeated_film_goes_on_where_it_ended() {
        let mut clock = FilmClock::new(at(0));
        let second_pass: Vec<_> = [0, 40, 80].map(|ms| clock.stamp(Some(Duration::from_millis(ms)))).to_vec();
        assert_eq!(second_pass, [at(0), at(40), at(80)]);
        clock.begin_again();
        assert_eq!(clock.stamp(Some(Duration::ZERO)), at(120));
        assert_eq!(clock.stamp(Some(Duration::from_millis(40))), at(160));
    }

    #[test]
    fn a_film_without_positions_runs_on() {
        let mut clock = FilmClock::new(at(0));
        clock.stamp(Some(Duration::ZERO));
        clock.stamp(Some(Duration::from_millis(100)));
        assert_eq!(clock.stamp(None), at(200));
    }

    #[test]
    fn the_rate_settles_on_the_distance_of_frames() {
        let mut rate = Rate::default();
        let told: Vec<_> = (0..20).map(|n| rate.observe(at(n * 40))).collect();
        assert_eq!(told[..8], [None; 8]);
        assert_eq!(told[19], Some(25.0));
    }

    #[test]
    fn after_a_jam_decoding_begins_again_at_a_young_key_frame() {
        let mut guard = LagGuard::default();
        let secs = Duration::from_secs_f64;
        let decoded = [
            (secs(1.9), false),
            (secs(2.1), true),
            (secs(0.1), false),
            (secs(0.6), true),
            (secs(0.4), true),
            (secs(0.1), false),
        ]
        .map(|(age, key)| guard.admits(age, key));
        assert_eq!(decoded, [true, false, false, false, true, true]);
    }
}

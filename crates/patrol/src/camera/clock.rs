//! The robot's clock against ours. Pictures carry the robot's time, and its clock may be wrong by hours; but the robot may
//! also answer with a picture from a buffer, which was taken long before. Both look the same in a single picture.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// Over how many pictures the smallest difference is taken: what is above it is the way to us.
const WINDOW: usize = 20;
/// A camera runs if its stamps advance as our clock does, but for this.
const JITTER: SignedDuration = SignedDuration::from_millis(300);

/// What is known of the robot's clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct RobotClock {
    /// The newest stamp, and when its picture came.
    last: Option<(Timestamp, Timestamp)>,
    /// How far our clock is ahead of the robot's, as running pictures show it.
    ahead: VecDeque<SignedDuration>,
}

impl RobotClock {
    /// Takes in a picture: its stamp and when it came.
    pub(crate) fn note(&mut self, stamp: Timestamp, received: Timestamp) {
        let before = self.last;
        if before.is_some_and(|(last, _)| last == stamp) {
            return;
        }
        self.last = Some((stamp, received));
        // A picture from a buffer is followed by one whose stamp jumps: only a running camera tells the time.
        let Some((last_stamp, last_received)) = before else {
            return;
        };
        let drift = received.duration_since(last_received) - stamp.duration_since(last_stamp);
        if drift.abs() > JITTER {
            return;
        }
        if self.ahead.len() == WINDOW {
            self.ahead.pop_front();
        }
        self.ahead.push_back(received.duration_since(stamp));
    }

    /// Returns a time of the robot by our clock. Until a running camera was seen, the robot's clock is taken to be right.
    pub(crate) fn ours(&self, stamp: Timestamp) -> Timestamp {
        let ahead = self.ahead.iter().min().copied().unwrap_or_default();
        stamp.checked_add(ahead).unwrap_or(stamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + ms).expect("is a time")
    }

    #[test]
    fn w12_the_first_picture_of_a_camera_that_was_asleep_is_old() {
        let mut clock = RobotClock::default();
        // Taken a minute ago, and the next a tenth of a second ago.
        clock.note(ms(0), ms(60_000));
        assert_eq!(clock.ours(ms(0)), ms(0));
        clock.note(ms(60_050), ms(60_100));
        assert_eq!(clock.ours(ms(60_050)), ms(60_050), "a jump tells nothing of the clock");
    }

    #[test]
    fn a_clock_that_is_an_hour_late_is_found_out_by_a_running_camera() {
        let mut clock = RobotClock::default();
        for picture in 0..5 {
            let taken = ms(picture * 100);
            clock.note(taken, ms(3_600_000 + picture * 100 + 40));
        }
        assert_eq!(clock.ours(ms(400)), ms(3_600_000 + 440));
    }

    #[test]
    fn the_way_to_us_counts_as_little_as_it_was_at_its_best() {
        let mut clock = RobotClock::default();
        for (picture, way) in [30, 120, 25, 80].into_iter().enumerate() {
            let taken = picture as i64 * 100;
            clock.note(ms(taken), ms(taken + way));
        }
        assert_eq!(clock.ours(ms(300)), ms(325));
    }

    #[test]
    fn a_clock_that_is_set_is_followed() {
        let mut clock = RobotClock::default();
        let mut run = |from: i64, ahead: i64| {
            for picture in 0..30 {
                clock.note(ms(from - ahead + picture * 100), ms(from + picture * 100));
            }
            clock.ours(ms(from - ahead))
        };
        assert_eq!(run(0, 0), ms(0));
        assert_eq!(run(10_000, 500_000), ms(10_000));
    }

    #[test]
    fn a_picture_that_comes_twice_tells_nothing() {
        let mut clock = RobotClock::default();
        clock.note(ms(0), ms(10));
        clock.note(ms(0), ms(110));
        assert_eq!(clock.ours(ms(0)), ms(0));
    }
}

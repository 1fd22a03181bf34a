//! The life of one camera's stream as a state machine: what each event makes of its state, and when to try again.
//!
//! The reference waits `reconnect_delay_seconds` after a failed open and gives up after `max_reconnect_attempts` such
//! pauses. Here a camera that has gone away is tried every second at most, so that its first frame is seen within two
//! seconds of its return; the tries of one `reconnect_delay_seconds` together count as one attempt, so that a camera is
//! given up after the same time as in the reference. A stream that ends at once counts as a failure like any other.

use std::time::Duration;

use domain::retry::Schedule;
use jiff::Timestamp;

/// The longest pause between two tries of a camera that does not answer.
const QUICK_LIMIT: Duration = Duration::from_secs(1);
/// The first pause after a working stream was lost.
const QUICK_START: Duration = Duration::from_millis(250);
/// Cameras lock an address out after some five wrong passwords, for half an hour.
const REFUSED_START: Duration = Duration::from_secs(30);
/// The longest pause between two tries of a camera that refuses us.
const REFUSED_LIMIT: Duration = Duration::from_secs(600);
/// The longest pause between two tries of a stream that we cannot decode.
const UNSUPPORTED_LIMIT: Duration = Duration::from_secs(60);
/// How long a stream must have run before its loss counts as a new outage, not as part of the last one.
const STEADY: Duration = Duration::from_secs(5);

/// What the operator sees of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was never seen since it was configured.
    Starting,
    /// Pictures arrive.
    Streaming,
    /// It was lost and is being tried again.
    Reconnecting,
    /// It was given up after `max_reconnect_attempts`; an edit of its entry or a restart revives it.
    Failed,
    /// Its entry says `enabled: false`.
    Disabled,
    /// Its entry in `cameras.yaml` is wrong.
    Invalid,
}

/// Why a stream was lost or could not be had, as far as it matters for what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Trouble {
    /// Nothing answers at its address.
    Unreachable,
    /// The camera answers but has no such stream.
    NotFound,
    /// The camera wants another user name or password.
    Refused,
    /// The connection stands but nothing comes.
    Silent,
    /// The stream came to its end.
    Ended,
    /// The stream is of a kind that cannot be decoded here.
    Unsupported,
    /// Anything else.
    Broken,
}

impl Trouble {
    /// Every trouble.
    pub(crate) const ALL: [Self; 7] =
        [Self::Unreachable, Self::NotFound, Self::Refused, Self::Silent, Self::Ended, Self::Unsupported, Self::Broken];

    /// Returns the trouble's name in metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::Ended => "ended",
            Self::Unsupported => "unsupported",
            Self::Broken => "broken",
        }
    }
}

/// How long and how often a lost camera is tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// `stream_manager.reconnect_delay_seconds`.
    pub delay: Duration,
    /// `stream_manager.max_reconnect_attempts`; `None` is for ever.
    pub attempts: Option<u32>,
}

/// What to do after a stream was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Open it again after this pause.
    TryAfter(Duration),
    /// Leave it until somebody does something about it.
    GiveUp,
}

/// The state of one camera's stream.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    patience: Patience,
    state: State,
    since: Timestamp,
    reason: Option<String>,
    outage: Option<Outage>,
}

#[derive(Debug, Clone, Copy)]
struct Outage {
    attempts: u32,
    counted_at: Option<Timestamp>,
    trouble: Trouble,
    tries: u32,
}

impl Lifecycle {
    /// Returns the life of a camera that is about to be opened for the first time.
    pub(crate) fn new(patience: Patience, now: Timestamp) -> Self {
        Self { patience, state: State::Starting, since: now, reason: None, outage: None }
    }

    /// Returns the life of a camera that is not to be opened.
    pub(crate) fn disabled(now: Timestamp) -> Self {
        let patience = Patience { delay: Duration::ZERO, attempts: None };
        Self { state: State::Disabled, ..Self::new(patience, now) }
    }

    /// Returns what the operator sees.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Returns since when the state holds.
    pub(crate) fn since(&self) -> Timestamp {
        self.since
    }

    /// Returns why the camera does not stream, in an operator's words.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// A frame has come.
    pub(crate) fn frame_arrived(&mut self, now: Timestamp) {
        if self.state != State::Streaming {
            self.enter(State::Streaming, None, now);
        }
        if self.outage.is_some() && elapsed(self.since, now) >= STEADY {
            self.outage = None;
        }
    }

    /// The stream was lost or could not be had; `jitter` is a random number from 0 to 1.
    pub(crate) fn lost(&mut self, now: Timestamp, trouble: Trouble, reason: String, jitter: f64) -> Next {
        let mut outage = match self.outage {
            Some(outage) if outage.trouble == trouble => outage,
            Some(outage) => Outage { trouble, tries: 0, ..outage },
            None => Outage { attempts: 0, counted_at: None, trouble, tries: 0 },
        };
        let counts = outage.counted_at.is_none_or(|at| elapsed(at, now) >= self.patience.delay);
        if counts && self.patience.attempts.is_some_and(|most| outage.attempts >= most) {
            self.outage = None;
            self.enter(State::Failed, Some(reason), now);
            return Next::GiveUp;
        }
        if counts {
            outage.attempts += 1;
            outage.counted_at = Some(now);
        }
        let pause = pause(trouble, outage.tries, self.patience.delay, jitter);
        outage.tries = outage.tries.saturating_add(1);
        self.outage = Some(outage);
        let state = if self.state == State::Starting { State::Starting } else { State::Reconnecting };
        self.enter(state, Some(reason), now);
        Next::TryAfter(pause)
    }

    fn enter(&mut self, state: State, reason: Option<String>, now: Timestamp) {
        if self.state != state {
            self.state = state;
            self.since = now;
        }
        self.reason = reason;
    }
}

/// Returns the pause after the try number `tries` (from 0) that met this trouble: it doubles up to a limit and is
/// shortened by up to a half, so that cameras lost together do not come back together.
fn pause(trouble: Trouble, tries: u32, delay: Duration, jitter: f64) -> Duration {
    let (first, longest) = match trouble {
        Trouble::Refused => (REFUSED_START.max(delay), REFUSED_LIMIT.max(delay)),
        Trouble::Unsupported => (delay, UNSUPPORTED_LIMIT.max(delay)),
        Trouble::Unreachable | Trouble::NotFound | Trouble::Silent | Trouble::Ended | Trouble::Broken => {
            (QUICK_START.min(delay), QUICK_LIMIT.min(delay))
        }
    };
    let schedule = Schedule { first, factor: 2.0, longest, spread: 0.5, attempts: None };
    schedule.pause(tries.saturating_add(1), jitter).unwrap_or(longest)
}

/// Returns the time from `earlier` to `later`; nothing if the clock was set back.
pub(crate) fn elapsed(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs_f64(1000.0 + seconds)
    }

    fn camera(delay: f64, attempts: Option<u32>) -> Lifecycle {
        Lifecycle::new(Patience { delay: Duration::from_secs_f64(delay), attempts }, at(0.0))
    }

    fn unreachable(camera: &mut Lifecycle, seconds: f64) -> Next {
        camera.lost(at(seconds), Trouble::Unreachable, "nothing answers".into(), 0.0)
    }

    /// Opens that always fail, one after each pause; returns how many there were until the camera was given up.
    fn opens_until_given_up(camera: &mut Lifecycle, trouble: Trouble) -> u32 {
        let mut now = 0.0;
        for opens in 1..10_000 {
            match camera.lost(at(now), trouble, String::new(), 0.0) {
                Next::TryAfter(pause) => now += pause.as_secs_f64(),
                Next::GiveUp => return opens,
            }
        }
        0
    }

    #[test]
    fn with_a_pause_as_short_as_ours_the_opens_are_those_of_the_reference() {
        assert_eq!(opens_until_given_up(&mut camera(0.1, Some(3)), Trouble::Unreachable), 4);
        assert_eq!(opens_until_given_up(&mut camera(0.1, Some(0)), Trouble::Unreachable), 1);
        assert_eq!(opens_until_given_up(&mut camera(5.0, Some(0)), Trouble::Unreachable), 1);
        assert_eq!(opens_until_given_up(&mut camera(5.0, Some(3)), Trouble::Refused), 4);
    }

    #[test]
    fn quick_tries_give_up_no_sooner_than_the_reference_would() {
        let mut camera = camera(5.0, Some(10));
        let mut now = 0.0;
        while let Next::TryAfter(pause) = unreachable(&mut camera, now) {
            now += pause.as_secs_f64();
        }
        assert!((50.0..61.0).contains(&now), "given up after {now} s");
        assert_eq!(camera.state(), State::Failed);
        assert_eq!(camera.reason(), Some("nothing answers"));
    }

    #[test]
    fn minus_one_is_for_ever() {
        assert_eq!(opens_until_given_up(&mut camera(5.0, None), Trouble::Unreachable), 0);
    }

    #[test]
    fn a_camera_that_does_not_answer_is_tried_every_second_at_most() {
        let mut camera = camera(5.0, None);
        camera.frame_arrived(at(0.0));
        let pauses: Vec<_> = (0..5)
            .map(|i| unreachable(&mut camera, f64::from(i)))
            .map(|next| match next {
                Next::TryAfter(pause) => pause.as_millis(),
                Next::GiveUp => 0,
            })
            .collect();
        assert_eq!(pauses, [250, 500, 1000, 1000, 1000]);
    }

    #[test]
    fn jitter_shortens_a_pause_by_a_half_at_most() {
        let mut camera = camera(5.0, None);
        let next = camera.lost(at(0.0), Trouble::Ended, String::new(), 1.0);
        assert_eq!(next, Next::TryAfter(Duration::from_millis(125)));
    }

    #[test]
    fn a_camera_that_refuses_us_is_left_alone_for_long() {
        let mut camera = camera(5.0, None);
        let mut tries_in_half_an_hour = 0;
        let mut now = 0.0;
        while now < 1800.0 {
            let next = camera.lost(at(now), Trouble::Refused, "wrong password".into(), 0.0);
            let Next::TryAfter(pause) = next else { panic!("given up") };
            tries_in_half_an_hour += 1;
            now += pause.as_secs_f64();
        }
        assert!(tries_in_half_an_hour <= 7, "{tries_in_half_an_hour} tries lock the account");
    }

    #[test]
    fn the_first_frame_makes_it_streaming_and_clears_the_reason() {
        let mut camera = camera(5.0, None);
        unreachable(&mut camera, 1.0);
        assert_eq!((camera.state(), camera.reason()), (State::Starting, Some("nothing answers")));
        camera.frame_arrived(at(2.0));
        camera.frame_arrived(at(3.0));
        assert_eq!((camera.state(), camera.reason(), camera.since()), (State::Streaming, None, at(2.0)));
        unreachable(&mut camera, 9.0);
        assert_eq!((camera.state(), camera.since()), (State::Reconnecting, at(9.0)));
    }

    #[test]
    fn a_stream_that_ends_at_once_is_given_up_in_the_end() {
        let mut camera = camera(0.5, Some(3));
        let mut now = 0.0;
        let mut opens = 0;
        loop {
            opens += 1;
            camera.frame_arrived(at(now));
            now += 0.01;
            match camera.lost(at(now), Trouble::Ended, String::new(), 0.0) {
                Next::TryAfter(pause) => now += pause.as_secs_f64(),
                Next::GiveUp => break,
            }
        }
        assert!((4..10).contains(&opens), "{opens} opens");
    }

    #[test]
    fn a_stream_that_ran_begins_a_new_outage_with_all_its_attempts() {
        let mut camera = camera(0.1, Some(1));
        assert!(matches!(unreachable(&mut camera, 0.0), Next::TryAfter(_)));
        camera.frame_arrived(at(1.0));
        camera.frame_arrived(at(6.0));
        assert!(matches!(unreachable(&mut camera, 7.0), Next::TryAfter(_)));
        assert_eq!(unreachable(&mut camera, 8.0), Next::GiveUp);
    }

    #[test]
    fn a_clock_set_back_is_no_elapsed_time() {
        assert_eq!(elapsed(at(5.0), at(3.0)), Duration::ZERO);
    }
}

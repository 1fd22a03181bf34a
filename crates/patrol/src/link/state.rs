//! How the robot is, as far as it is known. Pure: what was heard and when are arguments.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use robot::{Activity, Battery, Fault, Map, Pose};

use crate::view;

/// This many failures in a row and the robot is lost.
const FAILURES: u32 = 2;
/// A robot that was not heard for so long is lost, whatever the calls under way will say.
const SILENCE: Duration = Duration::from_secs(4);
/// That a robot stands where it stood is told so often.
const RESTING: SignedDuration = SignedDuration::from_secs(1);

/// A value and when it was so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen<T> {
    /// The value.
    pub(crate) value: T,
    /// When it was so, by our clock.
    pub(crate) at: Timestamp,
}

/// How the connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Connection {
    /// The robot has not answered yet.
    Connecting {
        /// Since when.
        since: Timestamp,
        /// What was in the way last.
        reason: Option<String>,
    },
    /// The robot answers.
    Connected {
        /// Since when.
        since: Timestamp,
    },
    /// The robot answered before, and does not now.
    Lost {
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: String,
    },
}

impl Connection {
    /// Returns since when it is so.
    pub(crate) fn since(&self) -> Timestamp {
        match self {
            Self::Connecting { since, .. } | Self::Connected { since } | Self::Lost { since, .. } => *since,
        }
    }

    /// Returns why the robot does not answer.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Connecting { reason, .. } => reason.as_deref(),
            Self::Connected { .. } => None,
            Self::Lost { reason, .. } => Some(reason),
        }
    }
}

/// What was heard of the robot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    /// Where it is.
    Pose(Pose),
    /// What its battery holds.
    Battery(Battery),
    /// What it is doing.
    Activity(Activity),
    /// What is wrong with it.
    Faults(Vec<Fault>),
    /// Which map it uses.
    Map(Arc<Map>),
    /// Its serial number, if it tells.
    Serial(Option<String>),
}

/// How the robot is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RobotState {
    /// The connection to it. Unless it is connected, everything else is of the past.
    pub(crate) connection: Connection,
    /// Where it is, or was.
    pub(crate) pose: Option<Seen<Pose>>,
    /// What its battery holds, or held.
    pub(crate) battery: Option<Seen<Battery>>,
    /// The map it uses, or used.
    pub(crate) map: Option<Arc<Map>>,
    /// Its serial number.
    pub(crate) serial: Option<String>,
    activity: Activity,
    faults: Vec<Fault>,
    heard_at: Timestamp,
    failures: u32,
}

impl RobotState {
    /// Returns what is known of a robot that was not asked yet.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            connection: Connection::Connecting { since: now, reason: None },
            pose: None,
            battery: None,
            map: None,
            serial: None,
            activity: Activity::Idle,
            faults: Vec::new(),
            heard_at: now,
            failures: 0,
        }
    }

    /// Returns whether the robot answers.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.connection, Connection::Connected { .. })
    }

    /// Returns whether the robot carries out a command now.
    pub(crate) fn is_moving(&self) -> bool {
        self.is_connected() && self.activity != Activity::Idle
    }

    /// Returns what is wrong with the robot now; nothing is known of one that is lost.
    pub(crate) fn faults(&self) -> &[Fault] {
        if self.is_connected() { &self.faults } else { &[] }
    }

    /// Returns whether the robot waits for its power button.
    pub(crate) fn is_emergency_stopped(&self) -> bool {
        self.faults().iter().any(|fault| fault.code == Fault::PAUSED)
    }

    /// Returns what the battery holds now.
    pub(crate) fn battery_now(&self) -> Option<Battery> {
        self.battery.filter(|_| self.is_connected()).map(|seen| seen.value)
    }

    /// Takes in what was heard. Returns whether anything that is shown is different.
    pub(crate) fn hear(&mut self, now: Timestamp, heard: Heard) -> bool {
        self.heard_at = now;
        self.failures = 0;
        let found = !self.is_connected();
        if found {
            self.connection = Connection::Connected { since: now };
            // Of before the robot was lost.
            self.faults.clear();
            self.activity = Activity::Idle;
        }
        let news = match heard {
            Heard::Pose(value) => {
                let is_news =
                    self.pose.is_none_or(|seen| seen.value != value || now.duration_since(seen.at) >= RESTING);
                if is_news {
                    self.pose = Some(Seen { value, at: now });
                }
                is_news
            }
            Heard::Battery(value) => {
                let is_news = self.battery.is_none_or(|seen| seen.value != value);
                self.battery = Some(Seen { value, at: now });
                is_news
            }
            Heard::Activity(activity) => replace(&mut self.activity, activity),
            Heard::Faults(faults) => replace(&mut self.faults, faults),
            Heard::Map(map) => replace(&mut self.map, Some(map)),
            Heard::Serial(serial) => replace(&mut self.serial, serial),
        };
        found || news
    }

    /// Takes in that the robot did not answer. Returns whether anything that is shown is different.
    pub(crate) fn fail(&mut self, now: Timestamp, why: String) -> bool {
        self.failures += 1;
        match &mut self.connection {
            Connection::Connected { .. } if self.failures >= FAILURES => {
                self.connection = Connection::Lost { since: now, reason: why };
                true
            }
            Connection::Connected { .. } => false,
            Connection::Connecting { reason, .. } => replace(reason, Some(why)),
            Connection::Lost { reason, .. } => replace(reason, why),
        }
    }

    /// Takes in that time passed. Returns whether anything that is shown is different.
    pub(crate) fn pass(&mut self, now: Timestamp) -> bool {
        let silence = SignedDuration::try_from(SILENCE).expect("four seconds are a duration");
        if !self.is_connected() || now.duration_since(self.heard_at) < silence {
            return false;
        }
        let reason = format!("the robot was not heard for {} s", SILENCE.as_secs());
        self.connection = Connection::Lost { since: now, reason };
        true
    }
}

fn replace<T: PartialEq>(old: &mut T, new: T) -> bool {
    let differs = *old != new;
    *old = new;
    differs
}

/// As it is shown.
impl RobotState {
    /// Returns the connection.
    pub(crate) fn link_shown(&self) -> view::Link {
        let state = match self.connection {
            Connection::Connecting { .. } => view::LinkState::Connecting,
            Connection::Connected { .. } => view::LinkState::Connected,
            Connection::Lost { .. } => view::LinkState::Lost,
        };
        let reason = self.connection.reason().map(str::to_owned);
        view::Link { state, since: self.connection.since(), reason }
    }

    /// Returns where the robot is, or was when it was lost: the stamp tells.
    pub(crate) fn pose_shown(&self) -> Option<view::Pose> {
        self.pose.map(|Seen { value: Pose { x, y, theta }, at }| view::Pose { x, y, theta, stamp: at })
    }

    /// Returns what the battery holds now.
    pub(crate) fn battery_shown(&self) -> Option<view::Battery> {
        self.battery_now().map(|Battery { percent, charging }| view::Battery { percent, charging })
    }

    /// Returns the map.
    pub(crate) fn map_shown(&self) -> Option<view::Map> {
        self.map.as_ref().map(|map| view::Map {
            id: map.id.0.clone(),
            name: map.name.clone(),
            resolution: map.resolution,
            width: map.size.width,
            height: map.size.height,
            origin: view::Origin { x: map.origin.x, y: map.origin.y, theta: map.origin.theta },
        })
    }

    /// Returns what is wrong with the robot now.
    pub(crate) fn faults_shown(&self) -> Vec<view::Fault> {
        let shown = |fault: &Fault| view::Fault {
            code: fault.code,
            title: fault.title.clone(),
            description: fault.description.clone(),
        };
        self.faults().iter().map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).expect("is a time")
    }

    fn half_full() -> Heard {
        Heard::Battery(Battery { percent: 50.0, charging: false })
    }

    fn connected() -> RobotState {
        let mut state = RobotState::new(at(0));
        state.hear(at(1), half_full());
        state
    }

    #[test]
    fn w24_two_failures_in_a_row_and_the_robot_is_lost() {
        let mut state = connected();
        assert!(!state.fail(at(2), "refused".to_owned()));
        assert!(state.is_connected(), "one failure is a hiccup");
        state.hear(at(3), half_full());
        assert!(!state.fail(at(4), "refused".to_owned()));
        assert!(state.fail(at(5), "refused".to_owned()));
        assert_eq!(state.connection, Connection::Lost { since: at(5), reason: "refused".to_owned() });
    }

    #[test]
    fn w24_a_robot_that_is_silent_is_lost_before_its_calls_are_given_up() {
        let mut state = connected();
        assert!(!state.pass(at(4)));
        assert!(state.pass(at(5)));
        assert_eq!(state.connection.reason(), Some("the robot was not heard for 4 s"));
        assert!(!state.pass(at(6)), "it is lost once");
    }

    #[test]
    fn w24_one_answer_and_the_robot_is_there_again() {
        let mut state = connected();
        state.pass(at(60));
        assert!(state.hear(at(61), Heard::Pose(Pose::new(1.0, 2.0, 0.0))));
        assert_eq!(state.connection, Connection::Connected { since: at(61) });
    }

    #[test]
    fn what_a_lost_robot_said_is_not_shown_as_if_it_were_so_now() {
        let mut state = connected();
        state.hear(at(1), Heard::Activity(Activity::Running(robot::CommandId("a".to_owned()))));
        state.hear(at(1), Heard::Faults(vec![Fault::unknown(Fault::PAUSED)]));
        state.hear(at(1), Heard::Pose(Pose::new(1.0, 2.0, 0.0)));
        assert!(state.is_moving() && state.is_emergency_stopped());
        state.pass(at(60));
        assert!(!state.is_moving() && !state.is_emergency_stopped());
        assert_eq!((state.battery_shown(), state.faults_shown()), (None, Vec::new()));
        assert_eq!(state.pose_shown().expect("is known").stamp, at(1), "where it was, and when");
    }

    #[test]
    fn a_robot_that_never_answered_says_why() {
        let mut state = RobotState::new(at(0));
        state.fail(at(1), "no such name".to_owned());
        state.fail(at(2), "no such name".to_owned());
        let shown = state.link_shown();
        assert_eq!((shown.state, shown.since), (view::LinkState::Connecting, at(0)));
        assert_eq!(shown.reason.as_deref(), Some("no such name"));
    }

    #[test]
    fn only_what_is_different_is_news() {
        let mut state = connected();
        assert!(!state.hear(at(2), half_full()));
        assert!(state.hear(at(3), Heard::Battery(Battery { percent: 49.0, charging: false })));
        assert!(!state.hear(at(3), Heard::Activity(Activity::Idle)));
        let here = Heard::Pose(Pose::new(1.0, 2.0, 0.0));
        assert!(state.hear(at(3), here.clone()));
        assert!(!state.hear(at(3), here.clone()));
        assert!(state.hear(at(4), here), "it is still there");
    }
}

//! What holds for every run, whatever happens to it.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::patrol::{CameraSide, FailurePolicy, OnFailure};

/// Something that may happen; tickets are filled in when it does.
#[derive(Debug, Clone)]
enum Happening {
    Answered(bool),
    Late(bool),
    Photo { fresh: bool },
    Judged(Verdict),
    Say(Event),
    Passed(u16),
}

fn happening() -> impl Strategy<Value = Happening> {
    let then = prop_oneof![Just(Then::Home), Just(Then::Stay)];
    let decision = prop_oneof![Just(Decision::Retry), Just(Decision::Skip), Just(Decision::Return)];
    let verdict = prop_oneof![Just(Verdict::Ok), Just(Verdict::Ng), Just(Verdict::Error)];
    prop_oneof![
        8 => any::<bool>().prop_map(Happening::Answered),
        2 => any::<bool>().prop_map(Happening::Late),
        6 => any::<bool>().prop_map(|fresh| Happening::Photo { fresh }),
        4 => verdict.prop_map(Happening::Judged),
        6 => (0_u16..400).prop_map(Happening::Passed),
        2 => (0_u8..100, any::<bool>()).prop_map(|(percent, charging)| {
            Happening::Say(Event::Battery { percent: f64::from(percent), charging })
        }),
        1 => Just(Happening::Say(Event::LinkLost)),
        2 => Just(Happening::Say(Event::LinkBack)),
        1 => Just(Happening::Say(Event::Pause)),
        2 => Just(Happening::Say(Event::Resume)),
        1 => then.prop_map(|then| Happening::Say(Event::Stop { then })),
        1 => Just(Happening::Say(Event::EmergencyStopped)),
        2 => decision.prop_map(|decision| Happening::Say(Event::Answer(decision))),
        2 => Just(Happening::Say(Event::Ready)),
        1 => Just(Happening::Say(Event::Wrapped)),
        1 => Just(Happening::Say(Event::Restarted)),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let policy = (0_u32..3, prop_oneof![Just(OnFailure::Skip), Just(OnFailure::Return), Just(OnFailure::Ask)]);
    let waypoint = (policy, 1_u32..3, any::<bool>()).prop_map(|((retry, then), photos, torch)| {
        let mut waypoint = Waypoint::at("p", "Point", 0.0, 0.0);
        waypoint.on_failure = Some(FailurePolicy { retry, then });
        waypoint.photos = Some(photos);
        waypoint.torch = torch.then_some(99);
        waypoint
    });
    (proptest::collection::vec(waypoint, 1..4), 1_u32..3, any::<[bool; 3]>()).prop_map(|(points, loops, flags)| {
        let then = if flags[2] { Then::Home } else { Then::Stay };
        Plan { is_dry: flags[0], waits: flags[1], then, ..Plan::new(points, loops).expect("is a plan") }
    })
}

/// A run, and what an observer of its actions knows.
struct Watched {
    run: Run,
    now: Timestamp,
    /// What the robot was sent on last, and has not answered.
    motion: Option<Ticket>,
    halt: Option<Ticket>,
    shot: Option<(Ticket, Timestamp)>,
    /// Tickets that are not waited for any more.
    old: Vec<Ticket>,
    judging: Vec<usize>,
    is_stopped: bool,
    is_closed: bool,
    lit: Option<CameraSide>,
}

impl Watched {
    fn new(plan: Plan) -> Self {
        let now = Timestamp::from_second(1_800_000_000).expect("is a time");
        Self {
            run: Run::new(plan, now),
            now,
            motion: None,
            halt: None,
            shot: None,
            old: Vec::new(),
            judging: Vec::new(),
            is_stopped: false,
            is_closed: false,
            lit: None,
        }
    }

    fn tell(&mut self, event: Event) -> Result<(), TestCaseError> {
        if let Event::Stop { .. } | Event::EmergencyStopped | Event::Restarted = event {
            self.is_stopped = true;
        }
        let was_photo = matches!(event, Event::Photo { .. });
        let actions = self.run.apply(self.now, event);
        prop_assert!(actions.is_empty() || !self.is_closed, "an ended run wants {actions:?}");
        for action in actions {
            match action {
                Action::MoveTo { ticket, .. } => {
                    prop_assert!(!self.is_stopped, "sent to a waypoint after a stop");
                    prop_assert_eq!(self.motion, None, "sent off while on its way");
                    self.motion = Some(ticket);
                }
                Action::GoHome { ticket } => {
                    prop_assert_eq!(self.motion, None, "sent home while on its way");
                    prop_assert_eq!(self.lit, None, "drives with its torch on");
                    self.motion = Some(ticket);
                }
                Action::Halt { ticket } => {
                    self.old.extend(self.motion.take());
                    self.halt = Some(ticket);
                }
                Action::Shoot { ticket, after, .. } => {
                    prop_assert!(!self.run.plan().is_dry && self.motion.is_none());
                    self.shot = Some((ticket, after));
                }
                Action::Judge { visit } => {
                    prop_assert!(was_photo, "judged without a picture");
                    self.judging.push(visit);
                }
                Action::Record { visit, verdict, .. } => {
                    prop_assert!(!verdict.is_judged() && !self.judging.contains(&visit));
                }
                Action::Torch { camera, intensity } => self.lit = (intensity > 0).then_some(camera),
                Action::Close { .. } => {
                    self.is_closed = true;
                    prop_assert_eq!(self.lit, None, "the torch is left on");
                }
                Action::Announce { .. } | Action::Ask { .. } | Action::ToCharge | Action::Wrap { .. } => {}
            }
        }
        for (visit, verdict) in self.run.verdicts().enumerate() {
            let is_judged = verdict.is_some_and(Verdict::is_judged);
            prop_assert!(!is_judged || self.judging.contains(&visit), "{verdict:?} without fresh pictures");
        }
        prop_assert_eq!(self.run.deadline().is_none(), self.is_closed, "a run that waits for nothing");
        Ok(())
    }

    fn happen(&mut self, happening: Happening) -> Result<(), TestCaseError> {
        let fault = || Fault { code: 19001, title: "Blocked".to_owned(), description: String::new() };
        let answer = |ticket, well| {
            if well { Event::Arrived { ticket } } else { Event::NotArrived { ticket, fault: fault() } }
        };
        let event = match happening {
            Happening::Answered(well) => match (self.halt.take(), self.motion.take()) {
                (Some(ticket), motion) => {
                    self.motion = motion;
                    Event::Halted { ticket }
                }
                (None, Some(ticket)) => answer(ticket, well),
                (None, None) => return Ok(()),
            },
            Happening::Late(well) => match self.old.pop() {
                Some(ticket) => answer(ticket, well),
                None => return Ok(()),
            },
            Happening::Photo { fresh } => match self.shot.take() {
                Some((ticket, after)) => {
                    let age = Duration::from_secs(u64::from(!fresh));
                    Event::Photo { ticket, captured_at: after.checked_sub(age).expect("is a time") }
                }
                None => return Ok(()),
            },
            Happening::Judged(verdict) => Event::Judged { visit: self.judging.last().copied().unwrap_or(0), verdict },
            Happening::Say(event) => event,
            Happening::Passed(secs) => {
                self.now = later(self.now, Duration::from_secs(u64::from(secs)));
                Event::Tick
            }
        };
        self.tell(event)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_run_ends_and_keeps_its_promises(plan in plan(), happenings in proptest::collection::vec(happening(), 0..120)) {
        let visits = plan.visits() as u32;
        let mut watched = Watched::new(plan);
        watched.tell(Event::Ready)?;
        for happening in happenings {
            watched.happen(happening)?;
        }
        // Nothing ever answers again; only time passes.
        let mut ticks = 0;
        while let Some(deadline) = watched.run.deadline() {
            watched.now = deadline.max(watched.now);
            watched.tell(Event::Tick)?;
            ticks += 1;
            prop_assert!(ticks < 40 + 20 * visits, "does not end: {:?}", watched.run);
        }
        prop_assert!(watched.is_closed);
        prop_assert_eq!(watched.run.stage(), Stage::Finished);
        prop_assert!(watched.run.outcome().is_some());
    }
}

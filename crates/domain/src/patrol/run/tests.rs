//! Runs of one small site, step by step.

use std::time::Duration;

use super::*;
use crate::patrol::{BatteryPolicy, FailurePolicy, Limits, OnFailure, words};

/// A run and the clock on the wall.
struct Round {
    run: Run,
    now: Timestamp,
}

fn gate_and_store() -> Plan {
    Plan::new([Waypoint::at("1", "Gate", 1.0, 0.0), Waypoint::at("2", "Store", 2.0, 0.0)], 1).expect("is a plan")
}

fn with_policy(retry: u32, then: OnFailure) -> Plan {
    let mut gate = Waypoint::at("1", "Gate", 1.0, 0.0);
    gate.on_failure = Some(FailurePolicy { retry, then });
    Plan::new([gate, Waypoint::at("2", "Store", 2.0, 0.0)], 1).expect("is a plan")
}

fn blocked() -> Fault {
    Fault {
        code: 19001,
        title: "Cannot reach the destination".to_owned(),
        description: "Something is in the way".to_owned(),
    }
}

impl Round {
    fn of(plan: Plan) -> Self {
        let now = Timestamp::from_second(1_800_000_000).expect("is a time");
        Self { run: Run::new(plan, now), now }
    }

    /// A run whose robot is on its way to the first waypoint.
    fn under_way(plan: Plan) -> (Self, Ticket) {
        let mut round = Self::of(plan);
        let ticket = moved(&round.hear(Event::Ready)).0;
        (round, ticket)
    }

    fn hear(&mut self, event: Event) -> Vec<Action> {
        self.run.apply(self.now, event)
    }

    /// Lets time pass until the deadline and says so.
    fn wait(&mut self) -> Vec<Action> {
        self.now = self.run.deadline().expect("the run waits for something");
        self.hear(Event::Tick)
    }

    fn arrive(&mut self, ticket: Ticket) -> Vec<Action> {
        self.hear(Event::Arrived { ticket })
    }

    fn shoot(&mut self) -> Ticket {
        shot(&self.wait()).0
    }

    fn photo(&mut self, ticket: Ticket) -> Vec<Action> {
        self.hear(Event::Photo { ticket, captured_at: self.now })
    }

    /// Arrives, photographs and has judged; returns what follows.
    fn inspect(&mut self, ticket: Ticket, verdict: Verdict) -> Vec<Action> {
        self.arrive(ticket);
        let ticket = self.shoot();
        let visit = match self.photo(ticket)[..] {
            [Action::Judge { visit }] => visit,
            ref other => panic!("{other:?}"),
        };
        self.hear(Event::Judged { visit, verdict })
    }

    fn states(&self) -> Vec<(VisitState, Option<Verdict>)> {
        self.run.visits_of_round().map(|(_, _, state, verdict)| (state, verdict)).collect()
    }
}

fn moved(actions: &[Action]) -> (Ticket, usize) {
    match actions {
        [.., Action::MoveTo { ticket, visit }] => (*ticket, *visit),
        other => panic!("the robot is not sent anywhere: {other:?}"),
    }
}

fn homeward(actions: &[Action]) -> Ticket {
    match actions {
        [.., Action::GoHome { ticket }] => *ticket,
        other => panic!("the robot is not sent home: {other:?}"),
    }
}

fn halt(actions: &[Action]) -> Ticket {
    match actions {
        [.., Action::Halt { ticket }] => *ticket,
        other => panic!("the robot is not stopped: {other:?}"),
    }
}

fn shot(actions: &[Action]) -> (Ticket, Timestamp) {
    match actions {
        [.., Action::Shoot { ticket, after, .. }] => (*ticket, *after),
        other => panic!("no picture is taken: {other:?}"),
    }
}

fn closed(actions: &[Action]) -> (Outcome, Option<String>, Option<Debt>) {
    match actions {
        [Action::Close { outcome, trouble, debt }] => (*outcome, trouble.as_ref().map(ToString::to_string), *debt),
        other => panic!("the run has not ended: {other:?}"),
    }
}

#[test]
fn a_round_is_walked_looked_at_and_ends_at_home() {
    let (mut round, ticket) = Round::under_way(gate_and_store());
    assert_eq!(words::text(&round.run), "Moving to Gate...");
    let (ticket, visit) = moved(&round.inspect(ticket, Verdict::Ok));
    assert_eq!((visit, words::text(&round.run)), (1, "Moving to Store...".to_owned()));
    let ticket = homeward(&round.inspect(ticket, Verdict::Ng));
    assert_eq!(words::text(&round.run), "Returning Home...");
    assert_eq!(round.arrive(ticket), [Action::Wrap { outcome: Outcome::Completed }]);
    round.hear(Event::Wrapping(Part::Report));
    assert_eq!(words::text(&round.run), "Generating Report...");
    assert_eq!(closed(&round.hear(Event::Wrapped)), (Outcome::Completed, None, None));
    assert_eq!(words::text(&round.run), "Finished");
    let states = [(VisitState::Done, Some(Verdict::Ok)), (VisitState::Done, Some(Verdict::Ng))];
    assert_eq!((round.states(), round.run.deadline()), (states.to_vec(), None));
}

#[test]
fn in_turbo_the_robot_drives_on_and_verdicts_come_when_they_come() {
    let (mut round, ticket) = Round::under_way(Plan { waits: false, ..gate_and_store() });
    round.arrive(ticket);
    let ticket = round.shoot();
    let actions = round.photo(ticket);
    assert_eq!(actions[0], Action::Judge { visit: 0 });
    assert_eq!(moved(&actions).1, 1);
    assert!(round.hear(Event::Judged { visit: 0, verdict: Verdict::Ng }).is_empty());
    assert_eq!(round.states()[0], (VisitState::Done, Some(Verdict::Ng)));
}

#[test]
fn a_waypoint_says_how_it_is_looked_at() {
    let mut gate = Waypoint::at("1", "Gate", 1.0, 0.0);
    gate.torch = Some(200);
    gate.camera = Some(CameraSide::Back);
    gate.announcement = Some("Please step aside".to_owned());
    gate.photos = Some(2);
    gate.dwell_seconds = Some(7.0);
    let (mut round, ticket) = Round::under_way(Plan::new([gate], 1).expect("is a plan"));
    let camera = CameraSide::Back;
    let told = [Action::Torch { camera, intensity: 200 }, Action::Announce { text: "Please step aside".to_owned() }];
    assert_eq!(round.arrive(ticket), told);
    assert_eq!(round.run.deadline(), Some(later(round.now, Duration::from_secs(7))));
    let first = round.shoot();
    let second = shot(&round.photo(first)).0;
    assert_eq!(round.photo(second), [Action::Torch { camera, intensity: 0 }, Action::Judge { visit: 0 }]);
}

#[test]
fn every_loop_visits_every_waypoint() {
    let plan = Plan::new([Waypoint::at("1", "Gate", 1.0, 0.0)], 3).expect("is a plan");
    let (mut round, mut ticket) = Round::under_way(plan);
    for lap in 1..3 {
        assert_eq!(round.run.round(), lap);
        ticket = moved(&round.inspect(ticket, Verdict::Ok)).0;
    }
    assert_eq!((round.run.round(), round.run.current()), (3, Some(0)));
    homeward(&round.inspect(ticket, Verdict::Ok));
}

#[test]
fn a_dry_run_drives_and_neither_looks_nor_records() {
    let (mut round, ticket) = Round::under_way(Plan { is_dry: true, ..gate_and_store() });
    round.arrive(ticket);
    let (ticket, _) = moved(&round.wait());
    let actions = round.hear(Event::NotArrived { ticket, fault: blocked() });
    assert!(matches!(actions[..], [Action::GoHome { .. }]), "{actions:?}");
    assert_eq!(round.states(), [(VisitState::Done, None), (VisitState::Failed, Some(Verdict::Unreachable))]);
}

#[test]
fn w07_a_way_that_takes_too_long_is_cancelled_and_its_waypoint_unreachable() {
    let (mut round, first) = Round::under_way(gate_and_store());
    let ticket = halt(&round.wait());
    // The robot's answer to the cancelled command comes late and is not taken for another one's.
    assert!(round.arrive(first).is_empty());
    let actions = round.hear(Event::Halted { ticket });
    let expected = Action::Record { visit: 0, verdict: Verdict::Unreachable, trouble: Trouble::TooLong };
    assert_eq!(actions[0], expected);
    assert_eq!(moved(&actions).1, 1);
}

#[test]
fn w12_a_picture_from_before_is_stale_and_never_judged() {
    let (mut round, ticket) = Round::under_way(gate_and_store());
    round.arrive(ticket);
    let (ticket, after) = shot(&round.wait());
    let before = after.checked_sub(Duration::from_nanos(1)).expect("is a time");
    let actions = round.hear(Event::Photo { ticket, captured_at: before });
    let expected = Action::Record { visit: 0, verdict: Verdict::Stale, trouble: Trouble::NoFreshPicture };
    assert_eq!(actions[0], expected);
    // Nor is a verdict believed that somebody has for it.
    round.hear(Event::Judged { visit: 0, verdict: Verdict::Ok });
    assert_eq!(round.states()[0], (VisitState::Failed, Some(Verdict::Stale)));
}

#[test]
fn what_the_robot_cannot_reach_is_retried_and_then_skipped() {
    let (mut round, ticket) = Round::under_way(with_policy(1, OnFailure::Skip));
    assert!(round.hear(Event::NotArrived { ticket, fault: blocked() }).is_empty());
    let (ticket, visit) = moved(&round.wait());
    assert_eq!(visit, 0);
    let actions = round.hear(Event::NotArrived { ticket, fault: blocked() });
    let trouble = Trouble::Robot(blocked());
    assert_eq!(trouble.moving_status(), "Error: 19001 - Cannot reach the destination");
    assert_eq!(actions[0], Action::Record { visit: 0, verdict: Verdict::Unreachable, trouble });
    assert_eq!(moved(&actions).1, 1);
}

#[test]
fn a_waypoint_may_end_the_run() {
    let (mut round, ticket) = Round::under_way(with_policy(0, OnFailure::Return));
    let ticket = homeward(&round.hear(Event::NotArrived { ticket, fault: blocked() }));
    round.arrive(ticket);
    let (outcome, why, _) = closed(&round.hear(Event::Wrapped));
    assert_eq!(outcome, Outcome::Failed);
    assert_eq!(why.as_deref(), Some("at Gate: Cannot reach the destination: Something is in the way (19001)"));
    assert_eq!(round.states()[1], (VisitState::Skipped, None));
}

#[test]
fn a_question_is_answered_or_forgotten() {
    let asking = || {
        let (mut round, ticket) = Round::under_way(with_policy(0, OnFailure::Ask));
        let actions = round.hear(Event::NotArrived { ticket, fault: blocked() });
        assert_eq!(actions, [Action::Ask { visit: 0, trouble: Trouble::Robot(blocked()) }]);
        assert_eq!(words::text(&round.run), "Error at Gate");
        round
    };
    assert_eq!(moved(&asking().hear(Event::Answer(Decision::Retry))).1, 0);
    assert_eq!(moved(&asking().hear(Event::Answer(Decision::Skip))).1, 1);
    homeward(&asking().hear(Event::Answer(Decision::Return)));
    assert_eq!(moved(&asking().wait()).1, 1, "nobody answered");
}

#[test]
fn w08_a_stop_on_the_way_is_cancelled_not_failed_and_brings_the_robot_home() {
    let (mut round, _) = Round::under_way(gate_and_store());
    let actions = round.hear(Event::Stop { then: Then::Home });
    let expected = Action::Record { visit: 0, verdict: Verdict::Cancelled, trouble: Trouble::Stopped };
    assert_eq!(actions[0], expected);
    assert_eq!(words::text(&round.run), "Stopping...");
    let ticket = halt(&actions);
    let ticket = homeward(&round.hear(Event::Halted { ticket }));
    assert_eq!(words::text(&round.run), "Returning Home...");
    round.arrive(ticket);
    assert_eq!(closed(&round.hear(Event::Wrapped)).0, Outcome::Stopped);
    assert_eq!(words::text(&round.run), "Patrol Stopped");
    assert_eq!(round.states(), [(VisitState::Skipped, Some(Verdict::Cancelled)), (VisitState::Skipped, None)]);
}

#[test]
fn a_stop_may_leave_the_robot_where_it_is() {
    let (mut round, _) = Round::under_way(gate_and_store());
    let ticket = halt(&round.hear(Event::Stop { then: Then::Stay }));
    assert_eq!(round.hear(Event::Halted { ticket }), [Action::Wrap { outcome: Outcome::Stopped }]);
}

#[test]
fn w14_a_robot_that_never_confirms_the_stop_does_not_keep_the_run_stopping() {
    let (mut round, _) = Round::under_way(gate_and_store());
    round.hear(Event::Stop { then: Then::Stay });
    assert_eq!(round.wait(), [Action::Wrap { outcome: Outcome::Stopped }]);
    assert_eq!(closed(&round.wait()).0, Outcome::Stopped);
}

#[test]
fn a_picture_that_was_taken_is_judged_after_a_stop() {
    let (mut round, ticket) = Round::under_way(gate_and_store());
    round.arrive(ticket);
    let ticket = round.shoot();
    round.photo(ticket);
    let ticket = halt(&round.hear(Event::Stop { then: Then::Stay }));
    round.hear(Event::Halted { ticket });
    round.hear(Event::Judged { visit: 0, verdict: Verdict::Ng });
    assert_eq!(round.states()[0], (VisitState::Done, Some(Verdict::Ng)));
}

#[test]
fn w04_an_emergency_stop_ends_the_run_and_moves_nothing() {
    let (mut round, _) = Round::under_way(gate_and_store());
    let actions = round.hear(Event::EmergencyStopped);
    let trouble = Trouble::EmergencyStop;
    let record = Action::Record { visit: 0, verdict: Verdict::Cancelled, trouble };
    assert_eq!(actions, [record, Action::Wrap { outcome: Outcome::Stopped }]);
}

#[test]
fn w06_a_low_battery_breaks_the_visit_off_and_it_is_resumed_after_charging() {
    let (mut round, ticket) = Round::under_way(gate_and_store());
    moved(&round.inspect(ticket, Verdict::Ok));
    let ticket = halt(&round.hear(Event::Battery { percent: 14.0, charging: false }));
    let actions = round.hear(Event::Halted { ticket });
    assert_eq!(actions[0], Action::ToCharge);
    let ticket = homeward(&actions);
    assert!(round.arrive(ticket).is_empty());
    assert_eq!(words::text(&round.run), "Charging...");
    assert!(round.hear(Event::Battery { percent: 79.0, charging: true }).is_empty());
    let (_, visit) = moved(&round.hear(Event::Battery { percent: 80.0, charging: true }));
    assert_eq!(visit, 1, "the visit that was broken off");
}

#[test]
fn a_robot_that_does_not_charge_ends_the_run_at_home() {
    let (mut round, _) = Round::under_way(gate_and_store());
    let ticket = halt(&round.hear(Event::Battery { percent: 5.0, charging: false }));
    let ticket = homeward(&round.hear(Event::Halted { ticket }));
    round.arrive(ticket);
    assert_eq!(round.wait(), [Action::Wrap { outcome: Outcome::Failed }]);
    let why = closed(&round.hear(Event::Wrapped)).1;
    assert_eq!(why.as_deref(), Some("the battery was not charged in time"));
}

#[test]
fn a_pause_halts_the_robot_and_the_visit_begins_again() {
    let (mut round, _) = Round::under_way(gate_and_store());
    assert!(round.run.accepts(&Event::Resume).is_err());
    let ticket = halt(&round.hear(Event::Pause));
    assert!(round.hear(Event::Halted { ticket }).is_empty());
    assert_eq!(words::text(&round.run), "Paused");
    let refused = round.run.accepts(&Event::Pause).expect_err("is paused").to_string();
    assert_eq!(refused, "the run is paused and cannot do that");
    assert_eq!(moved(&round.hear(Event::Resume)).1, 0);
}

#[test]
fn a_pause_after_the_picture_goes_on_with_the_next_waypoint() {
    let (mut round, ticket) = Round::under_way(gate_and_store());
    round.arrive(ticket);
    let ticket = round.shoot();
    round.photo(ticket);
    round.hear(Event::Pause);
    round.hear(Event::Judged { visit: 0, verdict: Verdict::Ok });
    assert_eq!(moved(&round.hear(Event::Resume)).1, 1);
}

#[test]
fn a_forgotten_pause_ends_the_run_where_the_robot_stands() {
    let (mut round, _) = Round::under_way(gate_and_store());
    let ticket = halt(&round.hear(Event::Pause));
    round.hear(Event::Halted { ticket });
    let actions = round.wait();
    assert_eq!(actions.last(), Some(&Action::Wrap { outcome: Outcome::Stopped }));
}

#[test]
fn a_lost_link_suspends_every_limit_but_its_own() {
    let (mut round, ticket) = Round::under_way(gate_and_store());
    let own = round.run.deadline();
    round.hear(Event::LinkLost);
    let lost_at = round.now;
    round.now = later(round.now, Duration::from_secs(179));
    assert!(round.hear(Event::Tick).is_empty());
    round.hear(Event::LinkBack);
    assert_eq!(round.run.deadline(), own.max(Some(later(round.now, GRACE))), "its answer may be on its way");
    round.arrive(ticket);
    assert_eq!(round.run.stage(), Stage::Inspecting);

    round.hear(Event::LinkLost);
    assert_eq!(round.run.deadline(), Some(later(round.now, Limits::default().link)));
    let actions = round.wait();
    let record = Action::Record { visit: 0, verdict: Verdict::Stale, trouble: Trouble::LinkLost };
    assert_eq!(actions, [record, Action::Wrap { outcome: Outcome::Failed }]);
    assert_eq!(closed(&round.hear(Event::Wrapped)).2, Some(Debt::Home), "the robot is sent home when it is back");
    assert!(round.now > lost_at);
}

#[test]
fn a_stop_that_the_robot_cannot_hear_is_owed_to_it() {
    for (then, debt) in [(Then::Home, Debt::Home), (Then::Stay, Debt::Halt)] {
        let (mut round, _) = Round::under_way(gate_and_store());
        round.hear(Event::LinkLost);
        round.hear(Event::Stop { then });
        assert_eq!(round.wait(), [Action::Wrap { outcome: Outcome::Stopped }]);
        assert_eq!(closed(&round.hear(Event::Wrapped)).2, Some(debt));
    }
}

#[test]
fn the_way_home_is_tried_again_and_not_for_ever() {
    let plan = Plan { limits: Limits { home_attempts: 2, ..Limits::default() }, ..gate_and_store() };
    let (mut round, _) = Round::under_way(plan);
    let ticket = halt(&round.hear(Event::Stop { then: Then::Home }));
    let ticket = homeward(&round.hear(Event::Halted { ticket }));
    assert!(round.hear(Event::NotArrived { ticket, fault: blocked() }).is_empty());
    let ticket = homeward(&round.wait());
    round.hear(Event::NotArrived { ticket, fault: blocked() });
    let (outcome, why, _) = closed(&round.hear(Event::Wrapped));
    assert_eq!(outcome, Outcome::Stopped);
    let why = why.expect("says why");
    assert!(why.starts_with("the robot could not get home: Cannot reach"), "{why}");
}

#[test]
fn a_run_that_was_left_behind_brings_the_robot_home() {
    let now = Timestamp::from_second(1_800_000_000).expect("is a time");
    let mut round = Round { run: Run::left_behind(Limits::default(), now), now };
    let ticket = halt(&round.hear(Event::Restarted));
    let ticket = homeward(&round.hear(Event::Halted { ticket }));
    assert_eq!(round.arrive(ticket), [Action::Wrap { outcome: Outcome::Interrupted }]);
    assert_eq!(closed(&round.hear(Event::Wrapped)).0, Outcome::Interrupted);
}

#[test]
fn what_cannot_be_prepared_ends_the_run_with_its_reason() {
    let mut round = Round::of(gate_and_store());
    assert_eq!(words::text(&round.run), "Starting...");
    round.hear(Event::NotReady { reason: "AI Not Configured".to_owned() });
    assert_eq!(closed(&round.hear(Event::Wrapped)).0, Outcome::Failed);
    assert_eq!(words::text(&round.run), "Error: AI Not Configured");
}

#[test]
fn a_battery_that_is_low_at_once_is_charged_first() {
    let mut round = Round::of(Plan { battery: BatteryPolicy::default(), ..gate_and_store() });
    round.hear(Event::Battery { percent: 10.0, charging: true });
    let actions = round.hear(Event::Ready);
    assert_eq!(actions[0], Action::ToCharge);
}

//! How a run goes from one place to the next.

use jiff::Timestamp;

use super::message::{Action, Debt, Decision, Fault, Outcome, Part, Ticket, Trouble};
use super::stage::{Await, End, Homeward, Pausing, Phase, Return, VisitState};
use super::{Run, later};
use crate::patrol::{OnFailure, Then, Verdict};

impl Run {
    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    fn enter(&mut self, now: Timestamp, phase: Phase, limit: std::time::Duration) {
        self.phase = phase;
        self.deadline = Some(later(now, limit));
    }

    fn set(&mut self, visit: usize, state: VisitState) {
        if let Some(visit) = self.visits.get_mut(visit) {
            visit.state = state;
        }
    }

    fn is_low(&self) -> bool {
        self.battery.is_some_and(|battery| self.plan.battery.is_low(battery.percent))
    }

    /// Sends the robot to a visit, by way of its charger if it must.
    pub(super) fn go_to(&mut self, now: Timestamp, visit: usize, actions: &mut Vec<Action>) {
        if visit != self.visit {
            (self.visit, self.attempt) = (visit, 0);
        }
        if self.is_low() {
            return self.go_charge(now, actions);
        }
        self.set(visit, VisitState::Moving);
        let ticket = self.ticket();
        self.enter(now, Phase::Moving { ticket }, self.plan.limits.moving);
        actions.push(Action::MoveTo { ticket, visit });
    }

    fn go_charge(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        self.set(self.visit, VisitState::Waiting);
        if self.charges >= self.plan.limits.charges {
            return self.finish_failed(now, Trouble::NotCharged, None, actions);
        }
        self.charges += 1;
        actions.push(Action::ToCharge);
        self.go_home_and(now, Return::Charge, actions);
    }

    pub(super) fn go_home(&mut self, now: Timestamp, home: Homeward, actions: &mut Vec<Action>) {
        self.put_out(actions);
        let ticket = self.ticket();
        self.enter(now, Phase::Returning { ticket, home }, self.plan.limits.homing);
        actions.push(Action::GoHome { ticket });
    }

    fn go_home_and(&mut self, now: Timestamp, why: Return, actions: &mut Vec<Action>) {
        self.go_home(now, Homeward::first(why), actions);
    }

    pub(super) fn halt(&mut self, now: Timestamp, awaits: Await, actions: &mut Vec<Action>) {
        let ticket = self.ticket();
        self.enter(now, Phase::Halting { ticket, awaits }, self.plan.limits.halting);
        actions.push(Action::Halt { ticket });
    }

    /// The robot is where it was sent.
    pub(super) fn arrived(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        match self.phase.clone() {
            Phase::Moving { .. } => {
                let Some(waypoint) = self.plan.waypoint(self.visit).cloned() else { return };
                self.charges = 0;
                self.set(self.visit, VisitState::Inspecting);
                if let (Some(intensity @ 1..), false) = (waypoint.torch, self.plan.is_dry) {
                    self.lit = Some(waypoint.camera());
                    actions.push(Action::Torch { camera: waypoint.camera(), intensity });
                }
                if let Some(text) = waypoint.announcement.clone().filter(|text| !text.trim().is_empty()) {
                    actions.push(Action::Announce { text });
                }
                let dwell = waypoint.dwell().unwrap_or(self.plan.limits.settling);
                self.enter(now, Phase::Dwelling { since: now }, dwell);
            }
            Phase::Returning { home: Homeward { why: Return::Charge, .. }, .. } => {
                self.enter(now, Phase::Charging, self.plan.limits.charging);
                self.heed_battery(now, actions);
            }
            Phase::Returning { home: Homeward { why: Return::End(end), .. }, .. } => self.wrap(now, end, actions),
            _ => {}
        }
    }

    pub(super) fn not_arrived(&mut self, now: Timestamp, fault: Fault, actions: &mut Vec<Action>) {
        match self.phase.clone() {
            Phase::Moving { .. } => self.visit_failed(now, Trouble::Robot(fault), actions),
            Phase::Returning { home, .. } => self.not_home(now, home, &fault.to_string(), actions),
            _ => {}
        }
    }

    fn not_home(&mut self, now: Timestamp, home: Homeward, cause: &str, actions: &mut Vec<Action>) {
        let attempt = home.attempt + 1;
        if attempt < self.plan.limits.home_attempts {
            let again = Homeward { attempt, ..home };
            return self.enter(now, Phase::Resting { home: Some(again) }, self.plan.limits.resting);
        }
        let trouble = Trouble::NotHome(cause.to_owned());
        match home.why {
            Return::End(End { outcome: outcome @ (Outcome::Stopped | Outcome::Interrupted), .. }) => {
                self.finish(now, outcome, Some(trouble), None, actions);
            }
            Return::End(_) | Return::Charge => self.finish_failed(now, trouble, None, actions),
        }
    }

    /// The robot stands still, or has not said so for too long. A new command ends the old one in either case.
    pub(super) fn halted(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let Phase::Halting { awaits, .. } = self.phase.clone() else { return };
        match awaits {
            Await::GiveUp => self.visit_failed(now, Trouble::TooLong, actions),
            Await::NotHome(home) => self.not_home(now, home, &Trouble::TooLong.to_string(), actions),
            Await::Charge => self.go_charge(now, actions),
            Await::Pause(of) => self.paused(now, of),
            Await::End { end, then: Then::Home } => self.go_home_and(now, Return::End(end), actions),
            Await::End { end, then: Then::Stay } => self.wrap(now, end, actions),
        }
    }

    /// The visit could not take place: it is tried again, or what its rule says is done.
    fn visit_failed(&mut self, now: Timestamp, trouble: Trouble, actions: &mut Vec<Action>) {
        let policy = self.plan.waypoint(self.visit).map(super::Waypoint::failure_policy).unwrap_or_default();
        if self.attempt < policy.retry {
            self.attempt += 1;
            if trouble == Trouble::NoFreshPicture {
                return self.shoot(now, 0, actions);
            }
            return self.enter(now, Phase::Resting { home: None }, self.plan.limits.resting);
        }
        self.put_out(actions);
        match policy.then {
            OnFailure::Skip => {
                self.give_up_visit(trouble, actions);
                self.advance(now, actions);
            }
            OnFailure::Return => self.give_up_run(now, trouble, actions),
            OnFailure::Ask => {
                self.enter(now, Phase::Asking { trouble: trouble.clone() }, self.plan.limits.asking);
                actions.push(Action::Ask { visit: self.visit, trouble });
            }
        }
    }

    fn give_up_visit(&mut self, trouble: Trouble, actions: &mut Vec<Action>) {
        let is_stale = trouble == Trouble::NoFreshPicture;
        let verdict = if is_stale { Verdict::Stale } else { Verdict::Unreachable };
        self.record(verdict, trouble, VisitState::Failed, actions);
    }

    fn give_up_run(&mut self, now: Timestamp, trouble: Trouble, actions: &mut Vec<Action>) {
        let point = self.plan.waypoint(self.visit).map(|waypoint| waypoint.name.clone()).unwrap_or_default();
        self.give_up_visit(trouble.clone(), actions);
        self.skip_rest();
        let trouble = Some(Trouble::GaveUpAt { point, cause: Box::new(trouble) });
        let end = End { outcome: Outcome::Failed, trouble, debt: None };
        self.go_home_and(now, Return::End(end), actions);
    }

    fn record(&mut self, verdict: Verdict, trouble: Trouble, state: VisitState, actions: &mut Vec<Action>) {
        let at = self.visit;
        if let Some(visit) = self.visits.get_mut(at) {
            (visit.state, visit.verdict) = (state, Some(verdict));
            // A dry run leaves no inspections, only steps.
            if !self.plan.is_dry {
                actions.push(Action::Record { visit: at, verdict, trouble });
            }
        }
    }

    pub(super) fn answered(&mut self, now: Timestamp, decision: Decision, actions: &mut Vec<Action>) {
        let Phase::Asking { trouble } = self.phase.clone() else { return };
        match decision {
            Decision::Retry => self.go_to(now, self.visit, actions),
            Decision::Skip => {
                self.give_up_visit(trouble, actions);
                self.advance(now, actions);
            }
            Decision::Return => self.give_up_run(now, trouble, actions),
        }
    }

    pub(super) fn shoot(&mut self, now: Timestamp, taken: u32, actions: &mut Vec<Action>) {
        let Some(camera) = self.plan.waypoint(self.visit).map(super::Waypoint::camera) else { return };
        let ticket = self.ticket();
        self.enter(now, Phase::Shooting { ticket, after: now, taken }, self.plan.limits.picture);
        actions.push(Action::Shoot { ticket, visit: self.visit, camera, after: now });
    }

    pub(super) fn photo(&mut self, now: Timestamp, captured_at: Timestamp, actions: &mut Vec<Action>) {
        let Phase::Shooting { after, taken, .. } = self.phase else { return };
        if captured_at < after {
            return self.no_photo(now, actions);
        }
        let wanted = self.plan.waypoint(self.visit).map_or(1, super::Waypoint::photo_count);
        if taken + 1 < wanted {
            return self.shoot(now, taken + 1, actions);
        }
        self.put_out(actions);
        if let Some(visit) = self.visits.get_mut(self.visit) {
            visit.is_photographed = true;
        }
        actions.push(Action::Judge { visit: self.visit });
        if self.plan.waits {
            self.enter(now, Phase::Judging, self.plan.limits.judging);
        } else {
            self.advance(now, actions);
        }
    }

    pub(super) fn no_photo(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        self.visit_failed(now, Trouble::NoFreshPicture, actions);
    }

    /// A verdict may come while the robot is elsewhere already. It counts only for pictures that there are.
    pub(super) fn judged(&mut self, now: Timestamp, at: usize, verdict: Verdict, actions: &mut Vec<Action>) {
        let Some(visit) = self.visits.get_mut(at).filter(|visit| visit.is_photographed) else { return };
        (visit.state, visit.verdict) = (VisitState::Done, Some(verdict));
        if at == self.visit && self.phase == Phase::Judging {
            self.advance(now, actions);
        }
    }

    /// A visit without pictures took place.
    pub(super) fn done(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        self.set(self.visit, VisitState::Done);
        self.advance(now, actions);
    }

    /// Goes on with the next visit, or ends the round.
    pub(super) fn advance(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        if self.visit + 1 < self.visits.len() {
            return self.go_to(now, self.visit + 1, actions);
        }
        let end = End { outcome: Outcome::Completed, trouble: None, debt: None };
        match self.plan.then {
            Then::Home => self.go_home_and(now, Return::End(end), actions),
            Then::Stay => self.wrap(now, end, actions),
        }
    }

    /// Sends a robot whose battery is low to its charger, and one that has charged on its way.
    pub(super) fn heed_battery(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let Some(battery) = self.battery else { return };
        match self.phase {
            Phase::Charging if self.plan.battery.may_resume(battery.percent) => self.go_to(now, self.visit, actions),
            _ if !self.is_low() || battery.charging => {}
            Phase::Moving { .. } => self.halt(now, Await::Charge, actions),
            Phase::Dwelling { .. } | Phase::Shooting { .. } | Phase::Resting { home: None } => {
                self.go_charge(now, actions);
            }
            _ => {}
        }
    }

    pub(super) fn paused(&mut self, now: Timestamp, of: Pausing) {
        if of == (Pausing::Visit { again: true }) {
            self.set(self.visit, VisitState::Waiting);
        }
        self.enter(now, Phase::Paused { of }, self.plan.limits.pausing);
    }

    /// Ends the run as soon as the robot stands still, and sends it home if that is wanted.
    pub(super) fn end_after_halt(
        &mut self,
        now: Timestamp,
        outcome: Outcome,
        trouble: Trouble,
        then: Then,
        actions: &mut Vec<Action>,
    ) {
        self.abandon_visit(Verdict::Cancelled, trouble.clone(), actions);
        self.skip_rest();
        let end = End { outcome, trouble: Some(trouble), debt: None };
        match self.phase.clone() {
            Phase::Halting { ticket, .. } => {
                self.phase = Phase::Halting { ticket, awaits: Await::End { end, then } };
            }
            // A robot on its way home is on the right way already.
            Phase::Returning { ticket, home } if then == Then::Home => {
                self.phase = Phase::Returning { ticket, home: Homeward { why: Return::End(end), ..home } };
            }
            Phase::Charging => self.wrap(now, end, actions),
            Phase::Finishing { .. } | Phase::Finished { .. } => {}
            _ => self.halt(now, Await::End { end, then }, actions),
        }
    }

    /// Writes down that the visit under way was broken off, unless its pictures are taken and will be judged.
    pub(super) fn abandon_visit(&mut self, verdict: Verdict, trouble: Trouble, actions: &mut Vec<Action>) {
        self.put_out(actions);
        let is_under_way = match &self.phase {
            Phase::Moving { .. }
            | Phase::Resting { home: None }
            | Phase::Dwelling { .. }
            | Phase::Shooting { .. }
            | Phase::Asking { .. } => true,
            Phase::Halting { awaits, .. } => {
                matches!(awaits, Await::GiveUp | Await::Charge | Await::Pause(Pausing::Visit { again: true }))
            }
            Phase::Paused { of } => *of == Pausing::Visit { again: true },
            _ => false,
        };
        if is_under_way {
            self.record(verdict, trouble, VisitState::Skipped, actions);
        }
    }

    /// Marks what the run will not come to any more.
    pub(super) fn skip_rest(&mut self) {
        let open = [VisitState::Waiting, VisitState::Moving];
        for visit in self.visits.iter_mut().filter(|visit| open.contains(&visit.state)) {
            visit.state = VisitState::Skipped;
        }
    }

    pub(super) fn finish_failed(
        &mut self,
        now: Timestamp,
        trouble: Trouble,
        debt: Option<Debt>,
        actions: &mut Vec<Action>,
    ) {
        self.skip_rest();
        self.finish(now, Outcome::Failed, Some(trouble), debt, actions);
    }

    pub(super) fn finish(
        &mut self,
        now: Timestamp,
        outcome: Outcome,
        trouble: Option<Trouble>,
        debt: Option<Debt>,
        actions: &mut Vec<Action>,
    ) {
        self.wrap(now, End { outcome, trouble, debt }, actions);
    }

    fn wrap(&mut self, now: Timestamp, end: End, actions: &mut Vec<Action>) {
        self.put_out(actions);
        let outcome = end.outcome;
        self.enter(now, Phase::Finishing { end, part: Part::Pictures }, self.plan.limits.finishing);
        actions.push(Action::Wrap { outcome });
    }

    pub(super) fn close(&mut self, actions: &mut Vec<Action>) {
        let Phase::Finishing { end, .. } = self.phase.clone() else { return };
        let End { outcome, trouble, debt } = end.clone();
        self.phase = Phase::Finished { end };
        self.deadline = None;
        actions.push(Action::Close { outcome, trouble, debt });
    }

    pub(super) fn put_out(&mut self, actions: &mut Vec<Action>) {
        if let Some(camera) = self.lit.take() {
            actions.push(Action::Torch { camera, intensity: 0 });
        }
    }
}

//! A run as a pure state machine: it hears what happened, and says what is to be done.
//!
//! It knows the time only as an argument, and time limits as one deadline that its owner watches: when it has passed,
//! the owner says [`Event::Tick`]. Long actions carry a [`Ticket`]; an answer with another ticket than the one that is
//! waited for came late and changes nothing, so that no command is ever taken for another one.

mod message;
mod stage;
mod walk;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::{CameraSide, Limits, Plan, Then, Verdict, Waypoint};
use stage::{Await, Homeward, Pausing, Phase, Return};

pub use message::{Action, Debt, Decision, Event, Fault, Outcome, Part, Ticket, Trouble};
pub use stage::{Stage, VisitState};

/// How long after the link came back an answer may still be on its way.
const GRACE: std::time::Duration = std::time::Duration::from_secs(10);

/// One run of one robot.
#[derive(Debug, Clone)]
pub struct Run {
    plan: Plan,
    phase: Phase,
    deadline: Option<Timestamp>,
    tickets: u64,
    /// The visit that the robot is at or on its way to.
    visit: usize,
    /// How often this visit was tried before.
    attempt: u32,
    visits: Vec<Visit>,
    battery: Option<Battery>,
    link_lost_at: Option<Timestamp>,
    lit: Option<CameraSide>,
    /// How often the robot went to charge since it last reached a waypoint.
    charges: u32,
}

#[derive(Debug, Clone, Default)]
struct Visit {
    state: VisitState,
    verdict: Option<Verdict>,
    /// Whether every picture of it is fresh and kept.
    is_photographed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Battery {
    percent: f64,
    charging: bool,
}

/// Why a run cannot do what was asked of it now, in a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the run is {0} and cannot do that")]
pub struct NotNow(Stage);

impl Run {
    /// Returns a run that waits for [`Event::Ready`].
    #[must_use]
    pub fn new(plan: Plan, now: Timestamp) -> Self {
        let visits = vec![Visit::default(); plan.visits()];
        let mut run = Self {
            plan,
            phase: Phase::Starting,
            deadline: None,
            tickets: 0,
            visit: 0,
            attempt: 0,
            visits,
            battery: None,
            link_lost_at: None,
            lit: None,
            charges: 0,
        };
        run.deadline = Some(later(now, run.plan.limits.starting));
        run
    }

    /// Returns what is left of a run whose process ended: it hears [`Event::Restarted`] next, and brings the robot home.
    #[must_use]
    pub fn left_behind(limits: Limits, now: Timestamp) -> Self {
        Self::new(Plan { limits, ..Plan::to_go_home() }, now)
    }

    /// Takes in what happened. Returns what is to be done, in this order.
    pub fn apply(&mut self, now: Timestamp, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        if !matches!(self.phase, Phase::Finished { .. }) {
            self.hear(now, event, &mut actions);
        }
        actions
    }

    /// Returns whether somebody may ask this now.
    ///
    /// # Errors
    /// If it makes no sense in the state that the run is in.
    pub fn accepts(&self, event: &Event) -> Result<(), NotNow> {
        let is_fine = match event {
            Event::Pause => self.can_pause(),
            Event::Resume => self.is_paused(),
            Event::Answer(_) => matches!(self.phase, Phase::Asking { .. }),
            Event::Stop { .. } => !matches!(self.phase, Phase::Finished { .. }),
            _ => true,
        };
        if is_fine { Ok(()) } else { Err(NotNow(self.stage())) }
    }

    /// Returns when [`Event::Tick`] is due; nothing once the run has ended.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let link = self.link_deadline();
        match self.deadline {
            // A robot that cannot be asked may have arrived all the same.
            Some(_) if link.is_some() && self.phase.needs_robot() => link,
            own => own,
        }
    }

    /// Returns what the run is to do.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns what the run is doing.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.phase.stage()
    }

    /// Returns whether the run ends as soon as the robot stands still.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Halting { awaits: Await::End { .. }, .. })
    }

    /// Returns which part of the work after the round is under way.
    #[must_use]
    pub fn part(&self) -> Part {
        match self.phase {
            Phase::Finishing { part, .. } => part,
            _ => Part::Pictures,
        }
    }

    /// Returns how the run ended, or will end.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.phase.end().map(|end| end.outcome)
    }

    /// Returns why the run is as it is.
    #[must_use]
    pub fn trouble(&self) -> Option<&Trouble> {
        match &self.phase {
            Phase::Asking { trouble } => Some(trouble),
            phase => phase.end().and_then(|end| end.trouble.as_ref()),
        }
    }

    /// Returns which round this is, from 1.
    #[must_use]
    pub fn round(&self) -> u32 {
        let length = self.plan.waypoints().len().max(1);
        u32::try_from(self.visit.min(self.visits.len().saturating_sub(1)) / length + 1).unwrap_or(u32::MAX)
    }

    /// Returns the waypoint that the robot is at or on its way to.
    #[must_use]
    pub fn waypoint(&self) -> Option<&Waypoint> {
        self.plan.waypoint(self.visit)
    }

    /// Returns which waypoint of the round that is; nothing while the robot is on none.
    #[must_use]
    pub fn current(&self) -> Option<usize> {
        let is_out = matches!(self.stage(), Stage::Moving | Stage::Inspecting | Stage::Paused | Stage::Asking);
        (is_out && self.visit < self.visits.len()).then(|| self.visit % self.plan.waypoints().len())
    }

    /// Returns the visits of the round that is under way: which, how far, and what came of it.
    pub fn visits_of_round(&self) -> impl Iterator<Item = (usize, &Waypoint, VisitState, Option<Verdict>)> {
        let length = self.plan.waypoints().len();
        let first = (self.round() as usize - 1) * length;
        let visits = self.visits.iter().enumerate().skip(first).take(length);
        visits.zip(self.plan.waypoints()).map(|((at, visit), waypoint)| (at, waypoint, visit.state, visit.verdict))
    }

    /// Returns what came of every visit, in order.
    pub fn verdicts(&self) -> impl Iterator<Item = Option<Verdict>> {
        self.visits.iter().map(|visit| visit.verdict)
    }

    fn hear(&mut self, now: Timestamp, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::Ready if matches!(self.phase, Phase::Starting) => self.go_to(now, 0, actions),
            Event::NotReady { reason } if matches!(self.phase, Phase::Starting) => {
                self.finish(now, Outcome::Failed, Some(Trouble::NotPrepared(reason)), None, actions);
            }
            Event::Arrived { ticket } if self.awaits(ticket) => self.arrived(now, actions),
            Event::NotArrived { ticket, fault } if self.awaits(ticket) => self.not_arrived(now, fault, actions),
            Event::Halted { ticket } if self.awaits(ticket) => self.halted(now, actions),
            Event::Photo { ticket, captured_at } if self.awaits(ticket) => self.photo(now, captured_at, actions),
            Event::NoPhoto { ticket } if self.awaits(ticket) => self.no_photo(now, actions),
            Event::Judged { visit, verdict } => self.judged(now, visit, verdict, actions),
            Event::Wrapping(of) => {
                if let Phase::Finishing { part, .. } = &mut self.phase {
                    *part = of;
                }
            }
            Event::Wrapped => self.close(actions),
            Event::Battery { percent, charging } => {
                self.battery = Some(Battery { percent, charging });
                self.heed_battery(now, actions);
            }
            Event::LinkLost => self.link_lost_at = self.link_lost_at.or(Some(now)),
            Event::LinkBack => self.link_back(now),
            Event::Pause if self.can_pause() => self.pause(now, actions),
            Event::Resume => self.resume(now, actions),
            Event::Stop { then } => self.stop(now, then, actions),
            Event::EmergencyStopped => self.emergency_stopped(now, actions),
            Event::Answer(decision) => self.answered(now, decision, actions),
            Event::Restarted => {
                self.end_after_halt(now, Outcome::Interrupted, Trouble::ProcessEnded, Then::Home, actions);
            }
            Event::Tick => self.tick(now, actions),
            // Late answers, and what cannot be asked now.
            _ => {}
        }
    }

    fn awaits(&self, ticket: Ticket) -> bool {
        self.phase.ticket() == Some(ticket)
    }

    fn can_pause(&self) -> bool {
        use Phase::{Charging, Dwelling, Judging, Moving, Resting, Returning, Shooting};
        match &self.phase {
            Moving { .. }
            | Dwelling { .. }
            | Shooting { .. }
            | Judging
            | Resting { .. }
            | Returning { .. }
            | Charging => true,
            Phase::Halting { awaits, .. } => !matches!(awaits, Await::Pause(_) | Await::End { .. }),
            _ => false,
        }
    }

    fn is_paused(&self) -> bool {
        matches!(self.phase, Phase::Paused { .. } | Phase::Halting { awaits: Await::Pause(_), .. })
    }

    fn link_deadline(&self) -> Option<Timestamp> {
        self.link_lost_at.map(|at| later(at, self.plan.limits.link))
    }

    fn link_back(&mut self, now: Timestamp) {
        if self.link_lost_at.take().is_some() && self.phase.needs_robot() {
            self.deadline = self.deadline.map(|deadline| deadline.max(later(now, GRACE)));
        }
    }

    /// Something took too long, or it is time for the next thing.
    fn tick(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        if self.link_lost_at.is_some() && self.phase.needs_robot() {
            return self.link_gone(now, actions);
        }
        match self.phase.clone() {
            Phase::Starting => {
                self.finish(now, Outcome::Failed, Some(Trouble::PreparedTooSlowly), None, actions);
            }
            Phase::Moving { .. } => self.halt(now, Await::GiveUp, actions),
            Phase::Resting { home: None } => self.go_to(now, self.visit, actions),
            Phase::Resting { home: Some(home) } => self.go_home(now, home, actions),
            Phase::Dwelling { .. } if self.plan.is_dry => self.done(now, actions),
            Phase::Dwelling { .. } => self.shoot(now, 0, actions),
            Phase::Shooting { .. } => self.no_photo(now, actions),
            // The verdict comes later; nothing is gained by standing here.
            Phase::Judging => self.advance(now, actions),
            Phase::Halting { .. } => self.halted(now, actions),
            Phase::Paused { .. } => {
                self.abandon_visit(Verdict::Cancelled, Trouble::PausedTooLong, actions);
                self.skip_rest();
                self.finish(now, Outcome::Stopped, Some(Trouble::PausedTooLong), None, actions);
            }
            Phase::Returning { home, .. } => self.halt(now, Await::NotHome(home), actions),
            Phase::Charging => self.finish_failed(now, Trouble::NotCharged, None, actions),
            Phase::Asking { .. } => self.answered(now, Decision::Skip, actions),
            Phase::Finishing { .. } => self.close(actions),
            Phase::Finished { .. } => {}
        }
    }

    /// The link was lost for too long: the run ends, and the robot is owed what it could not be told.
    fn link_gone(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let is_there = matches!(self.phase, Phase::Dwelling { .. } | Phase::Shooting { .. });
        let verdict = if is_there { Verdict::Stale } else { Verdict::Unreachable };
        self.abandon_visit(verdict, Trouble::LinkLost, actions);
        let (outcome, trouble, then) = match self.phase.clone() {
            Phase::Halting { awaits: Await::End { end, then }, .. } => (end.outcome, end.trouble, then),
            Phase::Halting { awaits: Await::Pause(_), .. } => (Outcome::Failed, Some(Trouble::LinkLost), Then::Stay),
            Phase::Returning { home: Homeward { why: Return::End(end), .. }, .. }
                if end.outcome != Outcome::Completed =>
            {
                (end.outcome, end.trouble, Then::Home)
            }
            Phase::Returning { .. } => (Outcome::Failed, Some(Trouble::LinkLost), Then::Home),
            _ => (Outcome::Failed, Some(Trouble::LinkLost), self.plan.then),
        };
        let debt = if then == Then::Home { Debt::Home } else { Debt::Halt };
        self.skip_rest();
        self.finish(now, outcome, trouble, Some(debt), actions);
    }

    fn pause(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let visit = Pausing::Visit { again: true };
        match self.phase.clone() {
            Phase::Moving { .. } => self.halt(now, Await::Pause(visit), actions),
            Phase::Returning { home, .. } => self.halt(now, Await::Pause(Pausing::Home(home.why)), actions),
            Phase::Halting { ticket, awaits } => {
                let of = if let Await::NotHome(home) = awaits { Pausing::Home(home.why) } else { visit };
                self.phase = Phase::Halting { ticket, awaits: Await::Pause(of) };
            }
            Phase::Judging => self.paused(now, Pausing::Visit { again: false }),
            Phase::Charging => self.paused(now, Pausing::Charge),
            Phase::Resting { home: Some(home) } => self.paused(now, Pausing::Home(home.why)),
            _ => {
                self.put_out(actions);
                self.paused(now, visit);
            }
        }
    }

    fn resume(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let of = match self.phase.clone() {
            Phase::Paused { of } => of,
            Phase::Halting { awaits: Await::Pause(of), .. } => of,
            _ => return,
        };
        match of {
            Pausing::Visit { again: true } => self.go_to(now, self.visit, actions),
            Pausing::Visit { again: false } => self.advance(now, actions),
            Pausing::Home(why) => self.go_home(now, Homeward::first(why), actions),
            // Somebody may have driven it off its charger meanwhile.
            Pausing::Charge => self.go_home(now, Homeward::first(Return::Charge), actions),
        }
    }

    fn stop(&mut self, now: Timestamp, then: Then, actions: &mut Vec<Action>) {
        match self.phase.clone() {
            // The robot is done; only the report would follow. Whoever stopped before does not stop that as well.
            Phase::Finishing { end, .. } if end.outcome != Outcome::Stopped => self.close(actions),
            Phase::Finishing { .. } | Phase::Finished { .. } => {}
            Phase::Returning { home: Homeward { why: Return::End(_), .. }, .. } if then == Then::Home => {}
            _ => self.end_after_halt(now, Outcome::Stopped, Trouble::Stopped, then, actions),
        }
    }

    fn emergency_stopped(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        if !matches!(self.phase, Phase::Finishing { .. }) {
            self.abandon_visit(Verdict::Cancelled, Trouble::EmergencyStop, actions);
            self.skip_rest();
            self.finish(now, Outcome::Stopped, Some(Trouble::EmergencyStop), None, actions);
        }
    }
}

/// Returns a later time; the end of time if there is none.
fn later(now: Timestamp, by: std::time::Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

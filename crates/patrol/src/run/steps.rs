//! The log of a run, in words: what happened, and what is about to be done.

use domain::patrol::run::{Action, Decision, Event, Part};
use domain::patrol::{Run, Then};
use jiff::Timestamp;

use crate::history::RunStep;

/// A step that is not written down yet: its kind, the waypoint, a sentence.
type Step = (&'static str, Option<String>, String);

/// Returns the step that an event is, if it is one.
pub(super) fn of_event(at: Timestamp, run: &Run, event: &Event) -> Option<RunStep> {
    let here = || run.waypoint().map(|waypoint| waypoint.name.clone());
    let step: Step = match event {
        Event::Ready => ("ready", None, "everything is prepared".to_owned()),
        Event::NotReady { reason } => ("not_ready", None, reason.clone()),
        Event::Arrived { .. } => ("arrived", run.current().and_then(|_| here()), "the robot has arrived".to_owned()),
        Event::NotArrived { fault, .. } => ("not_arrived", run.current().and_then(|_| here()), fault.to_string()),
        Event::Halted { .. } => ("halted", None, "the robot stands still".to_owned()),
        Event::Photo { captured_at, .. } => ("photo", here(), format!("a picture taken at {captured_at} is kept")),
        Event::NoPhoto { .. } => ("no_photo", here(), "the camera gave no fresh picture".to_owned()),
        Event::Judged { visit, verdict } => {
            ("verdict", run.plan().waypoint(*visit).map(|waypoint| waypoint.name.clone()), verdict.to_string())
        }
        Event::LinkLost => ("link_lost", None, "the robot does not answer".to_owned()),
        Event::LinkBack => ("link_back", None, "the robot answers again".to_owned()),
        Event::Pause => ("pause", None, "somebody paused the run".to_owned()),
        Event::Resume => ("resume", None, "somebody let the run go on".to_owned()),
        Event::Stop { then: Then::Home } => ("stop", None, "somebody ended the run: the robot goes home".to_owned()),
        Event::Stop { then: Then::Stay } => ("stop", None, "somebody ended the run: the robot stays".to_owned()),
        Event::EmergencyStopped => ("emergency_stop", None, "the robot's emergency stop is set".to_owned()),
        Event::Answer(decision) => ("answer", here(), answer(*decision).to_owned()),
        Event::Restarted => ("restarted", None, "another process found the run".to_owned()),
        Event::Wrapping(part) => ("wrapping", None, part_text(*part).to_owned()),
        Event::Wrapped | Event::Battery { .. } | Event::Tick => return None,
    };
    Some(written(at, step))
}

/// Returns the step that an action is.
pub(super) fn of_action(at: Timestamp, run: &Run, action: &Action) -> RunStep {
    let name = |visit: &usize| run.plan().waypoint(*visit).map(|waypoint| waypoint.name.clone());
    let step: Step = match action {
        Action::MoveTo { visit, .. } => ("moving", name(visit), "the robot is sent to the waypoint".to_owned()),
        Action::GoHome { .. } => ("returning", None, "the robot is sent home".to_owned()),
        Action::Halt { .. } => ("halting", None, "the robot is told to stop".to_owned()),
        Action::Announce { text } => ("announce", None, text.clone()),
        Action::Torch { camera, intensity } => ("torch", None, format!("{} to {intensity}", camera.as_str())),
        Action::Shoot { visit, camera, .. } => ("shooting", name(visit), format!("the {} camera", camera.as_str())),
        Action::Judge { visit } => ("judging", name(visit), "the pictures are given to the model".to_owned()),
        Action::Record { visit, verdict, trouble } => ("verdict", name(visit), format!("{verdict}: {trouble}")),
        Action::Ask { visit, trouble } => ("asking", name(visit), trouble.to_string()),
        Action::ToCharge => ("charging", None, "the battery is low".to_owned()),
        Action::Wrap { outcome } => ("finishing", None, outcome.as_str().to_owned()),
        Action::Close { outcome, trouble, debt } => {
            let why = trouble.as_ref().map(|trouble| format!(": {trouble}")).unwrap_or_default();
            let owed = if debt.is_some() { "; the robot will be told when it answers" } else { "" };
            ("ended", None, format!("{}{why}{owed}", outcome.as_str()))
        }
    };
    written(at, step)
}

fn written(at: Timestamp, (kind, point, text): Step) -> RunStep {
    RunStep { at, kind: kind.to_owned(), point, text }
}

fn answer(decision: Decision) -> &'static str {
    match decision {
        Decision::Retry => "somebody said: try again",
        Decision::Skip => "somebody said: go on without it",
        Decision::Return => "somebody said: go home",
    }
}

fn part_text(part: Part) -> &'static str {
    match part {
        Part::Pictures => "waiting for verdicts",
        Part::Film => "the film is looked at",
        Part::Report => "the report is written",
    }
}

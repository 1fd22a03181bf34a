//! How far a run is, as it is shown.

use domain::patrol::run::{Stage, VisitState};
use domain::patrol::{Run, words};
use jiff::Timestamp;

use crate::history::{InspectionId, RunId};
use crate::view::{PointProgress, Question, RunProgress};

/// What a run is known by besides its own state.
pub(super) struct About<'a> {
    pub(super) run: RunId,
    pub(super) robot: &'a str,
    pub(super) route: Option<&'a str>,
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    /// The inspection of each visit.
    pub(super) inspections: &'a [Option<InspectionId>],
}

/// Returns how far a run is.
pub(super) fn progress(run: &Run, about: &About<'_>) -> RunProgress {
    let point = |(visit, waypoint, state, verdict): (usize, &domain::patrol::Waypoint, VisitState, _)| PointProgress {
        id: waypoint.id.clone(),
        name: waypoint.name.clone(),
        x: waypoint.x,
        y: waypoint.y,
        state,
        verdict,
        inspection_id: about.inspections.get(visit).copied().flatten().map(|id| id.0),
    };
    let has_ended = run.stage() == Stage::Finished;
    let question = run.waypoint().filter(|_| run.stage() == Stage::Asking).map(|waypoint| Question {
        point: waypoint.id.clone(),
        message: run.trouble().map(ToString::to_string).unwrap_or_default(),
    });
    RunProgress {
        run_id: about.run.0,
        robot_id: about.robot.to_owned(),
        state: run.stage(),
        text: words::text(run),
        started_at: about.started_at,
        ended_at: about.ended_at,
        route: about.route.map(str::to_owned),
        dry_run: run.plan().is_dry,
        round: run.round(),
        loops: run.plan().loops(),
        points: run.visits_of_round().map(point).collect(),
        current_index: run.current().and_then(|at| i64::try_from(at).ok()).unwrap_or(-1),
        outcome: run.outcome().filter(|_| has_ended),
        question,
        reason: run.trouble().map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use domain::patrol::run::Event;
    use domain::patrol::{Plan, Waypoint};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_is_shown_as_the_pages_read_it() {
        let plan = Plan::new([Waypoint::at("1", "Gate", 1.0, 2.0)], 2).expect("is a plan");
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().expect("a time");
        let mut run = Run::new(plan, now);
        run.apply(now, Event::Ready);
        let inspections = [Some(InspectionId(7)), None];
        let about = About {
            run: RunId(3),
            robot: "robot-a",
            route: Some("night"),
            started_at: now,
            ended_at: None,
            inspections: &inspections,
        };
        let shown = serde_json::to_value(progress(&run, &about)).expect("is JSON");
        let expected = json!({
            "run_id": 3, "robot_id": "robot-a", "state": "moving", "text": "Moving to Gate...",
            "started_at": "2026-11-20T10:00:00Z", "route": "night", "dry_run": false, "loop": 1, "loops": 2,
            "points": [{"id": "1", "name": "Gate", "x": 1.0, "y": 2.0, "state": "moving", "inspection_id": 7}],
            "current_index": 0,
        });
        assert_eq!(shown, expected);
    }
}

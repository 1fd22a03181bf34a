//! What a run is doing in the words of the older interface, which people and programs know.

use super::run::{Outcome, Part, Run, Stage, Trouble};

/// What the older interface says while there is no run.
pub const IDLE: &str = "Idle";

/// Returns what a run is doing.
#[must_use]
pub fn text(run: &Run) -> String {
    let name = run.waypoint().map_or("", |waypoint| waypoint.name.as_str());
    match run.stage() {
        _ if run.is_stopping() => "Stopping...".to_owned(),
        Stage::Starting => "Starting...".to_owned(),
        Stage::Moving => format!("Moving to {name}..."),
        Stage::Inspecting => format!("Inspecting {name}..."),
        Stage::Paused => "Paused".to_owned(),
        Stage::Charging => "Charging...".to_owned(),
        Stage::Returning => "Returning Home...".to_owned(),
        Stage::Asking => format!("Error at {name}"),
        Stage::Finishing => match run.part() {
            Part::Pictures => "Processing Images...".to_owned(),
            Part::Film => "Analyzing Video...".to_owned(),
            Part::Report => "Generating Report...".to_owned(),
        },
        Stage::Finished => finished(run.outcome(), run.trouble()),
    }
}

fn finished(outcome: Option<Outcome>, trouble: Option<&Trouble>) -> String {
    match (outcome, trouble) {
        (Some(Outcome::Stopped), _) => "Patrol Stopped".to_owned(),
        (Some(Outcome::Interrupted), _) => "Interrupted".to_owned(),
        (Some(Outcome::Failed), Some(Trouble::NotPrepared(reason))) => format!("Error: {reason}"),
        (Some(Outcome::Failed), Some(trouble)) => format!("Error: {trouble}"),
        (Some(Outcome::Failed), None) => "Error".to_owned(),
        (Some(Outcome::Completed) | None, _) => "Finished".to_owned(),
    }
}

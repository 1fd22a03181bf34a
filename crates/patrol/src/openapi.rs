//! The description of the HTTP API; `openapi.json` in this crate is its text, which a test keeps up to date.

use domain::patrol::event::RunEvent;
use utoipa::OpenApi;

use crate::{routes, view};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ronda patrol",
        description = "One robot: its state, its rounds, their results. Behind nginx the robot's own paths begin with /api/{robot-id}.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        routes::camera::front,
        routes::camera::back,
        routes::camera::stream,
        routes::camera::picture,
        routes::controls::show,
        routes::drive::drive_by_hand,
        routes::history::list,
        routes::history::show,
        routes::images::evidence,
        routes::images::map,
        routes::images::video,
        routes::inspect::test_legacy,
        routes::inspect::test,
        routes::inspect::accept,
        routes::inspect::picture,
        routes::inspect::further_picture,
        routes::inspect::previous,
        routes::inspect::difference,
        routes::points::list,
        routes::points::replace,
        routes::points::add,
        routes::points::update,
        routes::points::remove,
        routes::points::from_robot,
        routes::points::here,
        routes::points::arrange,
        routes::points::list_routes,
        routes::points::show_route,
        routes::points::save_route,
        routes::points::delete_route,
        routes::reports::run_pdf,
        routes::reports::list,
        routes::reports::order,
        routes::reports::show,
        routes::reports::delete,
        routes::reports::report_pdf,
        routes::robot::map,
        routes::robot::take_control,
        routes::robot::give_control_back,
        routes::robot::move_to,
        routes::robot::home,
        routes::robot::step,
        routes::robot::cancel,
        routes::robot::speak,
        routes::robot::torch,
        routes::robot::emergency_stop,
        routes::robots::list,
        routes::robots::forget,
        routes::run::state,
        routes::run::start,
        routes::run::current,
        routes::run::pause,
        routes::run::resume,
        routes::run::stop,
        routes::run::answer,
        routes::schedule::list,
        routes::schedule::add,
        routes::schedule::edit,
        routes::schedule::remove,
        routes::schedule::preview,
        routes::schedule::log,
        routes::settings::show,
        routes::settings::change,
        routes::settings::schema,
        routes::settings::show_own,
        routes::settings::change_own,
        routes::share::list,
        routes::share::add,
        routes::share::delete,
        routes::shared::open,
        routes::shared::show,
        routes::shared::show_run,
        routes::shared::run_pdf,
        routes::shared::run_map,
        routes::shared::video,
        routes::shared::picture,
        routes::shared::evidence,
        routes::shared::show_report,
        routes::shared::report_pdf,
        routes::stream::events,
        routes::usage::show,
    ),
    components(schemas(view::RobotState, view::RunProgress, RunEvent))
)]
struct Document;

/// Returns the description as JSON. Handlers of different things have the same names, so every operation is named for
/// its method and its path.
pub(crate) fn document() -> String {
    let mut document = serde_json::to_value(Document::openapi()).expect("a description of texts can be written");
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            operation["operationId"] = operation_name(method, path).into();
        }
    }
    serde_json::to_string_pretty(&document).expect("a description of texts can be written")
}

fn operation_name(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/api/").split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).fold(method.to_owned(), |name, word| format!("{name}_{word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        assert_eq!(operation_name("post", "/api/v1/runs/{id}/stop"), "post_v1_runs_id_stop");
        let document: serde_json::Value = serde_json::from_str(&document()).expect("is JSON");
        let items = document["paths"].as_object().expect("has paths").values();
        let operations = items.flat_map(|item| item.as_object().expect("has methods").values());
        let mut names: Vec<&str> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_committed_description_is_that_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let (committed, wanted) = (committed.trim_end(), document());
        let differs = wanted.lines().zip(committed.lines()).position(|(wanted, committed)| wanted != committed);
        let line = differs.map(|line| wanted.lines().nth(line).unwrap_or_default());
        assert!(
            committed == wanted,
            "write it anew: `patrol openapi > crates/patrol/openapi.json`; line {differs:?} is {line:?}"
        );
    }
}

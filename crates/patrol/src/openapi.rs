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

/// Returns the description as JSON.
pub(crate) fn document() -> String {
    Document::openapi().to_pretty_json().expect("a description of texts can be written")
}

#[cfg(test)]
mod tests {
    use super::*;

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

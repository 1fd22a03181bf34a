//! The description of the HTTP API; `openapi.json` in this crate is its text, which a test keeps up to date.

use utoipa::OpenApi;

use crate::view;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ronda patrol",
        description = "One robot: its state, its rounds, their results. Behind nginx the robot's own paths begin with /api/{robot-id}.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(view::RobotState, view::RunProgress))
)]
struct Document;

/// Returns the description as JSON.
pub(crate) fn document() -> String {
    Document::openapi().to_pretty_json().expect("a description of texts can be written")
}

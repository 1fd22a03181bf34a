//! The description of the API, committed as `openapi.json`.

use utoipa::OpenApi;

use crate::{events, routes, system};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ronda console",
        description = "Live alerts and the state of the whole system, for the pages of the control room."
    ),
    paths(events::events, routes::system),
    components(schemas(system::System, domain::alert::Alert))
)]
struct Api;

/// Returns the OpenAPI document as JSON.
pub(crate) fn document() -> String {
    Api::openapi().to_pretty_json().expect("the description is made of plain values")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_description_is_the_one_in_force() {
        let committed = include_str!("../openapi.json");
        assert!(committed.trim_end() == document(), "write it anew: `console openapi > crates/console/openapi.json`");
    }
}

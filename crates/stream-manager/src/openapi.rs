//! The description of the HTTP API; `openapi.json` in this crate is its text, which a test keeps up to date.

use utoipa::OpenApi;

use crate::{routes, view};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ronda stream manager",
        description = "Cameras live, their zones, and how they are doing. Behind nginx every path begins with /streams.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        routes::cameras::cameras,
        routes::cameras::camera,
        routes::cameras::restart,
        routes::pictures::picture,
        routes::pictures::mjpeg,
        routes::pictures::live,
        routes::pictures::snapshot,
        routes::zones::zones,
        routes::zones::zones_of,
        routes::zones::put,
        routes::status::classes,
        routes::status::status,
    ),
    components(schemas(view::LiveHeader))
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
            "write it anew: `stream-manager openapi > crates/stream-manager/openapi.json`; line {differs:?} is {line:?}"
        );
    }
}

//! The description of the HTTP API, made from the code and committed as `openapi.json`.

use utoipa::OpenApi;

use crate::{api, book, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ronda alert router",
        description = "What was alerted and what became of it. Paths behind nginx begin with /alerts.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        routes::list_alerts,
        routes::show_alert,
        routes::list_dead_letters,
        routes::replay,
        routes::show_status,
        routes::show_openapi,
    ),
    components(schemas(
        api::AlertPage,
        api::AlertDetail,
        api::Status,
        book::AlertRecord,
        book::DeliveryRecord,
        book::Accounts,
        chassis::http::ErrorBody,
    ))
)]
struct Description;

/// Returns the description as JSON.
pub(crate) fn document() -> String {
    let mut document = Description::openapi().to_pretty_json().expect("a description can be written as JSON");
    document.push('\n');
    document
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_committed_description_is_that_of_the_code() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(&path, document()).expect("is written");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == document(), "run this test with UPDATE_OPENAPI=1 and commit openapi.json");
    }
}

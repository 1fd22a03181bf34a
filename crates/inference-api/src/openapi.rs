//! The OpenAPI document: made from the handlers, committed as `openapi.json`, and served.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::{OpenApi, ToSchema};

/// An error of the reference's routes.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is written by `Fault`")]
pub(crate) struct Detail {
    /// A sentence for people.
    detail: String,
}

/// An error of the reference's routes about parameters.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is written by `Fault`")]
pub(crate) struct FieldDetails {
    /// What is wrong with each parameter.
    detail: Vec<FieldDetail>,
}

/// What is wrong with one parameter.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is written by `Fault`")]
pub(crate) struct FieldDetail {
    /// A word for programs: `missing`, `float_parsing`, `less_than_equal`, …
    r#type: String,
    /// Where it stands: `query` or `body`, and its name.
    loc: Vec<String>,
    /// A sentence for people.
    msg: String,
    /// What was sent.
    input: Option<String>,
}

/// An error of the routes of DeepStack and CodeProject.AI.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is written by `Fault`")]
pub(crate) struct DeepstackError {
    /// Always false.
    success: bool,
    /// A sentence for people.
    error: String,
    /// The HTTP status.
    code: u16,
    /// Always 0.
    duration: f64,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ronda inference API",
        description = "An image in, detections out. Paths behind nginx begin with /inference.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        crate::health::health,
        crate::infer::infer,
        crate::site::rois,
        crate::site::cameras,
        crate::predict::detect,
        crate::models::info,
        crate::models::list,
        crate::models::activate,
        crate::deepstack::detection,
        crate::deepstack::custom,
        crate::deepstack::custom_list,
    ),
    tags(
        (name = "detection", description = "Images in, detections out"),
        (name = "deepstack", description = "The same, as clients of DeepStack and CodeProject.AI expect it"),
        (name = "site", description = "The cameras and zones that are configured"),
        (name = "models", description = "Which models there are, and which one answers"),
        (name = "service", description = "How the service is"),
    ),
)]
struct Document;

/// Returns the document as JSON.
pub(crate) fn document() -> String {
    Document::openapi().to_pretty_json().expect("the document is made of strings and numbers")
}

/// `GET /openapi.json`.
pub(crate) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document()).into_response()
}

//! Why a request was not served: one list of reasons, told in the dialect of the route that was called.
//!
//! Clients of the reference read `{"detail": …}`, DeepStack clients `{"success": false, "error": …}`, ours
//! `{"error": {"code", "message"}}`. The reason and its status are the same in all three.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use media::image::ImageError;
use serde::Serialize;
use serde_json::{Value, json};
use vision::{DetectError, ModelError, PoolError};

/// Why a request was not served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// A parameter is missing or wrong.
    #[error("{}", .0.sentence())]
    Field(FieldFault),
    /// The body is not what its content type says.
    #[error("There was an error parsing the body: {0}")]
    Malformed(String),
    /// Neither the declared type nor the bytes are an image.
    #[error("Invalid content type: {declared}. Must be image/jpeg or image/png")]
    NotAnImage {
        /// What the caller called it.
        declared: String,
    },
    /// The bytes cannot be read as an image.
    #[error("Failed to decode image: {0}")]
    Undecodable(ImageError),
    /// The upload is longer than the limit.
    #[error("the upload is larger than the limit of {limit} bytes")]
    TooManyBytes {
        /// The limit.
        limit: usize,
    },
    /// The image has more pixels than the limit, or needs too much memory.
    #[error("the image is too large: {0}")]
    TooManyPixels(ImageError),
    /// The upload came too slowly.
    #[error("the upload did not arrive in time")]
    Slow,
    /// All places are taken: the caller is to come back.
    #[error("too many requests are waiting, try again later")]
    Busy,
    /// The model is not loaded yet.
    #[error("the model is still loading, try again later")]
    Loading,
    /// The service is going down.
    #[error("the service is stopping")]
    Stopping,
    /// The model failed on this image.
    #[error("Inference failed: {0}")]
    Inference(DetectError),
    /// A named model is not the one that runs.
    #[error("the model {asked:?} is not active, {active:?} is")]
    NotActive {
        /// The model that was asked for.
        asked: String,
        /// The model that answers.
        active: String,
    },
    /// A model cannot be activated.
    #[error("cannot activate the model: {}", told_of(.0))]
    Activation(#[source] PoolError),
    /// A configuration file cannot be served.
    #[error("{0}")]
    Configuration(String),
    /// Something of ours failed that no caller can help.
    #[error("Internal Server Error")]
    Internal(#[source] anyhow::Error),
}

impl Fault {
    /// Sorts what the decoder said into what the caller can do about it.
    pub(crate) fn of_image(error: ImageError, declared: Option<&str>) -> Self {
        match error {
            ImageError::TooManyBytes { limit, .. } => Self::TooManyBytes { limit },
            ImageError::TooManyPixels { .. } | ImageError::TooMuchMemory => Self::TooManyPixels(error),
            ImageError::Unsupported { .. } => match declared {
                Some(declared) if !is_image_type(declared) => Self::NotAnImage { declared: declared.to_owned() },
                _ => Self::Undecodable(error),
            },
            _ => Self::Undecodable(error),
        }
    }

    /// Sorts what the pool said.
    pub(crate) fn of_detection(error: DetectError) -> Self {
        match error {
            DetectError::Busy { .. } => Self::Busy,
            DetectError::Stopped => Self::Stopping,
            other => Self::Inference(other),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Field(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Malformed(_) | Self::NotAnImage { .. } | Self::Undecodable(_) => StatusCode::BAD_REQUEST,
            Self::TooManyBytes { .. } | Self::TooManyPixels(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy | Self::Loading | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotActive { .. } => StatusCode::NOT_FOUND,
            Self::Activation(error) => match error {
                PoolError::Model(ModelError::Unknown { .. }) => StatusCode::NOT_FOUND,
                PoolError::Model(ModelError::NotFetched { .. }) => StatusCode::CONFLICT,
                PoolError::Stopped => StatusCode::SERVICE_UNAVAILABLE,
                PoolError::Active(_) | PoolError::Thread(_) => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            Self::Inference(_) | Self::Configuration(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Every short name that there is.
    pub(crate) const CODES: [&str; 17] = [
        "invalid_parameter",
        "malformed_body",
        "not_an_image",
        "undecodable_image",
        "upload_too_large",
        "image_too_large",
        "upload_too_slow",
        "busy",
        "loading",
        "stopping",
        "inference_failed",
        "model_not_active",
        "unknown_model",
        "model_not_fetched",
        "unusable_model",
        "bad_configuration",
        "internal",
    ];

    /// A short name for metrics and for the `code` of our own routes.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Field(_) => "invalid_parameter",
            Self::Malformed(_) => "malformed_body",
            Self::NotAnImage { .. } => "not_an_image",
            Self::Undecodable(_) => "undecodable_image",
            Self::TooManyBytes { .. } => "upload_too_large",
            Self::TooManyPixels(_) => "image_too_large",
            Self::Slow => "upload_too_slow",
            Self::Busy => "busy",
            Self::Loading => "loading",
            Self::Stopping => "stopping",
            Self::Inference(_) => "inference_failed",
            Self::NotActive { .. } => "model_not_active",
            Self::Activation(PoolError::Model(ModelError::Unknown { .. })) => "unknown_model",
            Self::Activation(PoolError::Model(ModelError::NotFetched { .. })) => "model_not_fetched",
            Self::Activation(_) => "unusable_model",
            Self::Configuration(_) => "bad_configuration",
            Self::Internal(_) => "internal",
        }
    }

    /// Seconds after which it makes sense to ask again.
    fn retry_after(&self) -> Option<u8> {
        match self {
            Self::Busy => Some(1),
            Self::Loading | Self::Stopping => Some(2),
            _ => None,
        }
    }

    /// Tells whether asking again later will do.
    pub(crate) fn is_temporary(&self) -> bool {
        self.retry_after().is_some()
    }

    /// Answers as the reference (and FastAPI) does: `{"detail": …}`.
    pub(crate) fn as_detail(&self) -> Response {
        let detail = match self {
            Self::Field(fault) => json!([fault]),
            other => Value::String(other.to_string()),
        };
        self.respond(&json!({ "detail": detail }))
    }

    /// Answers as DeepStack and CodeProject.AI do; a wrong parameter is their 400.
    pub(crate) fn as_deepstack(&self) -> Response {
        let status = match self.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        let body = json!({ "success": false, "error": self.to_string(), "code": status.as_u16(), "duration": 0 });
        let mut response = self.respond(&body);
        *response.status_mut() = status;
        response
    }

    /// Answers as our own routes do: `{"error": {"code", "message"}}`.
    pub(crate) fn as_error(&self) -> Response {
        self.respond(&json!({ "error": { "code": self.code(), "message": self.to_string() } }))
    }

    fn respond(&self, body: &Value) -> Response {
        let mut response = (self.status(), Json(body)).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(u16::from(seconds)));
        }
        response
    }
}

/// What a caller is told of a model that cannot be activated. Where its files lie is in the log only.
fn told_of(error: &PoolError) -> String {
    match error {
        PoolError::Model(ModelError::Unknown { name, .. }) => format!("there is no model named {name:?}"),
        PoolError::Model(ModelError::Manifest(_)) => "its manifest is wrong".to_owned(),
        PoolError::Model(ModelError::Read { .. }) => "its file cannot be read".to_owned(),
        PoolError::Model(ModelError::Hash { .. }) => "its file is not the one that its manifest describes".to_owned(),
        PoolError::Load(_) => "no backend of this machine runs it".to_owned(),
        PoolError::Active(_) => "the choice cannot be written down".to_owned(),
        other => other.to_string(),
    }
}

fn is_image_type(declared: &str) -> bool {
    matches!(declared, "image/jpeg" | "image/jpg" | "image/png")
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Behind the question mark.
    Query,
    /// In the form or the JSON body.
    Body,
}

/// What is wrong with one parameter, in the words of FastAPI.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FieldFault {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) loc: [&'static str; 2],
    pub(crate) msg: String,
    pub(crate) input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ctx: Option<Bound>,
}

/// The bound that a number broke.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Bound {
    /// Greater than or equal.
    Ge(f64),
    /// Less than or equal.
    Le(f64),
}

impl FieldFault {
    /// It is not there.
    pub(crate) fn missing(field: &'static str) -> Self {
        Self::new("missing", Place::Body, field, "Field required", None)
    }

    /// It is not valid in a way of its own.
    pub(crate) fn invalid(field: &'static str, why: &str, input: &str) -> Self {
        Self::new("value_error", Place::Body, field, &format!("Value error, {why}"), Some(input))
    }

    pub(crate) fn not_a_number(place: Place, field: &'static str, text: &str) -> Self {
        let message = "Input should be a valid number, unable to parse string as a number";
        Self::new("float_parsing", place, field, message, Some(text))
    }

    pub(crate) fn not_finite(place: Place, field: &'static str, text: &str) -> Self {
        Self::new("finite_number", place, field, "Input should be a finite number", Some(text))
    }

    pub(crate) fn below(place: Place, field: &'static str, text: &str, least: f64) -> Self {
        let message = format!("Input should be greater than or equal to {least}");
        let fault = Self::new("greater_than_equal", place, field, &message, Some(text));
        Self { ctx: Some(Bound::Ge(least)), ..fault }
    }

    pub(crate) fn above(place: Place, field: &'static str, text: &str, most: f64) -> Self {
        let message = format!("Input should be less than or equal to {most}");
        let fault = Self::new("less_than_equal", place, field, &message, Some(text));
        Self { ctx: Some(Bound::Le(most)), ..fault }
    }

    fn new(kind: &'static str, place: Place, field: &'static str, message: &str, input: Option<&str>) -> Self {
        let place = match place {
            Place::Query => "query",
            Place::Body => "body",
        };
        Self { kind, loc: [place, field], msg: message.to_owned(), input: input.map(str::to_owned), ctx: None }
    }

    fn sentence(&self) -> String {
        format!("{}: {}", self.loc[1], self.msg)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn damaged() -> ImageError {
        ImageError::Broken { reason: "premature end".to_owned() }
    }

    fn unsupported() -> ImageError {
        ImageError::Unsupported { kind: "something that is no picture".to_owned() }
    }

    fn detail(fault: &Fault) -> Value {
        let body = fault.as_detail().into_body();
        let bytes = axum::body::to_bytes(body, 1 << 16).now_or_never().expect("is in memory").expect("is short");
        serde_json::from_slice::<Value>(&bytes).expect("is JSON")["detail"].take()
    }

    #[test]
    fn the_declared_type_is_blamed_only_when_the_bytes_are_no_image() {
        let webp = Fault::of_image(unsupported(), Some("image/webp"));
        assert_eq!(detail(&webp), "Invalid content type: image/webp. Must be image/jpeg or image/png");
        let jpeg = Fault::of_image(unsupported(), Some("image/jpeg"));
        assert_eq!(
            detail(&jpeg),
            "Failed to decode image: something that is no picture is not read, only JPEG, PNG and WebP"
        );
        let truncated = Fault::of_image(damaged(), Some("text/plain"));
        assert_eq!(detail(&truncated), "Failed to decode image: the picture is damaged: premature end");
        assert_eq!([webp.status(), jpeg.status(), truncated.status()], [StatusCode::BAD_REQUEST; 3]);
    }

    #[test]
    fn too_many_pixels_are_413_and_not_400() {
        let bomb = ImageError::TooManyPixels { width: 50_000, height: 50_000, limit: 40_000_000 };
        assert_eq!(Fault::of_image(bomb, Some("image/png")).status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(Fault::of_image(ImageError::TooMuchMemory, None).status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn a_wrong_parameter_has_the_body_of_fastapi() {
        let fault = Fault::Field(FieldFault::above(Place::Query, "conf", "7", 1.0));
        assert_eq!(fault.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            detail(&fault),
            json!([{
                "type": "less_than_equal",
                "loc": ["query", "conf"],
                "msg": "Input should be less than or equal to 1",
                "input": "7",
                "ctx": { "le": 1.0 },
            }])
        );
        assert_eq!(
            detail(&Fault::Field(FieldFault::missing("file"))),
            json!([{ "type": "missing", "loc": ["body", "file"], "msg": "Field required", "input": null }])
        );
    }

    #[test]
    fn a_caller_that_is_to_come_back_is_told_when() {
        for fault in [Fault::Busy, Fault::Loading, Fault::Stopping] {
            for response in [fault.as_detail(), fault.as_deepstack(), fault.as_error()] {
                assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
                assert!(response.headers().contains_key(header::RETRY_AFTER), "{fault}");
            }
        }
    }

    #[test]
    fn deepstack_clients_see_a_wrong_parameter_as_400() {
        let fault = Fault::Field(FieldFault::missing("image"));
        assert_eq!(fault.as_deepstack().status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn an_internal_cause_is_not_told_to_the_caller() {
        let fault = Fault::Internal(anyhow::anyhow!("cannot read /srv/secret"));
        assert_eq!(detail(&fault), "Internal Server Error");
    }
}

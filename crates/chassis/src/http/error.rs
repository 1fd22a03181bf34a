//! The one body that says what went wrong: `{"error": {"code", "message"}}`.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tracing::error;
use utoipa::ToSchema;

/// An answer that is an error. The cause of a failure of ours goes to the log, never to the caller.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    /// Boxed, because few errors have any and every handler's result has room for them.
    headers: Option<Box<HeaderMap>>,
}

impl ApiError {
    /// Returns an error with a `code` for programs and a `message` for people.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), headers: None }
    }

    /// 400: the request is not understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 404: there is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 409: the thing is not in a state that allows this.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 422: the request is understood and its values are refused.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
    }

    /// 503 with `Retry-After`: it would work later.
    pub fn busy(message: impl Into<String>, retry_after_secs: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
            .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_secs))
    }

    /// 500: something of ours failed. The cause is logged here and not shown to the caller.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        error!("request failed: {:#}", cause.into());
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request failed on our side")
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.headers.get_or_insert_default().insert(name, value);
        self
    }

    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the code for programs.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the error that a bare status means.
    pub(crate) fn of_status(status: StatusCode, message: Option<String>) -> Self {
        let (code, default) = match status {
            StatusCode::BAD_REQUEST => ("bad_request", "the request is not understood"),
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this path does not know this method"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported_media_type", "this content type is not understood"),
            StatusCode::UNPROCESSABLE_ENTITY => ("invalid", "the values are refused"),
            StatusCode::UPGRADE_REQUIRED => ("upgrade_required", "this is a WebSocket"),
            status if status.is_server_error() => ("internal", "the request failed on our side"),
            _ => ("refused", "the request is refused"),
        };
        Self::new(status, code, message.unwrap_or_else(|| default.to_owned()))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = ErrorDetail { code: self.code.into_owned(), message: self.message };
        let headers = self.headers.map(|headers| *headers).unwrap_or_default();
        (self.status, headers, Json(ErrorBody { error })).into_response()
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(cause)
    }
}

/// The body of every error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// A stable word for programs, as `not_found`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

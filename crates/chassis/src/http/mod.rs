//! HTTP as every service speaks it: routes with an access class each, one error body, limits,
//! request ids, readiness, metrics, and an end that also ends streams.

mod access;
mod admin;
mod error;
pub(crate) mod healthcheck;
mod limits;
mod meter;
mod readiness;
mod routes;
mod server;
mod streams;
mod wrap;

pub use access::Access;
pub use error::{ApiError, ErrorBody, ErrorDetail};
pub use limits::Limits;
pub use readiness::{Condition, Readiness};
pub use routes::{RouteInfo, Routes};
pub use server::{ServeError, Server, serve};
pub use streams::StreamGuard;
pub use wrap::RequestId;

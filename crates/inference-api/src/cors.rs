//! Which pages of other origins may call: those that `CORS_ORIGINS` lists, and no others.

use std::time::Duration;

use axum::http::{HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember what it was allowed.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// Reads a list of origins separated by commas.
///
/// # Errors
/// What was expected, if an entry is no origin.
pub(crate) fn origins(text: &str) -> Result<Vec<HeaderValue>, String> {
    text.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(origin).collect()
}

/// An origin is a scheme, a host and perhaps a port: browsers send nothing behind it, not even a slash.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let expected = || format!("expected origins such as https://site.example, separated by commas, found `{text}`");
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(expected)?;
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_host) {
        return Err(expected());
    }
    HeaderValue::from_str(text).map_err(|_| expected())
}

/// Returns the layer that tells browsers so. Pages never send cookies with their calls.
pub(crate) fn layer(origins: Vec<HeaderValue>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::ACCEPT, header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER])
        .max_age(MAX_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_listed_with_commas() {
        let listed = origins("https://site.example, http://localhost:5173,").expect("are origins");
        assert_eq!(listed, ["https://site.example", "http://localhost:5173"]);
        assert_eq!(origins("").expect("is empty"), Vec::<HeaderValue>::new());
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        for text in ["*", "site.example", "https://", "https://site.example/", "https://a b", "ftp://a", "null"] {
            let refused = origins(text).expect_err(text);
            assert!(refused.ends_with(&format!("found `{text}`")), "{refused}");
        }
    }
}

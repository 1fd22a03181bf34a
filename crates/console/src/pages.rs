//! The pages, embedded in the program, with headers that keep them fast and keep others out.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chassis::http::ApiError;
use rust_embed::{Embed, EmbeddedFile};

use crate::encoding::Encoding;

/// Whether the pages were built before this program was.
pub(crate) const ARE_BUILT: bool = cfg!(ui_built);

const INDEX: &str = "index.html";
/// Names of files below it contain a hash of their content, so they never change.
const UNCHANGING: &str = "assets/";
/// Everything comes from this server; nothing may frame the pages.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                      img-src 'self' blob: data:; media-src 'self'; connect-src 'self'; manifest-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const SECURITY: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

#[derive(Embed)]
#[cfg_attr(ui_built, folder = "ui/dist")]
#[cfg_attr(not(ui_built), folder = "ui/unbuilt")]
struct Files;

/// Answers every path that is no route: a file, or for a person who typed an address the first page.
pub(crate) async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let refused = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "there are only pages here");
        return refused.with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD")).into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let wanted = if path.is_empty() { INDEX } else { path };
    let name = if is_file(wanted) {
        wanted
    } else if is_typed_address(wanted, &headers) {
        INDEX
    } else {
        return ApiError::not_found("there is no such page").into_response();
    };
    let accept = text(&headers, header::ACCEPT_ENCODING);
    for encoding in Encoding::ALL {
        if !encoding.is_taken(accept) {
            continue;
        }
        if let Some(file) = Files::get(&format!("{name}{}", encoding.suffix())) {
            return answer(name, encoding, file, &headers);
        }
    }
    ApiError::not_found("there is no such page").into_response()
}

fn is_file(path: &str) -> bool {
    !path.starts_with('.') && Files::get(path).is_some()
}

/// Returns whether a person asks: the browser wants a page, and the path does not look like a file's.
fn is_typed_address(path: &str, headers: &HeaderMap) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    !last.contains('.') && text(headers, header::ACCEPT).contains("text/html")
}

fn answer(name: &str, encoding: Encoding, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag = tag(&file, encoding);
    let kept = if name.starts_with(UNCHANGING) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    for (name, value) in SECURITY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if is_known(text(asked, header::IF_NONE_MATCH), &tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(name)));
    if let Some(encoding) = encoding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    (headers, file.data).into_response()
}

/// Returns the tag of one form of a file: forms are different bytes, so they have different tags.
fn tag(file: &EmbeddedFile, encoding: Encoding) -> String {
    let hash = hex::encode(&file.metadata.sha256_hash()[..12]);
    format!("\"{hash}{}\"", encoding.suffix())
}

fn is_known(if_none_match: &str, tag: &str) -> bool {
    if_none_match.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// Returns the media type of what the pages are made of.
fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;

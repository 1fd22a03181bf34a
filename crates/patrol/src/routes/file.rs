//! Answering with a file: its type, its tag, and the part of it that was asked for.

use std::io::SeekFrom;
use std::path::Path;
use std::time::UNIX_EPOCH;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::http::ApiError;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// What part of a file was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    /// The first and the last byte.
    Bytes(u64, u64),
    /// None of it exists.
    Nowhere,
}

/// Answers with a file of a type. `download` is the name it is offered under, if it is to be kept rather than shown.
pub(super) async fn answer(
    path: &Path,
    kind: &'static str,
    download: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let mut file = File::open(path).await.map_err(|_| ApiError::not_found("there is no such file any more"))?;
    let facts = file.metadata().await.map_err(ApiError::internal)?;
    let size = facts.len();
    let written = facts.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let tag = format!("\"{:x}-{size:x}\"", written.as_micros());
    let asked = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_known = asked(header::IF_NONE_MATCH).is_some_and(|known| known == tag);
    // A part of another state of the file is of no use to whoever has the rest.
    let is_same = asked(header::IF_RANGE).is_none_or(|known| known == tag);
    let part = asked(header::RANGE).filter(|_| is_same).map_or(Part::All, |range| part_of(range, size));
    let (status, start, length) = match part {
        _ if is_known => (StatusCode::NOT_MODIFIED, 0, 0),
        Part::All => (StatusCode::OK, 0, size),
        Part::Bytes(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::Nowhere => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    file.seek(SeekFrom::Start(start)).await.map_err(ApiError::internal)?;
    let body = if length == 0 { Body::empty() } else { Body::from_stream(ReaderStream::new(file.take(length))) };
    let mut answer = (status, body).into_response();
    let mut set = |name, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            answer.headers_mut().insert(name, value);
        }
    };
    set(header::ETAG, tag);
    set(header::CACHE_CONTROL, "private, no-cache".to_owned());
    set(header::ACCEPT_RANGES, "bytes".to_owned());
    match part {
        Part::Nowhere => set(header::CONTENT_RANGE, format!("bytes */{size}")),
        Part::Bytes(first, last) if !is_known => set(header::CONTENT_RANGE, format!("bytes {first}-{last}/{size}")),
        _ => {}
    }
    if status.is_success() {
        set(header::CONTENT_TYPE, kind.to_owned());
        set(header::CONTENT_LENGTH, length.to_string());
        if let Some(name) = download {
            set(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
        }
    }
    Ok(answer)
}

/// Answers with bytes that are offered as a file.
pub(super) fn attachment(kind: &'static str, name: &str, content: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    (headers, content).into_response()
}

/// Reads a `Range` of one part. What is not understood, and several parts, is answered with all of it, as one may.
fn part_of(range: &str, size: u64) -> Part {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::All;
    };
    let (first, last) = (first.trim(), last.trim());
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if last < first => Part::All,
        (Ok(first), Ok(last)) if first < size => Part::Bytes(first, last.min(size - 1)),
        (Ok(first), Err(_)) if last.is_empty() && first < size => Part::Bytes(first, size - 1),
        (Err(_), Ok(length)) if first.is_empty() && length > 0 && size > 0 => {
            Part::Bytes(size.saturating_sub(length), size - 1)
        }
        (Ok(_), Ok(_)) => Part::Nowhere,
        (Ok(_), Err(_)) if last.is_empty() => Part::Nowhere,
        (Err(_), Ok(_)) if first.is_empty() => Part::Nowhere,
        _ => Part::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_the_part_it_names() {
        for (range, expected) in [
            ("bytes=0-9", Part::Bytes(0, 9)),
            ("bytes=90-", Part::Bytes(90, 99)),
            ("bytes=90-999", Part::Bytes(90, 99)),
            ("bytes=-10", Part::Bytes(90, 99)),
            ("bytes=-999", Part::Bytes(0, 99)),
            ("bytes=100-", Part::Nowhere),
            ("bytes=100-200", Part::Nowhere),
            ("bytes=-0", Part::Nowhere),
            ("bytes=9-0", Part::All),
            ("bytes=0-1,5-6", Part::All),
            ("items=0-9", Part::All),
            ("bytes=a-b", Part::All),
        ] {
            assert_eq!(part_of(range, 100), expected, "{range}");
        }
        assert_eq!(part_of("bytes=0-", 0), Part::Nowhere);
    }
}

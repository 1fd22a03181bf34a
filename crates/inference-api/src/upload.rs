//! Reading uploads: multipart forms and JSON bodies, with a limit on bytes and on time.
//!
//! An upload that is refused is still read to its end (and thrown away) within bounds: a client that is cut off while it sends
//! would see a broken connection instead of the answer.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::StatusCode;
use futures::StreamExt as _;
use tokio::time::timeout;

use crate::budget::Growing;
use crate::fault::Fault;

/// How long an upload may take, however large it is.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// How much of a refused upload is read, so that its sender sees the answer.
pub(crate) const DRAINED_BYTES: usize = 128 << 20;
/// How long a refused upload is read.
const DRAIN_TIME_LIMIT: Duration = Duration::from_secs(5);
/// A form field longer than this is no number.
const MAX_TEXT_BYTES: usize = 256;
/// A form has a handful of parts; more is an attack on our patience.
const MAX_PARTS: usize = 32;

/// Which parts of a form a route reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    /// The part that holds the image.
    pub(crate) file: &'static str,
    /// Whether another part will do, if it is a file.
    pub(crate) any_file: bool,
    /// The field that holds a confidence.
    pub(crate) confidence: &'static str,
}

/// What a form held.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) image: Option<Image>,
    pub(crate) confidence: Option<String>,
}

/// An uploaded image, not yet looked at.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) bytes: Bytes,
    /// The content type that its sender gave it.
    pub(crate) declared: Option<String>,
}

/// A request whose body is still to be read.
pub(crate) struct Intake {
    pub(crate) request: Request,
    /// The most bytes that are read.
    pub(crate) limit: usize,
    /// The memory that was taken for it so far.
    pub(crate) held: Growing,
}

/// How many bytes this upload may need: what it announces, or the limit if it announces nothing.
fn announced_bytes(request: &Request, limit: usize) -> usize {
    let announced = request.body().size_hint().exact();
    announced.map_or(limit, |bytes| usize::try_from(bytes).unwrap_or(limit).min(limit))
}

/// Reads a form, and returns the memory that it takes. A body that is no form at all counts as one without parts.
pub(crate) async fn read_form(intake: Intake, names: Names) -> Result<(Form, Growing), Fault> {
    let Intake { request, limit, mut held } = intake;
    let capacity = announced_bytes(&request, limit);
    let is_form = request
        .headers()
        .get(axum::http::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/form-data"));
    if !is_form {
        drain(request.into_body()).await;
        return Ok((Form::default(), held));
    }
    let multipart = Multipart::from_request(request, &()).await;
    let multipart = multipart.map_err(|rejection| Fault::Malformed(rejection.body_text()))?;
    let room = Room { limit, capacity, held: &mut held };
    let form = timeout(TIME_LIMIT, read_parts(multipart, names, room)).await.map_err(|_| Fault::Slow)??;
    Ok((form, held))
}

/// How much may come in.
struct Room<'a> {
    limit: usize,
    /// How much was announced.
    capacity: usize,
    held: &'a mut Growing,
}

async fn read_parts(mut multipart: Multipart, names: Names, mut room: Room<'_>) -> Result<Form, Fault> {
    let limit = room.limit;
    let mut form = Form::default();
    let mut is_named = false;
    let mut parts = 0;
    while let Some(field) = multipart.next_field().await.map_err(|error| broken(&error, limit))? {
        parts += 1;
        if parts > MAX_PARTS {
            return Err(Fault::Malformed(format!("the form has more than {MAX_PARTS} parts")));
        }
        let name = field.name().unwrap_or_default();
        let is_the_one = name == names.file && !is_named;
        let will_do = names.any_file && form.image.is_none() && field.file_name().is_some();
        if name == names.confidence {
            form.confidence = Some(read_text(field, limit).await?);
        } else if is_the_one || will_do {
            is_named |= is_the_one;
            let declared = field.content_type().map(str::to_ascii_lowercase);
            // A form that announces its length is read into one allocation.
            let bytes = read_part(field, &mut room).await?;
            form.image = Some(Image { bytes, declared });
        } else {
            skip(field, limit).await?;
        }
    }
    Ok(form)
}

async fn read_part(mut field: Field<'_>, room: &mut Room<'_>) -> Result<Bytes, Fault> {
    let limit = room.limit;
    // Memory that nothing was written to yet is only promised: it is the written part that is taken from the budget.
    let mut bytes = Vec::with_capacity(room.capacity);
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error, limit))? {
        if bytes.len() + chunk.len() > limit {
            drop(bytes);
            // Whatever else goes wrong while it is thrown away, the upload was too large.
            let _ = timeout(DRAIN_TIME_LIMIT, skip(field, limit)).await;
            return Err(Fault::TooManyBytes { limit });
        }
        if !room.held.grow(chunk.len()) {
            drop(bytes);
            let _ = timeout(DRAIN_TIME_LIMIT, skip(field, limit)).await;
            return Err(Fault::Busy);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Bytes::from(bytes))
}

async fn read_text(mut field: Field<'_>, limit: usize) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error, limit))? {
        let room = MAX_TEXT_BYTES.saturating_sub(bytes.len());
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn skip(mut field: Field<'_>, limit: usize) -> Result<(), Fault> {
    while field.chunk().await.map_err(|error| broken(&error, limit))?.is_some() {}
    Ok(())
}

fn broken(error: &MultipartError, limit: usize) -> Fault {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Fault::TooManyBytes { limit };
    }
    Fault::Malformed(error.body_text())
}

/// Reads a whole body, and returns the memory that it takes.
pub(crate) async fn read_body(intake: Intake) -> Result<(Bytes, Growing), Fault> {
    let Intake { request, limit, mut held } = intake;
    let mut bytes = Vec::with_capacity(announced_bytes(&request, limit));
    let mut body = request.into_body().into_data_stream();
    let read = async {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| Fault::Malformed(error.to_string()))?;
            if bytes.len() + chunk.len() > limit {
                return Err(Fault::TooManyBytes { limit });
            }
            if !held.grow(chunk.len()) {
                return Err(Fault::Busy);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(())
    };
    match timeout(TIME_LIMIT, read).await {
        Ok(Ok(())) => Ok((Bytes::from(bytes), held)),
        Ok(Err(fault)) => {
            drop(bytes);
            drain(Body::from_stream(body)).await;
            Err(fault)
        }
        Err(_) => Err(Fault::Slow),
    }
}

/// Reads a body and throws it away, up to the bounds above.
pub(crate) async fn drain(body: Body) {
    let mut left = DRAINED_BYTES;
    let mut body = body.into_data_stream();
    let throw_away = async {
        while let Some(Ok(chunk)) = body.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    };
    // Past the limit the connection is closed with the answer unread: its sender was too slow for that.
    let _ = timeout(DRAIN_TIME_LIMIT, throw_away).await;
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;

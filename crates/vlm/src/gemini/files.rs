//! Films on their way to Gemini: sent in pieces, so that a lost connection costs one piece and not the film; waited for;
//! taken back.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom};
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::Gemini;
use crate::AskError;
use crate::wire::{Failure, Reply, below, json_body};

/// What is sent at once; the service wants a multiple of 256 KiB.
const PIECE: u64 = 8 << 20;
/// How often in a row the way of a piece may fail.
const FAILURES: u32 = 3;
/// How long to wait before asking how far a piece came.
const PAUSE: Duration = Duration::from_millis(500);
/// How long taking a film back may take.
const DELETE: Duration = Duration::from_secs(10);
const MIME: &str = "video/mp4";

const STATUS: &str = "x-goog-upload-status";
const RECEIVED: &str = "x-goog-upload-size-received";

/// A film as Gemini's file service knows it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Uploaded {
    name: String,
    uri: String,
    #[serde(rename = "mimeType", default = "mime")]
    mime: String,
    #[serde(default)]
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
enum State {
    #[serde(rename = "PROCESSING")]
    Processing,
    #[serde(rename = "FAILED")]
    Failed,
    #[serde(rename = "ACTIVE")]
    #[default]
    Active,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Envelope {
    file: Uploaded,
}

fn mime() -> String {
    MIME.to_owned()
}

impl Uploaded {
    /// Returns the part of a question that names the film.
    pub(super) fn part(&self) -> Value {
        json!({ "fileData": { "fileUri": self.uri, "mimeType": self.mime } })
    }
}

impl Gemini {
    /// Sends a film.
    pub(super) async fn upload(&self, path: &Path) -> Result<Uploaded, AskError> {
        let cannot_read =
            |error: std::io::Error| AskError::Refused { reason: format!("cannot read the film: {error}") };
        let mut film = File::open(path).await.map_err(cannot_read)?;
        let size = film.metadata().await.map_err(cannot_read)?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let to = self.begin_upload(&name, size).await?;
        let (mut offset, mut failures) = (0, 0);
        loop {
            let piece = read_piece(&mut film, offset, size).await.map_err(cannot_read)?;
            let end = offset + piece.len() as u64;
            match self.send_piece(&to, offset, piece, end == size).await {
                Ok(reply) if end == size => return Ok(reply.json::<Envelope>()?.file),
                Ok(_) => (offset, failures) = (end, 0),
                Err(failure) => match self.resume(&to, failure.error, &mut failures).await? {
                    // All of it is there, only the answer was lost.
                    Progress::Complete(file) => return Ok(*file),
                    Progress::Until(received) => offset = received.min(size),
                },
            }
        }
    }

    /// Finds out how far a film came after something failed, unless that happens too often in a row.
    async fn resume(&self, to: &Url, mut error: AskError, failures: &mut u32) -> Result<Progress, AskError> {
        loop {
            *failures += 1;
            if *failures >= FAILURES || !error.may_pass() {
                return Err(error);
            }
            sleep(PAUSE).await;
            match self.received(to).await {
                Ok(progress) => return Ok(progress),
                Err(again) => error = again,
            }
        }
    }

    /// Announces a film and returns where to send it.
    async fn begin_upload(&self, name: &str, size: u64) -> Result<Url, AskError> {
        let url = below(&self.base, ["upload", "v1beta", "files"]);
        let mut request = self
            .request(Method::POST, url)
            .header("X-Goog-Upload-Protocol", "resumable")
            .header("X-Goog-Upload-Command", "start")
            .header("X-Goog-Upload-Header-Content-Length", size)
            .header("X-Goog-Upload-Header-Content-Type", MIME);
        // Our own names are plain; a header can hold no others.
        if name.is_ascii() {
            request = request.header("X-Goog-Upload-File-Name", name);
        }
        let request = json_body(request, &json!({ "file": { "mime_type": MIME, "size_bytes": size } }))?;
        let reply = self.wire.send(request).await?;
        let to = reply.headers.get("x-goog-upload-url").and_then(|url| Url::parse(url.to_str().ok()?).ok());
        to.ok_or_else(|| AskError::TryLater {
            reason: "the server names no place for the film".to_owned(),
            after: None,
        })
    }

    /// The place itself is the permission to write to it: the key does not go there.
    async fn send_piece(&self, to: &Url, offset: u64, piece: Bytes, is_last: bool) -> Result<Reply, Failure> {
        let command = if is_last { "upload, finalize" } else { "upload" };
        let request = self
            .wire
            .client()
            .post(to.clone())
            .header("X-Goog-Upload-Command", command)
            .header("X-Goog-Upload-Offset", offset)
            .body(piece);
        self.wire.send(request).await
    }

    /// Asks how much of a film has arrived.
    async fn received(&self, to: &Url) -> Result<Progress, AskError> {
        let request = self.wire.client().post(to.clone()).header("X-Goog-Upload-Command", "query");
        let reply = self.wire.send(request).await?;
        let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
        if header(STATUS) == Some("final") {
            return Ok(Progress::Complete(Box::new(reply.json::<Envelope>()?.file)));
        }
        let received = header(RECEIVED).and_then(|received| received.parse().ok());
        let lost =
            || AskError::TryLater { reason: "the server does not know the film any more".to_owned(), after: None };
        received.map(Progress::Until).ok_or_else(lost)
    }

    /// Waits until a film can be asked about.
    pub(super) async fn ready(&self, mut file: Uploaded) -> Result<Uploaded, AskError> {
        loop {
            match file.state {
                State::Active | State::Other => return Ok(file),
                State::Failed => {
                    return Err(AskError::Refused { reason: "the film cannot be processed".to_owned() });
                }
                State::Processing => sleep(self.poll).await,
            }
            let url = below(&self.base, ["v1beta"].into_iter().chain(file.name.split('/')));
            file = self.wire.send(self.request(Method::GET, url)).await?.json()?;
        }
    }

    /// Takes a film back. If that fails, the service forgets it by itself after two days.
    pub(super) async fn delete(&self, file: &Uploaded) {
        let url = below(&self.base, ["v1beta"].into_iter().chain(file.name.split('/')));
        match timeout(DELETE, self.wire.send(self.request(Method::DELETE, url))).await {
            Ok(Ok(_)) => {}
            Ok(Err(failure)) => warn!(film = file.name, "the film stays with the model's provider: {}", failure.error),
            Err(_) => warn!(film = file.name, "the film stays with the model's provider: no answer"),
        }
    }
}

/// How far a film came.
enum Progress {
    Until(u64),
    Complete(Box<Uploaded>),
}

async fn read_piece(film: &mut File, offset: u64, size: u64) -> std::io::Result<Bytes> {
    film.seek(SeekFrom::Start(offset)).await?;
    let length = PIECE.min(size - offset);
    let mut piece = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    film.take(length).read_to_end(&mut piece).await?;
    if piece.len() as u64 == length { Ok(piece.into()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}

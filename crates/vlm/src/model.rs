//! What is asked, and of whom.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{Answer, AskError, Schema};

/// A vision-language model that can be asked.
pub trait Model: Send + Sync + fmt::Debug {
    /// Returns the model's name, as the price table and the records know it.
    fn name(&self) -> &str;

    /// Asks, and waits for the answer no longer than the question allows. Nothing is asked twice.
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, AskError>>;

    /// Tells whether [`Model::ask_about_film`] can work at all.
    fn looks_at_films(&self) -> bool {
        false
    }

    /// Asks about a film in a file (MP4). The question's limit covers the way of the film to the model, too.
    fn ask_about_film<'a>(
        &'a self,
        _question: &'a Question,
        _film: &'a Path,
    ) -> BoxFuture<'a, Result<Answer, AskError>> {
        let reason = format!("{} does not look at films", self.name());
        Box::pin(async move { Err(AskError::Refused { reason }) })
    }
}

/// Bytes that begin as a JPEG picture does. They are sent as they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Jpeg(Bytes);

/// Bytes that are no JPEG picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the picture is no JPEG")]
pub struct NotJpeg;

impl Jpeg {
    /// Takes the bytes of a JPEG picture.
    ///
    /// # Errors
    /// If they do not begin as one.
    pub fn new(bytes: Bytes) -> Result<Self, NotJpeg> {
        if bytes.starts_with(&[0xff, 0xd8, 0xff]) { Ok(Self(bytes)) } else { Err(NotJpeg) }
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(&self.0)
    }

    pub(crate) fn data_uri(&self) -> String {
        format!("data:image/jpeg;base64,{}", self.base64())
    }
}

impl fmt::Debug for Jpeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jpeg({} bytes)", self.0.len())
    }
}

/// One question to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Who the model is to be.
    pub system: Option<String>,
    /// What is asked.
    pub prompt: String,
    /// What it is asked about, in this order.
    pub pictures: Vec<Jpeg>,
    /// The form of the answer; free text without it.
    pub schema: Option<Schema>,
    /// How long to wait for the answer.
    pub limit: Duration,
}

impl Question {
    /// Returns a question for free text, without pictures.
    pub fn text(prompt: impl Into<String>, limit: Duration) -> Self {
        Self { system: None, prompt: prompt.into(), pictures: Vec::new(), schema: None, limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_as_a_jpeg_is_taken_for_one() {
        assert!(Jpeg::new(Bytes::from_static(&[0xff, 0xd8, 0xff, 0xe0])).is_ok());
        assert_eq!(Jpeg::new(Bytes::from_static(b"\x89PNG\r\n")), Err(NotJpeg));
        assert_eq!(Jpeg::new(Bytes::new()), Err(NotJpeg));
    }

    #[test]
    fn a_picture_does_not_fill_the_log() {
        let jpeg = Jpeg::new(Bytes::from_static(&[0xff, 0xd8, 0xff])).expect("begins as one");
        assert_eq!(format!("{jpeg:?}"), "Jpeg(3 bytes)");
    }
}

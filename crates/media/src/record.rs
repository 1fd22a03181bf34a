//! Recordings: a camera's JPEG pictures, written as an H.264 film while they come. It has the pictures' own size and their
//! own pace, and plays in browsers.
//!
//! Unlike a [`film`](crate::film) it stands in its place from the beginning, in fragments of a second: when the process is
//! killed, all but the last second can be played.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use domain::geometry::Size;

use crate::gst::Recording;
use crate::image::ImageError;
use crate::jpeg;

/// Why a recording goes wrong.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The directory cannot be made.
    #[error("cannot write {path}", path = .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The encoder does not start or gave up.
    #[error("cannot record {path}: {reason}", path = .path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        reason: String,
    },
    /// A picture is none; the recording goes on without it.
    #[error("a picture cannot be recorded")]
    Picture(#[from] ImageError),
    /// A picture is of another size than those before; the recording goes on without it.
    #[error("a picture of {picture} does not fit a recording of {recording}")]
    Size {
        /// The picture's size.
        picture: Size,
        /// The recording's size.
        recording: Size,
    },
    /// A picture is not later than the one before; the recording goes on without it.
    #[error("a picture at {} s comes after one at {} s", .at.as_secs_f64(), .last.as_secs_f64())]
    Order {
        /// The picture's time.
        at: Duration,
        /// The time of the one before.
        last: Duration,
    },
}

impl RecordError {
    /// Returns whether only this picture is lost.
    #[must_use]
    pub fn is_about_one_picture(&self) -> bool {
        matches!(self, Self::Picture(_) | Self::Size { .. } | Self::Order { .. })
    }
}

/// What was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// How many pictures.
    pub pictures: u64,
    /// From the first to the last.
    pub length: Duration,
}

/// Records one film. Every call may wait for the encoder: not for an async task. There is no file before the first picture.
/// Dropping an unfinished recording leaves what was written.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    recording: Option<(Recording, Size)>,
    pictures: u64,
    last: Option<Duration>,
}

impl Recorder {
    /// Returns a recorder that will write this file.
    ///
    /// # Errors
    /// If its directory cannot be made.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, RecordError> {
        let path = path.into();
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory).map_err(|source| RecordError::Write { path: path.clone(), source })?;
        }
        Ok(Self { path, recording: None, pictures: 0, last: None })
    }

    /// Returns the file that is written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a JPEG picture at a time from the recording's beginning.
    ///
    /// # Errors
    /// If the picture does not fit, or the encoder fails: [`RecordError::is_about_one_picture`] tells.
    pub fn write(&mut self, jpeg: &Bytes, at: Duration) -> Result<(), RecordError> {
        let picture = jpeg::size(jpeg)?;
        if let Some(last) = self.last.filter(|last| *last >= at) {
            return Err(RecordError::Order { at, last });
        }
        let failed = |reason| RecordError::Encode { path: self.path.clone(), reason };
        let (recording, size) = match &mut self.recording {
            Some(begun) => begun,
            None => {
                let begun = Recording::start(&self.path, picture).map_err(failed)?;
                self.recording.insert((begun, picture))
            }
        };
        if *size != picture {
            return Err(RecordError::Size { picture, recording: *size });
        }
        recording.write(jpeg, at).map_err(|reason| RecordError::Encode { path: self.path.clone(), reason })?;
        self.last = Some(at);
        self.pictures += 1;
        Ok(())
    }

    /// Completes the recording; `None` if there was no picture, and so no file.
    ///
    /// # Errors
    /// If the encoder fails; what was written before stays.
    pub fn finish(self) -> Result<Option<Recorded>, RecordError> {
        let (Some((recording, _)), Some(length)) = (&self.recording, self.last) else {
            return Ok(None);
        };
        let finished = recording.finish();
        finished.map_err(|reason| RecordError::Encode { path: self.path.clone(), reason })?;
        Ok(Some(Recorded { pictures: self.pictures, length }))
    }
}

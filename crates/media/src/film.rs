//! Films: pictures with their times, written as an H.264 MP4 file that plays anywhere and starts before it is loaded.
//!
//! The file appears whole or not at all: it is written aside and renamed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::geometry::Size;
use domain::picture::Picture;

use crate::gst::FilmEncoder;

/// Why a film was not written.
#[derive(Debug, thiserror::Error)]
pub enum FilmError {
    /// The encoder does not start or gave up.
    #[error("cannot encode {path}: {reason}", path = .path.display())]
    Encode {
        /// The film.
        path: PathBuf,
        /// What the encoder said.
        reason: String,
    },
    /// A picture does not fit the film.
    #[error("a picture of {picture} does not fit a film of {film}")]
    Size {
        /// The picture's size.
        picture: Size,
        /// The film's size.
        film: Size,
    },
    /// A picture is not later than the one before.
    #[error("a picture at {} s comes after one at {} s", .pts.as_secs_f64(), .last.as_secs_f64())]
    Order {
        /// The picture's time.
        pts: Duration,
        /// The time of the one before.
        last: Duration,
    },
    /// The finished film cannot be put in its place.
    #[error("cannot write {path}", path = .path.display())]
    Write {
        /// The film.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

/// Writes one film. Every call may wait for the encoder: not for an async task. Dropping an unfinished film removes it.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    aside: PathBuf,
    size: Size,
    encoder: Option<FilmEncoder>,
    last: Option<Duration>,
}

impl Writer {
    /// Begins a film of pictures of one size (an odd last row or column is cut off); `fps` is a hint for players, the real times are those given to
    /// [`Self::write`].
    ///
    /// # Errors
    /// If the directory cannot be written to or the encoder does not start.
    pub fn create(path: impl Into<PathBuf>, size: Size, fps: f64) -> Result<Self, FilmError> {
        let path = path.into();
        let aside = aside(&path);
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory).map_err(|source| FilmError::Write { path: path.clone(), source })?;
        }
        let encoder =
            FilmEncoder::start(&aside, size, fps).map_err(|reason| FilmError::Encode { path: path.clone(), reason })?;
        Ok(Self { path, aside, size, encoder: Some(encoder), last: None })
    }

    /// Adds a picture at a time from the film's beginning.
    ///
    /// # Errors
    /// If the picture has another size than the film, is not later than the one before, or the encoder fails.
    pub fn write(&mut self, picture: &Picture, pts: Duration) -> Result<(), FilmError> {
        let encoder = self.encoder.as_ref().expect("only finish takes the encoder, and it takes the writer too");
        if picture.size() != self.size {
            return Err(FilmError::Size { picture: picture.size(), film: self.size });
        }
        if let Some(last) = self.last.filter(|last| *last >= pts) {
            return Err(FilmError::Order { pts, last });
        }
        self.last = Some(pts);
        encoder.write(picture, pts).map_err(|reason| self.failed(reason))
    }

    /// Completes the film and puts it in its place.
    ///
    /// # Errors
    /// If the encoder fails or the file cannot be renamed; there is then no film.
    pub fn finish(mut self) -> Result<(), FilmError> {
        let encoder = self.encoder.take().expect("a film is finished once");
        let finished = encoder.finish();
        drop(encoder);
        finished.map_err(|reason| self.failed(reason))?;
        std::fs::rename(&self.aside, &self.path).map_err(|source| FilmError::Write { path: self.path.clone(), source })
    }

    fn failed(&self, reason: String) -> FilmError {
        FilmError::Encode { path: self.path.clone(), reason }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.encoder = None;
        // After a success these are gone already.
        let _ = std::fs::remove_file(&self.aside);
        let _ = std::fs::remove_file(self.aside.with_extension("moov"));
    }
}

/// Returns where a film is written until it is whole: beside its place, so that renaming stays on one file system.
fn aside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

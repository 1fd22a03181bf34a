//! The active model: one small file that `POST /models/{name}/activate` and `ronda model use` write and every pool polls.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::detector::ModelRef;

/// What `DATA_DIR/models/active.json` says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ActiveModel {
    /// Which model every pool is to run.
    #[serde(flatten)]
    pub model: ModelRef,
    /// When it was chosen, RFC 3339 in UTC.
    pub activated_at: jiff::Timestamp,
}

/// Why the active model's file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ActiveModelError {
    /// The file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what was written.
    #[error("{} does not name an active model", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where it is wrong.
        source: serde_json::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ActiveModel {
    /// Returns the file's place below the data directory.
    #[must_use]
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("models").join("active.json")
    }

    /// Reads the file; `None` if no model was ever activated.
    ///
    /// # Errors
    /// [`ActiveModelError`] when there is a file that says nothing usable.
    pub fn read(path: &Path) -> Result<Option<Self>, ActiveModelError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ActiveModelError::Read { path: path.to_owned(), source }),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| ActiveModelError::Syntax { path: path.to_owned(), source })
    }

    /// Writes the file aside and renames it, so that a reader sees the old one or the new one.
    ///
    /// # Errors
    /// [`ActiveModelError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), ActiveModelError> {
        let write = || {
            let dir = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(dir)?;
            let mut aside = tempfile::NamedTempFile::new_in(dir)?;
            serde_json::to_writer_pretty(&mut aside, self)?;
            aside.write_all(b"\n")?;
            aside.as_file().sync_all()?;
            aside.persist(path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(|source| ActiveModelError::Write { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen() -> ActiveModel {
        let model = ModelRef { name: "shapes".to_owned(), version: "1.0.0".to_owned(), sha256: "ab".repeat(32) };
        ActiveModel { model, activated_at: "2026-11-20T08:00:00Z".parse().expect("a time") }
    }

    #[test]
    fn what_was_written_is_read() {
        let dir = tempfile::tempdir().expect("the system has a directory to give");
        let path = ActiveModel::path(dir.path());
        assert_eq!(ActiveModel::read(&path).expect("nothing is there yet"), None);
        chosen().write(&path).expect("the directory is writable");
        assert_eq!(ActiveModel::read(&path).expect("the file is good"), Some(chosen()));
        let names: Vec<_> = fs::read_dir(dir.path().join("models")).expect("it exists").collect();
        assert_eq!(names.len(), 1, "nothing is left aside");
    }

    #[test]
    fn the_file_is_flat_json() {
        let json = serde_json::to_value(chosen()).expect("it can be written");
        let expected = serde_json::json!({
            "name": "shapes", "version": "1.0.0", "sha256": "ab".repeat(32), "activated_at": "2026-11-20T08:00:00Z"
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn half_a_file_is_an_error_and_no_choice() {
        let dir = tempfile::tempdir().expect("the system has a directory to give");
        let path = dir.path().join("active.json");
        fs::write(&path, "{\"name\": \"sha").expect("the directory is writable");
        assert!(matches!(ActiveModel::read(&path), Err(ActiveModelError::Syntax { .. })));
    }
}

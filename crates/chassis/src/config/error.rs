//! What can be wrong with a setting, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why the configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that must be there is not.
    #[error("cannot read {}: no such file", .0.display())]
    NotFound(PathBuf),
    /// A file is there and cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A place in a file holds something that is not understood.
    #[error("{0}")]
    File(Problem),
    /// An environment variable holds something that is not understood.
    #[error("{name}: {expectation}")]
    Variable {
        /// The variable.
        name: String,
        /// What was expected, and what was found.
        expectation: String,
    },
}

impl ConfigError {
    /// Returns the error of an environment variable.
    pub fn variable(name: impl Into<String>, expectation: impl Into<String>) -> Self {
        Self::Variable { name: name.into(), expectation: expectation.into() }
    }

    /// Returns the error of a key in a file whose line is not known.
    pub fn key(file: impl Into<PathBuf>, key: impl Into<String>, expectation: impl Into<String>) -> Self {
        Self::File(Problem::new(file, None, key, expectation))
    }

    pub(crate) fn unreadable(path: &Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::NotFound {
            Self::NotFound(path.to_owned())
        } else {
            Self::Unreadable { path: path.to_owned(), source }
        }
    }
}

/// One thing that is wrong at one place of a file: `configs/cameras.yaml:7: cameras[1].fps_target: expected …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1, if it is known.
    pub line: Option<usize>,
    /// The path of the key, as `cameras[1].fps_target`; empty if the whole file is meant.
    pub key: String,
    /// What was expected, and what was found.
    pub expectation: String,
}

impl Problem {
    /// Returns a problem at a place.
    pub fn new(
        file: impl Into<PathBuf>,
        line: Option<usize>,
        key: impl Into<String>,
        expectation: impl Into<String>,
    ) -> Self {
        Self { file: file.into(), line, key: key.into(), expectation: expectation.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.expectation)
    }
}

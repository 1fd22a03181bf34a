//! What can be wrong with a setting, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use super::locate;

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
    /// Several things are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several(Vec<ConfigError>),
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

    /// Returns the error of a file that was read and then found wrong by a check of its own: each
    /// problem is a key (as `cameras[1].fps_target`, or the environment variable that replaced one,
    /// as `ALERTING_PROTOCOL`) and what was expected there. The lines are looked up.
    pub fn refused<K: Into<String>, E: Into<String>>(
        file: impl AsRef<Path>,
        problems: impl IntoIterator<Item = (K, E)>,
    ) -> Self {
        let file = file.as_ref();
        // Without the text there are no lines; the problems are told all the same.
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let is_variable =
            |key: &str| key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        let told = problems.into_iter().map(|(key, expectation)| {
            let (key, expectation) = (key.into(), expectation.into());
            if is_variable(&key) {
                Self::Variable { name: key, expectation }
            } else {
                Self::File(Problem::new(file, nearest_line(&text, &key), key, expectation))
            }
        });
        Self::Several(told.collect())
    }

    pub(crate) fn unreadable(path: &Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::NotFound {
            Self::NotFound(path.to_owned())
        } else {
            Self::Unreadable { path: path.to_owned(), source }
        }
    }
}

/// Returns the line of a key, or of the mapping it is missing from.
fn nearest_line(text: &str, key: &str) -> Option<usize> {
    locate(text, key).or_else(|| locate(text, key.rsplit_once('.')?.0))
}

/// One thing that is wrong at one place of a file: `configs/cameras.yaml:7: cameras[1].fps_target: expected …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1, if it is known.
    pub line: Option<usize>,
    /// The column in the line, counted from 1, if it is known. Only tools that mark places in files show it.
    pub column: Option<usize>,
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
        Self { file: file.into(), line, column: None, key: key.into(), expectation: expectation.into() }
    }

    /// Returns the problem at this column of its line.
    #[must_use]
    pub fn at_column(self, column: Option<usize>) -> Self {
        Self { column, ..self }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_of_a_later_check_are_told_with_their_lines() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("services.yaml");
        std::fs::write(&file, "alerting:\n  # to whom\n  protocol: mqtt\n").expect("is written");
        let problems = [
            ("alerting.protocol", "must be one of stdout, webhook"),
            ("alerting.webhook_url", "is missing"),
            ("ALERTING_WEBHOOK_URL", "must begin with http://"),
        ];
        let told = ConfigError::refused(&file, problems).to_string();
        let name = file.display();
        assert_eq!(
            told,
            format!(
                "{name}:3: alerting.protocol: must be one of stdout, webhook; \
                 {name}:3: alerting.webhook_url: is missing; \
                 ALERTING_WEBHOOK_URL: must begin with http://"
            )
        );
    }
}

//! What a blob is called.

use std::fmt;
use std::str::FromStr;

/// The name of a blob: parts of `[A-Za-z0-9_.-]` joined by `/`. It cannot lead out of the store,
/// cannot be hidden and cannot collide with what is being written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// Why a text is no name of a blob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no name of a blob: expected parts of letters, digits, `_`, `-` and `.` joined by `/`, none of which begins with `.`"
)]
pub struct KeyError(String);

/// The longest name.
const LONGEST: usize = 200;

impl Key {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let is_part = |part: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_plain)
        };
        if text.len() <= LONGEST && text.split('/').all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            // Names come from callers: an error shows no more of one than a log line can bear.
            Err(KeyError(text.chars().take(LONGEST).collect()))
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_out_of_the_store() {
        for text in [
            "",
            "/",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a/..",
            "a//b",
            "a/",
            ".hidden",
            "a/.tmp",
            "a\\b",
            "a b",
            "a\0",
            "ä",
            "a%2e",
            "~",
            &"x".repeat(201),
        ] {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn ordinary_names_are_names() {
        for text in ["a", "snapshots/2026-11-20/alert_1.jpg", "x..y", &"x".repeat(200)] {
            assert_eq!(text.parse::<Key>().map(|key| key.to_string()), Ok(text.to_owned()));
        }
    }
}

//! Names of things: short, checked, cheap to clone, and always safe as a file name, a URL segment and a metric label.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest id that is accepted, in characters.
pub const MAX_ID_LENGTH: usize = 64;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("an id must not be empty")]
    Empty,
    /// The text is longer than [`MAX_ID_LENGTH`].
    #[error("an id has at most {MAX_ID_LENGTH} characters, not {0}")]
    TooLong(usize),
    /// The text begins with a dot, which would make it a hidden file or a parent folder.
    #[error("an id must not begin with a dot")]
    LeadingDot,
    /// The text holds a character that ids cannot have.
    #[error("an id consists of letters, digits, '_', '.' and '-', not {0:?}")]
    Character(char),
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    let length = text.chars().count();
    if length > MAX_ID_LENGTH {
        return Err(IdError::TooLong(length));
    }
    if text.starts_with('.') {
        return Err(IdError::LeadingDot);
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    text.chars().find(|c| !is_allowed(*c)).map_or(Ok(()), |c| Err(IdError::Character(c)))
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }
    };
}

text_id! {
    /// Names one camera of the site, as written in `cameras.yaml`.
    CameraId
}

text_id! {
    /// Names one alert. It is computed from the alert's cause, so that the same cause always has the same id.
    AlertId
}

/// Numbers one track of one camera. Numbers are never used twice by the same tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrackId(pub u64);

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_letters_digits_and_three_marks() {
        for text in ["gate-1", "cam_nave3_hornos_b.cam3", "7", &"x".repeat(64)] {
            assert_eq!(text.parse::<CameraId>().map(|id| id.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_text_that_could_leave_its_folder_or_break_a_url_is_no_id() {
        assert_eq!("".parse::<CameraId>(), Err(IdError::Empty));
        assert_eq!("..".parse::<CameraId>(), Err(IdError::LeadingDot));
        assert_eq!("a/b".parse::<CameraId>(), Err(IdError::Character('/')));
        assert_eq!("gate 1".parse::<CameraId>(), Err(IdError::Character(' ')));
        assert_eq!("puerta-ñ".parse::<CameraId>(), Err(IdError::Character('ñ')));
        assert_eq!("x".repeat(65).parse::<CameraId>(), Err(IdError::TooLong(65)));
    }

    #[test]
    fn an_id_is_plain_text_in_json_and_is_checked_when_read() {
        let id: CameraId = serde_json::from_str("\"gate-1\"").expect("a good id");
        assert_eq!(serde_json::to_string(&id).expect("ids can be written"), "\"gate-1\"");
        assert!(serde_json::from_str::<CameraId>("\"../etc\"").is_err());
        assert_eq!(serde_json::to_string(&TrackId(7)).expect("ids can be written"), "7");
    }
}

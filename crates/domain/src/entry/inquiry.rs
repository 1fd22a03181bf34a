//! What may stand in a configuration file, told by the code that reads it: the reference is made of the answers, so it
//! cannot differ from what is really read.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// One key of a configuration file, as the code that reads it describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Its path in the file, as `cameras[].motion.min_area`.
    pub path: String,
    /// The environment variable that replaces its value, if there is one.
    pub variable: Option<String>,
    /// What it must be; completes the sentence "must be ...".
    pub expected: String,
    /// What it is if it is absent; nothing if it is then not set.
    pub default: Option<String>,
    /// Whether it must be there.
    pub is_required: bool,
}

/// A list of the keys that a reader asks for. Clones write into the same list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inquiry(Arc<Mutex<Vec<Key>>>);

impl Inquiry {
    /// Notes that a key was asked for. The first word on a key holds.
    pub(crate) fn note(&self, key: Key) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.iter().any(|known| known.path == key.path) {
            keys.push(key);
        }
    }

    /// Notes that a key must be there.
    pub(crate) fn require(&self, path: &str) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter_mut().filter(|key| key.path == path).for_each(|key| key.is_required = true);
    }

    /// Returns the keys in the order in which they were asked for, each path after `prefix`.
    pub(crate) fn keys(&self, prefix: &str) -> Vec<Key> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().map(|key| Key { path: format!("{prefix}{}", key.path), ..key.clone() }).collect()
    }
}

/// Two inquiries are the same only if they are one.
impl PartialEq for Inquiry {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

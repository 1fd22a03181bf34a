//! Entries of configuration files as they were written, and reading them key by key: every problem is named, and an
//! entry with a problem does not take the others with it.

mod inquiry;
mod reader;

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

pub use inquiry::Key;
pub(crate) use reader::{Reader, nested};

use inquiry::Inquiry;

/// Looks an environment variable up; an empty value counts as none.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// One mapping of a configuration file, its keys in the order in which they were written. Anything else that stands
/// in its place is kept as a fault, so that the file around it can still be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entry {
    keys: Vec<(String, Value)>,
    repeated: Vec<String>,
    fault: Option<&'static str>,
    /// Set if the entry is not one that was written, but asks its reader which keys there are.
    inquiry: Option<Inquiry>,
}

impl Entry {
    /// Returns the value of a key; nothing if it is absent or null.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.keys.iter().find(|(name, _)| name == key).map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// Returns the value of a key as text; a number counts as its digits, since `id: 7` needs no quotes.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Returns every key that `read` looks for in an entry, each path after `prefix`.
    pub(crate) fn inquire<R>(prefix: &str, read: impl FnOnce(Self) -> R) -> Vec<Key> {
        let inquiry = Inquiry::default();
        read(Self::asking(&inquiry));
        inquiry.keys(prefix)
    }

    /// Returns an entry that asks its reader.
    fn asking(inquiry: &Inquiry) -> Self {
        Self { inquiry: Some(inquiry.clone()), ..Self::default() }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.keys.len()))?;
        for (key, value) in &self.keys {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

/// Reads a list of entries; a key without a value is an empty list, as in the reference.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Entry>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

struct EntryVisitor;

impl EntryVisitor {
    fn fault<E>(found: &'static str) -> Result<Entry, E> {
        Ok(Entry { fault: Some(found), ..Entry::default() })
    }
}

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut entry = Entry::default();
        while let Some(key) = map.next_key::<Value>()? {
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            let value = map.next_value()?;
            if entry.keys.iter().any(|(name, _)| *name == key) {
                entry.repeated.push(key);
            } else {
                entry.keys.push((key, value));
            }
        }
        Ok(entry)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entry, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Self::fault("a list")
    }

    fn visit_str<E>(self, _: &str) -> Result<Entry, E> {
        Self::fault("a text")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Entry, E> {
        Self::fault("a truth value")
    }

    fn visit_i64<E>(self, _: i64) -> Result<Entry, E> {
        Self::fault("a number")
    }

    fn visit_u64<E>(self, _: u64) -> Result<Entry, E> {
        Self::fault("a number")
    }

    fn visit_f64<E>(self, _: f64) -> Result<Entry, E> {
        Self::fault("a number")
    }

    fn visit_unit<E>(self) -> Result<Entry, E> {
        Self::fault("nothing")
    }
}

/// One thing that is wrong in a mapping: which key, and what was expected there. It never quotes a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, as a path from the mapping: `forbidden_rois[1].points`; or the environment variable that overrode it.
    pub key: String,
    /// What is expected, and what was found.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, message } = self;
        if key.is_empty() { f.write_str(message) } else { write!(f, "{key}: {message}") }
    }
}

/// One thing that is wrong in one entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct EntryProblem {
    /// The entry's place in the list, counted from 0.
    pub index: usize,
    /// The camera or robot that the entry is about, if it says so.
    pub id: Option<String>,
    /// The key, as a path from the entry: `forbidden_rois[1].points`; or the environment variable that overrode it.
    pub key: String,
    /// What is expected, and what was found.
    pub message: String,
}

impl EntryProblem {
    pub(crate) fn new(index: usize, id: Option<String>, problem: Problem) -> Self {
        Self { index, id, key: problem.key, message: problem.message }
    }
}

impl fmt::Display for EntryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}", self.index + 1)?;
        if let Some(id) = &self.id {
            write!(f, " ({id})")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(yaml: &str) -> Vec<Entry> {
        serde_yaml::from_str(yaml).expect("valid YAML")
    }

    #[test]
    fn an_entry_is_written_as_it_was_read() {
        let yaml = "- zeta: 1\n  alpha: [1, 2]\n  name: x\n";
        let written = serde_yaml::to_string(&entries(yaml)).expect("entries can be written");
        assert_eq!(written, "- zeta: 1\n  alpha:\n  - 1\n  - 2\n  name: x\n");
    }

    #[test]
    fn what_is_no_mapping_does_not_hide_its_neighbours() {
        let faults: Vec<_> =
            entries("- 5\n- text\n- [1]\n- ~\n- true\n- 1.5\n- id: a\n").into_iter().map(|e| e.fault).collect();
        let expected = ["a number", "a text", "a list", "nothing", "a truth value", "a number"].map(Some);
        assert_eq!(faults, [&expected[..], &[None]].concat());
    }

    #[test]
    fn a_problem_names_entry_camera_and_key() {
        let problem = Problem { key: "fps_target".into(), message: "must be a number".into() };
        let shown = EntryProblem::new(2, Some("gate-1".into()), problem.clone()).to_string();
        assert_eq!(shown, "entry 3 (gate-1): fps_target: must be a number");
        assert_eq!(EntryProblem::new(0, None, problem).to_string(), "entry 1: fps_target: must be a number");
    }
}

//! YAML files: read into a type, with references to the environment expanded and every complaint
//! at its line and key.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use serde::Deserialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::expanding::Expanding;
use super::suggest::with_suggestion;
use super::{ConfigError, Env, Problem};

/// Reads a YAML file into `T`, with `${NAME}` and `${NAME:-default}` expanded in every string value.
pub fn read_yaml<T: DeserializeOwned>(path: impl AsRef<Path>, env: &Env) -> Result<T, ConfigError> {
    let path = path.as_ref();
    parse_yaml(&read(path)?, path, env)
}

/// Does what [`read_yaml`] does, on a text; `file` is the name that problems give.
pub fn parse_yaml<T: DeserializeOwned>(text: &str, file: impl AsRef<Path>, env: &Env) -> Result<T, ConfigError> {
    at(text, &[], env).map_err(|error| ConfigError::File(problem(file.as_ref(), &error)))
}

/// Reads a YAML file whose one key holds a list, each entry on its own: a bad entry does not hide
/// the good ones. An error is returned only if the file is no such list at all.
pub fn read_entries<T: DeserializeOwned>(
    path: impl AsRef<Path>,
    key: &str,
    env: &Env,
) -> Result<Vec<Result<T, Problem>>, ConfigError> {
    let path = path.as_ref();
    parse_entries(&read(path)?, path, key, env)
}

/// Does what [`read_entries`] does, on a text; `file` is the name that problems give.
pub fn parse_entries<T: DeserializeOwned>(
    text: &str,
    file: impl AsRef<Path>,
    key: &str,
    env: &Env,
) -> Result<Vec<Result<T, Problem>>, ConfigError> {
    let file = file.as_ref();
    let refuse = |error: &_| ConfigError::File(problem(file, error));
    let keys: BTreeMap<String, IgnoredAny> = at(text, &[], env).map_err(|error| refuse(&error))?;
    if let Some(other) = keys.keys().find(|other| *other != key) {
        let line = locate(text, other);
        let expectation = with_suggestion(&format!("unknown field `{other}`, expected `{key}`"));
        return Err(ConfigError::File(Problem::new(file, line, other, expectation)));
    }
    let list = [Step::Key(key)];
    let entries: Option<Vec<IgnoredAny>> = at(text, &list, env).map_err(|error| refuse(&error))?;
    let count = entries.map_or(0, |entries| entries.len());
    // One pass over the document per entry: serde cannot go on after an error, and these files are
    // small.
    let entry = |index| at(text, &[Step::Key(key), Step::Index(index)], env).map_err(|error| problem(file, &error));
    Ok((0..count).map(entry).collect())
}

/// Returns the line, counted from 1, of the value that a key path such as `cameras[1].fps_target`
/// names. For checks that are made after the file was read.
pub fn locate(text: &str, key: &str) -> Option<usize> {
    locate_place(text, key).map(|(line, _)| line)
}

/// Returns the line and the column, both counted from 1, of the value that a key path names.
pub fn locate_place(text: &str, key: &str) -> Option<(usize, usize)> {
    let steps = steps(key)?;
    let error = at::<Here>(text, &steps, &Env::default()).err()?;
    let location = error.to_string().contains(HERE).then(|| error.location())??;
    Some((location.line(), location.column()))
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, error))
}

/// Takes apart what `serde_yaml` says, `cameras[1].fps: invalid type … at line 3 column 5`.
fn problem(file: &Path, error: &serde_yaml::Error) -> Problem {
    let text = error.to_string();
    let (line, column) = (error.location().map(|place| place.line()), error.location().map(|place| place.column()));
    let text = match text.rfind(" at line ") {
        Some(end) if line.is_some() => &text[..end],
        _ => &text,
    };
    let (key, message) = match text.split_once(": ") {
        Some((key, message)) if is_key_path(key) => (key, message),
        _ => ("", text),
    };
    Problem::new(file, line, key, with_suggestion(message)).at_column(column)
}

/// Tells a key path from the first words of a complaint, which contain spaces or quotes.
fn is_key_path(text: &str) -> bool {
    !text.is_empty() && !text.contains([' ', '`', '"', '\''])
}

/// One step on the way to a value inside a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// Returns the steps of `a.b[2].c`, or `None` if it is no key path.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let mut pieces = part.split('[');
        steps.extend(pieces.next().filter(|key| !key.is_empty()).map(Step::Key));
        for index in pieces {
            steps.push(Step::Index(index.strip_suffix(']')?.parse().ok()?));
        }
    }
    Some(steps)
}

/// Reads the one value that `steps` lead to. All else in the document is only skipped.
fn at<T: DeserializeOwned>(text: &str, steps: &[Step<'_>], env: &Env) -> Result<T, serde_yaml::Error> {
    Follow { steps, env, target: PhantomData }.deserialize(serde_yaml::Deserializer::from_str(text))
}

struct Follow<'a, T> {
    steps: &'a [Step<'a>],
    env: &'a Env,
    target: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Follow<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<T, D::Error> {
        match self.steps.first() {
            None => T::deserialize(Expanding::new(inner, self.env)),
            Some(Step::Key(_)) => inner.deserialize_map(self),
            Some(Step::Index(_)) => inner.deserialize_seq(self),
        }
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Follow<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.steps.first() {
            Some(Step::Key(key)) => write!(f, "a mapping with the key `{key}`"),
            _ => f.write_str("a list"),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let [Step::Key(wanted), steps @ ..] = self.steps else {
            return Err(A::Error::custom("not a list"));
        };
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != *wanted {
                map.next_value::<IgnoredAny>()?;
            } else if found.is_none() {
                found = Some(map.next_value_seed(Self { steps, ..self })?);
            } else {
                return Err(A::Error::custom(format!("duplicate field `{key}`")));
            }
        }
        found.ok_or_else(|| A::Error::custom(format!("missing field `{wanted}`")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        let [Step::Index(wanted), steps @ ..] = self.steps else {
            return Err(A::Error::custom("not a mapping"));
        };
        for _ in 0..*wanted {
            seq.next_element::<IgnoredAny>()?;
        }
        let found = seq.next_element_seed(Self { steps, ..self })?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        found.ok_or_else(|| A::Error::custom(format!("the list has no entry {wanted}")))
    }
}

/// What [`Here`] says; a document does not contain it by accident.
const HERE: &str = "\u{1}here";

/// A type that refuses whatever it is read from, so that the error tells the place.
struct Here;

impl<'de> Deserialize<'de> for Here {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

/// Every method that is not given refuses its value.
impl Visitor<'_> for Here {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HERE)
    }
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;

//! Reads a mapping key by key and gathers what is wrong with it.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use super::{Entry, Key, Lookup, Problem};

/// Reads one mapping. Each method takes one key, returns its value if it is there and good, and notes a problem if it
/// is bad. Keys that nobody asked for are problems too, found by [`Reader::finish`].
pub(crate) struct Reader<'a> {
    entry: &'a Entry,
    prefix: String,
    env: Option<(Lookup<'a>, &'a str)>,
    known: Vec<&'static str>,
    refused: Vec<&'static str>,
    /// What the next key is if it is absent; only for those who ask which keys there are.
    default: Option<String>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Begins to read a mapping whose keys are shown after `prefix` (empty, or ending with a dot).
    pub(crate) fn new(entry: &'a Entry, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        let mut problems = Vec::new();
        if let Some(found) = entry.fault {
            let key = prefix.trim_end_matches('.').to_owned();
            problems.push(Problem { key, message: format!("must be a mapping of keys to values, not {found}") });
        }
        for key in &entry.repeated {
            problems.push(Problem { key: format!("{prefix}{key}"), message: "is given twice".into() });
        }
        Self { entry, prefix, env: None, known: Vec::new(), refused: Vec::new(), default: None, problems }
    }

    /// Lets the environment variable `<section>_<KEY>` replace the value of any single-valued key.
    pub(crate) fn overridden_by(mut self, env: Lookup<'a>, section: &'a str) -> Self {
        self.env = Some((env, section));
        self
    }

    /// Lets nothing replace the values that are read from here on.
    pub(crate) fn on_its_own(mut self) -> Self {
        self.env = None;
        self
    }

    /// Tells what the next key is if it is absent.
    pub(crate) fn defaulting(&mut self, default: impl Display) -> &mut Self {
        if self.entry.inquiry.is_some() {
            self.default = Some(default.to_string());
        }
        self
    }

    /// Returns an entry that asks for keys in this mapping's place, if this one asks.
    pub(crate) fn asking(&self) -> Option<Entry> {
        self.entry.inquiry.as_ref().map(Entry::asking)
    }

    /// Notes a problem with a key.
    pub(crate) fn problem(&mut self, key: &str, message: impl Into<String>) {
        self.problems.push(Problem { key: format!("{}{key}", self.prefix), message: message.into() });
    }

    /// Notes problems that were found deeper, whose keys are whole already.
    pub(crate) fn problems(&mut self, problems: Vec<Problem>) {
        self.problems.extend(problems);
    }

    /// Notes a key that must be there and is not, unless a worse problem is noted already.
    pub(crate) fn required<T>(&mut self, key: &'static str, what: &str, value: Option<T>) -> Option<T> {
        if let Some(inquiry) = &self.entry.inquiry {
            inquiry.require(&format!("{}{key}", self.prefix));
        } else if value.is_none() && self.entry.fault.is_none() && !self.refused.contains(&key) {
            self.problem(key, format!("is missing: {what}"));
        }
        value
    }

    /// Returns the value of a key as it was written.
    pub(crate) fn raw(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.entry.value(key)
    }

    /// Returns the value of a key if `parse` accepts it. `expected` completes the sentence "must be ...".
    pub(crate) fn parsed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        self.read(key, key, expected, |value| parse(value).ok_or_else(|| format!("must be {expected}, not {value}")))
    }

    /// Like [`Reader::parsed`] for a text that may be secret and is therefore not quoted; `parse` says what is wrong.
    pub(crate) fn hidden<T>(&mut self, key: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        self.read(key, key, "a text", |value| value.as_str().ok_or_else(|| "must be a text".to_owned()).and_then(parse))
    }

    /// Returns the text of a key.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        self.parsed(key, "a text", |value| match value {
            Value::String(text) => Some(text.clone()),
            // A name such as `7` or `1.5` needs no quotes.
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// Returns the truth value of a key.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.parsed(key, "true or false", |value| match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
            _ => None,
        })
    }

    /// Returns the number of a key, from the range.
    pub(crate) fn number(&mut self, key: &'static str, range: RangeInclusive<f64>) -> Option<f64> {
        self.number_named(key, key, range)
    }

    /// Returns the whole number of a key, from the range.
    pub(crate) fn whole(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.parsed(key, &expected, |value| as_whole(value).filter(|number| range.contains(number)))
    }

    /// Like [`Reader::number`], but overridden by `<section>_<env_key>`.
    pub(crate) fn number_named(&mut self, key: &'static str, env_key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let parse = |value: &Value| as_number(value).filter(|number| range.contains(number));
        self.read(key, env_key, &expected, |value| {
            parse(value).ok_or_else(|| format!("must be {expected}, not {value}"))
        })
    }

    /// Like [`Reader::whole`], as the type that is wanted; the range must lie within it.
    pub(crate) fn count<N: TryFrom<i64>>(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<N> {
        self.whole(key, range).and_then(|number| N::try_from(number).ok())
    }

    /// Returns the seconds of a key: from `least` to a day.
    pub(crate) fn seconds(&mut self, key: &'static str, least: f64) -> Option<Duration> {
        self.number(key, least..=86_400.0).map(Duration::from_secs_f64)
    }

    /// Returns the choice that a key names, or the usual one.
    pub(crate) fn choice_or<T: Copy + PartialEq>(&mut self, key: &'static str, choices: &[(&str, T)], default: T) -> T {
        if let Some((name, _)) = choices.iter().find(|(_, choice)| *choice == default) {
            self.defaulting(name);
        }
        self.choice(key, choices).unwrap_or(default)
    }

    /// Returns the choice that a key names.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.parsed(key, &format!("one of {}", names.join(", ")), |value| {
            let text = value.as_str()?;
            choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice)
        })
    }

    /// Returns the truth value of a key, or the usual one.
    pub(crate) fn flag_or(&mut self, key: &'static str, default: bool) -> bool {
        self.defaulting(default).flag(key).unwrap_or(default)
    }

    /// Returns the number of a key from the range, or the usual one.
    pub(crate) fn number_or(&mut self, key: &'static str, range: RangeInclusive<f64>, default: f64) -> f64 {
        self.defaulting(default).number(key, range).unwrap_or(default)
    }

    /// Returns the whole number of a key from the range, or the usual one.
    pub(crate) fn count_or<N: TryFrom<i64> + Display + Copy>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
        default: N,
    ) -> N {
        self.defaulting(default).count(key, range).unwrap_or(default)
    }

    /// Returns the seconds of a key, from `least` to a day, or the usual ones.
    pub(crate) fn seconds_or(&mut self, key: &'static str, least: f64, default: Duration) -> Duration {
        self.defaulting(default.as_secs_f64()).seconds(key, least).unwrap_or(default)
    }

    /// Returns the texts of a list.
    pub(crate) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.parsed(key, "a list of texts", |value| {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        })
    }

    /// Returns the mapping of a key as an entry of its own.
    pub(crate) fn mapping(&mut self, key: &'static str) -> Option<Entry> {
        self.known.push(key);
        self.asking().or_else(|| self.entry.value(key).map(nested))
    }

    /// Returns all problems; if there are none, what was read is good.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        let unknown: Vec<&str> =
            self.entry.keys.iter().map(|(key, _)| key.as_str()).filter(|key| !self.known.contains(key)).collect();
        for key in unknown {
            let hint = nearest(key, &self.known).map(|name| format!(", did you mean {name}?")).unwrap_or_default();
            self.problem(key, format!("is no known key{hint}"));
        }
        self.problems
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        env_key: &str,
        expected: &str,
        parse: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(key);
        if let Some(inquiry) = &self.entry.inquiry {
            let (path, variable) = (format!("{}{key}", self.prefix), self.variable_of(env_key));
            let default = self.default.take();
            inquiry.note(Key { path, variable, expected: expected.to_owned(), default, is_required: false });
            return None;
        }
        let (value, source) = match self.override_of(env_key) {
            Some((name, text)) => (Cow::Owned(Value::String(text)), name),
            None => (Cow::Borrowed(self.entry.value(key)?), format!("{}{key}", self.prefix)),
        };
        match parse(&value) {
            Ok(value) => Some(value),
            Err(message) => {
                self.refused.push(key);
                self.problems.push(Problem { key: source, message });
                None
            }
        }
    }

    /// Returns the environment variable that replaces a key, and its text.
    fn override_of(&self, env_key: &str) -> Option<(String, String)> {
        let (env, _) = self.env?;
        let name = self.variable_of(env_key)?;
        let text = env(&name).filter(|text| !text.is_empty())?;
        Some((name, text))
    }

    /// Returns the name of the environment variable that may replace a key.
    fn variable_of(&self, env_key: &str) -> Option<String> {
        let (_, section) = self.env?;
        Some(format!("{section}_{}", env_key.to_ascii_uppercase()))
    }
}

/// Returns a mapping inside of a value as an entry.
pub(crate) fn nested(value: &Value) -> Entry {
    match value {
        Value::Object(map) => {
            Entry { keys: map.iter().map(|(key, value)| (key.clone(), value.clone())).collect(), ..Entry::default() }
        }
        Value::Array(_) => Entry { fault: Some("a list"), ..Entry::default() },
        Value::String(_) => Entry { fault: Some("a text"), ..Entry::default() },
        Value::Bool(_) => Entry { fault: Some("a truth value"), ..Entry::default() },
        Value::Number(_) => Entry { fault: Some("a number"), ..Entry::default() },
        Value::Null => Entry { fault: Some("nothing"), ..Entry::default() },
    }
}

/// Numbers may stand in quotes: what comes from the environment always does.
fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        _ => value.as_f64(),
    }
    .filter(|number: &f64| number.is_finite())
}

fn as_whole(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        _ => value.as_i64(),
    }
}

/// Returns the known key that differs in at most two characters.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let candidates = known.iter().map(|name| (distance(key, name), *name));
    candidates.filter(|(distance, name)| *distance <= 2 && *distance * 2 < name.len()).min().map(|(_, name)| name)
}

/// Returns how many characters must be changed, added, removed or swapped with their neighbour to turn one word into the
/// other (restricted Damerau-Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(from != to);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(yaml: &str) -> Entry {
        serde_yaml::from_str(yaml).expect("valid YAML")
    }

    fn shown(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_problem_of_an_entry_is_named() {
        let entry = entry("{fps: fast, enabled: 3, rate: 50, name: gate, transprot: tcp, list: [1]}");
        let mut reader = Reader::new(&entry, "cameras[0].");
        assert_eq!(reader.number("fps", 0.0..=1.0), None);
        assert_eq!(reader.flag("enabled"), None);
        assert_eq!(reader.number("rate", 0.1..=30.0), None);
        assert_eq!(reader.text("name").as_deref(), Some("gate"));
        assert_eq!(reader.text("transport"), None);
        assert_eq!(reader.texts("list"), None);
        let expected = [
            "cameras[0].fps: must be a number from 0 to 1, not \"fast\"",
            "cameras[0].enabled: must be true or false, not 3",
            "cameras[0].rate: must be a number from 0.1 to 30, not 50",
            "cameras[0].list: must be a list of texts, not [1]",
            "cameras[0].transprot: is no known key, did you mean transport?",
        ];
        assert_eq!(shown(&reader.finish()), expected);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_slip() {
        assert_eq!([distance("nmae", "name"), distance("fps_traget", "fps_target"), distance("", "ip")], [1, 1, 2]);
        assert_eq!((nearest("prot", &["ip", "port"]), nearest("adress", &["ip", "port"])), (Some("port"), None));
    }

    #[test]
    fn a_variable_wins_and_is_checked_under_its_own_name() {
        let env = |name: &str| match name {
            "INFERENCE_GOOD" => Some("0.5".to_owned()),
            "INFERENCE_BAD" => Some("7".to_owned()),
            "INFERENCE_EMPTY" => Some(String::new()),
            _ => None,
        };
        let entry = entry("{good: 0.1, bad: 0.2, empty: 0.3, unset: 0.4}");
        let mut reader = Reader::new(&entry, "inference.").overridden_by(&env, "INFERENCE");
        let values = ["good", "bad", "empty", "unset"].map(|key| reader.number(key, 0.0..=1.0));
        assert_eq!(values, [Some(0.5), None, Some(0.3), Some(0.4)]);
        assert_eq!(shown(&reader.finish()), ["INFERENCE_BAD: must be a number from 0 to 1, not \"7\""]);
    }

    #[test]
    fn a_hidden_text_is_not_quoted() {
        let entry = entry("{url: 'ftp://user:geheim@host'}");
        let mut reader = Reader::new(&entry, "");
        let refused: Option<()> = reader.hidden("url", |_| Err("must begin with rtsp://".into()));
        assert_eq!((refused, shown(&reader.finish())), (None, vec!["url: must begin with rtsp://".to_owned()]));
    }

    #[test]
    fn null_is_absent_and_a_repeated_key_is_a_problem() {
        let doubled: Entry = serde_json::from_str(r#"{"a": null, "b": 1, "b": 2}"#).expect("valid JSON");
        let mut reader = Reader::new(&doubled, "");
        assert_eq!((reader.number("a", 0.0..=9.0), reader.number("b", 0.0..=9.0)), (None, Some(1.0)));
        assert_eq!(shown(&reader.finish()), ["b: is given twice"]);
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        let entry = entry("{a: .inf, b: 'nan'}");
        let mut reader = Reader::new(&entry, "");
        assert_eq!([reader.number("a", 0.0..=9.0), reader.number("b", 0.0..=9.0)], [None, None]);
        // YAML's infinity has no JSON form and is therefore read as null, which counts as absent.
        assert_eq!(shown(&reader.finish()), ["b: must be a number from 0 to 9, not \"nan\""]);
    }
}

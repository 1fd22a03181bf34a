//! Which value of a setting counts, and what people see of it.

use std::collections::BTreeMap;

use anyhow::Context;
use domain::patrol::BatteryPolicy;
use domain::secret::redact;
use serde_json::{Map, Value};

use super::fields::{self, Field, Kind};
use super::typed::Settings;
use super::vault::Vault;
use crate::history::History;

/// The rows of the settings, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stored {
    pub(super) site: BTreeMap<String, String>,
    pub(super) own: BTreeMap<String, String>,
}

impl Stored {
    /// Reads them.
    pub(super) async fn read(history: &History) -> anyhow::Result<Self> {
        let site = history.site_settings().await.context("reading the settings of the site")?;
        let own = history.own_settings().await.context("reading the settings of the robot")?;
        Ok(Self { site: site.into_iter().collect(), own: own.into_iter().collect() })
    }

    /// The same without what the robot has different.
    pub(super) fn of_site(&self) -> Self {
        Self { site: self.site.clone(), own: BTreeMap::new() }
    }
}

/// Every setting with the value that counts.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    values: BTreeMap<&'static str, Value>,
    /// What the robot has different.
    own: Vec<&'static str>,
    problems: Vec<(&'static str, String)>,
}

impl Resolved {
    /// Finds the value of every setting.
    pub(super) fn of(stored: &Stored, environment: &BTreeMap<&'static str, Value>, vault: &Vault, robot: &str) -> Self {
        let mut resolved = Self { values: BTreeMap::new(), own: Vec::new(), problems: Vec::new() };
        for field in fields::all() {
            let value = resolved.find(field, stored, environment, vault, robot);
            resolved.values.insert(field.key, value.unwrap_or_else(|| field.default.clone()));
        }
        if let Err(problem) = battery(&resolved.values) {
            for key in BATTERY {
                resolved.reset(key, &problem);
            }
        }
        if let Err(problem) = one_source(&resolved.values) {
            resolved.reset("enable_external_rtsp", &problem);
        }
        resolved
    }

    /// Returns the strongest value that can be used.
    fn find(
        &mut self,
        field: &'static Field,
        stored: &Stored,
        environment: &BTreeMap<&'static str, Value>,
        vault: &Vault,
        robot: &str,
    ) -> Option<Value> {
        if let Some(value) = environment.get(field.key).and_then(|value| self.usable(field, value)) {
            return Some(value);
        }
        let own = stored.own.get(field.key).filter(|_| field.per_robot);
        let own = own.and_then(|text| self.read(field, text, vault, &sealed_name(Some(robot), field)));
        if own.is_some() {
            self.own.push(field.key);
            return own;
        }
        let names = std::iter::once(field.key).chain(field.alias);
        let rows: Vec<&String> = names.filter_map(|name| stored.site.get(name)).collect();
        rows.into_iter().find_map(|text| self.read(field, text, vault, &sealed_name(None, field)))
    }

    /// Reads a stored value; if it cannot be used, that is a problem and there is none.
    fn read(&mut self, field: &'static Field, text: &str, vault: &Vault, name: &str) -> Option<Value> {
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            self.problems.push((field.key, "the stored value is not JSON".to_owned()));
            return None;
        };
        let value = match &value {
            Value::String(kept) if field.kind.is_sealed() => match vault.open_sealed(name, kept) {
                Ok(secret) => Value::String(secret),
                Err(unreadable) => {
                    self.problems.push((field.key, unreadable.to_string()));
                    return None;
                }
            },
            _ => value,
        };
        self.usable(field, &value)
    }

    fn usable(&mut self, field: &'static Field, value: &Value) -> Option<Value> {
        match field.kind.check(&field.kind.coerced(value)) {
            Ok(value) => Some(value),
            Err(expectation) => {
                self.problems.push((field.key, expectation));
                None
            }
        }
    }

    fn reset(&mut self, key: &'static str, problem: &str) {
        if let Some(field) = fields::named(key) {
            self.values.insert(key, field.default.clone());
            self.problems.push((key, problem.to_owned()));
        }
    }

    /// Returns the settings as the program uses them.
    pub(super) fn settings(&self) -> serde_json::Result<Settings> {
        let values: Map<String, Value> =
            self.values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        serde_json::from_value(Value::Object(values))
    }

    /// Returns every value, secrets too.
    pub(super) fn values(&self) -> &BTreeMap<&'static str, Value> {
        &self.values
    }

    /// Returns stored values that cannot be used, and why.
    pub(super) fn problems(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.problems.iter().map(|(key, problem)| (*key, problem.as_str()))
    }

    /// Returns a value as people may see it.
    pub(super) fn shown_value(&self, field: &Field) -> Value {
        shown(field.kind, self.values.get(field.key).unwrap_or(&field.default))
    }

    /// Returns every value as people may see it.
    pub(super) fn shown(&self) -> Map<String, Value> {
        fields::all().iter().map(|field| (field.key.to_owned(), self.shown_value(field))).collect()
    }

    /// Returns what the robot has different, as people may see it.
    pub(super) fn shown_of_robot(&self) -> Map<String, Value> {
        let is_own = |field: &&Field| self.own.contains(&field.key);
        let fields = fields::all().iter().filter(is_own);
        fields.map(|field| (field.key.to_owned(), self.shown_value(field))).collect()
    }
}

/// Returns the name a secret is sealed under.
pub(super) fn sealed_name(robot: Option<&str>, field: &Field) -> String {
    robot.map_or_else(|| field.key.to_owned(), |robot| format!("{robot}/{}", field.key))
}

/// Secrets shorter than this show nothing of themselves.
const LONG_SECRET: usize = 12;

/// Returns a value as people may see it.
pub(super) fn shown(kind: Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::Secret, Value::String(secret)) => Value::String(masked(secret)),
        (Kind::StreamUrl, Value::String(url)) => Value::String(redact(url)),
        _ => value.clone(),
    }
}

fn masked(secret: &str) -> String {
    let length = secret.chars().count();
    let end: String = secret.chars().skip(length.saturating_sub(4)).collect();
    match length {
        0 => String::new(),
        length if length < LONG_SECRET => "****".to_owned(),
        _ => format!("****{end}"),
    }
}

/// The settings that make the battery policy.
pub(super) const BATTERY: [&str; 3] = ["battery_start_above", "battery_home_below", "battery_resume_above"];

/// Returns whether the battery levels go together.
pub(super) fn battery(values: &BTreeMap<&'static str, Value>) -> Result<(), String> {
    let level = |key| values.get(key).and_then(Value::as_f64).unwrap_or(0.0);
    let [start, home, resume] = BATTERY.map(level);
    BatteryPolicy::new(start, home, resume).map(|_| ()).map_err(|error| error.to_string())
}

/// Returns whether at most one stream is to be watched: the service takes no more.
pub(super) fn one_source(values: &BTreeMap<&'static str, Value>) -> Result<(), String> {
    let is_on = |key| values.get(key) == Some(&Value::Bool(true));
    if is_on("enable_robot_camera_relay") && is_on("enable_external_rtsp") {
        return Err("either the robot's camera or an external one can be watched, not both".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w20_a_secret_shows_its_end_only_if_it_is_long() {
        assert_eq!(["", "abcd", "abcdefghijk", "abcdefghijkl"].map(masked), ["", "****", "****", "****ijkl"]);
    }
}

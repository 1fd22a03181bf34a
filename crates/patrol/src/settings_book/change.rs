//! Changing settings: what is refused, and which rows are written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fields::{self, Field, Kind};
use super::resolve::{BATTERY, Resolved, Stored, battery, one_source, sealed_name};
use super::vault::Vault;

/// Whose settings are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those of all robots.
    Site,
    /// What one robot has different.
    Robot,
}

/// Why settings were not changed. None of them was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsRefused {
    /// These cannot be set so: a sentence for each.
    #[error("{}", sentence(.0))]
    Invalid(BTreeMap<String, String>),
    /// They could not be kept.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<sqlx::Error> for SettingsRefused {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

fn sentence(refused: &BTreeMap<String, String>) -> String {
    let sentences: Vec<String> = refused.iter().map(|(key, reason)| format!("{key}: {reason}")).collect();
    sentences.join("; ")
}

/// A row to be written, or to be taken away.
pub(super) type Row = (String, Option<String>);

/// What the change of one setting comes to.
enum Change {
    /// It is as it was.
    Nothing,
    /// It follows what is weaker again.
    Reset,
    Set(Value),
}

/// Returns the rows to be written for changes, or why they are refused.
pub(super) fn rows(
    scope: Scope,
    changes: &Map<String, Value>,
    stored: &Stored,
    environment: &BTreeMap<&'static str, Value>,
    vault: &Vault,
    robot: &str,
) -> Result<Vec<Row>, SettingsRefused> {
    let site = Resolved::of(&stored.of_site(), environment, vault, robot);
    let now = match scope {
        Scope::Site => site.clone(),
        Scope::Robot => Resolved::of(stored, environment, vault, robot),
    };
    let mut refused = BTreeMap::new();
    let mut after = now.values().clone();
    let mut rows = Vec::new();
    for (name, value) in changes {
        let change = match fields::named(name) {
            Some(field) => decide(scope, field, value, &now, environment).map(|change| (field, change)),
            None => Err("there is no such setting".to_owned()),
        };
        match change {
            Err(reason) => {
                refused.insert(name.clone(), reason);
            }
            Ok((_, Change::Nothing)) => {}
            Ok((field, Change::Reset)) => {
                let weaker = if scope == Scope::Robot { site.values().get(field.key) } else { None };
                after.insert(field.key, weaker.unwrap_or(&field.default).clone());
                rows.extend(resets(scope, field, stored));
            }
            Ok((field, Change::Set(value))) => {
                rows.extend(sets(scope, field, &value, stored, vault, robot)?);
                after.insert(field.key, value);
            }
        }
    }
    if let Err(reason) = battery(&after) {
        // What was stored goes together, so one of these was changed.
        let changed = BATTERY.into_iter().find(|key| changes.contains_key(*key)).unwrap_or(BATTERY[0]);
        refused.insert(changed.to_owned(), reason);
    }
    if let Err(reason) = one_source(&after) {
        refused.insert("enable_external_rtsp".to_owned(), reason);
    }
    if refused.is_empty() { Ok(rows) } else { Err(SettingsRefused::Invalid(refused)) }
}

fn decide(
    scope: Scope,
    field: &'static Field,
    value: &Value,
    now: &Resolved,
    environment: &BTreeMap<&'static str, Value>,
) -> Result<Change, String> {
    let shown_now = now.shown_value(field);
    let is_masked = |text: &str| field.kind == Kind::Secret && text.starts_with("****");
    if value.as_str().is_some_and(is_masked) || (field.kind == Kind::StreamUrl && *value == shown_now) {
        return Ok(Change::Nothing);
    }
    if environment.contains_key(field.key) {
        let is_same = *value == shown_now;
        let variable = field.variable.unwrap_or_default();
        return if is_same { Ok(Change::Nothing) } else { Err(format!("the environment sets it, as {variable}")) };
    }
    if scope == Scope::Robot && !field.per_robot {
        return Err("all robots of the site have the same".to_owned());
    }
    if value.is_null() {
        return Ok(Change::Reset);
    }
    let value = field.kind.check(&trimmed(field.kind, value))?;
    if field.kind == Kind::StreamUrl && value.as_str().is_some_and(|url| url.contains("***@")) {
        return Err("type the user name and the password too".to_owned());
    }
    // Who gives a robot a value of its own wants to keep it when that of the site changes.
    let is_same = scope == Scope::Site && now.values().get(field.key) == Some(&value);
    Ok(if is_same { Change::Nothing } else { Change::Set(value) })
}

/// A blank around what somebody pasted is never meant, but in a prompt it may be.
fn trimmed(kind: Kind, value: &Value) -> Value {
    match value.as_str() {
        Some(text) if kind != Kind::LongText => Value::String(text.trim().to_owned()),
        _ => value.clone(),
    }
}

/// Rows of both names go: the other one would count otherwise.
fn resets(scope: Scope, field: &Field, stored: &Stored) -> Vec<Row> {
    let rows = if scope == Scope::Site { &stored.site } else { &stored.own };
    let names = std::iter::once(field.key).chain(field.alias);
    names.filter(|name| rows.contains_key(*name)).map(|name| (name.to_owned(), None)).collect()
}

/// A program of the second generation reads its own name: where that is stored, it is kept right.
fn sets(
    scope: Scope,
    field: &Field,
    value: &Value,
    stored: &Stored,
    vault: &Vault,
    robot: &str,
) -> anyhow::Result<Vec<Row>> {
    let owner = (scope == Scope::Robot).then_some(robot);
    let kept = match value {
        Value::String(secret) if field.kind.is_sealed() && !secret.is_empty() => {
            Value::String(vault.seal(&sealed_name(owner, field), secret)?)
        }
        value => value.clone(),
    };
    let alias = field.alias.filter(|alias| scope == Scope::Site && stored.site.contains_key(*alias));
    let names = std::iter::once(field.key).chain(alias);
    Ok(names.map(|name| (name.to_owned(), Some(kept.to_string()))).collect())
}

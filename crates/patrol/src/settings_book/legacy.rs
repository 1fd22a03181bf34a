//! The settings as the older interface and its files have them.

use std::path::Path;

use anyhow::Context;
use serde_json::{Map, Value};
use tracing::{info, warn};

use super::fields::{self, Field};
use super::resolve::{Resolved, Stored, sealed_name};
use super::vault::{Vault, is_sealed};
use crate::history::History;

/// The mark that the settings file was read.
const IMPORTED: &str = "settings.json imported";
/// Names of settings that are not ours and look as if their values were secrets.
const SECRET_WORDS: [&str; 4] = ["key", "token", "password", "secret"];

/// Returns every setting under the names of both generations, and what is stored under names nobody knows.
pub(super) fn shown(resolved: &Resolved, stored: &Stored) -> Map<String, Value> {
    let mut shown = resolved.shown();
    for (alias, field) in fields::all().iter().filter_map(|field| Some((field.alias?, field))) {
        shown.insert(alias.to_owned(), resolved.shown_value(field));
    }
    for (key, text) in stored.site.iter().filter(|(key, _)| fields::named(key).is_none()) {
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
        let is_secret = SECRET_WORDS.iter().any(|word| key.to_ascii_lowercase().contains(word));
        shown.insert(key.clone(), if is_secret { Value::String("****".to_owned()) } else { value });
    }
    shown
}

/// Parts what the older interface sends in settings, in the form they have, and names nobody knows. The address of the
/// robot is no setting, and `null` says nothing.
pub(super) fn split(changes: &Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
    let mut known = Map::new();
    let mut unknown = Map::new();
    for (name, value) in changes.iter().filter(|(name, value)| *name != "robot_ip" && !value.is_null()) {
        match fields::named(name) {
            Some(field) => known.insert(name.clone(), field.kind.coerced(value)),
            None => unknown.insert(name.clone(), value.clone()),
        };
    }
    (known, unknown)
}

/// Takes over `config/settings.json`, once, if nothing was set in the database.
pub(super) async fn import_file(history: &History, vault: &Vault) -> anyhow::Result<()> {
    let path = history.data_dir().join("config").join("settings.json");
    if !path.exists() || !history.first_time(IMPORTED).await? {
        return Ok(());
    }
    if !history.site_settings().await?.is_empty() {
        return Ok(());
    }
    let (rows, left_out) = rows_of_file(&path, vault)?;
    for (key, expectation) in left_out {
        warn!(setting = key, expectation, "a value of the old settings file cannot be used");
    }
    history.change_site_settings(&rows).await?;
    info!(count = rows.len(), "took over the old settings file");
    Ok(())
}

type Rows = Vec<(String, Option<String>)>;

fn rows_of_file(path: &Path, vault: &Vault) -> anyhow::Result<(Rows, Vec<(String, String)>)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    // A file nobody can read must not keep the robot from patrolling.
    let Ok(file) = serde_json::from_str::<Map<String, Value>>(&text) else {
        return Ok((Rows::new(), vec![("settings.json".to_owned(), "expected a JSON object".to_owned())]));
    };
    let (known, unknown) = split(&file);
    let mut left_out = Vec::new();
    let mut rows: Rows = unknown.into_iter().map(|(key, value)| (key, Some(value.to_string()))).collect();
    for (name, value) in known {
        let Some(field) = fields::named(&name) else { continue };
        match field.kind.check(&value) {
            // What equals the default was never set: the older program wrote everything.
            Ok(value) if value == field.default => {}
            Ok(value) => rows.push((field.key.to_owned(), Some(sealed(field, &value, vault)?.to_string()))),
            Err(expectation) => left_out.push((name, expectation)),
        }
    }
    Ok((rows, left_out))
}

/// Seals secrets that the older program stored in plain text.
pub(super) async fn encrypt_plain(history: &History, vault: &Vault) -> anyhow::Result<()> {
    let mut rows = Rows::new();
    for (key, text) in history.site_settings().await? {
        let Some(field) = fields::named(&key).filter(|field| field.kind.is_sealed()) else { continue };
        let Ok(value) = serde_json::from_str::<Value>(&text) else { continue };
        let value = field.kind.coerced(&value);
        let is_plain = value.as_str().is_some_and(|secret| !secret.is_empty() && !is_sealed(secret));
        if is_plain {
            rows.push((key, Some(sealed(field, &value, vault)?.to_string())));
        }
    }
    if !rows.is_empty() {
        history.change_site_settings(&rows).await?;
        history.settle_log().await?;
        info!(count = rows.len(), "encrypted secrets that were stored in plain text");
    }
    Ok(())
}

fn sealed(field: &Field, value: &Value, vault: &Vault) -> anyhow::Result<Value> {
    match value {
        Value::String(secret) if field.kind.is_sealed() && !secret.is_empty() => {
            Ok(Value::String(vault.seal(&sealed_name(None, field), secret)?))
        }
        value => Ok(value.clone()),
    }
}

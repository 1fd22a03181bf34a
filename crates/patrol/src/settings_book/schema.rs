//! What there is to set, for programs that draw a form of it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::fields::{self, Kind};
use super::resolve::{Resolved, shown};

/// One setting, described.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub(crate) struct FieldView {
    /// Its name.
    key: &'static str,
    /// `boolean`, `integer`, `number`, `text`, `long_text`, `choice`, `list`, `area`, `prices`, `url` or `secret`.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    kind: &'static str,
    /// What it is unless somebody sets it.
    #[schema(value_type = Object)]
    default: Value,
    /// The least it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    /// The most it may be; for a list, how many entries it may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    /// The longest an entry of a list may be, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<usize>,
    /// What it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<String>>,
    /// Whether it may be unset (`null`).
    optional: bool,
    /// Whether it is shown masked.
    secret: bool,
    /// The heading it stands under.
    group: &'static str,
    /// What people call it.
    title: &'static str,
    /// What it is measured in.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    /// What people are told of it.
    help: &'static str,
    /// Whether one robot may have it different.
    per_robot: bool,
    /// The variable that sets it now, so that nobody can change it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'static str>,
    /// Why what is stored cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Describes every setting.
pub(super) fn fields(resolved: &Resolved, environment: &BTreeMap<&'static str, Value>) -> Vec<FieldView> {
    let view = |field: &fields::Field| {
        let (kind, range) = described(field.kind);
        let max_length = if let Kind::List { longest, .. } = field.kind { Some(longest) } else { None };
        FieldView {
            key: field.key,
            kind,
            default: shown(field.kind, &field.default),
            min: range.map(|(least, _)| least),
            max: range.map(|(_, most)| most),
            max_length,
            choices: choices(field.kind),
            optional: matches!(field.kind, Kind::OptionalNumber { .. }),
            secret: field.kind.is_sealed(),
            group: field.group,
            title: field.title,
            unit: field.unit,
            help: field.help,
            per_robot: field.per_robot,
            environment: field.variable.filter(|_| environment.contains_key(field.key)),
            problem: resolved.problems().find(|(key, _)| *key == field.key).map(|(_, problem)| problem.to_owned()),
        }
    };
    fields::all().iter().map(view).collect()
}

fn described(kind: Kind) -> (&'static str, Option<(f64, f64)>) {
    match kind {
        Kind::Flag => ("boolean", None),
        Kind::Integer { least, most } => ("integer", Some((least as f64, most as f64))),
        Kind::Number { least, most } | Kind::OptionalNumber { least, most } => ("number", Some((least, most))),
        Kind::Text => ("text", None),
        Kind::LongText => ("long_text", None),
        Kind::Choice(_) | Kind::Zone => ("choice", None),
        Kind::List { most, .. } => ("list", Some((0.0, most as f64))),
        Kind::Area => ("area", None),
        Kind::Prices => ("prices", None),
        Kind::Url | Kind::StreamUrl => ("url", None),
        Kind::Secret => ("secret", None),
    }
}

fn choices(kind: Kind) -> Option<Vec<String>> {
    match kind {
        Kind::Choice(choices) => Some(choices.iter().map(|choice| (*choice).to_owned()).collect()),
        Kind::Zone => {
            let mut zones: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            zones.sort_unstable();
            Some(zones)
        }
        _ => None,
    }
}

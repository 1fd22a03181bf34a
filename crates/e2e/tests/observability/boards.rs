//! The dashboards, read as the JSON that they are.

use std::fs;

use anyhow::Context;
use e2e::root;
use serde_json::Value;

/// A dashboard.
#[derive(Debug)]
pub(crate) struct Board {
    /// The name of its file without the ending.
    pub(crate) name: String,
    pub(crate) json: Value,
}

/// A query of a dashboard.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// Where it stands, for people.
    pub(crate) place: String,
    pub(crate) expr: String,
}

impl Board {
    /// Every panel, rows included, in the order of the file.
    pub(crate) fn panels(&self) -> impl Iterator<Item = &Value> {
        list(&self.json["panels"]).chain(list(&self.json["panels"]).flat_map(|panel| list(&panel["panels"])))
    }

    /// Every variable.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Value> {
        list(&self.json["templating"]["list"])
    }

    /// What every panel asks.
    pub(crate) fn panel_queries(&self) -> Vec<Query> {
        let mut queries = Vec::new();
        for panel in self.panels() {
            queries.extend(list(&panel["targets"]).map(|target| self.query(&panel["title"], &target["expr"])));
        }
        queries
    }

    /// What the annotations ask.
    pub(crate) fn annotation_queries(&self) -> Vec<Query> {
        let annotations = list(&self.json["annotations"]["list"]).filter(|annotation| annotation["builtIn"] != 1);
        annotations.map(|annotation| self.query(&annotation["name"], &annotation["expr"])).collect()
    }

    fn query(&self, title: &Value, expr: &Value) -> Query {
        let place = format!("{}.json, {}", self.name, title.as_str().unwrap_or("no title"));
        Query { place, expr: expr.as_str().unwrap_or_default().to_owned() }
    }
}

/// Reads every dashboard.
pub(crate) fn all() -> anyhow::Result<Vec<Board>> {
    let directory = root().join("configs/grafana/dashboards");
    let mut boards = Vec::new();
    for entry in fs::read_dir(&directory).with_context(|| format!("listing {}", directory.display()))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        boards.push(Board { json: serde_json::from_str(&text).with_context(|| format!("reading {name}.json"))?, name });
    }
    boards.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(boards)
}

/// The elements of a list; none of what is no list.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

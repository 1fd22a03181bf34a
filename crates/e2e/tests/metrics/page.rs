//! What `docs/metrics.md` promises.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::Context;
use e2e::root;

/// One metric of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promise {
    /// The section that it stands in.
    pub(crate) section: String,
    /// `counter`, `gauge`, `histogram` or `info`.
    pub(crate) kind: String,
    /// The labels; those whose values are all listed with these.
    pub(crate) labels: BTreeMap<String, Option<BTreeSet<String>>>,
}

/// Reads the tables of the page.
pub(crate) fn promises() -> anyhow::Result<BTreeMap<String, Promise>> {
    let page = fs::read_to_string(root().join("docs/metrics.md"))?;
    let mut promises = BTreeMap::new();
    let mut section = String::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_owned();
        } else if let Some(row) = line.strip_prefix("| `") {
            let (name, promise) = read(&section, row).with_context(|| format!("cannot read the row {line}"))?;
            let before = promises.insert(name.clone(), promise);
            anyhow::ensure!(before.is_none(), "{name} stands twice on the page");
        }
    }
    Ok(promises)
}

fn read(section: &str, row: &str) -> Option<(String, Promise)> {
    let columns: Vec<&str> = row.trim_end_matches('|').split('|').map(str::trim).collect();
    let [name, kind, labels, _meaning] = columns[..] else { return None };
    // What follows a comma is a note.
    let kind = kind.split(',').next()?.to_owned();
    let labels = labels.split(", ").filter_map(label).collect();
    Some((name.trim_end_matches('`').to_owned(), Promise { section: section.to_owned(), kind, labels }))
}

/// Reads `name` or `name`: `value` `value`; values in other words are open.
fn label(text: &str) -> Option<(String, Option<BTreeSet<String>>)> {
    let (name, rest) = text.strip_prefix('`')?.split_once('`')?;
    let values = rest.strip_prefix(": ").map(|list| list.split(' ').map(quoted).collect::<Option<BTreeSet<_>>>());
    Some((name.to_owned(), values.flatten()))
}

fn quoted(word: &str) -> Option<String> {
    word.strip_prefix('`')?.strip_suffix('`').map(str::to_owned)
}

#[test]
fn rows_are_read_with_their_labels() {
    let row = "a_total` | counter, with traces | `camera`, `state`: `on` `off`, `reason`: as `busy` | What. |";
    let (name, promise) = read("Here", row).expect("is a row");
    let values = Some(["on".to_owned(), "off".to_owned()].into());
    let labels = [("camera".to_owned(), None), ("state".to_owned(), values), ("reason".to_owned(), None)];
    assert_eq!(name, "a_total");
    assert_eq!(promise, Promise { section: "Here".into(), kind: "counter".into(), labels: labels.into() });
    assert!(read("Here", "b` | gauge | – | What. |").expect("is a row").1.labels.is_empty());
}

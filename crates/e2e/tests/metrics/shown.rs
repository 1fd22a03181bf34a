//! What a service shows, in Prometheus' text format.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};

/// The figures of one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Family {
    /// `counter`, `gauge` or `histogram`.
    pub(crate) kind: String,
    /// The values of each label that there are.
    pub(crate) labels: BTreeMap<String, BTreeSet<String>>,
}

/// Reads everything that a service shows.
pub(crate) fn families(text: &str) -> anyhow::Result<BTreeMap<String, Family>> {
    let mut families = BTreeMap::new();
    let mut current: Option<(String, Family)> = None;
    for line in text.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            let (name, kind) = declared.split_once(' ').context("a type has a name")?;
            families.extend(current.take());
            current = Some((name.to_owned(), Family { kind: kind.to_owned(), ..Family::default() }));
        } else if !line.starts_with('#') {
            let (name, family) = current.as_mut().context("a sample follows its type")?;
            let (sample, labels) = read(line).with_context(|| format!("cannot read {line}"))?;
            ensure!(sample.starts_with(name.as_str()), "{sample} stands below {name}");
            for (label, value) in labels.into_iter().filter(|(label, _)| label != "le") {
                family.labels.entry(label).or_default().insert(value);
            }
        }
    }
    families.extend(current);
    Ok(families)
}

/// Reads `name{label="value",…} number`.
fn read(line: &str) -> Option<(&str, Vec<(String, String)>)> {
    let (series, _number) = line.rsplit_once(' ')?;
    let Some((name, labels)) = series.split_once('{') else { return Some((series, Vec::new())) };
    let mut rest = labels.strip_suffix('}')?;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (label, behind) = rest.split_once("=\"")?;
        let end = end_of_value(behind)?;
        found.push((label.trim_start_matches(',').to_owned(), behind[..end].to_owned()));
        rest = &behind[end + 1..];
    }
    Some((name, found))
}

/// The place of the quotation mark that ends a value; a backslash takes the next one's meaning away.
fn end_of_value(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (place, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(place),
            _ => {}
        }
    }
    None
}

#[test]
fn samples_are_read_with_their_labels() {
    let text = concat!(
        "# HELP a_seconds Waits.\n# TYPE a_seconds histogram\n",
        "a_seconds_bucket{route=\"/a{b}, \\\"c\\\"\",le=\"0.5\"} 1\na_seconds_count{route=\"/d\"} 2\n",
        "# TYPE b gauge\nb 1.5\n",
    );
    let families = families(text).expect("is readable");
    let routes = ["/a{b}, \\\"c\\\"".to_owned(), "/d".to_owned()];
    let labels = [("route".to_owned(), routes.into())].into();
    assert_eq!(families["a_seconds"], Family { kind: "histogram".into(), labels });
    assert_eq!(families["b"], Family { kind: "gauge".into(), labels: BTreeMap::new() });
}

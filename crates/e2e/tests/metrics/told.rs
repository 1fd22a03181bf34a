//! The page and the services agree: nothing is shown that it does not tell of, and nothing is told that no service shows.

use std::collections::{BTreeMap, BTreeSet};

use crate::page::{self, Promise};
use crate::shown::{self, Family};
use crate::site::Site;

/// What only some machines have.
const MACHINE: &str = "Machine";
/// The label of every figure of a robot's process, which the page says once.
const ROBOT: &str = "robot_id";

/// The sections that speak of a service.
fn sections(service: &str) -> Vec<&str> {
    let mut sections = vec!["Every process", service];
    if service != "inference-api" {
        sections.push("Redis");
    }
    if ["inference-api", "stream-manager"].contains(&service) {
        sections.extend(["Detector", MACHINE]);
    }
    sections
}

#[tokio::test]
async fn what_services_show_is_what_the_page_tells() -> anyhow::Result<()> {
    let site = Site::begin().await?;
    let promises = page::promises()?;
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (service, _) in site.services() {
        let families = shown::families(&site.figures(service, "*/*").await?)?;
        assert!(families.len() > 20, "{service} shows only {} figures", families.len());
        for (name, family) in &families {
            seen.insert(name.clone());
            faults.extend(fault(service, family, promises.get(name)).map(|what| format!("{service}: {name} {what}")));
        }
    }
    let unseen = promises.iter().filter(|(name, promise)| promise.section != MACHINE && !seen.contains(*name));
    faults.extend(unseen.map(|(name, _)| format!("docs/metrics.md tells of {name}, which no service shows")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// Says in what a service differs from the page.
fn fault(service: &str, family: &Family, promise: Option<&Promise>) -> Option<String> {
    let Some(promise) = promise else { return Some("is not in docs/metrics.md".to_owned()) };
    if !sections(service).contains(&promise.section.as_str()) {
        return Some(format!("stands under {:?}", promise.section));
    }
    // The text format has no type of its own for it.
    let kind = if promise.kind == "info" { "gauge" } else { promise.kind.as_str() };
    if kind != family.kind {
        return Some(format!("is a {}, not a {kind}", family.kind));
    }
    let mut labels: BTreeMap<_, _> = family.labels.clone();
    if service == "patrol" && labels.remove(ROBOT) != Some(["robot-a".to_owned()].into()) {
        return Some(format!("has not the label {ROBOT}"));
    }
    let (told, has): (BTreeSet<_>, BTreeSet<_>) = (promise.labels.keys().collect(), labels.keys().collect());
    if told != has {
        return Some(format!("has the labels {has:?}, not {told:?}"));
    }
    labels.iter().find_map(|(label, values)| {
        let listed = promise.labels.get(label)?.as_ref()?;
        let beyond: Vec<_> = values.difference(listed).collect();
        (!beyond.is_empty()).then(|| format!("has the values {beyond:?} of {label}, which are not listed"))
    })
}

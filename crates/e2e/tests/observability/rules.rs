//! The rules: each says how bad it is, what happened and what to do, and has a section in the runbook and a test.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Context;
use chassis::config::{Env, read_yaml};
use e2e::root;
use serde_json::Value;

use crate::boards::list;

/// A rule that raises an alert or records a figure.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The file, without directory and ending.
    pub(crate) file: String,
    /// The name of the alert or of what is recorded.
    pub(crate) name: String,
    pub(crate) is_alert: bool,
    pub(crate) expr: String,
    json: Value,
}

/// Reads every rule.
pub(crate) fn all() -> anyhow::Result<Vec<Rule>> {
    let directory = root().join("configs/prometheus/rules");
    let mut rules = Vec::new();
    for entry in fs::read_dir(&directory).with_context(|| format!("listing {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            continue;
        }
        let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let content: Value = read_yaml(&path, &Env::of([("", "")]))?;
        let in_file = list(&content["groups"]).flat_map(|group| list(&group["rules"]));
        for json in in_file {
            let (is_alert, name) = match json["alert"].as_str() {
                Some(name) => (true, name),
                None => (false, json["record"].as_str().context("a rule is an alert or records something")?),
            };
            let expr = json["expr"].as_str().context("a rule has an expression")?.to_owned();
            rules.push(Rule { file: file.clone(), name: name.to_owned(), is_alert, expr, json: json.clone() });
        }
    }
    Ok(rules)
}

impl Rule {
    fn text(&self, part: &str, key: &str) -> &str {
        self.json[part][key].as_str().unwrap_or_default()
    }

    /// What is missing in what it says.
    fn faults(&self, anchors: &BTreeSet<String>) -> Vec<String> {
        let fault = |what: String| format!("{} in {}.yaml: {what}", self.name, self.file);
        let mut faults = Vec::new();
        if !["critical", "warning", "none"].contains(&self.text("labels", "severity")) {
            faults.push(fault("severity is critical, warning or, for the watchdog, none".to_owned()));
        }
        for key in ["summary", "description"] {
            if self.text("annotations", key).len() < 10 {
                faults.push(fault(format!("says no {key}")));
            }
        }
        let wanted = anchor_of_name(&self.name);
        let runbook = self.text("annotations", "runbook_url");
        if runbook != format!("docs/operations.md#{wanted}") {
            faults.push(fault(format!("runbook_url is {runbook}, expected docs/operations.md#{wanted}")));
        }
        if !anchors.contains(&wanted) {
            faults.push(fault("docs/operations.md has no section for it".to_owned()));
        }
        faults
    }
}

/// `camera-down` for `CameraDown`.
fn anchor_of_name(name: &str) -> String {
    let mut anchor = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !anchor.is_empty() {
            anchor.push('-');
        }
        anchor.push(c.to_ascii_lowercase());
    }
    anchor
}

/// The anchors of a page's headings of one level, as readers of Markdown make them.
fn anchors(page: &str, level: &str) -> BTreeSet<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix(level)?.strip_prefix(' '));
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    headings.map(anchor).collect()
}

fn operations() -> anyhow::Result<String> {
    fs::read_to_string(root().join("docs/operations.md")).context("reading docs/operations.md")
}

#[test]
fn every_alert_says_how_bad_it_is_and_what_to_do() -> anyhow::Result<()> {
    let anchors = anchors(&operations()?, "###");
    let alerts = all()?.into_iter().filter(|rule| rule.is_alert);

    let faults: Vec<String> = alerts.flat_map(|rule| rule.faults(&anchors)).collect();

    assert_eq!(faults, Vec::<String>::new());
    Ok(())
}

#[test]
fn the_runbook_has_no_section_of_an_alert_that_is_gone() -> anyhow::Result<()> {
    let page = operations()?;
    let (_, runbook) = page.split_once("\n## Runbook").context("there is a runbook")?;
    let runbook = runbook.split("\n## ").next().unwrap_or_default();
    let known: BTreeSet<String> =
        all()?.iter().filter(|rule| rule.is_alert).map(|rule| anchor_of_name(&rule.name)).collect();

    let gone: Vec<String> = anchors(runbook, "###").difference(&known).cloned().collect();

    assert_eq!(gone, Vec::<String>::new());
    Ok(())
}

#[test]
fn every_rule_has_a_test() -> anyhow::Result<()> {
    let directory = root().join("configs/prometheus/rules/tests");
    let mut tests = String::new();
    for entry in fs::read_dir(&directory)? {
        tests.push_str(&fs::read_to_string(entry?.path())?);
    }
    // Recorded figures are tested by themselves or through the alerts that use them.
    let rules = all()?;
    let is_tested = |rule: &Rule| {
        tests.contains(&rule.name)
            || rules.iter().any(|user| user.is_alert && user.expr.contains(&rule.name) && tests.contains(&user.name))
    };

    let untested: Vec<&str> = rules.iter().filter(|rule| !is_tested(rule)).map(|rule| rule.name.as_str()).collect();

    assert_eq!(untested, Vec::<&str>::new());
    Ok(())
}

#[test]
fn alertmanager_speaks_of_alerts_that_exist() -> anyhow::Result<()> {
    let file = root().join("configs/alertmanager/alertmanager.yaml");
    let config: Value = read_yaml(file, &Env::of([("", "")]))?;
    let known: BTreeSet<String> = all()?.into_iter().filter(|rule| rule.is_alert).map(|rule| rule.name).collect();
    let of_rules = list(&config["inhibit_rules"])
        .flat_map(|rule| list(&rule["source_matchers"]).chain(list(&rule["target_matchers"])));
    let matchers = of_rules.chain(list(&config["route"]["routes"]).flat_map(|route| list(&route["matchers"])));
    let named = matchers.filter_map(|matcher| matcher.as_str()?.strip_prefix("alertname")).flat_map(|rest| {
        let names = rest.split(|c: char| !c.is_ascii_alphanumeric()).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect::<Vec<_>>()
    });

    let named: BTreeSet<String> = named.collect();
    let unknown: Vec<String> = named.difference(&known).cloned().collect();

    assert!(named.contains("CameraDown") && named.contains("RedisAway"), "{named:?}");
    assert_eq!(unknown, Vec::<String>::new());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_headings_have_the_same_anchors() {
        assert_eq!(anchor_of_name("CameraDown"), "camera-down");
        let page = "# A page\n### Camera down\n### What's up?\n#### Deeper\n";
        assert_eq!(anchors(page, "###"), BTreeSet::from(["camera-down".to_owned(), "whats-up".to_owned()]));
    }
}

//! The form of the dashboards: what Grafana's schema wants, the rules of Grafana's dashboard linter, and our own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use chassis::config::Env;
use e2e::root;
use serde_json::Value;

use crate::boards::{self, list};

/// Kinds of panels that are used; all of them belong to Grafana itself.
const KINDS: [&str; 6] = ["row", "stat", "timeseries", "bargauge", "table", "state-timeline"];
/// How wide Grafana's grid is.
const COLUMNS: u64 = 24;
/// Panels that look further back than what is shown, and why.
const OTHER_WINDOWS: [(&str, &str); 2] = [
    ("Duration of runs", "a run lasts longer than the interval of a graph"),
    ("Disk left in a day", "a prediction needs the past, not what is shown"),
];

#[test]
fn there_is_a_dashboard_for_every_part_of_a_site() -> anyhow::Result<()> {
    let boards = boards::all()?;
    let names: Vec<&str> = boards.iter().map(|board| board.name.as_str()).collect();
    assert_eq!(names, ["alerts", "cameras", "inference", "robots", "site", "system"]);
    Ok(())
}

#[test]
fn grafana_knows_every_key_and_takes_every_value() -> anyhow::Result<()> {
    let python: PathBuf = Env::process().cache_dir().join("tools/grafana-python/bin/python");
    assert!(python.exists(), "{} is missing: run `cargo xtask test fetch` first", python.display());
    let boards = boards::all()?;
    let mut command = Command::new(python);
    command.arg(root().join("crates/e2e/tests/observability/schema.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    command.args(boards.iter().map(|board| root().join(format!("configs/grafana/dashboards/{}.json", board.name))));

    let output = command.output().context("starting the interpreter")?;

    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[test]
fn dashboards_are_found_by_their_names() -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for board in boards::all()? {
        let json = &board.json;
        let mut expect = |what: &str, holds: bool| {
            if !holds {
                faults.push(format!("{}.json: {what}", board.name));
            }
        };
        expect("uid is ronda- and the file's name", json["uid"] == format!("ronda-{}", board.name));
        expect("the title is Ronda: and the file's name", json["title"] == format!("Ronda: {}", board.name));
        expect("it has a description", is_text(&json["description"]));
        expect("it has no id, which Grafana gives", json.get("id").is_none());
        expect("it is tagged ronda, so that the others link to it", json["tags"] == serde_json::json!(["ronda"]));
        expect("schemaVersion is that of Grafana 11.6", json["schemaVersion"] == 41);
        expect("it is not editable: the file is the source", json["editable"] == false);
        expect("its panels share the crosshair", json["graphTooltip"] == 1);
        expect("it refreshes itself", is_text(&json["refresh"]));
        expect("it begins with a row", board.panels().next().is_some_and(|panel| panel["type"] == "row"));
    }
    assert_eq!(faults, Vec::<String>::new());
    Ok(())
}

#[test]
fn panels_say_what_they_show_and_in_which_unit() -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for board in boards::all()? {
        let mut ids = BTreeSet::new();
        for panel in board.panels() {
            let mut expect = |what: &str, holds: bool| {
                if !holds {
                    faults.push(format!("{}.json, {}: {what}", board.name, panel["title"]));
                }
            };
            expect("its id is its own", panel["id"].as_u64().is_some_and(|id| id > 0 && ids.insert(id)));
            expect("its kind is known", panel["type"].as_str().is_some_and(|kind| KINDS.contains(&kind)));
            expect("it has a title", is_text(&panel["title"]));
            if panel["type"] == "row" {
                continue;
            }
            let defaults = &panel["fieldConfig"]["defaults"];
            expect("it has a description of a sentence", panel["description"].as_str().is_some_and(is_sentence));
            expect("it has a unit", is_text(&defaults["unit"]));
            expect("its thresholds go up", steps_go_up(&defaults["thresholds"]["steps"]));
            expect("it asks something", list(&panel["targets"]).next().is_some());
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    Ok(())
}

#[test]
fn queries_go_to_the_chosen_data_source_and_are_named() -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for board in boards::all()? {
        for panel in board.panels().filter(|panel| panel["type"] != "row") {
            let mut letters = BTreeSet::new();
            let mut expect = |what: &str, holds: bool| {
                if !holds {
                    faults.push(format!("{}.json, {}: {what}", board.name, panel["title"]));
                }
            };
            expect("its data source is the variable", is_chosen(&panel["datasource"]));
            for target in list(&panel["targets"]) {
                expect("its target's data source is the variable", is_chosen(&target["datasource"]));
                expect(
                    "its targets have letters of their own",
                    target["refId"].as_str().is_some_and(|id| letters.insert(id)),
                );
                expect("its target has an expression", is_text(&target["expr"]));
                expect("its target has a legend", is_text(&target["legendFormat"]));
                expect("its target asks for an instant or a range", target["instant"] != target["range"]);
                let is_excepted = OTHER_WINDOWS.iter().any(|(title, _)| panel["title"] == *title);
                let expr = target["expr"].as_str().unwrap_or_default();
                expect("its windows are Grafana's", is_excepted || windows(expr).all(|window| window.starts_with('$')));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    Ok(())
}

#[test]
fn panels_lie_in_the_grid_and_on_nobody() -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for board in boards::all()? {
        let mut taken: BTreeMap<(u64, u64), &Value> = BTreeMap::new();
        let mut lowest = 0;
        for panel in board.panels() {
            let side = |name: &str| panel["gridPos"][name].as_u64().unwrap_or_default();
            let (x, y, w, h) = (side("x"), side("y"), side("w"), side("h"));
            if w == 0 || h == 0 || x + w > COLUMNS || (panel["type"] == "row" && (w, h) != (COLUMNS, 1)) {
                faults.push(format!("{}.json, {}: lies at {}", board.name, panel["title"], panel["gridPos"]));
            }
            if y < lowest {
                faults.push(format!("{}.json, {}: stands after one below it", board.name, panel["title"]));
            }
            lowest = y;
            for cell in (x..x + w).flat_map(|column| (y..y + h).map(move |line| (column, line))) {
                if let Some(other) = taken.insert(cell, &panel["title"]) {
                    faults.push(format!("{}.json: {} lies on {other}", board.name, panel["title"]));
                    break;
                }
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    Ok(())
}

#[test]
fn variables_are_defined_offer_what_there_is_and_are_used() -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for board in boards::all()? {
        let defined: BTreeSet<&str> = board.variables().filter_map(|variable| variable["name"].as_str()).collect();
        let text = serde_json::to_string(&board.json)?;
        let used: BTreeSet<String> = used_variables(&text).filter(|name| !name.starts_with("__")).collect();
        let used: BTreeSet<&str> = used.iter().map(String::as_str).collect();
        if defined != used {
            faults.push(format!("{}.json: defines {defined:?} and uses {used:?}", board.name));
        }
        for variable in board.variables() {
            let is_right = match variable["type"].as_str() {
                Some("datasource") => variable["name"] == "datasource" && variable["query"] == "prometheus",
                Some("textbox") => is_text(&variable["query"]),
                // Asked again when the time changes; all of them unless somebody chooses.
                Some("query") => {
                    variable["refresh"] == 2
                        && variable["includeAll"] == true
                        && variable["allValue"] == ".*"
                        && variable["current"]["value"] == serde_json::json!(["$__all"])
                        && is_text(&variable["label"])
                        && is_chosen(&variable["datasource"])
                }
                _ => false,
            };
            if !is_right {
                faults.push(format!("{}.json: the variable {} is not as it should be", board.name, variable["name"]));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    Ok(())
}

#[test]
fn links_lead_somewhere() -> anyhow::Result<()> {
    let boards = boards::all()?;
    let uids: BTreeSet<String> = boards.iter().map(|board| format!("/d/ronda-{}", board.name)).collect();
    let console = fs::read_to_string(root().join("crates/console/ui/src/lib/route.ts"))?;
    let mut faults = Vec::new();
    for board in &boards {
        let of_panels = board
            .panels()
            .flat_map(|panel| list(&panel["links"]).chain(list(&panel["fieldConfig"]["defaults"]["links"])));
        let mut leads_to_console = false;
        for link in list(&board.json["links"]).chain(of_panels) {
            let url = link["url"].as_str().unwrap_or_default();
            let leads_somewhere = if let Some(page) = url.strip_prefix("${console}/") {
                leads_to_console = true;
                console.contains(&format!("'{page}'")) || console.contains(&format!("`{page}$"))
            } else if link["type"] == "dashboards" {
                link["tags"] == serde_json::json!(["ronda"])
            } else {
                uids.contains(url) || url.starts_with("/explore?schemaVersion=1&panes=%7B")
            };
            if !leads_somewhere {
                faults.push(format!("{}.json: the link {} leads to {url}", board.name, link["title"]));
            }
        }
        if !leads_to_console {
            faults.push(format!("{}.json: no link leads to the console", board.name));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    Ok(())
}

#[test]
fn alerts_are_marked_on_every_dashboard() -> anyhow::Result<()> {
    for board in boards::all()? {
        let marked = list(&board.json["annotations"]["list"]).find(|annotation| {
            annotation["expr"].as_str().is_some_and(|expr| expr.contains("ALERTS{alertstate=\"firing\""))
        });
        let marked = marked.with_context(|| format!("{}.json marks no alerts", board.name))?;
        assert!(marked["enable"] == true && is_chosen(&marked["datasource"]), "{}.json: {marked}", board.name);
    }
    Ok(())
}

#[test]
fn data_sources_that_are_named_are_provisioned() -> anyhow::Result<()> {
    let file = root().join("configs/grafana/provisioning/datasources/ronda.yaml");
    let provisioned = fs::read_to_string(file)?;
    for board in boards::all()? {
        let text = serde_json::to_string(&board.json)?;
        // Names of dashboards begin so too.
        let named =
            text.split("ronda-").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next());
        let sources: BTreeSet<&str> =
            named.filter(|name| ["prometheus", "loki", "alertmanager"].contains(name)).collect();
        assert!(sources.contains("prometheus") && sources.contains("loki"), "{}.json names {sources:?}", board.name);
        for source in sources {
            assert!(provisioned.contains(&format!("uid: ronda-{source}\n")), "{}.json: ronda-{source}", board.name);
        }
    }
    Ok(())
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

fn is_sentence(text: &str) -> bool {
    text.len() > 20 && text.ends_with('.') && text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
}

fn is_chosen(source: &Value) -> bool {
    *source == serde_json::json!({"type": "prometheus", "uid": "${datasource}"})
}

/// The first has no value, the others have growing ones.
fn steps_go_up(steps: &Value) -> bool {
    let mut values = list(steps).map(|step| step["value"].as_f64());
    let first_is_base = values.next() == Some(None);
    let values: Option<Vec<f64>> = values.collect();
    first_is_base && values.is_some_and(|values| values.is_sorted())
}

/// What stands in square brackets.
fn windows(expr: &str) -> impl Iterator<Item = &str> {
    expr.split('[').skip(1).filter_map(|rest| rest.split(']').next())
}

/// The variables that a text names as `$name` or `${name}`.
fn used_variables(text: &str) -> impl Iterator<Item = String> {
    text.split('$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        (!name.is_empty()).then_some(name)
    })
}

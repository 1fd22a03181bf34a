//! `docs/configuration.md`: every file, key, variable and setting, as the code that reads it tells.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use chassis::config::Asked;
use chassis::{Env, Settings};
use domain::camera::CamerasFile;
use domain::entry::Key;
use domain::robots::RobotsFile;
use domain::services::ServicesFile;
use domain::zone::RoisFile;
use e2e::{Process, Site, until_some};
use serde_json::Value;

use crate::examples::{comments, word};
use crate::meanings::{MEANINGS, meaning_of};
use crate::{assert_page, cell};

const INTRODUCTION: &str =
    "<!-- @generated from the code by the test `docs` of crates/e2e: UPDATE=1 writes it anew. -->
# Configuration

A site is configured by four files in one directory (`CONFIG_DIR`, `configs` by default), by environment variables, and,
for what people change while it runs, on the console's settings page.

* **The environment wins** over the files, and the files over the defaults. An empty variable counts as not set.
* In every value of a file `${NAME}` is replaced by that variable and `${NAME:-other}` by `other` if it is not set, so
  that passwords need not stand in files. `$${` stands for `${`.
* **Secrets from files**: for each variable `NAME` there is `NAME_FILE`, the path of a file that holds its value.
* `cameras.yaml` and `rois.yaml` are followed: a change takes effect within a second, a wrong entry is told and does not
  stop the others. `services.yaml` and the environment are read at the start.
* `ronda config check` names everything that is wrong with file, line, column and key. `ronda config plan` tells what a
  directory would change on the running site. `ronda doctor` tells whether cameras, robots and the machine are there.
";

/// Every key of a file that its readers ask for.
struct File {
    name: &'static str,
    about: &'static str,
    keys: Vec<Key>,
}

fn files() -> [File; 4] {
    [
        File { name: "cameras.yaml", about: "The cameras: one entry each below `cameras`.", keys: CamerasFile::keys() },
        File {
            name: "rois.yaml",
            about: "The zones of each camera. The console's zone editor writes this file.",
            keys: RoisFile::keys(),
        },
        File {
            name: "robots.yaml",
            about: "The robots: one entry each below `robots`. Read by `cargo xtask up` and by `ronda`; with compose a \
                    robot is a service block instead.",
            keys: RobotsFile::keys(),
        },
        File {
            name: "services.yaml",
            about: "Settings of the services. Every section and key may be absent.",
            keys: ServicesFile::keys(),
        },
    ]
}

/// The programs, and the variables that they ask for.
fn programs() -> Vec<(&'static str, Vec<Asked>)> {
    fn of<S: Settings>() -> Vec<Asked> {
        // Without files to read, every variable is asked for.
        Env::asked_by(|env| drop(S::load(env)))
    }
    vec![
        ("inference-api", of::<inference_api::Config>()),
        ("stream-manager", of::<stream_manager::Config>()),
        ("alert-router", of::<alert_router::Config>()),
        ("console", of::<console::Config>()),
        ("patrol", of::<patrol::Config>()),
        ("sim", Env::asked_by(|env| drop(sim::Config::load(env)))),
    ]
}

/// A variable, who reads it, and what it is by default.
#[derive(Debug, Default)]
struct Variable {
    readers: Vec<&'static str>,
    kind: &'static str,
    /// The defaults that differ between programs are told with their names.
    defaults: Vec<(&'static str, Option<String>)>,
}

impl Variable {
    fn default(&self) -> String {
        let first = self.defaults.first().and_then(|(_, default)| default.clone());
        if self.defaults.iter().all(|(_, default)| *default == first) {
            return value(first.as_deref());
        }
        let each = self.defaults.iter().map(|(reader, default)| format!("{reader} {}", value(default.as_deref())));
        each.collect::<Vec<_>>().join(", ")
    }

    fn readers(&self, all: usize) -> String {
        if self.readers.len() == all { "every program".to_owned() } else { self.readers.join(", ") }
    }
}

/// Variables that no `Config` asks for: what reads them, and their defaults.
const OTHERS: [(&str, &str, Option<&str>); 9] = [
    ("LOG_DIR", "every program", None),
    ("LOG_FORMAT", "every program", Some("text")),
    ("LOG_LEVEL", "every program", Some("info")),
    ("ORT_DYLIB_PATH", "inference-api", None),
    ("RONDA_FONTS", "patrol", None),
    ("SIM_DAY", "sim", None),
    ("SIM_PEOPLE", "sim", Some("2")),
    ("SIM_SEED", "sim", Some("1")),
    ("SIM_SPEED", "sim", Some("1")),
];
/// The desktop's own conventions, of which the cache directory is made.
const CONVENTIONS: [&str; 2] = ["HOME", "XDG_CACHE_HOME"];

fn variables(of_files: &[String], of_settings: &[String]) -> BTreeMap<String, Variable> {
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    let programs = programs();
    for (program, asked) in &programs {
        for Asked { name, kind, default } in asked {
            let is_of_a_file = of_files.iter().any(|known| known == name);
            if is_of_a_file || CONVENTIONS.contains(&name.as_str()) {
                continue;
            }
            let variable = variables.entry(name.clone()).or_default();
            variable.readers.push(program);
            variable.kind = kind;
            variable.defaults.push((program, default.clone()));
        }
    }
    for (name, reader, default) in OTHERS {
        let variable = variables.entry(name.to_owned()).or_default();
        if variable.readers.is_empty() {
            variable.readers.push(reader);
            variable.defaults.push((reader, default.map(str::to_owned)));
        }
    }
    for name in of_settings {
        let variable = variables.entry(name.clone()).or_default();
        variable.readers.push("patrol");
        variable.defaults.push(("patrol", None));
    }
    variables
}

/// The settings that people change on the console, as a robot's process describes them, and the variables that set them
/// for good.
async fn settings() -> anyhow::Result<(Vec<Value>, Vec<String>)> {
    let named = set_by_variables();
    let mut site = Site::new()?;
    for name in &named {
        // What fits a URL, a name and a secret alike.
        site.set(name, "http://127.0.0.1:9");
    }
    let _redis = site.start_redis().await?;
    let port = site.ports.patrol(0).to_string();
    let mut command = site.command("patrol")?;
    command.env("PORT", &port).env("ROBOT_ID", "robot-a").env("ROBOT_IP", "127.0.0.1:9");
    let _patrol = Process::start("patrol", &mut command, site.path())?;
    let http = e2e::Http::on(site.ports.patrol(0))?;
    let schema =
        until_some("the settings are told", e2e::LIMIT, async || http.json("/api/v1/settings/schema").await.ok())
            .await?;
    let fields = schema["fields"].as_array().or_else(|| schema.as_array()).cloned().unwrap_or_default();
    anyhow::ensure!(!fields.is_empty(), "a robot's process tells no settings: {schema}");
    Ok((fields, named))
}

/// The variables that set a setting of robots for good, as the source names them.
fn set_by_variables() -> Vec<String> {
    let text = sources(&e2e::root().join("crates/patrol/src/settings_book"));
    let mut names: Vec<String> = after(&text, ".set_by(\"").map(str::to_owned).collect();
    names.sort();
    names
}

/// Returns all Rust source below a directory as one text.
fn sources(directory: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(directory).expect("is a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
            text.push_str(&fs::read_to_string(path).expect("is text"));
        }
    }
    text
}

/// Returns what stands between `begin` and the next quotation mark, each time.
fn after<'t>(text: &'t str, begin: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(begin).skip(1).filter_map(|rest| rest.split('"').next())
}

fn value(text: Option<&str>) -> String {
    match text {
        None => "none".to_owned(),
        Some("") => "empty".to_owned(),
        Some(text) => format!("`{}`", cell(text)),
    }
}

/// Returns the page, and the names in it that nobody has described.
async fn page() -> anyhow::Result<(String, Vec<String>)> {
    let mut page = INTRODUCTION.to_owned();
    let mut undescribed = Vec::new();
    let mut of_files = Vec::new();
    for File { name, about, keys } in files() {
        let text = fs::read_to_string(e2e::root().join("configs").join(name))?;
        let comments = comments(&text, |path| keys.iter().any(|key| key.path == path));
        writeln!(page, "\n## {name}\n\n{about}\n")?;
        writeln!(page, "| key | must be | default | variable | meaning |\n|---|---|---|---|---|")?;
        for key in &keys {
            // What holds for a zone may also be said for all zones of a camera.
            let of_zone = key.path.replacen("cameras[].", "cameras[].forbidden_rois[].", 1);
            let name = key.path.rsplit('.').next().unwrap_or_default();
            let said = comments.get(&key.path).or_else(|| comments.get(&of_zone)).cloned();
            let Some(meaning) = said.or_else(|| word(&text, name)) else {
                undescribed.push(format!("{} in configs/{name}", key.path));
                continue;
            };
            let default = if key.is_required { "required".to_owned() } else { value(key.default.as_deref()) };
            let variable = key.variable.as_ref().map(|name| format!("`{name}`")).unwrap_or_default();
            let (path, expected, meaning) = (cell(&key.path), cell(&key.expected), cell(&meaning));
            writeln!(page, "| `{path}` | {expected} | {default} | {variable} | {meaning} |")?;
        }
        of_files.extend(keys.into_iter().filter_map(|key| key.variable));
    }
    let (fields, of_settings) = settings().await?;
    let variables = variables(&of_files, &of_settings);
    let all = programs().len();
    writeln!(page, "\n## Environment variables\n\nBesides those of the tables above.\n")?;
    writeln!(page, "| variable | read by | default | meaning |\n|---|---|---|---|")?;
    for (name, variable) in &variables {
        let Some(meaning) = meaning_of(name) else {
            undescribed.push(format!("{name} in crates/e2e/tests/docs/meanings.rs"));
            continue;
        };
        let (readers, default) = (variable.readers(all), variable.default());
        writeln!(page, "| `{name}` | {readers} | {default} | {} |", cell(meaning))?;
    }
    undescribed.extend(
        MEANINGS
            .iter()
            .filter(|(name, _)| !variables.contains_key(*name))
            .map(|(name, _)| format!("{name} is read by nobody")),
    );
    page.push_str(&of_robots(&fields));
    Ok((page, undescribed))
}

fn of_robots(fields: &[Value]) -> String {
    let mut page =
        "\n## Settings of robots\n\nChanged on the console's settings page or at `/api/v1/settings`, kept in the \
                    database, in effect at once. A variable sets one for good.\n"
            .to_owned();
    let text = |field: &Value, key: &str| field[key].as_str().unwrap_or_default().to_owned();
    let mut group = String::new();
    for field in fields {
        if text(field, "group") != group {
            group = text(field, "group");
            page.push_str(&format!(
                "\n### {group}\n\n| key | is | default | variable | meaning |\n|---|---|---|---|---|\n"
            ));
        }
        let variable = field["environment"].as_str().map(|name| format!("`{name}`")).unwrap_or_default();
        let (title, help) = (text(field, "title"), text(field, "help"));
        page.push_str(&format!(
            "| `{}` | {} | {} | {variable} | {title}: {} |\n",
            text(field, "key"),
            cell(&kind(field)),
            default_of(field),
            cell(&help),
        ));
    }
    page
}

fn kind(field: &Value) -> String {
    let kind = field["type"].as_str().unwrap_or_default().replace('_', " ");
    let choices = field["choices"]
        .as_array()
        .map(|choices| choices.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    let range = match (field["min"].as_f64(), field["max"].as_f64()) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        _ => String::new(),
    };
    let unit = field["unit"].as_str().map(|unit| format!(", {unit}")).unwrap_or_default();
    match choices {
        // Time zones, which nobody reads in a table.
        Some(choices) if choices.len() > 200 => format!("one of {} names", choices.split(", ").count()),
        Some(choices) => format!("one of {choices}"),
        None => format!("{kind}{range}{unit}"),
    }
}

fn default_of(field: &Value) -> String {
    match &field["default"] {
        Value::Null => "none".to_owned(),
        Value::String(text) if text.chars().count() > 60 => "a text".to_owned(),
        Value::String(text) => value(Some(text)),
        other => value(Some(&other.to_string())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_reference_is_that_of_the_code() -> anyhow::Result<()> {
    let (page, undescribed) = page().await?;
    assert!(undescribed.is_empty(), "describe these in one sentence each:\n  {}", undescribed.join("\n  "));
    assert_page("configuration.md", &page);
    Ok(())
}

#[test]
fn every_variable_that_the_source_names_is_in_the_reference() {
    let page = fs::read_to_string(e2e::root().join("docs/configuration.md")).expect("is there");
    let crates = ["alert-router", "bus", "chassis", "console", "inference-api", "media", "patrol", "report", "robot"];
    let crates = crates.into_iter().chain(["sim", "store", "stream-manager", "vision", "vlm"]);
    let mut missing = Vec::new();
    for name in crates {
        // What tests say in their modules is no variable of a program.
        let text = sources(&e2e::root().join("crates").join(name).join("src"));
        let programs: String = text
            .split("#[cfg(test)]")
            .enumerate()
            .map(|(place, part)| match place {
                0 => part.to_owned(),
                _ => part.split_once("\n}\n").map(|(_, rest)| rest.to_owned()).unwrap_or_default(),
            })
            .collect();
        for begin in ["env.text(\"", "env.get(\"", "env.or(\"", "env.secret(\"", "env.dir(\"", "env = \"", "set_by(\""]
        {
            let is_told = |variable: &&str| page.contains(&format!("`{variable}`"));
            missing.extend(after(&programs, begin).filter(|it| !is_told(it)).map(|it| format!("{name}: {it}")));
        }
    }
    assert!(missing.is_empty(), "docs/configuration.md lacks:\n  {}", missing.join("\n  "));
}

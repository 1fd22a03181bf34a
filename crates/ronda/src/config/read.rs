//! Reads the files of a configuration directory. What is wrong is found with file, line and key, and nothing that is
//! right is lost for it.

use std::cell::RefCell;
use std::path::Path;

use chassis::Env;
use chassis::config::{ConfigError, Problem, locate_place, parse_entries, parse_yaml};
use domain::camera::{Camera, CamerasFile};
use domain::entry::{Entry, EntryProblem};
use domain::robots::{RobotsFile, SiteRobot};
use domain::services::{Services, ServicesFile};
use domain::zone::{CameraZones, RoisFile};

use super::Finding;

/// The cameras.
pub(crate) const CAMERAS: &str = "cameras.yaml";
/// Their zones.
pub(crate) const ROIS: &str = "rois.yaml";
/// The settings of the services.
pub(crate) const SERVICES: &str = "services.yaml";
/// The robots.
pub(crate) const ROBOTS: &str = "robots.yaml";

/// All files that are read.
pub(crate) const FILES: [&str; 4] = [CAMERAS, ROIS, SERVICES, ROBOTS];

/// What a file is a list of.
#[derive(Debug, Clone, Copy)]
struct Kind {
    /// The one key of the file.
    list: &'static str,
    /// The key of an entry that says which camera or robot it is about.
    id: &'static str,
    /// Whether a site may do without the file.
    is_optional: bool,
}

const OF_CAMERAS: Kind = Kind { list: "cameras", id: "id", is_optional: false };
const OF_ZONES: Kind = Kind { list: "cameras", id: "camera_id", is_optional: false };
const OF_ROBOTS: Kind = Kind { list: "robots", id: "id", is_optional: true };

/// The entries of a list.
#[derive(Debug)]
pub(crate) struct List<T> {
    /// The good ones.
    pub(crate) good: Vec<T>,
    /// The camera or robot that each entry names, good or bad.
    pub(crate) ids: Vec<String>,
    /// All entries that could be read, with their places in the list.
    pub(crate) entries: Vec<(usize, Entry)>,
    /// The file's text, to find lines in.
    pub(crate) text: String,
    /// Whether the file is such a list at all.
    pub(crate) is_readable: bool,
}

/// Reads `cameras.yaml`.
pub(crate) fn cameras(directory: &Path, env: &Env) -> (List<Camera>, Vec<Finding>) {
    let variables = Variables::of(env);
    let (cameras, mut findings) = list(&directory.join(CAMERAS), env, OF_CAMERAS, |cameras| {
        CamerasFile { cameras }.check(&|name| variables.text(name))
    });
    findings.extend(variables.findings());
    (cameras, findings)
}

/// Reads `rois.yaml`.
pub(crate) fn zones(directory: &Path, env: &Env) -> (List<CameraZones>, Vec<Finding>) {
    list(&directory.join(ROIS), env, OF_ZONES, |cameras| RoisFile { cameras }.check())
}

/// Reads `robots.yaml`; a site without the file has no robots.
pub(crate) fn robots(directory: &Path, env: &Env) -> (List<SiteRobot>, Vec<Finding>) {
    list(&directory.join(ROBOTS), env, OF_ROBOTS, |robots| RobotsFile { robots }.check())
}

/// Reads `services.yaml`; without the file, everything has its default.
pub(crate) fn services(directory: &Path, env: &Env) -> (Option<Services>, Vec<Finding>) {
    let path = directory.join(SERVICES);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return (None, vec![unreadable(&path, &error)]),
    };
    let file: ServicesFile = match parse_yaml::<Option<ServicesFile>>(&text, &path, env) {
        Ok(file) => file.unwrap_or_default(),
        Err(error) => return (None, vec![Finding::error(place_of(&path, error))]),
    };
    let variables = Variables::of(env);
    let checked = file.check(&|name| variables.text(name));
    let unreadable = variables.findings();
    match checked {
        Ok(services) if unreadable.is_empty() => (Some(services), Vec::new()),
        Ok(_) => (None, unreadable),
        Err(problems) => {
            let finding = |problem: domain::entry::Problem| {
                Finding::error(at(&path, &text, &problem.key, &problem.key, problem.message))
            };
            (None, problems.into_iter().map(finding).chain(unreadable).collect())
        }
    }
}

/// The variables that replace what files say. One that cannot be read, as of a secret whose file is missing, must not
/// pass for one that is not set.
struct Variables<'e> {
    env: &'e Env,
    unreadable: RefCell<Vec<Finding>>,
}

impl<'e> Variables<'e> {
    fn of(env: &'e Env) -> Self {
        Self { env, unreadable: RefCell::default() }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.env.text(name).unwrap_or_else(|error| {
            let problem = match error {
                ConfigError::Variable { name, expectation } => Problem::new("environment", None, name, expectation),
                other => Problem::new("environment", None, name, other.to_string()),
            };
            self.unreadable.borrow_mut().push(Finding::error(problem));
            None
        })
    }

    fn findings(self) -> Vec<Finding> {
        self.unreadable.into_inner()
    }
}

fn list<T>(
    path: &Path,
    env: &Env,
    kind: Kind,
    check: impl FnOnce(Vec<Entry>) -> (Vec<T>, Vec<EntryProblem>),
) -> (List<T>, Vec<Finding>) {
    let mut list =
        List { good: Vec::new(), ids: Vec::new(), entries: Vec::new(), text: String::new(), is_readable: false };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if kind.is_optional && error.kind() == std::io::ErrorKind::NotFound => return (list, Vec::new()),
        Err(error) => return (list, vec![unreadable(path, &error)]),
    };
    let outcomes = match parse_entries::<Entry>(&text, path, kind.list, env) {
        Ok(outcomes) => outcomes,
        Err(error) => return (list, vec![Finding::error(place_of(path, error))]),
    };
    let mut findings = Vec::new();
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(entry) => list.entries.push((index, entry)),
            Err(problem) => findings.push(Finding::error(problem)),
        }
    }
    let (good, problems) = check(list.entries.iter().map(|(_, entry)| entry.clone()).collect());
    for EntryProblem { index, key, message, .. } in problems {
        let place = format!("{}[{}]", kind.list, list.entries[index].0);
        let whole = if key.is_empty() { place } else { format!("{place}.{key}") };
        findings.push(Finding::error(at(path, &text, &whole, &key, message)));
    }
    findings.sort_by_key(|finding| (finding.problem.line, finding.problem.column));
    list.ids = list.entries.iter().filter_map(|(_, entry)| camera_of(entry, kind.id)).collect();
    list.good = good;
    list.text = text;
    list.is_readable = true;
    (list, findings)
}

/// Returns the camera that an entry names, as text even if it was written as a number.
pub(super) fn camera_of(entry: &Entry, id_key: &str) -> Option<String> {
    let value = entry.value(id_key).or_else(|| entry.value("id"))?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Returns a problem at the place of its key, or of what encloses the key if it is absent. `key` is what the rule called
/// it: if that is a variable of the environment, the problem is there and not in the file.
pub(crate) fn at(path: &Path, text: &str, whole: &str, key: &str, message: String) -> Problem {
    let is_variable = key.starts_with(|c: char| c.is_ascii_uppercase());
    if is_variable {
        return Problem::new("environment", None, key, message);
    }
    let place = place_in(text, whole);
    Problem::new(path, place.map(|(line, _)| line), whole, message).at_column(place.map(|(_, column)| column))
}

/// Returns line and column of the value of a key, or of the nearest thing around it that is there.
fn place_in(text: &str, key: &str) -> Option<(usize, usize)> {
    let mut key = key;
    loop {
        if let Some(place) = locate_place(text, key) {
            return Some(place);
        }
        key = &key[..key.rfind(['.', '['])?];
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Finding {
    Finding::error(Problem::new(path, None, "", format!("cannot be read: {error}")))
}

/// Returns the place that a reading error names.
fn place_of(path: &Path, error: ConfigError) -> Problem {
    match error {
        ConfigError::File(problem) => problem,
        other => Problem::new(path, None, "", other.to_string()),
    }
}

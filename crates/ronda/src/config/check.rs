//! Checks a configuration directory.

use std::path::Path;

use chassis::Env;
use chassis::config::Problem;

use super::{Finding, Weight, cross, probe, read};

/// Files that belong to the reference's configuration and that nothing here reads, and where their content belongs.
const UNREAD: [(&str, &str); 5] = [
    ("alerting.yaml", "is read by no service: its keys belong into services.yaml, below alerting"),
    ("alerting.yml", "is read by no service: its keys belong into services.yaml, below alerting"),
    ("model.yaml", "is read by no service: models are chosen with `ronda model use`"),
    ("display.yaml", "is read by no service: colours are fixed"),
    ("yolo_data.yaml", "is read by no service: it is for training"),
];

/// What came of a check.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(super) findings: Vec<Finding>,
    pub(super) cameras: usize,
    pub(super) zones: usize,
    pub(super) robots: usize,
}

impl Checked {
    /// Returns how many findings have this weight.
    pub(crate) fn count(&self, weight: Weight) -> usize {
        self.findings.iter().filter(|finding| finding.weight == weight).count()
    }

    /// Returns whether nothing is wrong.
    pub(super) fn is_good(&self) -> bool {
        self.count(Weight::Error) == 0
    }

    /// Returns what good things the files hold, in words.
    pub(crate) fn holds(&self) -> String {
        let mut things = vec![counted(self.cameras, "good camera"), counted(self.zones, "good zone")];
        if self.robots > 0 {
            things.push(counted(self.robots, "good robot"));
        }
        things.join(", ")
    }
}

/// Checks every file, and whether they fit together; with `probe`, whether the cameras answer too.
pub(crate) fn check(directory: &Path, env: &Env, probe: bool) -> Checked {
    let mut findings = Vec::new();
    if !directory.is_dir() {
        findings.push(Finding::error(Problem::new(directory, None, "", "is no directory")));
        return Checked { findings, cameras: 0, zones: 0, robots: 0 };
    }
    findings.extend(unread(directory));
    let (cameras, found) = read::cameras(directory, env);
    findings.extend(found);
    let (zones, found) = read::zones(directory, env);
    findings.extend(found);
    let (services, found) = read::services(directory, env);
    findings.extend(found);
    let (robots, found) = read::robots(directory, env);
    findings.extend(found);

    findings.extend(cross::cameras_and_zones(directory, &cameras, &zones));
    findings.extend(cross::classes(directory, &zones, services.as_ref(), env));
    findings.extend(cross::robots(directory, &robots));
    findings.extend(services.iter().flat_map(|services| cross::delivery(directory, &services.alerting)));
    findings.extend(cross::variables(&cameras.ids, std::env::vars_os()));
    findings.extend(cross::settings(std::env::vars_os()));
    if probe {
        findings.extend(probe::streams(directory, &cameras, &zones));
    }
    let count = zones.good.iter().map(|zones| zones.zones().len()).sum();
    Checked { findings, cameras: cameras.good.len(), zones: count, robots: robots.good.len() }
}

/// Finds the YAML files that nothing reads.
fn unread(directory: &Path) -> Vec<Finding> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            return vec![Finding::error(Problem::new(directory, None, "", format!("cannot be listed: {error}")))];
        }
    };
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let is_yaml = |name: &&String| name.ends_with(".yaml") || name.ends_with(".yml");
    let is_read = |name: &str| read::FILES.contains(&name);
    let finding = |name: &String| {
        let known = UNREAD.iter().find(|(file, _)| file == name).map(|(_, text)| (*text).to_owned());
        let text = known.unwrap_or_else(|| {
            let [first @ .., last] = read::FILES;
            format!("is read by no service: they read {} and {last}", first.join(", "))
        });
        Finding::warning(Problem::new(directory.join(name), None, "", text))
    };
    names.iter().filter(is_yaml).filter(|name| !is_read(name)).map(finding).collect()
}

/// Returns a number with its noun.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

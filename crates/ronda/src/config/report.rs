//! Says what was found, to people and to programs.

use std::io::Write;
use std::path::Path;

use chassis::config::Problem;
use serde::Serialize;

use super::check::{Checked, counted};
use super::{Finding, Weight};

/// Prints one line for each finding and a last one that sums up.
pub(super) fn text(directory: &Path, checked: &Checked, out: &mut dyn Write) -> anyhow::Result<()> {
    for finding in &checked.findings {
        writeln!(out, "{}: {}", name(finding.weight), placed(&finding.problem))?;
    }
    let (errors, warnings) = (checked.count(Weight::Error), checked.count(Weight::Warning));
    let sum = [counted(errors, "error"), counted(warnings, "warning"), checked.holds()];
    Ok(writeln!(out, "{}: {}", directory.display(), sum.join(", "))?)
}

/// Prints one JSON object.
pub(super) fn json(checked: &Checked, out: &mut dyn Write) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Report<'a> {
        ok: bool,
        cameras: usize,
        zones: usize,
        robots: usize,
        findings: Vec<Line<'a>>,
    }
    #[derive(Serialize)]
    struct Line<'a> {
        severity: &'static str,
        file: String,
        line: Option<usize>,
        column: Option<usize>,
        key: &'a str,
        message: &'a str,
    }
    let findings = checked.findings.iter().map(|Finding { weight, problem }| Line {
        severity: name(*weight),
        file: problem.file.display().to_string(),
        line: problem.line,
        column: problem.column,
        key: &problem.key,
        message: &problem.expectation,
    });
    let report = Report {
        ok: checked.is_good(),
        cameras: checked.cameras,
        zones: checked.zones,
        robots: checked.robots,
        findings: findings.collect(),
    };
    Ok(writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?)
}

fn name(weight: Weight) -> &'static str {
    match weight {
        Weight::Error => "error",
        Weight::Warning => "warning",
    }
}

/// Returns a problem as editors and other tools expect it: `file:line:column: key: what is expected`.
fn placed(problem: &Problem) -> String {
    let Problem { file, line, column, key, expectation } = problem;
    let numbers = line.iter().chain(column.iter().filter(|_| line.is_some()));
    let place = numbers.fold(file.display().to_string(), |place, number| format!("{place}:{number}"));
    if key.is_empty() { format!("{place}: {expectation}") } else { format!("{place}: {key}: {expectation}") }
}

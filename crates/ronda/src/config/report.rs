//! Says what was found, to people and to programs.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::check::Checked;
use super::{Finding, Weight};

/// Prints one line for each finding and a last one that sums up.
pub(super) fn text(directory: &Path, checked: &Checked, out: &mut dyn Write) -> anyhow::Result<()> {
    for finding in &checked.findings {
        writeln!(out, "{}: {}", name(finding.weight), finding.problem)?;
    }
    let Checked { cameras, zones, .. } = checked;
    let (errors, warnings) = (checked.count(Weight::Error), checked.count(Weight::Warning));
    let sum = [
        counted(errors, "error"),
        counted(warnings, "warning"),
        counted(*cameras, "good camera"),
        counted(*zones, "good zone"),
    ];
    Ok(writeln!(out, "{}: {}", directory.display(), sum.join(", "))?)
}

/// Prints one JSON object.
pub(super) fn json(checked: &Checked, out: &mut dyn Write) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Report<'a> {
        ok: bool,
        cameras: usize,
        zones: usize,
        findings: Vec<Line<'a>>,
    }
    #[derive(Serialize)]
    struct Line<'a> {
        severity: &'static str,
        file: String,
        line: Option<usize>,
        key: &'a str,
        message: &'a str,
    }
    let findings = checked.findings.iter().map(|Finding { weight, problem }| Line {
        severity: name(*weight),
        file: problem.file.display().to_string(),
        line: problem.line,
        key: &problem.key,
        message: &problem.expectation,
    });
    let report =
        Report { ok: checked.is_good(), cameras: checked.cameras, zones: checked.zones, findings: findings.collect() };
    Ok(writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?)
}

fn name(weight: Weight) -> &'static str {
    match weight {
        Weight::Error => "error",
        Weight::Warning => "warning",
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

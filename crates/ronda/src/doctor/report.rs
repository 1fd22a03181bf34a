//! Tells what was found, to people and to programs.

use std::io::Write;

use serde::Serialize;

use super::check::{Finding, State};

/// How the report looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Letters only.
    Plain,
    /// With the colours of a terminal.
    Coloured,
}

/// Prints one line for each finding, with what to do below it, and a last one that sums up.
pub(super) fn text(findings: &[Finding], style: Style, out: &mut dyn Write) -> anyhow::Result<()> {
    let width = findings.iter().map(|finding| finding.subject.chars().count()).max().unwrap_or(0);
    for finding in findings {
        let Finding { area, subject, state, found, advice } = finding;
        let (word, area) = (word(*state, style), area.name());
        writeln!(out, "{word}  {area:<8} {subject:<width$}  {found}")?;
        if let Some(advice) = advice {
            writeln!(out, "         {:8} {:width$}  → {advice}", "", "")?;
        }
    }
    let Counts { ok, warnings, failed } = Counts::of(findings);
    let warnings = if warnings == 1 { "1 warning".to_owned() } else { format!("{warnings} warnings") };
    Ok(writeln!(out, "{ok} ok, {warnings}, {failed} failed")?)
}

/// Prints one JSON object.
pub(super) fn json(findings: &[Finding], out: &mut dyn Write) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Report<'a> {
        ok: bool,
        counts: Counts,
        checks: &'a [Finding],
    }
    let counts = Counts::of(findings);
    let report = Report { ok: counts.failed == 0, counts, checks: findings };
    Ok(writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?)
}

/// How many findings there are of each state.
#[derive(Debug, Clone, Copy, Serialize)]
struct Counts {
    ok: usize,
    warnings: usize,
    failed: usize,
}

impl Counts {
    fn of(findings: &[Finding]) -> Self {
        let count = |state| findings.iter().filter(|finding| finding.state == state).count();
        Self { ok: count(State::Ok), warnings: count(State::Warning), failed: count(State::Failed) }
    }
}

/// Returns the word for a state, in seven columns.
fn word(state: State, style: Style) -> String {
    let (word, colour) = match state {
        State::Ok => ("ok     ", 32),
        State::Warning => ("warning", 33),
        State::Failed => ("failed ", 31),
    };
    match style {
        Style::Plain => word.to_owned(),
        Style::Coloured => format!("\u{1b}[{colour}m{word}\u{1b}[0m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Area;

    fn findings() -> Vec<Finding> {
        let finding = |area, subject: &str, state, found: &str, advice: Option<&str>| Finding {
            area,
            subject: subject.to_owned(),
            state,
            found: found.to_owned(),
            advice: advice.map(str::to_owned),
        };
        vec![
            finding(Area::Redis, "version", State::Ok, "7.0.15 at 127.0.0.1:6379", None),
            finding(Area::Cameras, "gate", State::Failed, "refuses the password", Some("correct it")),
        ]
    }

    #[test]
    fn people_get_lines_and_what_to_do() {
        let mut out = Vec::new();
        text(&findings(), Style::Plain, &mut out).expect("is written");
        let told = String::from_utf8(out).expect("is UTF-8");
        assert_eq!(
            told,
            "ok       redis    version  7.0.15 at 127.0.0.1:6379\n\
             failed   cameras  gate     refuses the password\n                           → correct it\n\
             1 ok, 0 warnings, 1 failed\n"
        );
    }

    #[test]
    fn terminals_get_colours() {
        let mut out = Vec::new();
        text(&findings(), Style::Coloured, &mut out).expect("is written");
        assert!(String::from_utf8_lossy(&out).contains("\u{1b}[31mfailed \u{1b}[0m  cameras"));
    }

    #[test]
    fn programs_get_one_object() {
        let mut out = Vec::new();
        json(&findings(), &mut out).expect("is written");
        let told: serde_json::Value = serde_json::from_slice(&out).expect("is JSON");
        assert_eq!((told["ok"].as_bool(), told["counts"]["failed"].as_u64()), (Some(false), Some(1)));
        let camera = &told["checks"][1];
        assert_eq!((camera["area"].as_str(), camera["state"].as_str()), (Some("cameras"), Some("failed")));
        assert_eq!((camera["subject"].as_str(), camera["advice"].as_str()), (Some("gate"), Some("correct it")));
    }
}

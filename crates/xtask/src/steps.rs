//! Named steps, each timed, with a table at the end.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::terminal::{human, note, say};

/// One thing to do.
pub(crate) struct Step<'a> {
    /// The name on the command line and in the table.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) run: Box<dyn Fn() -> anyhow::Result<()> + 'a>,
}

/// Runs the chosen steps in their order, all of them when none is named, and stops at the first failure.
pub(crate) fn run(steps: &[Step<'_>], chosen: &[String]) -> anyhow::Result<()> {
    let known: Vec<&str> = steps.iter().map(|step| step.name).collect();
    if let Some(unknown) = chosen.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no step `{unknown}`; there are {}", known.join(", "));
    }
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let mut outcome = Ok(());
    for step in steps {
        if !chosen.is_empty() && !chosen.iter().any(|name| name == step.name) {
            continue;
        }
        note(format!("\n── {} ──", step.name));
        let began = Instant::now();
        outcome = (step.run)();
        times.push((step.name, began.elapsed()));
        if outcome.is_err() {
            break;
        }
    }
    say(summary(&times, outcome.is_ok()));
    let failed = times.last().map_or("nothing", |(name, _)| name);
    outcome.with_context(|| format!("the step `{failed}` failed"))
}

fn summary(times: &[(&str, Duration)], passed: bool) -> String {
    let mut lines = vec![String::new()];
    for (index, (name, took)) in times.iter().enumerate() {
        let is_last = index + 1 == times.len();
        let mark = if is_last && !passed { "failed" } else { "passed" };
        lines.push(format!("{mark}  {name:<12} {:>12}", human(*took)));
    }
    let total = times.iter().map(|(_, took)| *took).sum();
    lines.push(format!("in all {:>25}", human(total)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_first_failure_ends_the_run_and_is_named() {
        let done = RefCell::new(Vec::new());
        let step = |name: &'static str, works: bool| Step {
            name,
            run: Box::new({
                let done = &done;
                move || {
                    done.borrow_mut().push(name);
                    if works { Ok(()) } else { bail!("it broke") }
                }
            }),
        };
        let steps = [step("format", true), step("clippy", false), step("unit", true)];

        let failure = run(&steps, &[]).expect_err("clippy fails");

        assert_eq!(format!("{failure:#}"), "the step `clippy` failed: it broke");
        assert_eq!(*done.borrow(), ["format", "clippy"]);
        run(&steps, &["unit".to_owned()]).expect("only this one runs");
        assert_eq!(*done.borrow(), ["format", "clippy", "unit"]);
    }

    #[test]
    fn an_unknown_step_is_refused_with_those_that_exist() {
        let steps = [Step { name: "format", run: Box::new(|| Ok(())) }];

        let refusal = run(&steps, &["fromat".to_owned()]).expect_err("it does not exist");

        assert_eq!(refusal.to_string(), "there is no step `fromat`; there are format");
    }

    #[test]
    fn the_table_shows_what_failed() {
        let times = [("format", Duration::from_millis(900)), ("clippy", Duration::from_secs(75))];

        let table = summary(&times, false);

        assert!(table.contains("passed  format              0.9 s"), "{table}");
        assert!(table.contains("failed  clippy         1 min 15 s"), "{table}");
    }
}

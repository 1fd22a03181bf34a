//! `cargo xtask nightly`: everything of `test`, the long forms that it leaves out, and the figures.

use std::env;
use std::process::Command;

use anyhow::Context;

use crate::places::Places;
use crate::setup::tools;
use crate::steps::{self, Step};
use crate::{exec, fresh, test};

/// Runs what takes too long for every change.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Runs only these steps, in their usual order.
    #[arg(value_name = "STEP")]
    steps: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let places = Places::find()?;
    let here = &places;
    let steps = [
        Step { name: "test", run: Box::new(|| ourselves(&["test"])) },
        Step { name: "long", run: Box::new(|| test::nextest(here, "all()", &["--run-ignored", "only"])) },
        Step { name: "fresh", run: Box::new(|| fresh::run(here)) },
        Step { name: "advisories", run: Box::new(|| advisories(here)) },
        Step { name: "bench", run: Box::new(|| ourselves(&["bench"])) },
    ];
    steps::run(&steps, &options.steps)
}

/// Another command of this program, with its usual options.
fn ourselves(arguments: &[&str]) -> anyhow::Result<()> {
    let program = env::current_exe().context("finding this program")?;
    exec::openly(&format!("xtask {}", arguments.join(" ")), Command::new(program).args(arguments))
}

/// Known faults of the dependencies; the list is fetched, so this needs a network.
fn advisories(places: &Places) -> anyhow::Result<()> {
    let mut command = Command::new(tools::DENY.ensure(places)?);
    command.current_dir(&places.root).args(["--workspace", "--locked", "check", "advisories"]);
    exec::openly("cargo deny check advisories", &mut command)
}

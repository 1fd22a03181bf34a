//! `cargo xtask test`: everything that must hold before a change is accepted, fast checks first. All of it uses the
//! one release profile and, so that nothing is compiled twice, the same selection of packages.

use std::process::Command;

use crate::compose;
use crate::exec;
use crate::lint;
use crate::places::Places;
use crate::setup::packages::Group;
use crate::setup::{apt, disk, node, python, tools, ui};
use crate::steps::{self, Step};
use crate::up;

/// Installs what the tests need and runs all of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Runs only these steps, in their usual order.
    #[arg(value_name = "STEP")]
    steps: Vec<String>,
}

/// The tests that drive whole programs; they run alone, after all others.
const WHOLE_SITE: &str = "package(e2e) and not binary(tidy) and not binary(compose)";

/// All others.
const UNIT: &str = "not package(e2e) or binary(tidy)";

/// Runs the command.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let places = Places::find()?;
    let here = &places;
    let steps = [
        Step { name: "packages", run: Box::new(|| install_packages(here)) },
        Step { name: "format", run: Box::new(|| cargo(here, &["fmt", "--all", "--check"])) },
        Step { name: "licences", run: Box::new(|| licences(here)) },
        Step { name: "lint", run: Box::new(|| lint::run(here)) },
        Step { name: "interface", run: Box::new(|| interface(here)) },
        Step { name: "clippy", run: Box::new(|| clippy(here)) },
        Step { name: "docs", run: Box::new(|| docs(here)) },
        Step { name: "build", run: Box::new(|| build(here)) },
        Step { name: "fetch", run: Box::new(|| fetch(here)) },
        Step { name: "unit", run: Box::new(|| nextest(here, UNIT, &[])) },
        Step {
            name: "doctests",
            run: Box::new(|| cargo(here, &["test", "--release", "--locked", "--workspace", "--doc"])),
        },
        Step { name: "site", run: Box::new(|| nextest(here, WHOLE_SITE, &[])) },
        Step { name: "compose", run: Box::new(|| compose::test(here)) },
    ];
    steps::run(&steps, &options.steps)
}

fn install_packages(places: &Places) -> anyhow::Result<()> {
    apt::ensure(&[Group::Build, Group::Run, Group::Test, Group::Python], apt::Consent::Ask)?;
    if !places.programs().join("stream-manager").is_file() {
        disk::require(&places.target, disk::FOR_A_COLD_BUILD, "the first build")?;
    }
    tools::NEXTEST.ensure(places)?;
    tools::DENY.ensure(places)?;
    node::require()
}

fn licences(places: &Places) -> anyhow::Result<()> {
    let deny = tools::DENY.ensure(places)?;
    let mut command = Command::new(deny);
    command.current_dir(&places.root).args([
        "--workspace",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]);
    exec::openly("cargo deny", &mut command)
}

fn interface(places: &Places) -> anyhow::Result<()> {
    ui::install_packages(places)?;
    for script in ["check", "test"] {
        exec::openly(&format!("npm run {script}"), &mut node::npm(&places.ui(), &["run", script]))?;
    }
    ui::build(places)
}

fn clippy(places: &Places) -> anyhow::Result<()> {
    let all = ["clippy", "--release", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    cargo(places, &all)
}

fn docs(places: &Places) -> anyhow::Result<()> {
    let mut command = Command::new("cargo");
    command.current_dir(&places.root).env("RUSTDOCFLAGS", "-D warnings").args([
        "doc",
        "--release",
        "--locked",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ]);
    exec::openly("cargo doc", &mut command)
}

/// Builds the programs together with the tests: what only tests need changes the features of shared dependencies, so
/// that a build without them would compile much of it twice.
fn build(places: &Places) -> anyhow::Result<()> {
    ui::build(places)?;
    cargo(places, &["build", "--release", "--locked", "--workspace", "--all-targets"])
}

fn fetch(places: &Places) -> anyhow::Result<()> {
    up::fetch(places, "ronda", &["model", "fetch"], "the detector model")?;
    up::fetch(places, "sim", &["fetch"], "the footage of the simulated cameras")?;
    python::GRAFANA.ensure(places)?;
    python::OPENMETRICS.ensure(places)?;
    python::KACHAKA.ensure(places).map(drop)
}

/// Runs the tests of a nextest filter.
pub(crate) fn nextest(places: &Places, filter: &str, more: &[&str]) -> anyhow::Result<()> {
    exec::openly("cargo nextest", &mut nextest_command(places, filter, more)?)
}

/// The command that runs the tests of a nextest filter.
pub(crate) fn nextest_command(places: &Places, filter: &str, more: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(tools::NEXTEST.ensure(places)?);
    command
        .current_dir(&places.root)
        .args(["nextest", "run", "--release", "--locked", "--workspace", "--no-fail-fast", "-E", filter])
        .args(more);
    Ok(command)
}

fn cargo(places: &Places, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new("cargo");
    command.current_dir(&places.root).args(arguments);
    exec::openly(&format!("cargo {}", arguments[0]), &mut command)
}

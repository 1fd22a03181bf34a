//! `cargo xtask bench`: measures the real programs, beside a peer in the same call where there is one, and prints one
//! JSON line for each figure.

mod cameras;
mod deploy;
mod detect;
mod isolation;
mod latency;
mod memory;
mod patrol;
mod peer;
mod process;
mod stage;

use std::process::Command;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::places::Places;
use crate::setup::apt;
use crate::setup::packages::Group;
use crate::{exec, terminal, up};

/// What to measure and how long.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The benchmark; all of them without a name.
    name: Option<Name>,
    /// Seconds measured in each round, after the warm-up.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Minutes of the memory benchmark.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// The largest number of cameras that is tried.
    #[arg(long, default_value_t = 64)]
    most: u32,
    /// The scene of the camera benchmark; both without one.
    #[arg(long)]
    scene: Option<cameras::Scene>,
    /// Measures the programs as they were built last.
    #[arg(long)]
    as_built: bool,
    /// Measures containers from inside their engine's network; `deploy` starts itself so.
    #[arg(long, hide = true)]
    in_engine: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Milliseconds a picture, each backend, beside the bare onnxruntime session.
    Detect,
    /// The largest number of cameras on this machine, beside a Python pipeline.
    Cameras,
    /// From a picture's capture to the webhook's arrival.
    FrameToAlert,
    /// What the death of one camera does to the others.
    Isolation,
    /// Resident memory of every process over time.
    Memory,
    /// A robot's process: age of poses, viewers of a camera, the process at rest, the report of a run.
    Patrol,
    /// Containers: first alert, idle memory, what nginx adds; and the second start of `cargo xtask up`.
    Deploy,
}

/// One measured value, printed as a JSON line.
#[derive(Debug, Serialize)]
struct Figure<'a> {
    name: &'a str,
    value: f64,
    unit: &'a str,
}

/// Prints a figure on standard output.
fn print(name: &str, value: f64, unit: &str) {
    let rounded = (value * 1000.0).round() / 1000.0;
    let figure = Figure { name, value: rounded, unit };
    terminal::say(serde_json::json!(figure));
}

/// Builds what is measured, then measures.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let places = Places::find()?;
    if options.in_engine {
        return deploy::run_in_engine(&places);
    }
    prepare(&places, options.as_built)?;
    let wanted = |name| options.name.is_none_or(|chosen| chosen == name);
    if wanted(Name::Detect) {
        detect::run(&places)?;
    }
    if wanted(Name::Cameras) {
        cameras::run(&places, options.seconds, options.most, options.scene)?;
    }
    if wanted(Name::FrameToAlert) {
        latency::run(&places, options.seconds)?;
    }
    if wanted(Name::Isolation) {
        isolation::run(&places, options.seconds)?;
    }
    if wanted(Name::Memory) {
        memory::run(&places, options.minutes)?;
    }
    if wanted(Name::Patrol) {
        patrol::run(&places, options.seconds)?;
    }
    if wanted(Name::Deploy) {
        deploy::run(&places)?;
    }
    Ok(())
}

/// Installs, builds and fetches what the measurements need.
fn prepare(places: &Places, as_built: bool) -> anyhow::Result<()> {
    apt::ensure(&[Group::Build, Group::Run, Group::Python, Group::Bench], apt::Consent::Ask)?;
    if !as_built {
        up::build(places)?;
        // Selected from the whole workspace, as everything else is, so that no dependency is compiled another way.
        let mut examples = Command::new("cargo");
        examples.current_dir(&places.root).args(["build", "--release", "--locked", "--workspace", "--examples"]);
        exec::quietly("building the measuring programs", &mut examples)?;
    }
    up::fetch(places, "ronda", &["model", "fetch"], "the detector model")?;
    up::fetch(places, "sim", &["fetch"], "the footage of the simulated cameras")
}

//! `cargo xtask up`: from a fresh checkout to a running site.

mod child;
mod lock;
mod log;
mod nginx;
mod plan;
mod ports;
mod ready;
mod robots;
mod site;
mod supervisor;
pub(crate) mod warden;

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::exec;
use crate::places::Places;
use crate::setup::packages::Group;
use crate::setup::{apt, disk, ui};
use crate::terminal::{note, say};
use plan::Choices;
use ports::Ports;
use supervisor::{Start, Supervisor};

/// Starts a site and keeps it running until Ctrl-C.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Runs the configuration in this directory (cameras.yaml, rois.yaml, services.yaml, robots.yaml), with no simulation.
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Runs the repository's own `configs` directory, with no simulation.
    #[arg(long, conflicts_with = "site")]
    no_sim: bool,
    /// Adds this number to every port, so that two sites fit on one machine.
    #[arg(long, default_value_t = 0, value_name = "N")]
    port_offset: u16,
    /// Shows what every program logs; without it the logs are only in the data directory.
    #[arg(long, short)]
    verbose: bool,
    /// Installs missing system packages without asking.
    #[arg(long, short)]
    yes: bool,
    /// Installs no system package: says what is missing instead.
    #[arg(long, conflicts_with = "yes")]
    no_install: bool,
    /// Starts the programs that are already built.
    #[arg(long)]
    no_build: bool,
}

/// Writes the directory that nginx runs in.
#[derive(Debug, clap::Args)]
pub(crate) struct NginxOptions {
    /// Where to; what an earlier call wrote is replaced.
    prefix: PathBuf,
    /// Adds this number to every port.
    #[arg(long, default_value_t = 0, value_name = "N")]
    port_offset: u16,
}

/// Runs the command `nginx`.
pub(crate) fn write_nginx(options: &NginxOptions) -> anyhow::Result<()> {
    let places = Places::find()?;
    std::fs::create_dir_all(&options.prefix).with_context(|| format!("making {}", options.prefix.display()))?;
    let settings = nginx::Settings {
        port_offset: options.port_offset,
        open_to_network: is_open_to_network(),
        as_root: rustix::process::geteuid().is_root(),
    };
    let ports = Ports::moved_by(options.port_offset)?;
    nginx::write_prefix(&places.root, &options.prefix, settings, &robots::simulated(ports)).map(drop)
}

/// Whether everybody on the network may reach the site, although nobody signs in.
fn is_open_to_network() -> bool {
    env::var_os("RONDA_INSECURE").is_some_and(|value| value == "1")
}

impl Options {
    fn is_simulated(&self) -> bool {
        self.site.is_none() && !self.no_sim
    }

    fn consent(&self) -> apt::Consent {
        match (self.yes, self.no_install) {
            (_, true) => apt::Consent::Refused,
            (true, false) => apt::Consent::Given,
            (false, false) => apt::Consent::Ask,
        }
    }
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let places = Places::find()?;
    let ports = Ports::moved_by(options.port_offset)?;
    // What can be refused at once is refused before anything takes minutes.
    let configs = match (&options.site, options.no_sim) {
        (Some(directory), _) => site::of_user(directory)?,
        (None, true) => site::of_user(&places.root.join("configs"))?,
        (None, false) => site::simulated(&places)?,
    };
    let robots = match options.is_simulated() {
        true => robots::simulated(ports),
        false => robots::of_site(&configs, ports)?,
    };
    let _lock = lock::take(&places.data)?;
    ports.require_free(options.is_simulated(), &robots)?;
    prepare(&places, options)?;

    let choices = Choices {
        ports,
        port_offset: options.port_offset,
        configs,
        simulated: options.is_simulated(),
        robots,
        open_to_network: is_open_to_network(),
    };
    let programs = plan::programs(&places, &choices)?;
    let logs = places.data.join("logs");
    let mut supervisor = Supervisor::new(programs, &logs, options.verbose)?;
    let outcome = supervise(&mut supervisor, &choices, &logs);
    note("Stopping");
    supervisor.stop();
    outcome
}

/// Installs, builds and fetches whatever is not there yet.
fn prepare(places: &Places, options: &Options) -> anyhow::Result<()> {
    apt::ensure(&[Group::Build, Group::Run], options.consent())?;
    disk::require(&places.data, disk::FOR_A_SITE, "a site")?;
    if !options.no_build {
        build(places)?;
    }
    fetch(places, "ronda", &["model", "fetch"], "the detector model")?;
    if options.is_simulated() {
        fetch(places, "sim", &["fetch"], "the footage of the simulated cameras")?;
    }
    Ok(())
}

/// Builds the interface and the programs. The selection is that of the tests, so that nothing is compiled twice.
pub(crate) fn build(places: &Places) -> anyhow::Result<()> {
    if !places.programs().join("stream-manager").is_file() {
        disk::require(&places.target, disk::FOR_A_COLD_BUILD, "the first build")?;
        note("Building Ronda. The first time this takes some minutes.");
    }
    ui::build(places)?;
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&places.root).args(["build", "--release", "--locked", "--workspace", "--bins"]);
    exec::openly("the build", &mut cargo)
}

/// Lets one of our programs fetch something; it touches no network when the thing is there.
pub(crate) fn fetch(places: &Places, program: &str, arguments: &[&str], what: &str) -> anyhow::Result<()> {
    let mut command = Command::new(places.programs().join(program));
    command.current_dir(&places.root).args(arguments).env("MODELS_DIR", places.root.join("models"));
    exec::openly(&format!("fetching {what}"), &mut command).with_context(|| format!("{what} is missing"))
}

fn supervise(supervisor: &mut Supervisor, choices: &Choices, logs: &std::path::Path) -> anyhow::Result<()> {
    let Start::Done { not_ready } = supervisor.start()? else {
        return Ok(());
    };
    if !not_ready.is_empty() {
        note(format!("Not ready yet: {}. The console's system page says why.", not_ready.join(", ")));
    }
    if choices.open_to_network {
        note("RONDA_INSECURE=1: everybody on the network can reach this site without signing in.");
    }
    note(format!("Logs are in {}. Ctrl-C stops everything.", logs.display()));
    say(format!("http://localhost:{}", choices.ports.web));
    supervisor.watch()
}

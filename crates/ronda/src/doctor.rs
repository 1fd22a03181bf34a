//! `ronda doctor`: is everything there that a site needs, and if not, what is to be done about it?
//!
//! Nothing is changed and nothing is started: each check looks, says what it found in one sentence, and what to do in
//! another. Checks run side by side, each with a time limit of its own, so that a dead camera holds up no other answer.

mod camera;
mod check;
mod clock;
mod command;
mod configs;
mod disk;
mod docker;
mod gpu;
mod holder;
mod memory;
mod model;
mod ports;
mod redis;
mod report;
mod robot;

use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use chassis::Env;

use crate::config::read;
use check::{Area, Check};
use report::Style;

/// What engines leave in a container.
const INSIDE: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// What is checked, and how it is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory of cameras.yaml, robots.yaml and services.yaml [default: $CONFIG_DIR, else configs].
    #[arg(long, value_name = "DIR")]
    configs: Option<PathBuf>,
    /// Checks only these; without it everything.
    #[arg(long, value_name = "AREA", value_delimiter = ',', value_enum)]
    only: Vec<Area>,
    /// Looks for the services at their usual ports, all moved by this much.
    #[arg(long, value_name = "N", default_value_t = 0)]
    port_offset: u16,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// What all checks know of the site.
pub(crate) struct Site {
    env: Env,
    configs: PathBuf,
    cameras: Vec<domain::camera::Camera>,
    robots: Vec<domain::robots::SiteRobot>,
    services: Option<domain::services::Services>,
    port_offset: u16,
}

impl Site {
    fn read(args: &Args, env: &Env) -> Self {
        let configs = args.configs.clone().unwrap_or_else(|| env.config_dir());
        // What is wrong with the files is a finding of the check `configs`; here only the good entries count.
        let (cameras, _) = read::cameras(&configs, env);
        let (robots, _) = read::robots(&configs, env);
        let (services, _) = read::services(&configs, env);
        Self {
            env: env.clone(),
            cameras: cameras.good,
            robots: robots.good,
            services,
            port_offset: args.port_offset,
            configs,
        }
    }
}

/// Runs the checks and prints what they found. The exit code is 1 if any of them failed.
///
/// # Errors
/// If the report cannot be written.
pub(crate) fn run(args: &Args, env: &Env, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    chassis::install_tls();
    let site = Arc::new(Site::read(args, env));
    let is_inside = INSIDE.iter().any(|sign| Path::new(sign).exists());
    let is_wanted = |check: &Check| match args.only.as_slice() {
        // From inside of a container the machine's engine and ports are not seen.
        [] => !(is_inside && [Area::Docker, Area::Ports].contains(&check.area)),
        only => only.contains(&check.area),
    };
    let checks = checks(&site).into_iter().filter(is_wanted).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    let findings = runtime.block_on(check::run(checks));
    // A check that ran out of time may still be waiting for something on a thread of its own.
    runtime.shutdown_background();
    if args.json {
        report::json(&findings, out)?;
    } else {
        let is_plain = !std::io::stdout().is_terminal() || env.plain("NO_COLOR").is_some();
        report::text(&findings, if is_plain { Style::Plain } else { Style::Coloured }, out)?;
    }
    let has_failed = findings.iter().any(check::Finding::has_failed);
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns every check of a site, in the order of the report.
fn checks(site: &Arc<Site>) -> Vec<Check> {
    let mut checks = vec![
        docker::check(),
        gpu::check(site),
        memory::check(site),
        clock::check(),
        configs::check(site),
        redis::check(site),
        model::check(site),
    ];
    checks.extend(disk::checks(site));
    checks.extend(ports::checks(site));
    checks.extend(camera::checks(site));
    checks.extend(robot::checks(site));
    checks.sort_by_key(|check| check.area);
    checks
}

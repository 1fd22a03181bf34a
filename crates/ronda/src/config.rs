//! `ronda config`: is the configuration right, do its files fit together, and what would it change?

mod check;
mod cross;
mod plan;
mod probe;
pub(crate) mod read;
mod report;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use chassis::Env;
use chassis::config::Problem;

pub(crate) use check::{check, counted};

/// The subcommands of `ronda config`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Checks every file of a configuration directory, and whether they fit together; ends with 1 if anything is wrong.
    Check(Args),
    /// Tells what a configuration directory would change: against the running site, or against another directory.
    Plan(plan::Args),
}

/// What is checked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory of cameras.yaml, rois.yaml, services.yaml and robots.yaml [default: $CONFIG_DIR, else configs].
    directory: Option<PathBuf>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Also opens every camera's stream: does it answer, and do the zones fit its picture?
    #[arg(long)]
    probe: bool,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It will not work.
    Error,
    /// It will work, but perhaps not as meant.
    Warning,
}

/// One thing that was found in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) weight: Weight,
    pub(crate) problem: Problem,
}

impl Finding {
    pub(crate) fn error(problem: Problem) -> Self {
        Self { weight: Weight::Error, problem }
    }

    pub(crate) fn warning(problem: Problem) -> Self {
        Self { weight: Weight::Warning, problem }
    }
}

/// Does what the command line asked for.
///
/// # Errors
/// If the report cannot be written, or there is nothing to compare with. What is wrong with the configuration is no
/// error but the report's content, and the exit code 1.
pub(crate) fn run(command: &Command, env: &Env, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let args = match command {
        Command::Plan(args) => return plan::run(args, env, out).map(|()| ExitCode::SUCCESS),
        Command::Check(args) => args,
    };
    let directory = args.directory.clone().unwrap_or_else(|| env.config_dir());
    let checked = check(&directory, env, args.probe);
    if args.json {
        report::json(&checked, out)?;
    } else {
        report::text(&directory, &checked, out)?;
    }
    Ok(if checked.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

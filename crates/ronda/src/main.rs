//! The operator's command line.

mod annotate;
mod config;
mod detector;
mod doctor;
mod infer;
mod look;
mod model;
mod reel;
mod report;
mod site;
mod zones;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

/// Looks after a Ronda site from the command line.
#[derive(Debug, clap::Parser)]
#[command(name = "ronda", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Draws boxes, tracks, zones and alerts on a film or a camera's stream.
    Annotate(annotate::Args),
    /// Checks the configuration.
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
    /// Checks everything that a site needs, from the engine to each camera and robot, and says what to do.
    Doctor(doctor::Args),
    /// Finds things in one picture and prints them as JSON.
    Infer(infer::Args),
    /// Lists, fetches, checks and chooses detector models.
    Model {
        #[command(subcommand)]
        command: model::Command,
    },
    /// Writes the PDF of a run, or of an analysis of several days, out of a data directory.
    Report(report::Args),
    /// Watches a camera's zones over a film and prints the alerts, one JSON line each.
    Zones(zones::Args),
}

fn main() -> ExitCode {
    let env = chassis::Env::process();
    let mut out = std::io::stdout().lock();
    let done = match Cli::parse().command {
        Command::Annotate(args) => annotate::run(&args, &env).map(|()| ExitCode::SUCCESS),
        Command::Config { command } => config::run(&command, &env, &mut out),
        Command::Doctor(args) => doctor::run(&args, &env, &mut out),
        Command::Infer(args) => infer::run(&args, &env, &mut out).map(|()| ExitCode::SUCCESS),
        Command::Model { command } => model::run(command, &env, &mut out).map(|()| ExitCode::SUCCESS),
        Command::Report(args) => report::run(&args, &env, &mut out).map(|()| ExitCode::SUCCESS),
        Command::Zones(args) => zones::run(&args, &env, &mut out).map(|()| ExitCode::SUCCESS),
    };
    match done.and_then(|code| Ok(out.flush().map(|()| code)?)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("ronda: {error:#}");
            ExitCode::FAILURE
        }
    }
}

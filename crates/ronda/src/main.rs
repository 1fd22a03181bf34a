//! The operator's command line.

mod model;

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
    /// Lists, fetches, checks and chooses detector models.
    Model {
        #[command(subcommand)]
        command: model::Command,
    },
}

fn main() -> ExitCode {
    let env = chassis::Env::process();
    let mut out = std::io::stdout().lock();
    let done = match Cli::parse().command {
        Command::Model { command } => model::run(command, &env, &mut out),
    };
    match done.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ronda: {error:#}");
            ExitCode::FAILURE
        }
    }
}

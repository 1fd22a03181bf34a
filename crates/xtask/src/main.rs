//! `cargo xtask`: starts, tests and measures Ronda. It builds with no system libraries, because it is what installs
//! them.

mod bench;
mod compose;
mod exec;
mod fresh;
mod group;
mod lint;
mod nightly;
mod places;
mod setup;
mod signals;
mod steps;
mod terminal;
mod test;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Starts, tests and measures Ronda.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a site, the simulated one unless told otherwise, and prints its address.
    Up(up::Options),
    /// Installs what the tests need and runs all of them.
    Test(test::Options),
    /// Measures the real programs, beside a peer where there is one; prints JSON lines.
    Bench(bench::Options),
    /// Everything of `test`, the long forms that it leaves out, and the figures.
    Nightly(nightly::Options),
    /// Writes the directory that nginx runs in for this repository's services on this machine.
    Nginx(up::NginxOptions),
    /// Stops what an `up` that was killed has left. Started by `up` itself.
    #[command(name = up::warden::SUBCOMMAND, hide = true)]
    Warden,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::clear_ticker();
            terminal::note(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> anyhow::Result<()> {
    if matches!(command, Command::Warden) {
        return up::warden::run();
    }
    signals::listen()?;
    match command {
        Command::Up(options) => up::run(options),
        Command::Test(options) => test::run(options),
        Command::Bench(options) => bench::run(options),
        Command::Nightly(options) => nightly::run(options),
        Command::Nginx(options) => up::write_nginx(options),
        Command::Warden => up::warden::run(),
    }
}

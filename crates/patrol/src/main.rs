//! The patrol backend of one robot as a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::main::<patrol::Config>("patrol", patrol::run)
}

//! The console as a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::main::<console::Config>("console", console::run)
}

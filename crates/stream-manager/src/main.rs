//! The stream manager as a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::main::<stream_manager::Config>("stream-manager", stream_manager::run)
}

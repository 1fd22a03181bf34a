//! The inference API as a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::main::<inference_api::Config>("inference-api", inference_api::run)
}

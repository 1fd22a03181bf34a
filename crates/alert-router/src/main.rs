//! Takes alerts from Redis, keeps them and delivers each to where it is wanted.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::main("alert-router", alert_router::run)
}

//! The whole of every service's `main.rs`: subcommands, runtime, signals, exit codes.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use crate::config::{ConfigError, Env};
use crate::http::healthcheck::ask;
use crate::tasks::Stop;
use crate::{metrics, telemetry};

/// The process failed while it ran.
const FAILED: u8 = 1;
/// The configuration or the command line was refused before anything started.
const MISCONFIGURED: u8 = 2;
/// How long blocking work that ignores the stop may hold up the exit.
const RUNTIME_GRACE: Duration = Duration::from_secs(5);

/// The settings of one service, read once at start.
pub trait Settings: Sized {
    /// The TCP port the service listens on unless `PORT` says otherwise.
    const PORT: u16;

    /// Reads and checks every setting of the service.
    fn load(env: &Env) -> Result<Self, ConfigError>;

    /// Returns the service's OpenAPI document, printed by the subcommand `openapi`.
    fn openapi() -> Option<String> {
        None
    }

    /// Returns the name, without `.log`, of the service's file in `LOG_DIR`. It is asked for before the settings are
    /// loaded, so that what is wrong with them is in the file, too.
    fn log_name(_env: &Env, program: &str) -> String {
        program.to_owned()
    }
}

/// Runs a service to its end and returns the exit code of the process.
///
/// Without arguments it loads the settings, starts `run` and waits for it; SIGTERM and SIGINT set
/// the [`Stop`], a second one ends the process at once. `healthcheck` asks the running service
/// whether it is ready; `openapi` prints the API description. Exit codes: 0 ended as asked, 1
/// failed, 2 refused its configuration or its command line.
pub fn main<C: Settings>(name: &'static str, run: impl AsyncFnOnce(C, Stop) -> anyhow::Result<()>) -> ExitCode {
    let env = Env::process();
    let argument = std::env::args().nth(1);
    match argument.as_deref() {
        None => run_logged(name, &C::log_name(&env, name), &env, async |stop| {
            metrics::describe_process(name, &env);
            tokio::spawn(metrics::watch_event_loop());
            let config = C::load(&env).with_context(|| format!("starting {name}"))?;
            run(config, stop).await
        }),
        Some("healthcheck") => healthcheck(&env, C::PORT),
        Some("openapi") => print_openapi::<C>(name),
        Some("--version" | "-V") => say(&format!("{name} {}", env!("CARGO_PKG_VERSION"))),
        Some("--help" | "-h") => say(&usage(name)),
        Some(other) => complain(name, &format!("unknown argument `{other}`\n{}", usage(name))),
    }
}

/// Runs a program to its end and returns the exit code of the process: what [`main`] does once it
/// knows that the service is to run, for programs that have subcommands of their own. It starts the
/// log, the runtime and the [`Stop`] that signals set.
pub fn run_program(name: &'static str, env: &Env, run: impl AsyncFnOnce(Stop) -> anyhow::Result<()>) -> ExitCode {
    run_logged(name, name, env, run)
}

fn run_logged(
    name: &'static str,
    log_name: &str,
    env: &Env,
    run: impl AsyncFnOnce(Stop) -> anyhow::Result<()>,
) -> ExitCode {
    if let Err(error) = telemetry::start(env, name, log_name) {
        return complain(name, &error.to_string());
    }
    install_tls();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            error!("starting {name}: cannot start the runtime: {error}");
            return ExitCode::from(FAILED);
        }
    };
    let result = runtime.block_on(async {
        let stop = Stop::new();
        tokio::spawn(heed_signals(stop.clone()));
        info!(program = name, version = env!("CARGO_PKG_VERSION"), "starting");
        run(stop).await
    });
    runtime.shutdown_timeout(RUNTIME_GRACE);
    match result {
        Ok(()) => {
            info!(program = name, "stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            error!("{}", one_sentence(&error));
            let is_refused = error.chain().any(<dyn std::error::Error>::is::<ConfigError>);
            ExitCode::from(if is_refused { MISCONFIGURED } else { FAILED })
        }
    }
}

/// Chooses what every TLS client of the process computes with. [`main`] does it for services;
/// command lines and tests that make HTTP clients call it themselves, any number of times.
pub fn install_tls() {
    // Fails only if it was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Returns an error and its causes as one sentence, each cause once: libraries differ in whether
/// their own message already contains that of its cause.
fn one_sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if sentence.is_empty() {
            sentence = text;
        } else if !sentence.ends_with(&text) {
            sentence = format!("{sentence}: {text}");
        }
    }
    sentence
}

async fn heed_signals(stop: Stop) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        warn!("signals cannot be received: only SIGKILL will stop this process");
        return;
    };
    let mut next = async || {
        tokio::select! {
            _ = terminate.recv() => 143,
            _ = interrupt.recv() => 130,
        }
    };
    next().await;
    info!("stopping");
    stop.stop();
    let code = next().await;
    warn!("second signal, ending at once");
    std::process::exit(code);
}

/// Asks the process that listens on `BIND` and `PORT` of this machine whether it is ready, and says so or why not in one
/// sentence: what a container's health check runs. [`main`] does it for services.
pub fn healthcheck(env: &Env, default_port: u16) -> ExitCode {
    let outcome = env
        .bind(default_port)
        .map_err(|error| error.to_string())
        .and_then(|address| ask(address).map_err(|error| error.to_string()));
    match outcome {
        Ok(()) => say("ready"),
        Err(reason) => {
            complain_bare(&reason);
            ExitCode::from(FAILED)
        }
    }
}

fn print_openapi<C: Settings>(name: &str) -> ExitCode {
    match C::openapi() {
        Some(document) => say(&document),
        None => complain(name, "this service has no HTTP API description"),
    }
}

fn usage(name: &str) -> String {
    format!(
        "usage: {name} [healthcheck | openapi | --version | --help]\n\
         Without an argument the service runs; it is configured by files in CONFIG_DIR and by the environment."
    )
}

#[expect(clippy::print_stdout, reason = "the answer of a command line")]
fn say(text: &str) -> ExitCode {
    println!("{text}");
    ExitCode::SUCCESS
}

fn complain(name: &str, reason: &str) -> ExitCode {
    complain_bare(&format!("{name}: {reason}"));
    ExitCode::from(MISCONFIGURED)
}

fn complain_bare(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_and_its_causes_make_one_sentence() {
        let error = Err::<(), _>(std::io::Error::other("connection refused"))
            .context("cannot connect to camera gate-1")
            .context("starting the stream manager")
            .expect_err("is an error");
        assert_eq!(
            one_sentence(&error),
            "starting the stream manager: cannot connect to camera gate-1: connection refused"
        );
    }

    #[test]
    fn a_cause_that_is_already_told_is_not_told_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read: {0}")]
        struct Telling(#[source] std::io::Error);
        let error = anyhow::Error::new(Telling(std::io::Error::other("disk on fire")));
        assert_eq!(one_sentence(&error), "cannot read: disk on fire");
    }
}

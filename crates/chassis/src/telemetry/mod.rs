//! Logs: one line per event on standard error and, if wanted, in files; text for people or JSON for machines.

mod count;
mod file;
mod json;

use std::io::stderr;
use std::panic;
use std::sync::Mutex;

use tracing::{error, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt as _};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt, registry};

use crate::config::{ConfigError, Env};

use count::Count;
use file::LogFile;
use json::JsonLines;

/// Starts logging for the process `service` as `LOG_FORMAT` (`text`, `json`) and `LOG_LEVEL` (a level, or directives such
/// as `info,bus=debug`) say, and sends panics there too.
///
/// Logs go to standard error, because standard output belongs to what a program produces, and to the file
/// `<log_name>.log` in `LOG_DIR` if that is set. A file that cannot be written to keeps nobody from working.
pub(crate) fn start(env: &Env, service: &'static str, log_name: &str) -> Result<(), ConfigError> {
    let filter = filter(&env.or("LOG_LEVEL", "info".to_owned())?)?;
    let format = env.or("LOG_FORMAT", "text".to_owned())?;
    let directory = env.log_dir();
    let file = directory.as_deref().map(|directory| LogFile::open(directory, log_name)).transpose();
    let (writer, failure) = match file {
        Ok(Some(file)) => (BoxMakeWriter::new(stderr.and(Mutex::new(file))), None),
        Ok(None) => (BoxMakeWriter::new(stderr), None),
        Err(error) => (BoxMakeWriter::new(stderr), Some(error)),
    };
    let lines = fmt::layer().with_writer(writer);
    let lines = match format.as_str() {
        "json" => lines.fmt_fields(JsonFields::new()).event_format(JsonLines { service }).boxed(),
        "text" => lines.with_ansi(false).boxed(),
        other => {
            return Err(ConfigError::variable("LOG_FORMAT", format!("expected `text` or `json`, found `{other}`")));
        }
    };
    // Fails only if logging is already started, as in a test that runs several services.
    let _ = registry().with(filter).with(Count::begin()).with(lines).try_init();
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        error!(place, "panicked: {}", payload_text(panic.payload()));
    }));
    if let (Some(directory), Some(error)) = (directory, failure) {
        warn!("no log file can be written to {} (LOG_DIR): {error}", directory.display());
    }
    Ok(())
}

fn filter(level: &str) -> Result<EnvFilter, ConfigError> {
    // A bare word that is no level would be taken for the name of a module.
    let is_understood = level.split(',').all(|part| part.contains('=') || part.parse::<LevelFilter>().is_ok());
    EnvFilter::builder().parse(level).ok().filter(|_| is_understood).ok_or_else(|| {
        ConfigError::variable(
            "LOG_LEVEL",
            format!("expected error, warn, info, debug, trace or directives, found `{level}`"),
        )
    })
}

/// Returns what a panic said.
pub(crate) fn payload_text(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_level_is_refused_by_name() {
        for level in ["loud", "bus=very"] {
            let error = filter(level).expect_err("no such level");
            assert!(error.to_string().starts_with("LOG_LEVEL: expected error, warn"), "{error}");
        }
        assert!(filter("info,bus=debug").is_ok());
    }

    #[test]
    fn an_unknown_format_is_refused_by_name() {
        let env = Env::of([("LOG_FORMAT", "xml")]);
        let error = start(&env, "test", "test").expect_err("no such format");
        assert_eq!(error.to_string(), "LOG_FORMAT: expected `text` or `json`, found `xml`");
    }
}

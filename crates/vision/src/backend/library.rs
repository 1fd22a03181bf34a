//! Finds and loads onnxruntime's shared library, once for each process.
//!
//! Every step that could fail inside `ort` is taken through a call that returns its error: without a library, `ort`'s other calls
//! panic, so nothing of `ort` may be called before [`environment`] has succeeded.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;
use tracing::{debug, warn};

/// The name under which the system knows the library.
const SYSTEM_NAME: &str = "libonnxruntime.so";

/// The one environment that a process may have. It is never dropped: sessions need it, and a second one is refused.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// Returns the process's environment; loads the library first if that was not done yet. A failure is not remembered: the library may
/// be fetched later.
///
/// The order: `wanted` and no other, else what `ORT_DYLIB_PATH` names and no other, else the cache, else the system.
pub(super) fn environment(wanted: Option<&Path>, cache_dir: &Path) -> Result<Environment, String> {
    let mut environment = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = &*environment {
        return Ok(environment.clone());
    }
    let from_env = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()).map(PathBuf::from);
    let only = wanted.map(Path::to_owned).or(from_env);
    let loaded = load(&candidates(only, cache_dir))?;
    *environment = Some(loaded.clone());
    Ok(loaded)
}

fn candidates(only: Option<PathBuf>, cache_dir: &Path) -> Vec<PathBuf> {
    match only {
        Some(path) => vec![path],
        None => vec![cache_dir.join("onnxruntime").join(SYSTEM_NAME), PathBuf::from(SYSTEM_NAME)],
    }
}

fn load(candidates: &[PathBuf]) -> Result<Environment, String> {
    let mut refusals = Vec::new();
    for path in candidates {
        let is_file = path.components().count() > 1;
        if is_file && !path.is_file() {
            refusals.push(format!("there is no {}", path.display()));
            continue;
        }
        match ort::init_from(path) {
            Ok(builder) => {
                let environment = builder
                    .with_name("ronda")
                    .with_telemetry(false)
                    .with_logger(Arc::new(log))
                    .build()
                    .map_err(|error| format!("onnxruntime does not start: {error}"))?;
                environment.set_log_level(LogLevel::Warning);
                return Ok(environment);
            }
            Err(error) => refusals.push(error.to_string()),
        }
    }
    Err(format!("its library is not found: {}", refusals.join(", ")))
}

/// Puts what onnxruntime has to say into our log. What fails comes back as an error as well, and is reported there.
fn log(level: LogLevel, _category: &str, _id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Fatal | LogLevel::Error => warn!(location, "onnxruntime: {message}"),
        _ => debug!(location, "onnxruntime: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_library_is_the_only_candidate() {
        let cache = Path::new("/cache");
        assert_eq!(candidates(Some("/opt/ort.so".into()), cache), [PathBuf::from("/opt/ort.so")]);
        let found = candidates(None, cache);
        assert_eq!(found, [PathBuf::from("/cache/onnxruntime/libonnxruntime.so"), PathBuf::from("libonnxruntime.so")]);
    }

    #[test]
    fn a_library_that_is_none_is_an_error_and_no_panic() {
        let dir = tempfile::tempdir().expect("the system has a directory to give");
        let missing = dir.path().join("libonnxruntime.so");
        assert!(load(std::slice::from_ref(&missing)).is_err_and(|reason| reason.contains("there is no")));
        std::fs::write(&missing, b"not a library").expect("the directory is writable");
        let reason = load(&[missing]).map(drop).expect_err("it is no library");
        assert!(reason.starts_with("its library is not found"), "{reason}");
    }
}

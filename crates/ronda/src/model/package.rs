//! Fetching one package from a public registry with the registry's own client, and checking its hash.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::hash;
use super::progress::Step;

/// The longest that a download may take; the clients' own limits end a silent connection much earlier.
const TIME_LIMIT: Duration = Duration::from_secs(30 * 60);

/// With less than this left, a download has failed because the disk is full.
const LEAST_ROOM: u64 = 1 << 20;

/// One version of one package, known by the hash of its archive.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    /// Where it is published.
    pub(super) registry: Registry,
    /// Its name there.
    pub(super) name: String,
    /// Its version.
    pub(super) version: String,
    /// The SHA-256 of its archive in lower-case hexadecimal.
    pub(super) sha256: String,
    /// The archive's size, to refuse early when the disk is full.
    pub(super) bytes: u64,
    /// Platform tags of a wheel that is not for every machine.
    #[serde(default)]
    platforms: Vec<String>,
    /// The Python version of such a wheel.
    #[serde(default)]
    python: Option<String>,
}

/// A public package registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Registry {
    /// The Python Package Index, through `pip`.
    Pypi,
    /// The npm registry, through `npm`.
    Npm,
}

/// Why a package could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackageError {
    /// The registry's client is not installed.
    #[error("{client} is not installed: run `apt-get install {package}`")]
    ClientMissing {
        /// The program.
        client: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// The registry does not answer.
    #[error("cannot reach the package registry for {package}: check this machine's network and proxy settings")]
    Unreachable {
        /// What was to be fetched.
        package: String,
    },
    /// The disk is full.
    #[error("no space left on the disk of {}", .dir.display())]
    NoSpace {
        /// Where it was to be written.
        dir: PathBuf,
    },
    /// The client failed in another way.
    #[error("cannot download {package}: {said}")]
    Failed {
        /// What was to be fetched.
        package: String,
        /// The client's own words.
        said: String,
    },
    /// The archive is not the one that the catalogue names.
    #[error("the downloaded {package} has SHA-256 {found}, the catalogue says {expected}: it is not used")]
    Hash {
        /// What was to be fetched.
        package: String,
        /// What the catalogue says.
        expected: String,
        /// What arrived.
        found: String,
    },
    /// The system refused something.
    #[error("cannot {doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let registry = match self.registry {
            Registry::Pypi => "PyPI",
            Registry::Npm => "npm",
        };
        write!(f, "{} {} ({registry})", self.name, self.version)
    }
}

impl Package {
    /// Downloads the package into an empty directory and returns its archive, whose hash was checked.
    pub(super) fn download(&self, dir: &Path) -> Result<PathBuf, PackageError> {
        let arrivals = dir.join("package");
        fs::create_dir_all(&arrivals).map_err(io(&format!("create {}", arrivals.display())))?;
        let step = Step::begin(format!("downloading {self}"));
        let transcript = dir.join("client.log");
        let status = self.run_client(&arrivals, &transcript, &step)?;
        drop(step);
        if !status.success() {
            let transcript = fs::read_to_string(&transcript).unwrap_or_default();
            return Err(self.explain(&transcript, dir, is_full(dir)));
        }
        let archive = self.only_file(&arrivals)?;
        let found = hash::of_file(&archive).map_err(io(&format!("read {}", archive.display())))?;
        if found != self.sha256 {
            return Err(PackageError::Hash { package: self.to_string(), expected: self.sha256.clone(), found });
        }
        Ok(archive)
    }

    fn run_client(&self, arrivals: &Path, transcript: &Path, step: &Step) -> Result<ExitStatus, PackageError> {
        let log = File::create(transcript).map_err(io(&format!("create {}", transcript.display())))?;
        for program in self.registry.programs() {
            let mut command = self.command(program, arrivals);
            let streams = (log.try_clone(), log.try_clone());
            let (Ok(out), Ok(err)) = streams else { continue };
            command.stdin(Stdio::null()).stdout(out).stderr(err);
            match command.spawn() {
                Ok(child) => return self.wait(child, arrivals, step),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(io(&format!("run {}", program[0]))(error)),
            }
        }
        Err(self.registry.missing())
    }

    fn command(&self, program: &[&str], arrivals: &Path) -> Command {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]);
        match self.registry {
            Registry::Pypi => {
                command.args(["download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-input"]);
                command.args(["--disable-pip-version-check", "--retries", "2", "--timeout", "15", "--dest"]);
                command.arg(arrivals);
                for platform in &self.platforms {
                    command.args(["--platform", platform]);
                }
                if let Some(python) = &self.python {
                    command.args(["--python-version", python, "--implementation", "cp"]);
                    command.args(["--abi", &format!("cp{}", python.replace('.', ""))]);
                }
                command.arg(format!("{}=={}", self.name, self.version));
                // pip gathers a wheel in its temporary directory first: keep that on the disk that was checked for room.
                command.env("TMPDIR", arrivals.parent().unwrap_or(arrivals));
            }
            Registry::Npm => {
                command.args(["pack", "--loglevel=error", "--fetch-retries=1", "--fetch-timeout=15000"]);
                command.arg("--pack-destination").arg(arrivals);
                command.arg(format!("{}@{}", self.name, self.version));
            }
        }
        command
    }

    fn wait(&self, mut child: Child, arrivals: &Path, step: &Step) -> Result<ExitStatus, PackageError> {
        let start = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if start.elapsed() < TIME_LIMIT => {}
                outcome => {
                    // The child may have ended by itself meanwhile; either way nobody waits for it longer.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(match outcome {
                        Err(error) => io("wait for the download")(error),
                        Ok(_) => PackageError::Unreachable { package: self.to_string() },
                    });
                }
            }
            step.show_size_of(arrivals.parent().unwrap_or(arrivals));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn only_file(&self, arrivals: &Path) -> Result<PathBuf, PackageError> {
        let entries = fs::read_dir(arrivals).map_err(io(&format!("read {}", arrivals.display())))?;
        let files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        match files.as_slice() {
            [file] => Ok(file.clone()),
            _ => Err(PackageError::Failed {
                package: self.to_string(),
                said: format!("the client left {} files instead of one", files.len()),
            }),
        }
    }

    /// Finds the cause in what the client printed.
    fn explain(&self, transcript: &str, dir: &Path, is_full: bool) -> PackageError {
        let says = |signs: &[&str]| signs.iter().any(|sign| transcript.contains(sign));
        if says(&["No module named pip"]) {
            return self.registry.missing();
        }
        // On a full disk the client cannot even say so.
        if is_full || says(&["No space left on device", "ENOSPC"]) {
            return PackageError::NoSpace { dir: dir.parent().unwrap_or(dir).to_owned() };
        }
        if says(&[
            "NewConnectionError",
            "ProxyError",
            "ConnectTimeout",
            "ReadTimeout",
            "Retrying (",
            "Connection broken",
        ]) || says(&[
            "ENOTFOUND",
            "EAI_AGAIN",
            "ECONNREFUSED",
            "ECONNRESET",
            "ETIMEDOUT",
            "ERR_SOCKET_TIMEOUT",
            "EHOSTUNREACH",
        ]) {
            return PackageError::Unreachable { package: self.to_string() };
        }
        let last = transcript.lines().map(str::trim).rfind(|line| line.to_ascii_lowercase().contains("err"));
        let said = last.or_else(|| transcript.lines().last()).unwrap_or("the client said nothing");
        PackageError::Failed { package: self.to_string(), said: said.to_owned() }
    }
}

impl Registry {
    /// The command lines to try, in this order.
    fn programs(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Pypi => &[&["pip3"], &["pip"], &["python3", "-m", "pip"]],
            Self::Npm => &[&["npm"]],
        }
    }

    fn missing(self) -> PackageError {
        match self {
            Self::Pypi => PackageError::ClientMissing { client: "pip", package: "python3-pip" },
            Self::Npm => PackageError::ClientMissing { client: "npm", package: "npm" },
        }
    }
}

/// Tells whether nothing more fits onto the disk of a directory.
fn is_full(dir: &Path) -> bool {
    rustix::fs::statvfs(dir).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < LEAST_ROOM)
}

fn io(doing: &str) -> impl FnOnce(std::io::Error) -> PackageError {
    let doing = doing.to_owned();
    move |source| PackageError::Io { doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(registry: Registry) -> Package {
        let (name, version, sha256) = ("weights".to_owned(), "1.0".to_owned(), "0".repeat(64));
        Package { registry, name, version, sha256, bytes: 1, platforms: Vec::new(), python: None }
    }

    fn explanation(registry: Registry, transcript: &str) -> String {
        package(registry).explain(transcript, Path::new("/cache/.fetching/x"), false).to_string()
    }

    #[test]
    fn a_dead_network_is_told_as_such() {
        let pip = "WARNING: Retrying (Retry(total=1, connect=None)) after connection broken by 'NewConnectionError(...)': /simple/weights/\n\
                   ERROR: Could not find a version that satisfies the requirement weights==1.0 (from versions: none)\n\
                   ERROR: No matching distribution found for weights==1.0";
        let npm = "npm error code EAI_AGAIN\nnpm error syscall getaddrinfo";
        for (registry, transcript) in [(Registry::Pypi, pip), (Registry::Npm, npm)] {
            let said = explanation(registry, transcript);
            assert!(said.starts_with("cannot reach the package registry for weights 1.0"), "{said}");
        }
    }

    #[test]
    fn a_full_disk_is_told_as_such() {
        let said = explanation(
            Registry::Pypi,
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        );
        assert_eq!(said, "no space left on the disk of /cache/.fetching");
    }

    #[test]
    fn a_disk_too_full_for_a_word_about_it_is_told_as_such() {
        let silent = package(Registry::Pypi).explain("", Path::new("/cache/.fetching/x"), true);
        assert_eq!(silent.to_string(), "no space left on the disk of /cache/.fetching");
    }

    #[test]
    fn a_package_that_is_gone_is_told_in_the_clients_words() {
        let said = explanation(Registry::Pypi, "ERROR: No matching distribution found for weights==1.0\n");
        assert_eq!(said, "cannot download weights 1.0 (PyPI): ERROR: No matching distribution found for weights==1.0");
    }

    #[test]
    fn a_python_without_pip_names_the_package_to_install() {
        let said = explanation(Registry::Pypi, "/usr/bin/python3: No module named pip");
        assert_eq!(said, "pip is not installed: run `apt-get install python3-pip`");
    }
}

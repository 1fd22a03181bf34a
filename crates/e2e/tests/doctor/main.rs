//! `ronda doctor` and `ronda config plan` against real things: a Redis, cameras, robots, services, a small disk.

mod cameras;
mod machine;
mod plan;
mod redis;
mod robots;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// An operator's machine: a configuration directory, and the command line.
struct Desk {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run of the doctor told.
struct Told {
    code: i32,
    report: Value,
}

impl Desk {
    /// A desk with these files in its configuration directory.
    fn with(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(directory.path().join("configs")).expect("is made");
        let desk = Self { directory, variables: Vec::new() };
        for (name, text) in files {
            std::fs::write(desk.configs().join(name), text).expect("is written");
        }
        desk
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn configs(&self) -> PathBuf {
        self.path().join("configs")
    }

    /// The command line, in an environment of its own.
    fn ronda(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(e2e::program("ronda").expect("is built"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("MODELS_DIR", e2e::root().join("models")).env("RONDA_CACHE_DIR", self.path().join("cache"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Has these parts checked. Takes its time: call it beside a runtime, not on it.
    fn doctor(&self, areas: &str) -> Told {
        self.doctor_with(&["--only", areas])
    }

    fn doctor_with(&self, arguments: &[&str]) -> Told {
        let mut command = self.ronda(&["doctor", "--json", "--configs", "configs"]);
        let output = command.args(arguments).output().expect("the command runs");
        let code = output.status.code().expect("was not killed");
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)));
        Told { code, report }
    }
}

impl Told {
    /// What was found of a subject: its state, what was found, and what to do.
    #[track_caller]
    fn of(&self, subject: &str) -> (&str, &str, &str) {
        let checks = self.report["checks"].as_array().expect("a list");
        let found = checks.iter().find(|check| check["subject"] == subject);
        let found = found.unwrap_or_else(|| panic!("nothing of {subject} in {:#}", self.report));
        let text = |key: &str| found[key].as_str().unwrap_or_default();
        (text("state"), text("found"), text("advice"))
    }
}

/// Runs something that blocks beside the runtime of a test.
async fn beside<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    tokio::task::spawn_blocking(work).await.expect("the work ends")
}

//! `cargo xtask up` as a user runs it, on data and ports of its own.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::{Ports, Process, program, root, until};

/// How long a whole site may take to start.
const START: Duration = Duration::from_secs(120);

/// What a start of the whole site needs.
#[derive(Debug)]
pub struct Up {
    directory: TempDir,
    /// Where the site listens.
    pub ports: Ports,
}

impl Up {
    /// Chooses ports and makes a directory.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { directory: tempfile::tempdir().context("making a directory")?, ports: Ports::free()? })
    }

    /// Where the site keeps its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The command, which neither installs nor builds anything.
    pub fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(program("xtask")?);
        let offset = self.ports.offset.to_string();
        command.current_dir(root()).env("DATA_DIR", self.data()).args([
            "up",
            "--no-install",
            "--no-build",
            "--port-offset",
            &offset,
        ]);
        Ok(command)
    }

    /// Starts a command of [`Self::command`] and does not wait.
    pub fn launch(&self, mut command: Command) -> anyhow::Result<Process> {
        Process::start("up", &mut command, self.directory.path())
    }

    /// Starts the site and waits for the address that is printed at the end.
    pub async fn start(&self) -> anyhow::Result<Process> {
        self.start_with(self.command()?).await
    }

    /// The same, for a command with more arguments.
    pub async fn start_with(&self, command: Command) -> anyhow::Result<Process> {
        let mut up = self.launch(command)?;
        let address = format!("http://localhost:{}", self.ports.web());
        until("the address is printed", START, async || up.said().contains(&address) || !up.runs()).await?;
        ensure!(up.runs(), "the site did not start: {}", up.said());
        Ok(up)
    }
}

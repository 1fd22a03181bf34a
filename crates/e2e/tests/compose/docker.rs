//! The prepared engine, through Docker's command line.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::process::Command;

/// Set by `cargo xtask test compose` when everything is prepared.
const ENGINE: &str = "RONDA_COMPOSE_ENGINE";

/// How long a question to the engine may take.
pub(crate) const ANSWER: Duration = Duration::from_secs(60);

/// The engine.
#[derive(Debug, Clone)]
pub(crate) struct Docker {
    address: String,
}

impl Docker {
    /// The engine that was prepared for these tests; there is no other that they would touch.
    pub(crate) fn prepared() -> anyhow::Result<Self> {
        let address = std::env::var(ENGINE).ok().filter(|address| !address.is_empty());
        let address =
            address.context("no container engine is prepared: start these tests with `cargo xtask test compose`")?;
        Ok(Self { address })
    }

    /// What a `docker` command prints; it must succeed within its time.
    pub(crate) async fn run(&self, directory: &Path, arguments: &[&str], limit: Duration) -> anyhow::Result<String> {
        let output = self.output(directory, arguments, limit).await?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Everything that a container has said, on either of its streams.
    pub(crate) async fn log_of(&self, container: &str) -> anyhow::Result<String> {
        let output = self.output(Path::new("/"), &["logs", container], ANSWER).await?;
        Ok([output.stdout, output.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned()).concat())
    }

    async fn output(&self, directory: &Path, arguments: &[&str], limit: Duration) -> anyhow::Result<Output> {
        let mut command = Command::new("docker");
        command.current_dir(directory).env("DOCKER_HOST", &self.address).args(arguments);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let what = format!("docker {}", arguments.join(" "));
        let output = tokio::time::timeout(limit, command.output()).await;
        let output = output.with_context(|| format!("`{what}` took longer than {} s", limit.as_secs()))?;
        let output = output.with_context(|| format!("starting `{what}`"))?;
        if !output.status.success() {
            bail!("`{what}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(output)
    }

    /// A question about the engine as a whole.
    pub(crate) async fn ask(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.run(Path::new("/"), arguments, ANSWER).await
    }

    /// Everything that the engine knows of a container.
    pub(crate) async fn inspect(&self, container: &str) -> anyhow::Result<Value> {
        let text = self.ask(&["inspect", container]).await?;
        let all: Value = serde_json::from_str(&text).context("reading what the engine knows of a container")?;
        Ok(all[0].clone())
    }

    /// Containers, networks and volumes of anybody. The three networks that every engine has are not told.
    pub(crate) async fn leftovers(&self) -> anyhow::Result<Vec<String>> {
        let mut left = Vec::new();
        for (kind, arguments) in [
            ("container", &["ps", "--all", "--format", "{{.Names}}"][..]),
            ("network", &["network", "ls", "--filter", "type=custom", "--format", "{{.Name}}"]),
            ("volume", &["volume", "ls", "--format", "{{.Name}}"]),
        ] {
            left.extend(self.ask(arguments).await?.lines().map(|name| format!("{kind} {name}")));
        }
        Ok(left)
    }
}

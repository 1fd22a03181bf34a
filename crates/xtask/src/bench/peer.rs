//! The Python peer: its own environment, made once in the cache from the package index.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use crate::places::Places;
use crate::setup::python::BENCH;

/// What the peer's pipeline printed.
#[derive(Debug, Deserialize)]
pub(crate) struct Load {
    pub(crate) seconds: f64,
    pub(crate) processed: f64,
    pub(crate) slowest: f64,
    pub(crate) cpu_seconds: f64,
}

/// A Python interpreter that has the peer's packages.
#[derive(Debug)]
pub(crate) struct Peer {
    python: PathBuf,
    scripts: PathBuf,
}

impl Peer {
    /// Finds the environment, or makes it.
    pub(crate) fn prepare(places: &Places) -> anyhow::Result<Self> {
        let python = BENCH.ensure(places)?;
        Ok(Self { python, scripts: places.root.join("crates/xtask/bench") })
    }

    /// A command that runs one of the peer's scripts.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(self.scripts.join(name));
        command
    }

    /// The interpreter, for scripts that stand elsewhere.
    pub(crate) fn python(&self) -> Command {
        Command::new(&self.python)
    }
}

//! The Python peer: its own environment, made once in the cache from the package index.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;

use crate::places::Places;
use crate::{exec, terminal};

/// Packages of the peer, pinned so that two measurements compare the same thing.
const PACKAGES: [&str; 4] =
    ["numpy==2.2.6", "onnxruntime==1.23.2", "opencv-python-headless==4.12.0.88", "redis==6.4.0"];

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
        let environment = places.tools().join("bench-python");
        let python = environment.join("bin/python");
        let marker = environment.join(".packages");
        let wanted = PACKAGES.join("\n");
        if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
            terminal::note("the Python peer is installed");
        } else {
            let mut venv = Command::new("python3");
            venv.args(["-m", "venv", "--clear"]).arg(&environment);
            exec::quietly("making the Python peer's environment", &mut venv)?;
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--quiet"]).args(PACKAGES);
            exec::quietly("installing the Python peer", &mut pip)?;
            std::fs::write(&marker, wanted).with_context(|| format!("writing {}", marker.display()))?;
        }
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

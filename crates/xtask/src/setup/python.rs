//! Python environments in the cache, each made once from a list of packages that stands in the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::exec;
use crate::places::Places;
use crate::terminal::note;

/// A Python environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Environment {
    /// Its directory in the cache.
    pub(crate) name: &'static str,
    /// The list of its packages, as pip reads it, below the checkout.
    pub(crate) requirements: &'static str,
}

/// What the benchmarks compare with.
pub(crate) const BENCH: Environment =
    Environment { name: "bench-python", requirements: "crates/xtask/bench/requirements.txt" };

/// The robot's official client, which the tests let talk to the simulated robot.
pub(crate) const KACHAKA: Environment =
    Environment { name: "kachaka-python", requirements: "crates/e2e/tests/kachaka_client/requirements.txt" };

/// Grafana's own description of its dashboards, which the tests hold ours against.
pub(crate) const GRAFANA: Environment =
    Environment { name: "grafana-python", requirements: "crates/e2e/tests/observability/requirements.txt" };

/// The reference parser of OpenMetrics, which reads what services show.
pub(crate) const OPENMETRICS: Environment =
    Environment { name: "openmetrics-python", requirements: "crates/e2e/tests/metrics/requirements.txt" };

impl Environment {
    /// Finds the environment or makes it, and returns its interpreter.
    pub(crate) fn ensure(self, places: &Places) -> anyhow::Result<PathBuf> {
        let directory = places.tools().join(self.name);
        let python = directory.join("bin/python");
        let list = places.root.join(self.requirements);
        let wanted = fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
        let marker = directory.join(".requirements");
        if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        note(format!("Making the Python environment {}", directory.display()));
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&directory);
        exec::quietly("making a Python environment", &mut venv)?;
        self.install(&python, &list)?;
        fs::write(&marker, wanted).with_context(|| format!("writing {}", marker.display()))?;
        Ok(python)
    }

    fn install(self, python: &Path, list: &Path) -> anyhow::Result<()> {
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--requirement"]).arg(list);
        exec::quietly(&format!("installing the packages of {}", self.name), &mut pip)
    }
}

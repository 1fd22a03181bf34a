//! Cargo's helpers that the tests use. Those of the Python registry are too old, so a missing one is compiled once
//! into the cache, without optimisation: that takes a minute instead of six, and they have little to do.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::exec;
use crate::places::Places;
use crate::terminal::note;

/// A Cargo subcommand from the Rust package registry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
    /// What to leave out of it.
    features: &'static [&'static str],
}

/// Judges the licences and sources of all dependencies.
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2", features: &[] };

/// Runs tests, each in a process of its own.
pub(crate) const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    version: "0.9.151",
    // It need not update itself, which takes half of its dependencies.
    features: &["--no-default-features", "--features", "default-no-update"],
};

impl Tool {
    /// Finds the tool on the path or in the cache, or installs it there.
    pub(crate) fn ensure(self, places: &Places) -> anyhow::Result<PathBuf> {
        if exec::is_on_path(self.name) {
            return Ok(PathBuf::from(self.name));
        }
        let root = places.tools().join(format!("{}-{}", self.name, self.version));
        let program = root.join("bin").join(self.name);
        if !program.is_file() {
            note(format!("Installing {} {} into {}", self.name, self.version, root.display()));
            self.install(&root).with_context(|| format!("{} is missing and could not be installed", self.name))?;
        }
        Ok(program)
    }

    fn install(self, root: &PathBuf) -> anyhow::Result<()> {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["install", "--locked", "--debug", "--version", self.version, self.name, "--root"])
            .arg(root)
            .args(self.features);
        // The checkout's own target directory and flags are not meant for other people's programs.
        cargo.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS").current_dir(std::env::temp_dir());
        exec::quietly(&format!("cargo install {}", self.name), &mut cargo)
    }
}

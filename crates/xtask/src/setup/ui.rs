//! Builds the console's interface, and only when something it is made of has changed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::node;
use crate::exec;
use crate::places::Places;
use crate::terminal::note;

/// What the interface's directory holds that is not an input: what npm and the build put there, and what tests leave.
const PRODUCED: [&str; 5] = ["node_modules", "dist", "test-results", "playwright-report", ".svelte-kit"];

/// Builds the interface unless the built one is up to date.
pub(crate) fn build(places: &Places) -> anyhow::Result<()> {
    let ui = places.ui();
    let inputs = digest_of(&ui)?;
    let stamp = Stamp::new(places, "ui-built");
    if stamp.holds(&inputs) && ui.join("dist/index.html").is_file() {
        return Ok(());
    }
    install_packages(places)?;
    note("Building the interface");
    exec::quietly("npm run build", &mut node::npm(&ui, &["run", "build"]))?;
    stamp.set(&inputs)
}

/// Installs the interface's packages unless those of this lock file are there.
pub(crate) fn install_packages(places: &Places) -> anyhow::Result<()> {
    let ui = places.ui();
    let lock = super::sha256_of(&ui.join("package-lock.json"))?;
    let stamp = Stamp::new(places, "ui-packages");
    if stamp.holds(&lock) && ui.join("node_modules").is_dir() {
        return Ok(());
    }
    node::require()?;
    note("Installing the interface's packages");
    exec::quietly("npm ci", &mut node::npm(&ui, &["ci", "--no-audit", "--no-fund"]))?;
    stamp.set(&lock)
}

/// Remembers what a step was last done for.
struct Stamp(PathBuf);

impl Stamp {
    fn new(places: &Places, name: &str) -> Self {
        Self(places.stamps().join(name))
    }

    fn holds(&self, value: &str) -> bool {
        fs::read_to_string(&self.0).is_ok_and(|held| held == value)
    }

    fn set(&self, value: &str) -> anyhow::Result<()> {
        let directory = self.0.parent().context("a stamp lies in a directory")?;
        fs::create_dir_all(directory)
            .and_then(|()| fs::write(&self.0, value))
            .with_context(|| format!("writing {}", self.0.display()))
    }
}

/// One digest of every input: paths and contents, in order.
fn digest_of(ui: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    collect(ui, &mut files)?;
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        let content = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        let name = file.strip_prefix(ui).unwrap_or(&file);
        digest.update(name.as_os_str().as_encoded_bytes());
        digest.update(content.len().to_le_bytes());
        digest.update(content);
    }
    Ok(hex::encode(digest.finalize()))
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?;
    for entry in entries {
        let entry = entry.context("reading a directory entry")?;
        let path = entry.path();
        if path.is_dir() {
            if !PRODUCED.iter().any(|produced| entry.file_name() == *produced) {
                collect(&path, files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_of_an_input_asks_for_a_new_build() {
        let ui = tempfile::tempdir().expect("a temporary directory");
        for directory in ["src", "dist", "node_modules"] {
            fs::create_dir(ui.path().join(directory)).expect("a new directory");
        }
        fs::write(ui.path().join("src/app.ts"), "1").expect("a new file");
        let before = digest_of(ui.path()).expect("readable");

        fs::write(ui.path().join("dist/index.html"), "built").expect("a new file");
        fs::write(ui.path().join("node_modules/x.js"), "x").expect("a new file");
        assert_eq!(digest_of(ui.path()).expect("readable"), before);

        fs::write(ui.path().join("src/app.ts"), "2").expect("a changed file");
        assert_ne!(digest_of(ui.path()).expect("readable"), before);
    }
}

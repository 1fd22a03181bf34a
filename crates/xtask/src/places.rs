//! Where things are on this machine: the checkout, what Cargo built, the download cache and the data.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The directories every command works with.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
    /// Downloads that are not committed: models, footage, tools.
    pub(crate) cache: PathBuf,
    /// What a running site keeps: Redis, records, snapshots, logs.
    pub(crate) data: PathBuf,
}

impl Places {
    /// Finds the directories from the environment that `cargo xtask` gives, or from the current directory.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let here = env::current_dir().context("there is no current directory")?;
        let root = checkout_above(&here)?;
        let target = from_env("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| here.join(dir));
        let data = from_env("DATA_DIR").map_or_else(|| root.join("data"), |dir| here.join(dir));
        Ok(Self { target, cache: cache_dir(), data, root })
    }

    /// The directory of the programs that `cargo build --release` made.
    pub(crate) fn programs(&self) -> PathBuf {
        self.target.join("release")
    }

    /// The console's user interface.
    pub(crate) fn ui(&self) -> PathBuf {
        self.root.join("crates/console/ui")
    }

    /// Small files by which a step remembers that its inputs did not change.
    pub(crate) fn stamps(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// Programs that xtask installs for itself.
    pub(crate) fn tools(&self) -> PathBuf {
        self.cache.join("tools")
    }
}

fn checkout_above(start: &Path) -> anyhow::Result<PathBuf> {
    for dir in start.ancestors() {
        if dir.join("Cargo.lock").is_file() && dir.join("crates/xtask").is_dir() {
            return Ok(dir.to_path_buf());
        }
    }
    bail!("{} is not inside a checkout of Ronda", start.display())
}

fn cache_dir() -> PathBuf {
    from_env("RONDA_CACHE_DIR")
        .or_else(|| from_env("XDG_CACHE_HOME").map(|dir| dir.join("ronda")))
        .or_else(|| from_env("HOME").map(|dir| dir.join(".cache/ronda")))
        .unwrap_or_else(|| env::temp_dir().join("ronda-cache"))
}

/// An empty variable counts as unset, as in every service.
fn from_env(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_found_from_a_directory_deep_inside_it() {
        let root = checkout_above(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("this crate is in a checkout");

        assert_eq!(checkout_above(&root.join("crates/xtask/src")).expect("so is its source"), root);
    }

    #[test]
    fn a_directory_outside_a_checkout_is_refused_by_name() {
        let refusal = checkout_above(Path::new("/proc")).expect_err("/proc holds no checkout");

        assert_eq!(refusal.to_string(), "/proc is not inside a checkout of Ronda");
    }
}

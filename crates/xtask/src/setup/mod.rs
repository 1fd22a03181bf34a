//! What a machine needs before anything of ours runs: system packages, Node, tools, the built interface.

pub(crate) mod apt;
pub(crate) mod disk;
pub(crate) mod node;
pub(crate) mod packages;
pub(crate) mod python;
pub(crate) mod tools;
pub(crate) mod ui;

use std::path::Path;

use anyhow::Context;
use sha2::{Digest, Sha256};

/// The SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256_of(file: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(hex::encode(Sha256::digest(bytes)))
}

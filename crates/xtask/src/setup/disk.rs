//! Refuses to begin what the disk cannot hold.

use std::path::Path;

use anyhow::{Context, bail};

/// What a cold build and the downloads take, with room to spare.
pub(crate) const FOR_A_COLD_BUILD: u64 = 12 * GIB;

/// What container images of the product and their layers take.
pub(crate) const FOR_IMAGES: u64 = 8 * GIB;

/// What a bare machine with a build, all downloads and container images of its own takes.
pub(crate) const FOR_A_FRESH_MACHINE: u64 = 25 * GIB;

/// What a running site needs to begin with.
pub(crate) const FOR_A_SITE: u64 = GIB;

const GIB: u64 = 1 << 30;

/// Fails with one sentence when the disk of a directory has less room than needed.
pub(crate) fn require(dir: &Path, needed: u64, purpose: &str) -> anyhow::Result<()> {
    let existing = dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    let disk = rustix::fs::statvfs(existing)
        .with_context(|| format!("asking for the free space of {}", existing.display()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < needed {
        let (free, needed) = (in_gib(free), in_gib(needed));
        bail!("the disk of {} has {free} GiB left and {purpose} needs {needed} GiB", dir.display());
    }
    Ok(())
}

fn in_gib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / GIB;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_with_both_sizes() {
        let refusal = require(Path::new("/proc/not/there"), FOR_A_SITE, "a site").expect_err("/proc has no room");

        assert_eq!(refusal.to_string(), "the disk of /proc/not/there has 0.0 GiB left and a site needs 1.0 GiB");
    }

    #[test]
    fn nothing_fits_anywhere() {
        require(&std::env::temp_dir(), 0, "nothing").expect("nothing needs no room");
    }
}

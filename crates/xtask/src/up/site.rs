//! Which configuration a site runs on: the user's own directory, or a copy of the simulated site's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::places::Places;
use crate::setup::sha256_of;

/// The files of a configuration directory.
const FILES: [&str; 3] = ["cameras.yaml", "rois.yaml", "services.yaml"];

/// A user's own configuration directory, used in place.
pub(crate) fn of_user(directory: &Path) -> anyhow::Result<PathBuf> {
    let cameras = directory.join("cameras.yaml");
    if !cameras.is_file() {
        bail!("{} has no cameras.yaml; copy configs/cameras.yaml there and enter your cameras", directory.display());
    }
    directory.canonicalize().with_context(|| format!("finding {}", directory.display()))
}

/// The simulated site's configuration, copied to the data directory so that the zone editor can write to it.
/// A copy that nobody has edited follows the repository; an edited one is kept.
pub(crate) fn simulated(places: &Places) -> anyhow::Result<PathBuf> {
    let copy = places.data.join("site/configs");
    let originals = copy.join(".originals");
    fs::create_dir_all(&originals).with_context(|| format!("making {}", originals.display()))?;
    for name in FILES {
        follow(&places.root.join("configs/sim").join(name), &copy.join(name), &originals.join(name))?;
    }
    Ok(copy)
}

/// Copies `source` over `copy`, unless somebody changed the copy since `original` was laid beside it.
fn follow(source: &Path, copy: &Path, original: &Path) -> anyhow::Result<()> {
    if !source.is_file() {
        return Ok(());
    }
    let is_edited = copy.is_file() && (!original.is_file() || sha256_of(copy)? != sha256_of(original)?);
    if !is_edited {
        for target in [original, copy] {
            fs::copy(source, target)
                .with_context(|| format!("copying {} to {}", source.display(), target.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Files {
        _directory: tempfile::TempDir,
        source: PathBuf,
        copy: PathBuf,
        original: PathBuf,
    }

    impl Files {
        fn new() -> Self {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let [source, copy, original] = ["source", "copy", "original"].map(|name| directory.path().join(name));
            Self { _directory: directory, source, copy, original }
        }

        fn follow(&self, source: &str) -> String {
            fs::write(&self.source, source).expect("writable");
            follow(&self.source, &self.copy, &self.original).expect("copied");
            fs::read_to_string(&self.copy).expect("the copy is there")
        }
    }

    #[test]
    fn an_untouched_copy_follows_the_repository() {
        let files = Files::new();

        assert_eq!(files.follow("first"), "first");
        assert_eq!(files.follow("second"), "second");
    }

    #[test]
    fn zones_that_somebody_drew_are_kept() {
        let files = Files::new();
        files.follow("first");

        fs::write(&files.copy, "drawn").expect("writable");

        assert_eq!(files.follow("second"), "drawn");
        assert_eq!(files.follow("third"), "drawn");
    }

    #[test]
    fn a_directory_without_cameras_is_refused() {
        let directory = tempfile::tempdir().expect("a temporary directory");

        let refusal = of_user(directory.path()).expect_err("it is empty").to_string();

        assert!(refusal.contains("has no cameras.yaml"), "{refusal}");
    }
}

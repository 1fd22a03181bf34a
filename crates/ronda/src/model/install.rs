//! Putting a fetched file into the cache: room on the disk first, written aside, checked, renamed.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use indicatif::HumanBytes;
use tempfile::TempDir;

/// Below this much room nothing is begun, however small the package.
const LEAST_ROOM: u64 = 16 << 20;
/// Archive, unpacked files and the finished model lie side by side for a moment.
const ROOM_PER_BYTE: u64 = 4;

/// The right to fetch, held by one process at a time, and a directory of its own to work in.
#[derive(Debug)]
pub(super) struct Workshop {
    dir: TempDir,
    /// Unlocked when it is dropped, after the directory is gone.
    _lock: File,
}

impl Workshop {
    /// Waits for other fetches into the same cache to end, clears what a killed one left, and makes a new directory.
    pub(super) fn open(cache: &Path) -> anyhow::Result<Self> {
        let root = cache.join(".fetching");
        let make = || -> std::io::Result<Self> {
            fs::create_dir_all(&root)?;
            let lock = File::create(root.join("lock"))?;
            lock.lock()?;
            for left_over in fs::read_dir(&root)?.flatten().filter(|entry| entry.path().is_dir()) {
                fs::remove_dir_all(left_over.path())?;
            }
            Ok(Self { dir: TempDir::new_in(&root)?, _lock: lock })
        };
        make()
            .map_err(|error| explain(error, &root))
            .with_context(|| format!("cannot write to the cache {}", cache.display()))
    }

    /// The directory to work in; it vanishes with the workshop.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Refuses to begin a download that the disk cannot hold.
    pub(super) fn check_room(&self, package_bytes: u64) -> anyhow::Result<()> {
        let disk = rustix::fs::statvfs(self.dir()).context("cannot ask for the room on the disk")?;
        refuse_if_short(disk.f_bavail.saturating_mul(disk.f_frsize), package_bytes)
            .with_context(|| format!("no room in {}", self.dir().parent().unwrap_or(self.dir()).display()))
    }

    /// Writes a finished file whole or not at all.
    pub(super) fn install(&self, bytes: &[u8], target: &Path) -> anyhow::Result<()> {
        let write = || -> std::io::Result<()> {
            let parent = target.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(parent)?;
            let mut aside = tempfile::NamedTempFile::new_in(parent)?;
            aside.write_all(bytes)?;
            aside.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
            aside.as_file().sync_all()?;
            aside.persist(target).map_err(|error| error.error)?;
            File::open(parent)?.sync_all()
        };
        write().map_err(|error| explain(error, target)).with_context(|| format!("cannot write {}", target.display()))
    }
}

/// Tells whether `available` bytes of disk are enough for a package of this size.
fn refuse_if_short(available: u64, package_bytes: u64) -> anyhow::Result<()> {
    let needed = package_bytes.saturating_mul(ROOM_PER_BYTE).max(LEAST_ROOM);
    if available < needed {
        bail!("{} are needed and {} are free", HumanBytes(needed), HumanBytes(available));
    }
    Ok(())
}

fn explain(error: std::io::Error, at: &Path) -> anyhow::Error {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            anyhow::anyhow!("no space left on the disk of {}", at.display())
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_that_would_fill_the_disk_is_refused() {
        let megabyte = 1 << 20;
        assert!(refuse_if_short(100 * megabyte, 25 * megabyte).is_ok());
        let error = refuse_if_short(99 * megabyte, 25 * megabyte).expect_err("too little");
        assert_eq!(error.to_string(), "100.00 MiB are needed and 99.00 MiB are free");
        assert!(refuse_if_short(15 * megabyte, 1).is_err(), "some room is always kept");
    }

    #[test]
    fn an_installed_file_is_whole_and_readable_by_other_users() {
        use std::os::unix::fs::PermissionsExt as _;
        let cache = tempfile::tempdir().expect("a directory");
        let target = cache.path().join("models/tiny/model.onnx");
        let workshop = Workshop::open(cache.path()).expect("opens");
        workshop.install(b"weights", &target).expect("is written");
        workshop.install(b"better weights", &target).expect("is replaced");
        assert_eq!(fs::read(&target).expect("is there"), b"better weights");
        assert_eq!(fs::metadata(&target).expect("is there").permissions().mode() & 0o777, 0o644);
        let beside = fs::read_dir(target.parent().expect("has one")).expect("is there").count();
        assert_eq!(beside, 1, "nothing is left aside");
    }

    #[test]
    fn what_a_killed_fetch_left_is_cleared() {
        let cache = tempfile::tempdir().expect("a directory");
        let left_over = cache.path().join(".fetching/old/package");
        fs::create_dir_all(&left_over).expect("is made");
        let workshop = Workshop::open(cache.path()).expect("opens");
        assert!(!left_over.exists());
        let dir = workshop.dir().to_owned();
        assert!(dir.is_dir());
        drop(workshop);
        assert!(!dir.exists());
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_one_sentence() {
        let cache = tempfile::NamedTempFile::new().expect("a file where a directory should be");
        let error = Workshop::open(cache.path()).expect_err("is a file");
        assert_eq!(
            format!("{error:#}"),
            format!("cannot write to the cache {}: Not a directory (os error 20)", cache.path().display())
        );
    }
}

//! Writing a file so that a reader, or a crash, finds all of it or nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What the name of a file begins with that is not complete. No [`Key`](crate::Key) does.
const PARTIAL: &str = ".partial-";

/// Writes `content` to `path`: aside, flushed to the disk, then renamed over what was there. Blocks.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let partial = aside(path)?;
    let written = File::create_new(&partial).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| fs::rename(&partial, path)) {
        // A full disk must not keep half a file as well.
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    // The name must survive a power cut too, not only the content.
    File::open(directory(path))?.sync_all()
}

/// Returns whether a file was being written when its writer ended.
pub(crate) fn is_partial(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PARTIAL))
}

/// Returns a name in the same directory that no other writer uses.
fn aside(path: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_string_lossy();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Ok(directory(path).join(format!("{PARTIAL}{}-{count}-{name}", std::process::id())))
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_aside() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("rois.yaml");
        write_whole(&path, b"old").expect("is written");
        write_whole(&path, b"new").expect("is written");
        assert_eq!(fs::read(&path).expect("is there"), b"new");
        assert_eq!(fs::read_dir(dir.path()).expect("is there").count(), 1);
    }

    #[test]
    fn what_cannot_be_put_in_place_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("taken");
        fs::create_dir(&path).expect("is made");
        assert!(write_whole(&path, b"x").is_err());
        assert_eq!(fs::read_dir(dir.path()).expect("is there").count(), 1);
    }
}

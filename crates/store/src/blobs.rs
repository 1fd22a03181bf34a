//! Files by name: pictures of alerts and the like.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::retention::{Kept, part};
use crate::whole::is_partial;
use crate::{Key, Limits, Swept, write_whole};

/// Why a blob was not written, read or swept.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", .path.display())]
pub struct BlobError {
    /// What was tried: `write`, `read`, …
    action: &'static str,
    /// The file or directory.
    path: PathBuf,
    /// What the system said.
    source: io::Error,
}

impl BlobError {
    fn of<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |source| Self { action, path: path.to_owned(), source }
    }
}

/// A directory of blobs. Clones share it; several processes may.
#[derive(Debug, Clone)]
pub struct Blobs {
    dir: Arc<Path>,
    limits: Limits,
}

impl Blobs {
    /// Makes the directory if need be. Nothing is deleted before the first [`sweep`](Self::sweep).
    pub fn open(dir: impl Into<PathBuf>, limits: Limits) -> Result<Self, BlobError> {
        let dir = dir.into();
        fs::create_dir_all(&dir).map_err(BlobError::of("make", &dir))?;
        Ok(Self { dir: dir.into(), limits })
    }

    /// Writes a blob, over the one of this name if there is one. When this returns it is on disk.
    pub async fn put(&self, key: &Key, content: impl AsRef<[u8]> + Send + 'static) -> Result<(), BlobError> {
        let path = self.path(key);
        blocking(move || {
            let parent = path.parent().unwrap_or(&path);
            fs::create_dir_all(parent).map_err(BlobError::of("make", parent))?;
            write_whole(&path, content.as_ref()).map_err(BlobError::of("write", &path))
        })
        .await
    }

    /// Returns a blob, or `None` if there is none of this name.
    pub async fn read(&self, key: &Key) -> Result<Option<Vec<u8>>, BlobError> {
        let path = self.path(key);
        blocking(move || match fs::read(&path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(BlobError::of("read", &path)(error)),
        })
        .await
    }

    /// Deletes a blob. Returns whether it was there.
    pub async fn remove(&self, key: &Key) -> Result<bool, BlobError> {
        let path = self.path(key);
        blocking(move || match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if is_absence(&error) => Ok(false),
            Err(error) => Err(BlobError::of("delete", &path)(error)),
        })
        .await
    }

    /// Deletes what the limits do not allow to stay, what writers that crashed left behind, and
    /// directories that are empty then. To be called now and then.
    pub async fn sweep(&self, now: SystemTime) -> Result<Swept, BlobError> {
        let (dir, limits) = (self.dir.clone(), self.limits);
        blocking(move || swept(&dir, limits, now)).await
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.dir.join(key.as_str())
    }
}

/// How old a file that is being written must be before its writer counts as gone.
const ABANDONED_SECS: u64 = 60 * 60;

fn swept(dir: &Path, limits: Limits, now: SystemTime) -> Result<Swept, BlobError> {
    let mut blobs = Vec::new();
    let mut dirs = Vec::new();
    look(dir, &mut blobs, &mut dirs).map_err(BlobError::of("look through", dir))?;
    let (partial, complete): (Vec<Kept>, Vec<Kept>) = blobs.into_iter().partition(|blob| is_partial(&blob.path));
    let abandoned = |blob: &Kept| now.duration_since(blob.written).is_ok_and(|age| age.as_secs() > ABANDONED_SECS);
    let (gone, kept) = part(complete, limits, now);
    for blob in partial.iter().filter(|blob| abandoned(blob)).chain(&gone) {
        match fs::remove_file(&blob.path) {
            // Another process may sweep too.
            Err(error) if !is_absence(&error) => {
                return Err(BlobError::of("delete", &blob.path)(error));
            }
            _ => {}
        }
    }
    // The deepest first; one that is not empty stays.
    for dir in dirs.iter().rev() {
        let _ = fs::remove_dir(dir);
    }
    let bytes = |blobs: &[Kept]| blobs.iter().map(|blob| blob.bytes).sum();
    Ok(Swept {
        deleted: gone.len() as u64,
        deleted_bytes: bytes(&gone),
        kept: kept.len() as u64,
        kept_bytes: bytes(&kept),
    })
}

/// Collects the files below a directory, and the directories, each after the one it is in.
fn look(dir: &Path, files: &mut Vec<Kept>, dirs: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let facts = match fs::symlink_metadata(&path) {
            Ok(facts) => facts,
            Err(error) if is_absence(&error) => continue,
            Err(error) => return Err(error),
        };
        if facts.is_dir() {
            dirs.push(path.clone());
            look(&path, files, dirs)?;
        } else {
            files.push(Kept { path, written: facts.modified()?, bytes: facts.len() });
        }
    }
    Ok(())
}

/// A part of the name that is a file, not a directory, is as absent as no file at all.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, BlobError> + Send + 'static,
) -> Result<R, BlobError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(BlobError { action: "finish with", path: PathBuf::new(), source: io::Error::other(error) })
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(text: &str) -> Key {
        text.parse().expect("is a name")
    }

    fn store(limits: Limits) -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().expect("a directory");
        let blobs = Blobs::open(dir.path().join("snapshots"), limits).expect("is opened");
        (dir, blobs)
    }

    #[tokio::test]
    async fn what_is_put_is_read_until_it_is_removed() {
        let (_dir, blobs) = store(Limits::default());
        let name = key("2026/11/alert-1.jpg");
        assert_eq!(blobs.read(&name).await.expect("is readable"), None);
        blobs.put(&name, b"old".to_vec()).await.expect("is written");
        blobs.put(&name, b"new".to_vec()).await.expect("is written");
        assert_eq!(blobs.read(&name).await.expect("is readable"), Some(b"new".to_vec()));
        assert!(blobs.remove(&name).await.expect("is removable"));
        assert!(!blobs.remove(&name).await.expect("is gone"));
    }

    #[tokio::test]
    async fn a_name_below_a_blob_is_absent() {
        let (_dir, blobs) = store(Limits::default());
        blobs.put(&key("a"), b"x".to_vec()).await.expect("is written");
        assert_eq!(blobs.read(&key("a/b")).await.expect("is readable"), None);
    }

    #[tokio::test]
    async fn a_sweep_keeps_to_the_size_and_removes_empty_directories() {
        let (_dir, blobs) = store(Limits { max_bytes: Some(10), ..Limits::default() });
        blobs.put(&key("old/a"), vec![0; 8]).await.expect("is written");
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        set_written(&blobs, "old/a", hour_ago);
        blobs.put(&key("new/b"), vec![0; 8]).await.expect("is written");
        let swept = blobs.sweep(SystemTime::now()).await.expect("is swept");
        assert_eq!(swept, Swept { deleted: 1, deleted_bytes: 8, kept: 1, kept_bytes: 8 });
        assert!(!blobs.path(&key("old")).exists());
        assert!(blobs.read(&key("new/b")).await.expect("is readable").is_some());
    }

    #[tokio::test]
    async fn a_sweep_removes_what_a_crashed_writer_left_and_not_what_a_live_one_writes() {
        let (_dir, blobs) = store(Limits::default());
        for name in [".partial-1-0-left", ".partial-2-0-fresh"] {
            fs::write(blobs.dir.join(name), b"half").expect("is written");
        }
        set_written(&blobs, ".partial-1-0-left", SystemTime::now() - Duration::from_secs(3700));
        blobs.sweep(SystemTime::now()).await.expect("is swept");
        assert!(!blobs.dir.join(".partial-1-0-left").exists());
        assert!(blobs.dir.join(".partial-2-0-fresh").exists());
    }

    fn set_written(blobs: &Blobs, name: &str, time: SystemTime) {
        let file = fs::File::options().write(true).open(blobs.dir.join(name)).expect("is there");
        file.set_modified(time).expect("its time can be set");
    }
}

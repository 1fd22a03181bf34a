//! The files of a spool: one per message, numbered in order, written whole or not at all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::SpoolError;

/// What the name of a complete file ends in.
const COMPLETE: &str = ".json";
/// What the name of a file that is being written ends in.
const PARTIAL: &str = ".partial";

/// The directory, locked against other processes as long as this lives.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    _lock: File,
}

impl Files {
    /// Takes a directory; returns the number and size of each message in it. What a crash left half
    /// written was promised to nobody and is deleted.
    pub(super) fn open(dir: PathBuf) -> Result<(Self, BTreeMap<u64, u64>), SpoolError> {
        let refuse = |source| SpoolError::Dir { dir: dir.clone(), source };
        fs::create_dir_all(&dir).map_err(refuse)?;
        let lock = File::create(dir.join("lock")).map_err(refuse)?;
        lock.try_lock().map_err(|_| SpoolError::InUse(dir.clone()))?;
        let found = found(&dir).map_err(refuse)?;
        Ok((Self { dir, _lock: lock }, found))
    }

    /// Writes a message.
    pub(super) async fn write(&self, number: u64, json: Vec<u8>) -> io::Result<()> {
        let path = self.path(number);
        blocking(move || write_whole(&path, &json)).await
    }

    /// Returns a message. A file that is not JSON from end to end is refused: a disk that lost
    /// power can give back less than was written.
    pub(super) async fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        let path = self.path(number);
        blocking(move || {
            let json = fs::read(path)?;
            let _: serde::de::IgnoredAny = serde_json::from_slice(&json)?;
            Ok(json)
        })
        .await
    }

    /// Deletes a message.
    pub(super) async fn remove(&self, number: u64) -> io::Result<()> {
        let path = self.path(number);
        blocking(move || fs::remove_file(path)).await
    }

    /// Moves a file that holds no message out of the way, for a person to look at.
    pub(super) async fn set_aside(&self, number: u64) {
        let (path, aside) = (self.path(number), self.dir.join("corrupt"));
        // If it cannot be moved it stays, is not counted any more, and is looked at again after a
        // restart.
        let _ = blocking(move || {
            fs::create_dir_all(&aside)?;
            fs::rename(&path, aside.join(path.file_name().unwrap_or_default()))
        })
        .await;
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:020}{COMPLETE}"))
    }
}

fn found(dir: &Path) -> io::Result<BTreeMap<u64, u64>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(PARTIAL) {
            fs::remove_file(entry.path())?;
        } else if let Some(number) = name.strip_suffix(COMPLETE).and_then(|stem| stem.parse().ok()) {
            found.insert(number, entry.metadata()?.len());
        }
    }
    Ok(found)
}

fn write_whole(path: &Path, json: &[u8]) -> io::Result<()> {
    let partial = path.with_extension(&PARTIAL[1..]);
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(json)?;
        file.sync_all()
    });
    // A full disk must not keep half a message as well.
    if let Err(error) = written.and_then(|()| fs::rename(&partial, path)) {
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    // The name must survive a power cut too, not only the content.
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

async fn blocking<R: Send + 'static>(work: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<R> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

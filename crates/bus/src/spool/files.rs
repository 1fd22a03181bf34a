//! The files of a spool: one per message, numbered in order, written whole or not at all. The name of a file also tells
//! the trace that the message is part of.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chassis::Trace;

use super::SpoolError;

/// What the name of a complete file ends in.
const COMPLETE: &str = ".json";
/// What the name of a file that is being written ends in.
const PARTIAL: &str = ".partial";

/// Which message a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    /// The place in the order.
    pub(super) number: u64,
    /// What the message is part of.
    pub(super) trace: Option<Trace>,
}

impl Name {
    fn read(stem: &str) -> Option<Self> {
        let (number, trace) = match stem.split_once('-') {
            Some((number, trace)) => (number, Some(trace.parse().ok()?)),
            None => (stem, None),
        };
        Some(Self { number: number.parse().ok()?, trace })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}", self.number)?;
        self.trace.map_or(Ok(()), |trace| write!(f, "-{trace}"))
    }
}

/// A message on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) name: Name,
    pub(super) size: u64,
}

/// The directory, locked against other processes as long as this lives.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    _lock: File,
}

impl Files {
    /// Takes a directory; returns each message in it by its number. What a crash left half
    /// written was promised to nobody and is deleted.
    pub(super) fn open(dir: PathBuf) -> Result<(Self, BTreeMap<u64, Written>), SpoolError> {
        let refuse = |source| SpoolError::Dir { dir: dir.clone(), source };
        fs::create_dir_all(&dir).map_err(refuse)?;
        let lock = File::create(dir.join("lock")).map_err(refuse)?;
        lock.try_lock().map_err(|_| SpoolError::InUse(dir.clone()))?;
        let found = found(&dir).map_err(refuse)?;
        Ok((Self { dir, _lock: lock }, found))
    }

    /// Writes a message.
    pub(super) async fn write(&self, name: Name, json: Vec<u8>) -> io::Result<()> {
        let path = self.path(name);
        blocking(move || write_whole(&path, &json)).await
    }

    /// Returns a message. A file that is not JSON from end to end is refused: a disk that lost
    /// power can give back less than was written.
    pub(super) async fn read(&self, name: Name) -> io::Result<Vec<u8>> {
        let path = self.path(name);
        blocking(move || {
            let json = fs::read(path)?;
            let _: serde::de::IgnoredAny = serde_json::from_slice(&json)?;
            Ok(json)
        })
        .await
    }

    /// Deletes a message.
    pub(super) async fn remove(&self, name: Name) -> io::Result<()> {
        let path = self.path(name);
        blocking(move || fs::remove_file(path)).await
    }

    /// Moves a file that holds no message out of the way, for a person to look at.
    pub(super) async fn set_aside(&self, name: Name) {
        let (path, aside) = (self.path(name), self.dir.join("corrupt"));
        // If it cannot be moved it stays, is not counted any more, and is looked at again after a
        // restart.
        let _ = blocking(move || {
            fs::create_dir_all(&aside)?;
            fs::rename(&path, aside.join(path.file_name().unwrap_or_default()))
        })
        .await;
    }

    fn path(&self, name: Name) -> PathBuf {
        self.dir.join(format!("{name}{COMPLETE}"))
    }
}

fn found(dir: &Path) -> io::Result<BTreeMap<u64, Written>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(PARTIAL) {
            fs::remove_file(entry.path())?;
        } else if let Some(name) = name.strip_suffix(COMPLETE).and_then(Name::read) {
            found.insert(name.number, Written { name, size: entry.metadata()?.len() });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_place_in_the_order_and_the_trace() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let with = Name { number: 12, trace: Some(trace.parse().expect("is one")) };
        assert_eq!(with.to_string(), format!("00000000000000000012-{trace}"));
        for name in [with, Name { trace: None, ..with }] {
            assert_eq!(Name::read(&name.to_string()), Some(name));
        }
        for none in ["", "twelve", "12-", "12-yesterday"] {
            assert_eq!(Name::read(none), None, "{none}");
        }
    }
}

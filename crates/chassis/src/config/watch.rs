//! Noticing that a file was edited, replaced, removed or created.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, interval_at, sleep};

/// How often the file is looked at.
const PERIOD: Duration = Duration::from_millis(500);
/// How long a file must stay the same before it counts as completely written.
const SETTLED: Duration = Duration::from_millis(100);
/// How many times a file that keeps changing is looked at before its change is told anyway.
const PATIENCE: usize = 50;

/// Watches a file from now on.
///
/// The content is compared, not the time stamp: configuration files are small, editors write them
/// in several ways (in place, by rename, as a link switched by a mount), and some file systems
/// count time in seconds.
pub fn watch_file(path: impl Into<PathBuf>) -> Changes {
    let path = path.into();
    let known = std::fs::read(&path).ok();
    Changes { path, known }
}

/// The changes of one watched file.
#[derive(Debug)]
pub struct Changes {
    path: PathBuf,
    /// The content last told of; `None` if the file could not be read.
    known: Option<Vec<u8>>,
}

impl Changes {
    /// Waits until the content of the file differs from what it was when last looked at. A file
    /// that disappears or appears has changed too. Nothing is lost if the wait is dropped.
    pub async fn next(&mut self) {
        let mut ticks = interval_at(Instant::now() + PERIOD, PERIOD);
        loop {
            ticks.tick().await;
            let seen = self.read().await;
            if seen == self.known {
                continue;
            }
            let settled = self.settled(seen).await;
            if settled != self.known {
                self.known = settled;
                return;
            }
        }
    }

    /// Returns the content once two looks agree: an editor may be half way through writing it.
    async fn settled(&self, mut seen: Option<Vec<u8>>) -> Option<Vec<u8>> {
        for _ in 0..PATIENCE {
            sleep(SETTLED).await;
            let again = self.read().await;
            if again == seen {
                break;
            }
            seen = again;
        }
        seen
    }

    async fn read(&self) -> Option<Vec<u8>> {
        tokio::fs::read(&self.path).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tokio::time::timeout;

    use super::*;

    async fn told(changes: &mut Changes) -> bool {
        timeout(Duration::from_secs(5), changes.next()).await.is_ok()
    }

    fn watched(content: &str) -> (tempfile::TempDir, PathBuf, Changes) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("rois.yaml");
        fs::write(&path, content).expect("is written");
        let changes = watch_file(&path);
        (dir, path, changes)
    }

    #[tokio::test]
    async fn an_edit_of_the_same_length_is_noticed() {
        let (_dir, path, mut changes) = watched("fps: 5");
        fs::write(path, "fps: 6").expect("is written");
        assert!(told(&mut changes).await);
    }

    #[tokio::test]
    async fn a_file_renamed_over_the_watched_one_is_noticed_each_time() {
        let (dir, path, mut changes) = watched("a");
        for content in ["b", "c"] {
            let aside = dir.path().join("aside");
            fs::write(&aside, content).expect("is written");
            fs::rename(&aside, &path).expect("is renamed");
            assert!(told(&mut changes).await, "{content}");
        }
    }

    #[tokio::test]
    async fn a_file_that_goes_and_comes_back_is_told_twice() {
        let (_dir, path, mut changes) = watched("a");
        fs::remove_file(&path).expect("is removed");
        assert!(told(&mut changes).await);
        fs::write(&path, "a").expect("is written");
        assert!(told(&mut changes).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_written_again_with_the_same_content_has_not_changed() {
        let (_dir, path, mut changes) = watched("a");
        fs::write(path, "a").expect("is written");
        assert!(!told(&mut changes).await);
    }
}

//! The log as files: `LOG_DIR/<name>.log`, and the older lines in `<name>.log.1` to `<name>.log.5`.
//!
//! Lines are written by whoever logs, as those to standard error are, so that none waits in memory when the process
//! dies. Two processes may share a name: each appends whole lines, and a lock makes sure that one of them turns over.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// How long a file may grow before the next begins, in bytes: as Docker's own of our containers.
const MOST_BYTES: u64 = 10 * 1024 * 1024;
/// How many older files are kept.
const OLDER_FILES: u32 = 5;

/// The file of a log, for one line per call of `write`.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    most_bytes: u64,
    /// It was told that lines are lost, and none was written since.
    is_failing: bool,
}

impl LogFile {
    /// Opens `<name>.log` in `directory`, which is made if need be.
    pub(super) fn open(directory: &Path, name: &str) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let path = directory.join(format!("{name}.log"));
        Ok(Self { file: append(&path)?, path, most_bytes: MOST_BYTES, is_failing: false })
    }

    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.file.metadata()?.len() >= self.most_bytes {
            self.turn_over()?;
        }
        self.file.write_all(line)
    }

    /// Begins the next file, or takes up the one that another process has begun; while that one is at it, all stays as it is.
    fn turn_over(&mut self) -> io::Result<()> {
        match self.file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let of_path = fs::metadata(&self.path).map(|there| there.ino()).ok();
        if of_path == Some(self.file.metadata()?.ino()) {
            let older = |age: u32| self.path.with_added_extension(age.to_string());
            for age in (1..OLDER_FILES).rev() {
                rename_if_there(&older(age), &older(age + 1))?;
            }
            rename_if_there(&self.path, &older(1))?;
        }
        // Closing the old file gives back the lock.
        self.file = append(&self.path)?;
        Ok(())
    }
}

impl Write for LogFile {
    /// Never fails: the line is on standard error as well, and that lines are missing here is told there, once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.write_line(line) {
            Ok(()) => self.is_failing = false,
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                let _ = writeln!(io::stderr(), "{} is not written for now: {error}", self.path.display());
            }
            Err(_) => {}
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(directory: &Path) -> LogFile {
        LogFile { most_bytes: 20, ..LogFile::open(directory, "robot-a_app").expect("is opened") }
    }

    fn log(file: &mut LogFile, lines: std::ops::Range<u32>) {
        for line in lines {
            file.write_all(format!("line {line:04}\n").as_bytes()).expect("never fails");
        }
    }

    fn text(directory: &Path, name: &str) -> String {
        fs::read_to_string(directory.join(name)).unwrap_or_default()
    }

    #[test]
    fn a_full_file_makes_room_for_the_next_and_the_oldest_goes() {
        let directory = tempfile::tempdir().expect("a directory");
        let logs = directory.path().join("logs");
        log(&mut small(&logs), 0..15);
        assert_eq!(text(&logs, "robot-a_app.log"), "line 0014\n");
        assert_eq!(text(&logs, "robot-a_app.log.1"), "line 0012\nline 0013\n");
        assert_eq!(text(&logs, "robot-a_app.log.5"), "line 0004\nline 0005\n");
        assert_eq!(fs::read_dir(&logs).expect("is there").count(), 6);
    }

    #[test]
    fn a_process_that_starts_again_goes_on_where_it_ended() {
        let directory = tempfile::tempdir().expect("a directory");
        log(&mut small(directory.path()), 0..1);
        log(&mut small(directory.path()), 1..3);
        assert_eq!(text(directory.path(), "robot-a_app.log.1"), "line 0000\nline 0001\n");
        assert_eq!(text(directory.path(), "robot-a_app.log"), "line 0002\n");
    }

    #[test]
    fn processes_that_share_a_file_lose_no_line() {
        let directory = tempfile::tempdir().expect("a directory");
        let (mut one, mut other) = (small(directory.path()), small(directory.path()));
        log(&mut one, 0..3);
        log(&mut other, 3..5);
        log(&mut one, 5..6);
        assert_eq!(text(directory.path(), "robot-a_app.log.2"), "line 0000\nline 0001\n");
        assert_eq!(text(directory.path(), "robot-a_app.log.1"), "line 0002\nline 0003\n");
        assert_eq!(text(directory.path(), "robot-a_app.log"), "line 0004\nline 0005\n");
    }

    #[test]
    fn a_file_that_somebody_removed_is_made_again_in_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut file = small(directory.path());
        log(&mut file, 0..1);
        fs::remove_file(directory.path().join("robot-a_app.log")).expect("is removed");
        log(&mut file, 1..4);
        assert_eq!(text(directory.path(), "robot-a_app.log"), "line 0002\nline 0003\n");
    }
}

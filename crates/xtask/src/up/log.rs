//! What the programs of a site say: each into a file of its own that cannot grow without end, and, when asked for,
//! onto the terminal with the program's name before each line.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;

use crate::terminal::note;

/// A file that is larger becomes the previous one, and the one before that goes.
const LARGEST: u64 = 20 << 20;

/// How many lines are remembered to explain a program's end.
const REMEMBERED: usize = 30;

/// The log of one program.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    name: Arc<str>,
    path: PathBuf,
    file: File,
    written: u64,
    on_terminal: bool,
    latest: VecDeque<String>,
}

impl Log {
    /// Opens the log of a program; what an earlier start wrote becomes the previous file.
    pub(crate) fn open(directory: &std::path::Path, name: &str, on_terminal: bool) -> anyhow::Result<Self> {
        fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
        let path = directory.join(format!("{name}.log"));
        let _ = fs::rename(&path, path.with_extension("log.1"));
        let file = append_to(&path).with_context(|| format!("opening {}", path.display()))?;
        let state = State { name: name.into(), path, file, written: 0, on_terminal, latest: VecDeque::new() };
        Ok(Self(Arc::new(Mutex::new(state))))
    }

    /// Takes one line.
    pub(crate) fn take(&self, line: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.take(line);
    }

    /// The line that best explains why the program ended.
    pub(crate) fn last_words(&self) -> String {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spoken = || state.latest.iter().rev().map(|line| line.trim()).filter(|line| !line.is_empty());
        spoken().find(|line| tells_an_error(line)).or_else(|| spoken().next()).unwrap_or("it said nothing").to_owned()
    }

    /// Where a person can read all of it.
    pub(crate) fn path(&self) -> PathBuf {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).path.clone()
    }
}

impl State {
    fn take(&mut self, line: &str) {
        if self.on_terminal {
            note(format!("{:<15}| {line}", self.name));
        }
        if self.written > LARGEST {
            let _ = fs::rename(&self.path, self.path.with_extension("log.1"));
            if let Ok(file) = append_to(&self.path) {
                self.file = file;
                self.written = 0;
            }
        }
        // A full disk must stop neither the program nor us; the terminal and the last words still have the line.
        let _ = writeln!(self.file, "{line}");
        self.written += line.len() as u64 + 1;
        if self.latest.len() == REMEMBERED {
            self.latest.pop_front();
        }
        self.latest.push_back(line.to_owned());
    }
}

fn append_to(path: &std::path::Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn tells_an_error(line: &str) -> bool {
    ["ERROR", "error:", "[emerg]", "panicked"].iter().any(|sign| line.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_error_explains_an_end() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let log = Log::open(directory.path(), "console", false).expect("writable");

        for line in ["INFO starting", "error: cannot reach Redis", "stopping the tasks", ""] {
            log.take(line);
        }

        assert_eq!(log.last_words(), "error: cannot reach Redis");
        let kept = fs::read_to_string(log.path()).expect("written");
        assert_eq!(kept, "INFO starting\nerror: cannot reach Redis\nstopping the tasks\n\n");
    }

    #[test]
    fn a_new_start_keeps_the_previous_log() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Log::open(directory.path(), "console", false).expect("writable").take("yesterday");

        let log = Log::open(directory.path(), "console", false).expect("writable");

        assert_eq!(log.last_words(), "it said nothing");
        assert_eq!(fs::read_to_string(directory.path().join("console.log.1")).expect("kept"), "yesterday\n");
    }
}

//! What the operator sees while something long runs: a spinner on a terminal, plain lines in a log.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// One long step.
pub(super) struct Step {
    bar: ProgressBar,
    text: String,
}

impl Step {
    /// Begins a step and shows what it does.
    pub(super) fn begin(text: impl Into<String>) -> Self {
        let text = text.into();
        let bar = if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar.set_message(text.clone());
            bar
        } else {
            eprintln!("{text}");
            ProgressBar::hidden()
        };
        Self { bar, text }
    }

    /// Shows how much has arrived in a directory so far.
    pub(super) fn show_size_of(&self, dir: &Path) {
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("{}: {}", self.text, HumanBytes(size_of_tree(dir))));
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The bytes of all files below a directory; what cannot be read counts nothing, since this is only shown.
fn size_of_tree(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of_tree(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

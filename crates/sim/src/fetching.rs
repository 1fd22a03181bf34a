//! Fetching the footage, with its progress on the terminal.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use crate::footage::{Footage, Progress};

/// Fetches the footage, with a progress bar on a terminal and a line per step elsewhere.
///
/// # Errors
/// If it cannot be fetched or prepared.
pub async fn fetch(footage: Footage) -> anyhow::Result<()> {
    let shown = Mutex::new(Shown::default());
    footage.fetch(move |progress| shown.lock().unwrap_or_else(PoisonError::into_inner).show(progress)).await?;
    Ok(())
}

/// What is shown at the moment.
#[derive(Default)]
struct Shown {
    step: Option<&'static str>,
    bar: Option<ProgressBar>,
}

impl Shown {
    fn show(&mut self, progress: Progress) {
        let (step, done, of) = match progress {
            Progress::Downloading => ("download", 0, 0),
            Progress::Making { clip, done, of } => (clip, done, of),
        };
        if self.step.replace(step) != Some(step) {
            self.begin(progress);
        }
        if let Some(bar) = &self.bar {
            bar.set_length(of);
            bar.set_position(done);
        }
    }

    fn begin(&mut self, progress: Progress) {
        let text = match progress {
            Progress::Downloading => "fetching the street footage (2 MB)".to_owned(),
            Progress::Making { clip, .. } => format!("preparing the clip {clip}"),
        };
        if let Some(before) = self.bar.take() {
            before.finish_and_clear();
        }
        if !std::io::stderr().is_terminal() {
            eprintln!("{text}");
            return;
        }
        let style = ProgressStyle::with_template("{msg:36} {wide_bar} {pos}/{len}");
        let bar = ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar = Some(bar.with_message(text));
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

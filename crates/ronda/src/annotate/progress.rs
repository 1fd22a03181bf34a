//! How far the film is: a bar on a terminal, one line at the end everywhere.

use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Tally;

/// A bar if the length is known, else a spinner. It is hidden where standard error is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    begun: Instant,
}

impl Progress {
    pub(super) fn begin(length: Option<Duration>) -> Self {
        let (bar, template) = match length {
            Some(length) => (ProgressBar::new(millis(length)), "{bar:30} {percent:>3} %  {msg}  (about {eta} left)"),
            None => (ProgressBar::new_spinner(), "{spinner} {msg}"),
        };
        let style = ProgressStyle::with_template(template).expect("the templates above are valid");
        Self { bar: bar.with_style(style), begun: Instant::now() }
    }

    pub(super) fn show(&self, position: Duration, tally: &Tally) {
        self.bar.set_position(millis(position));
        if !self.bar.is_hidden() {
            self.bar.set_message(self.figures(tally));
        }
    }

    pub(super) fn end(&self, output: &Path, tally: &Tally) {
        self.bar.finish_and_clear();
        eprintln!("{}: {}", output.display(), self.figures(tally));
    }

    fn figures(&self, tally: &Tally) -> String {
        let Tally { frames, tracks, alerts } = tally;
        let per_second = *frames as f64 / self.begun.elapsed().as_secs_f64().max(1e-3);
        format!("{frames} frames, {tracks} tracks, {alerts} alerts, {per_second:.1} frames/s")
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

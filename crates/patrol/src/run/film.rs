//! The film of a run.

use std::path::PathBuf;

use anyhow::Context;
use tracing::warn;

use crate::App;
use crate::history::RunId;
use crate::recorder::{Recorder, Recording};

/// A film that is being recorded.
pub(super) struct Film {
    recording: Recording,
}

impl Film {
    /// Begins to film what the front camera sees.
    pub(super) async fn begin(app: &App, path: PathBuf) -> anyhow::Result<Self> {
        let recording = Recorder::start(&app.hub, path).await.context("beginning the film")?;
        Ok(Self { recording })
    }

    /// Ends it and writes down where it is; nothing if nothing was filmed.
    pub(super) async fn end(self, app: &App, run: RunId) -> Option<PathBuf> {
        let recorded = match self.recording.finish().await {
            Ok(recorded) => recorded?,
            Err(cause) => {
                warn!(run = run.0, "the run has no film: {cause:#}");
                return None;
            }
        };
        if let Err(cause) = app.history.set_run_video(run, &recorded.path).await {
            warn!(run = run.0, "the film of the run is not recorded: {cause}");
        }
        Some(recorded.path)
    }

    /// Ends it without waiting: what was filmed stays on disk.
    pub(super) fn give_up(self) {
        drop(self.recording);
    }
}

//! The JSON lines beside a film: one for each frame, with the keys of the reference's library.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::alert::Alert;
use domain::detection::Detection;
use domain::geometry::Size;
use domain::id::{CameraId, TrackId};
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::look::{Looker, Sight};
use crate::reel::Shot;

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    camera_id: &'a CameraId,
    /// The frame's number at its source.
    frame_index: u64,
    /// The frame's number among those that were looked at.
    processed_frame_index: u64,
    timestamp: jiff::Timestamp,
    /// Seconds from the beginning.
    position_seconds: f64,
    image_size: Size,
    inference_time_ms: f64,
    detections: Vec<Seen<'a>>,
    alerts: &'a [Alert],
}

/// One track in one frame.
#[derive(Serialize)]
struct Seen<'a> {
    #[serde(flatten)]
    detection: Detection,
    tracking_id: TrackId,
    /// The zone whose rule it breaks.
    roi_name: Option<&'a str>,
}

/// Writes the lines aside and puts them in their place when they are complete.
pub(super) struct Sidecar {
    path: PathBuf,
    aside: BufWriter<NamedTempFile>,
}

impl Sidecar {
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let aside = NamedTempFile::new_in(directory).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path: path.to_owned(), aside: BufWriter::new(aside) })
    }

    pub(super) fn write(&mut self, looker: &Looker, shot: &Shot, sight: &Sight, number: u64) -> anyhow::Result<()> {
        let seen = sight.tracks.iter().map(|track| Seen {
            detection: track.detection.clone(),
            tracking_id: track.id,
            roi_name: looker.zone_of(track),
        });
        let line = Line {
            camera_id: looker.zones().camera_id(),
            frame_index: shot.frame.sequence,
            processed_frame_index: number,
            timestamp: shot.frame.captured_at,
            position_seconds: shot.position.as_secs_f64(),
            image_size: sight.size,
            inference_time_ms: sight.inference_ms,
            detections: seen.collect(),
            alerts: &sight.alerts,
        };
        let cannot_write = || format!("cannot write {}", self.path.display());
        serde_json::to_writer(&mut self.aside, &line).with_context(cannot_write)?;
        self.aside.write_all(b"\n").with_context(cannot_write)
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        let cannot_write = || format!("cannot write {}", self.path.display());
        let aside = self.aside.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(cannot_write)?;
        make_readable(aside.as_file()).with_context(cannot_write)?;
        aside.persist(&self.path).map_err(|error| error.error).with_context(cannot_write)?;
        Ok(())
    }
}

/// A temporary file is its owner's alone; the result is as readable as any file that a program writes.
fn make_readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

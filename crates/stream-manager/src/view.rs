//! What the HTTP answers look like.

use std::collections::BTreeMap;

use domain::geometry::{BBox, Size};
use domain::id::{CameraId, TrackId};
use domain::zone::RoiEntry;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::lifecycle::State;

/// All cameras of the site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cameras {
    /// Every entry of `cameras.yaml` in its order, wrong ones included.
    pub cameras: Vec<Camera>,
    /// What is wrong with the configuration files as a whole.
    pub problems: Vec<Problem>,
}

/// One camera and how it is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Camera {
    /// Its id; for an entry without one its place in the file, as `cameras[2]`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// How it is doing.
    pub state: State,
    /// Why it does not stream, in plain words.
    pub reason: Option<String>,
    /// Since when the state holds.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Where its pictures come from, without the password.
    pub url: Option<String>,
    /// What it sends; absent while it does not stream.
    pub stream: Option<Stream>,
    /// Frames per second that are wanted.
    pub fps_target: f64,
    /// Frames per second that came through in the last ten seconds.
    pub fps_measured: Option<f64>,
    /// What became of its frames since the service started.
    pub counters: Counters,
    /// When its newest frame was captured.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_frame_at: Option<Timestamp>,
    /// What is wrong with its entries in the configuration files.
    pub problems: Vec<Problem>,
}

/// What a camera sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stream {
    /// `H.264` or `H.265`.
    pub codec: String,
    /// Width and height of the pictures in which things are detected, and in which zones in pixels are meant.
    pub size: Size,
    /// Frames per second that it sends.
    pub fps: Option<f64>,
    /// The decoder at work.
    pub decoder: String,
}

/// What became of a camera's frames, once it is decided: `received = not_due + due`,
/// `due = overwritten + still + busy + failed + detected`, and `processed = still + detected`, because a still scene was
/// looked at by the motion gate, and nothing was missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counters {
    /// Frames that the camera sent.
    pub received: u64,
    /// Frames that `fps_target` asks for.
    pub due: u64,
    /// Due frames that were dealt with.
    pub processed: u64,
    /// Due frames at which the detector looked.
    pub detected: u64,
    /// Those of them of which it looked at a part only, where something moved.
    pub parts: u64,
    /// Received frames of a still scene that were not even decoded.
    pub left_coded: u64,
    /// Due frames on which the detector failed.
    pub failed: u64,
    /// Frames at which the detector did not look, by reason.
    pub skipped: Skipped,
    /// Alerts raised.
    pub alerts: u64,
    /// Times that the stream was lost or could not be had.
    pub losses: u64,
}

/// Frames at which the detector did not look, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Skipped {
    /// Not asked for by `fps_target`.
    pub not_due: u64,
    /// A newer frame came first.
    pub overwritten: u64,
    /// Thrown away before decoding, because this machine had fallen behind the camera; not among the received ones.
    pub late: u64,
    /// The scene was still.
    pub still: u64,
    /// The detector's queue was full, or no model was loaded yet.
    pub busy: u64,
}

/// Something wrong in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, counted from 1, if it is known.
    pub line: Option<usize>,
    /// The path of the key, as `cameras[1].fps_target`.
    pub key: String,
    /// What was expected, and what was found.
    pub message: String,
}

impl From<&chassis::config::Problem> for Problem {
    fn from(problem: &chassis::config::Problem) -> Self {
        Self {
            file: problem.file.file_name().unwrap_or(problem.file.as_os_str()).to_string_lossy().into_owned(),
            line: problem.line,
            key: problem.key.clone(),
            message: problem.expectation.clone(),
        }
    }
}

/// The classes that the active model knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Classes {
    /// Their names in the order of their ids.
    pub classes: Vec<String>,
}

/// The zones of all cameras.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Zones {
    /// Every entry of `rois.yaml`, all keys filled in.
    pub cameras: Vec<RoiEntry>,
    /// What is wrong with `rois.yaml`.
    pub problems: Vec<Problem>,
}

/// How the service is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Whether it does its work: a model is loaded, and alerts reach Redis or wait in the spool.
    pub ready: bool,
    /// Since when it runs.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// The detector.
    pub detector: Detector,
    /// The way of the alerts.
    pub alerts: Alerts,
    /// What became of every camera's frames, by camera.
    pub cameras: BTreeMap<String, Counters>,
    /// How many cameras are in which state.
    pub states: BTreeMap<String, usize>,
    /// Time spent in each stage of the frame path since the start.
    pub stages: BTreeMap<String, Stage>,
    /// What is wrong with the configuration files as a whole.
    pub problems: Vec<Problem>,
}

/// How the detector is doing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Detector {
    /// Whether a model is loaded.
    pub loaded: bool,
    /// Why none is loaded, or why the one that was activated last is not in use.
    pub error: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// The model's version.
    pub version: Option<String>,
    /// The SHA-256 of the model's file.
    pub sha256: Option<String>,
    /// What runs it.
    pub backend: Option<String>,
    /// Where it runs.
    pub device: Option<String>,
    /// Why it is not the backend or device that was wanted.
    pub fallback: Option<String>,
    /// Questions that wait now.
    pub waiting: usize,
    /// Questions that may wait.
    pub queue_capacity: usize,
    /// Questions answered since the start.
    pub answered: u64,
    /// Questions refused because the queue was full.
    pub refused: u64,
}

/// The way of the alerts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Alerts {
    /// The Redis stream they go to.
    pub stream: String,
    /// Whether Redis takes them now.
    pub redis_connected: bool,
    /// Alerts that wait on disk for Redis.
    pub spooled: u64,
    /// Alerts that were lost because the spool was full or broken.
    pub lost: u64,
    /// Why Redis takes none.
    pub error: Option<String>,
}

/// Time spent in one stage of the frame path.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// How many frames or alerts passed it.
    pub count: u64,
    /// The mean time in milliseconds.
    pub mean_ms: f64,
}

/// What precedes the JPEG in every message of the live WebSocket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LiveHeader {
    /// Whose picture it is.
    pub camera_id: CameraId,
    /// Counts the camera's frames since its stream was opened.
    pub sequence: u64,
    /// When the picture was captured.
    #[schema(value_type = String, format = DateTime)]
    pub captured_at: Timestamp,
    /// Width and height of this JPEG; the boxes are in its pixels.
    pub size: Size,
    /// What is known to be in the picture.
    pub tracks: Vec<LiveTrack>,
    /// When the picture was captured at which the detector looked last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub detections_at: Option<Timestamp>,
}

/// Something that is followed through the pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LiveTrack {
    /// Its number.
    pub track_id: TrackId,
    /// What it is.
    pub class_name: String,
    /// How sure the detector was.
    pub confidence: f32,
    /// Where it is, in pixels of the JPEG.
    pub bbox: BBox,
    /// Whether it is where it must not be.
    pub in_zone: bool,
    /// The zone that it must not be in.
    pub zone: Option<String>,
}

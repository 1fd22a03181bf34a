//! Looks at one frame after the other as a camera's watcher does: detect, track, apply the zones.

use domain::alert::{Alert, ModelRef};
use domain::geometry::Size;
use domain::id::CameraId;
use domain::picture::Frame;
use domain::track::{Looked, Track, Tracker, TrackerSettings};
use domain::watch::{Circumstances, ZoneWatch};
use domain::zone::CameraZones;
use std::time::Instant;
use vision::{Detector, Input};

use crate::detector::Ready;

/// A detector, a tracker and the zones of one camera.
pub(crate) struct Looker {
    camera: CameraId,
    detector: Box<dyn Detector>,
    tracker: Tracker,
    watch: ZoneWatch,
    lowest_confidence: f32,
    model: ModelRef,
}

/// What was seen in one frame.
pub(crate) struct Sight {
    pub(crate) size: Size,
    pub(crate) tracks: Vec<Track>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) inference_ms: f64,
}

impl Looker {
    pub(crate) fn new(ready: Ready, zones: CameraZones) -> Self {
        let settings = TrackerSettings {
            high_confidence: ready.confidence,
            class_confidence: ready.settings.class_thresholds,
            ..TrackerSettings::default()
        };
        let model = &ready.detector.info().model;
        Self {
            camera: zones.camera_id().clone(),
            model: ModelRef { name: model.name.clone(), version: model.version.clone(), sha256: model.sha256.clone() },
            lowest_confidence: settings.lowest_useful_confidence(),
            tracker: Tracker::new(settings),
            watch: ZoneWatch::new(zones),
            detector: ready.detector,
        }
    }

    /// Returns the zones that are watched.
    pub(crate) fn zones(&self) -> &CameraZones {
        self.watch.zones()
    }

    /// Returns the zone whose rule a track breaks now.
    pub(crate) fn zone_of(&self, track: &Track) -> Option<&str> {
        self.watch.zone_of(track.id).map(|zone| &**zone)
    }

    /// Looks at one frame; frames must come in the order of their times.
    pub(crate) fn look(&mut self, frame: &Frame) -> anyhow::Result<Sight> {
        let begun = Instant::now();
        let input = Input { min_confidence: Some(self.lowest_confidence), ..Input::whole(&frame.picture) };
        let detections = self.detector.detect(&[input])?.pop().unwrap_or_default();
        let inference_ms = begun.elapsed().as_secs_f64() * 1e3;

        let (now, size) = (frame.captured_at, frame.picture.size());
        let tracks = self.tracker.update(now, Looked::Everywhere, detections);
        let raised = self.watch.update(now, &tracks, size);
        let circumstances = Circumstances {
            timestamp: now,
            captured_at: now,
            frame_id: Some(format!("{}_{}", self.camera, frame.sequence)),
            image_size: size,
            snapshot: None,
            model: Some(self.model.clone()),
        };
        let alerts = raised.into_iter().map(|raised| raised.into_alert(circumstances.clone())).collect();
        Ok(Sight { size, tracks, alerts, inference_ms })
    }
}

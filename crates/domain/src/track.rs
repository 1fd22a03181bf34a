//! Follows things from frame to frame, so that one thing is one track with one number.
//!
//! The method is that of ByteTrack: sure detections are joined to predicted boxes first, unsure ones then keep tracks
//! alive that would otherwise be lost. Time is real time and not a count of frames, because frames are sampled,
//! skipped and late.

mod assignment;
mod kalman;
mod tracker;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::detection::Detection;
use crate::geometry::BBox;
use crate::id::TrackId;

pub use tracker::Tracker;

/// Below this confidence detections say nothing, not even about a thing that is known to be there.
const UNSURE_CONFIDENCE: f32 = 0.1;

/// Whether a detection may join a track of another class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClassRule {
    /// It may, as if classes did not matter.
    Ignore,
    /// It may, but only if it fits clearly better: a detector that wavers between car and truck does not break the
    /// track.
    #[default]
    Prefer,
    /// It may not.
    Require,
}

/// How tracks are begun, kept and lost.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackerSettings {
    /// From this confidence on a detection is sure and may begin a track. Detections below it can only continue one.
    pub high_confidence: f32,
    /// The same for classes that need another confidence, by name.
    pub class_confidence: BTreeMap<String, f32>,
    /// The smallest overlap (as intersection over union) between a prediction and a sure detection that joins them.
    pub min_iou: f32,
    /// The same for unsure detections.
    pub min_iou_unsure: f32,
    /// For how many seconds a track that is not seen is remembered.
    pub lost_seconds: f64,
    /// Whether a detection may join a track of another class.
    pub class_rule: ClassRule,
}

impl Default for TrackerSettings {
    fn default() -> Self {
        Self {
            high_confidence: 0.25,
            class_confidence: BTreeMap::new(),
            min_iou: 0.2,
            min_iou_unsure: 0.4,
            lost_seconds: 2.0,
            class_rule: ClassRule::Prefer,
        }
    }
}

impl TrackerSettings {
    /// Returns the confidence from which on a detector should report detections, so that unsure ones can keep tracks
    /// alive.
    #[must_use]
    pub fn lowest_useful_confidence(&self) -> f32 {
        let lowest = self.class_confidence.values().copied().fold(self.high_confidence, f32::min);
        lowest.min(UNSURE_CONFIDENCE)
    }

    /// Returns whether a detection is sure enough to begin a track.
    #[must_use]
    pub fn is_sure(&self, detection: &Detection) -> bool {
        let needed = self.class_confidence.get(detection.base_class()).unwrap_or(&self.high_confidence);
        detection.confidence >= *needed
    }
}

/// Which part of the picture the detector looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Looked {
    /// At all of it.
    Everywhere,
    /// Only at what is in this box.
    Region(BBox),
    /// At nothing: the scene is still, so what was there is there.
    Nowhere,
}

impl Looked {
    fn covers(&self, bbox: &BBox) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Nowhere => false,
            Self::Region(region) => {
                let center = bbox.center();
                let (x, y) = (center.x as f32, center.y as f32);
                (region.x1..=region.x2).contains(&x) && (region.y1..=region.y2).contains(&y)
            }
        }
    }
}

/// One thing that is in the picture now.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Its number.
    pub id: TrackId,
    /// The latest detection of it. If that one was unsure, class and confidence are still those of the latest sure one.
    pub detection: Detection,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// In how many frames it was seen.
    pub age_frames: u32,
    /// Whether a sure detection of this very frame stands behind it. If not, either nobody looked there and it is held
    /// where it was, or an unsure detection says that it is still there.
    pub seen: bool,
}

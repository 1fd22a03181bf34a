//! The tracker of one camera.

use jiff::Timestamp;

use super::assignment::pairs;
use super::kalman::Motion;
use super::{ClassRule, Looked, Track, TrackerSettings};
use crate::detection::Detection;
use crate::geometry::BBox;
use crate::id::TrackId;

/// What a pair of different classes costs on top if classes are preferred to agree.
const CLASS_COST: f64 = 0.3;

/// How much boxes are grown on each side for the last attempt to join them. At a few frames per second a quick or
/// small thing has left its own box before it is seen again.
const REACH: f32 = 0.5;

/// Follows the things that one camera sees.
#[derive(Debug)]
pub struct Tracker {
    settings: TrackerSettings,
    next_id: u64,
    now: Option<Timestamp>,
    live: Vec<Live>,
}

/// A track with what is known of its motion.
#[derive(Debug)]
struct Live {
    track: Track,
    motion: Motion,
    /// For how many seconds it was looked for and not found.
    missing_seconds: f64,
    was_looked_for: bool,
    /// Whether a detection of this frame was joined to it, sure or not.
    is_found: bool,
}

impl Live {
    fn see(&mut self, now: Timestamp, detection: Detection, is_sure: bool) {
        self.motion.correct(&detection.bbox);
        self.missing_seconds = 0.0;
        self.is_found = true;
        let track = &mut self.track;
        track.last_seen = now;
        track.age_frames = track.age_frames.saturating_add(1);
        track.seen = is_sure;
        if is_sure {
            track.detection = detection;
        } else {
            // That something is there is believed, but not what it is.
            track.detection.bbox = detection.bbox;
        }
    }

    fn is_missing(&self) -> bool {
        self.missing_seconds > 0.0
    }

    fn is_held(&self) -> bool {
        !self.is_missing() && !self.was_looked_for && !self.is_found
    }
}

impl Tracker {
    /// Returns a tracker that has seen nothing yet.
    #[must_use]
    pub fn new(settings: TrackerSettings) -> Self {
        Self { settings, next_id: 1, now: None, live: Vec::new() }
    }

    /// Takes what was detected at this time where the detector looked, and returns the things that are in the
    /// picture: those that were detected, and those that nobody looked for and that are therefore still where they
    /// were.
    ///
    /// A time before the last one counts as no time at all, unless it is so far back that the clock must have been
    /// set: then everything begins anew.
    pub fn update(&mut self, now: Timestamp, looked: Looked, detections: Vec<Detection>) -> Vec<Track> {
        let (now, seconds) = self.advance(now);
        self.expect(seconds, &looked);
        let (sure, unsure): (Vec<_>, Vec<_>) = detections.into_iter().partition(|d| self.settings.is_sure(d));

        let (min_iou, min_iou_unsure) = (self.settings.min_iou, self.settings.min_iou_unsure);
        let everyone = |_: &Live| true;
        let sure = self.join(now, sure, min_iou, 0.0, everyone);
        // Whatever is unsure and joins nothing is noise.
        self.join(now, unsure, min_iou_unsure, 0.0, |live| !live.is_missing());
        let sure = self.join(now, sure, min_iou, REACH, everyone);
        for detection in sure {
            self.begin(now, detection);
        }

        self.miss(seconds);
        let mut tracks: Vec<Track> =
            self.live.iter().filter(|live| live.is_found || live.is_held()).map(|live| live.track.clone()).collect();
        tracks.sort_by_key(|track| track.id);
        tracks
    }

    /// Returns the time that counts, and the seconds since the last.
    fn advance(&mut self, now: Timestamp) -> (Timestamp, f64) {
        let Some(before) = self.now else {
            self.now = Some(now);
            return (now, 0.0);
        };
        let seconds = now.duration_since(before).as_secs_f64();
        if seconds < -self.settings.lost_seconds {
            self.live.clear();
        }
        let now = if seconds < 0.0 && !self.live.is_empty() { before } else { now };
        self.now = Some(now);
        (now, seconds.max(0.0))
    }

    /// Prepares every track for this frame: where it should be, and whether it should be found.
    fn expect(&mut self, seconds: f64, looked: &Looked) {
        // Nothing is known of a speed after a long silence; a thing that was overlooked for long is rather where it
        // was.
        let seconds = seconds.min(self.settings.lost_seconds);
        for live in &mut self.live {
            live.track.seen = false;
            live.is_found = false;
            live.was_looked_for = looked.covers(&live.track.detection.bbox);
            if live.was_looked_for || live.is_missing() {
                live.motion.predict(seconds);
            } else {
                live.motion.rest(&live.track.detection.bbox);
            }
        }
    }

    /// Joins detections to the tracks not yet found that `may` be joined, and returns the detections that are left.
    fn join(
        &mut self,
        now: Timestamp,
        detections: Vec<Detection>,
        min_iou: f32,
        reach: f32,
        may: impl Fn(&Live) -> bool,
    ) -> Vec<Detection> {
        let open: Vec<usize> =
            (0..self.live.len()).filter(|i| !self.live[*i].is_found && may(&self.live[*i])).collect();
        let expected: Vec<BBox> = open.iter().map(|i| self.live[*i].motion.bbox().grow(reach)).collect();
        let measured: Vec<BBox> = detections.iter().map(|d| d.bbox.grow(reach)).collect();
        let limit = f64::from(1.0 - min_iou);
        let cost = |row: usize, column: usize| {
            let distance = f64::from(1.0 - expected[row].iou(&measured[column]));
            distance + self.class_cost(&self.live[open[row]].track.detection, &detections[column])
        };
        let found = pairs(open.len(), detections.len(), limit + f64::EPSILON, cost);

        let mut left: Vec<Option<Detection>> = detections.into_iter().map(Some).collect();
        for (row, column) in found {
            if let Some(detection) = left[column].take() {
                let is_sure = self.settings.is_sure(&detection);
                self.live[open[row]].see(now, detection, is_sure);
            }
        }
        left.into_iter().flatten().collect()
    }

    fn class_cost(&self, a: &Detection, b: &Detection) -> f64 {
        match self.settings.class_rule {
            _ if a.class_id == b.class_id => 0.0,
            ClassRule::Ignore => 0.0,
            ClassRule::Prefer => CLASS_COST,
            ClassRule::Require => f64::INFINITY,
        }
    }

    fn begin(&mut self, now: Timestamp, detection: Detection) {
        let id = TrackId(self.next_id);
        self.next_id += 1;
        let motion = Motion::new(&detection.bbox);
        let track = Track { id, detection, first_seen: now, last_seen: now, age_frames: 1, seen: true };
        self.live.push(Live { track, motion, missing_seconds: 0.0, was_looked_for: true, is_found: true });
    }

    /// Counts the time of those that were not found, and forgets the lost.
    fn miss(&mut self, seconds: f64) {
        for live in &mut self.live {
            let was_missed = !live.is_found && (live.was_looked_for || live.is_missing());
            if was_missed {
                // Even a miss at the very same time is a miss: it must not look as if the thing were held.
                live.missing_seconds += seconds.max(f64::MIN_POSITIVE);
            }
        }
        let lost = self.settings.lost_seconds;
        self.live.retain(|live| live.missing_seconds <= lost);
    }
}

#[cfg(test)]
mod tests;

//! Decides when the tracks of a camera are worth an alert: not once per frame, but once per track and zone, and again
//! while it lasts.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::alert::{Alert, ModelRef, Severity, ViolationType, id_of_cause};
use crate::geometry::Size;
use crate::id::{AlertId, CameraId, TrackId};
use crate::track::Track;
use crate::zone::{AlertPlan, CameraZones, NOfM, Zone};

/// For how many seconds a track must have been looked for and not found in a zone until it has left. A detector that
/// overlooks a thing for a moment, or a box that trembles on the border, does not begin a new stay.
const LEAVE_SECONDS: f64 = 2.0;

/// For how many seconds a track that is not shown any more is remembered. Far longer than any tracker remembers it.
const FORGET_SECONDS: f64 = 300.0;

/// Watches the zones of one camera.
#[derive(Debug)]
pub struct ZoneWatch {
    zones: CameraZones,
    now: Option<Timestamp>,
    stays: HashMap<(TrackId, Arc<str>), Stay>,
    inside: HashMap<TrackId, Arc<str>>,
}

/// What one track did in one zone.
#[derive(Debug)]
struct Stay {
    /// One bit for each of the latest frames in which the track was looked for, the latest in the lowest place: was
    /// it in the zone?
    frames: u64,
    /// When it came in; nothing while it is out.
    since: Option<Timestamp>,
    last_inside: Timestamp,
    last_shown: Timestamp,
    /// How many alerts were raised, in all of its stays.
    raised: u32,
    /// When the last alert of this stay was raised.
    last_raised: Option<Timestamp>,
}

/// An alert that is to be sent, without what only the sender knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// Its id, computed from its cause.
    pub alert_id: AlertId,
    /// The camera that saw it.
    pub camera_id: CameraId,
    /// The track that caused it.
    pub track: Track,
    /// The zone.
    pub zone: Arc<str>,
    /// What kind of rule was broken.
    pub violation_type: ViolationType,
    /// How grave it is.
    pub severity: Severity,
    /// What would have been allowed.
    pub allowed_classes: BTreeSet<Arc<str>>,
    /// Whether everything that is not allowed is forbidden.
    pub strict_mode: bool,
    /// How many alerts this track raised in this zone before.
    pub repetition: u32,
}

/// What the sender of an alert knows about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Circumstances {
    /// When the alert is raised.
    pub timestamp: Timestamp,
    /// When the camera took the picture.
    pub captured_at: Timestamp,
    /// The frame.
    pub frame_id: Option<String>,
    /// The size of the picture in whose pixels the boxes are given.
    pub image_size: Size,
    /// Where the picture will be served.
    pub snapshot: Option<String>,
    /// The model that saw it.
    pub model: Option<ModelRef>,
}

impl Raised {
    /// Returns the alert to send.
    #[must_use]
    pub fn into_alert(self, circumstances: Circumstances) -> Alert {
        Alert {
            camera_id: self.camera_id,
            timestamp: circumstances.timestamp,
            detection: self.track.detection,
            roi_hit: true,
            frame_id: circumstances.frame_id,
            roi_name: Some(self.zone),
            violation_type: self.violation_type,
            allowed_classes: Some(self.allowed_classes),
            strict_mode: self.strict_mode,
            alert_id: self.alert_id,
            track_id: Some(self.track.id),
            severity: self.severity,
            snapshot: circumstances.snapshot,
            model: circumstances.model,
            image_size: Some(circumstances.image_size),
            captured_at: Some(circumstances.captured_at),
        }
    }
}

impl ZoneWatch {
    /// Returns a watch over these zones that has seen nothing yet.
    #[must_use]
    pub fn new(zones: CameraZones) -> Self {
        Self { zones, now: None, stays: HashMap::new(), inside: HashMap::new() }
    }

    /// Returns the zones that are watched.
    #[must_use]
    pub fn zones(&self) -> &CameraZones {
        &self.zones
    }

    /// Watches other zones from now on. What is known of zones whose names stay is kept, so that a change elsewhere
    /// raises nothing.
    pub fn replace_zones(&mut self, zones: CameraZones) {
        // Stays in zones that are gone end by themselves. How often they alerted must not be forgotten: if the zone
        // comes back, its next alert would have the id of an old one.
        self.zones = zones;
    }

    /// Returns the zone whose rule the track broke when it was last shown.
    #[must_use]
    pub fn zone_of(&self, track: TrackId) -> Option<&Arc<str>> {
        self.inside.get(&track)
    }

    /// Takes what a tracker returned for this time, and returns the alerts to raise.
    ///
    /// Tracks that were seen count as frames; those that are held keep their stay going without counting. A time
    /// before the last one counts as the last one, unless it is so far back that the clock must have been set: then
    /// everything begins anew.
    pub fn update(&mut self, now: Timestamp, tracks: &[Track], picture: Size) -> Vec<Raised> {
        let now = self.advance(now);
        self.inside.clear();
        let mut raised = Vec::new();
        for track in tracks {
            let violation = self.zones.violation(&track.detection, picture);
            if let Some(violation) = violation {
                self.inside.insert(track.id, violation.zone.name.clone());
                let key = (track.id, violation.zone.name.clone());
                let stay = self.stays.entry(key).or_insert_with(|| Stay::new(now));
                stay.be_inside(now, track.seen);
                if stay.is_due(now, &violation.zone.plan) {
                    let repetition = stay.raise(now);
                    raised.push(self.alert(track, violation.zone, violation.violation_type, repetition));
                }
            }
        }
        self.leave(now, tracks);
        raised
    }

    fn advance(&mut self, now: Timestamp) -> Timestamp {
        let before = self.now.unwrap_or(now);
        if seconds_between(now, before) > FORGET_SECONDS {
            self.stays.clear();
            self.now = Some(now);
        } else {
            self.now = Some(now.max(before));
        }
        self.now.unwrap_or(now)
    }

    /// Counts this frame for the tracks that were in a zone and are not any more.
    fn leave(&mut self, now: Timestamp, tracks: &[Track]) {
        let inside = &self.inside;
        self.stays.retain(|(track, zone), stay| {
            let is_inside = inside.get(track) == Some(zone);
            let shown = tracks.iter().find(|t| t.id == *track);
            // Where nobody looked, nothing left.
            if !is_inside && shown.is_none_or(|track| track.seen) {
                stay.be_outside(now);
            }
            if shown.is_some() {
                stay.last_shown = now;
            }
            seconds_between(stay.last_shown, now) <= FORGET_SECONDS
        });
    }

    fn alert(&self, track: &Track, zone: &Zone, violation_type: ViolationType, repetition: u32) -> Raised {
        let camera_id = self.zones.camera_id().clone();
        Raised {
            alert_id: cause(&camera_id, track, &zone.name, repetition),
            camera_id,
            track: track.clone(),
            zone: zone.name.clone(),
            violation_type,
            severity: zone.plan.severity,
            allowed_classes: self.zones.allowed_classes().clone(),
            strict_mode: self.zones.strict_mode(),
            repetition,
        }
    }
}

/// Computes the id of an alert from the camera, the track (its number and the time when it was first seen, because
/// numbers begin anew with each process), the zone, the class and how often the track alerted there before.
fn cause(camera: &CameraId, track: &Track, zone: &str, repetition: u32) -> AlertId {
    id_of_cause(&[
        "zone",
        camera.as_str(),
        &track.first_seen.to_string(),
        &track.id.to_string(),
        zone,
        &track.detection.class_name,
        &repetition.to_string(),
    ])
}

impl Stay {
    fn new(now: Timestamp) -> Self {
        Self { frames: 0, since: None, last_inside: now, last_shown: now, raised: 0, last_raised: None }
    }

    fn be_inside(&mut self, now: Timestamp, was_seen: bool) {
        if was_seen {
            self.frames = self.frames << 1 | 1;
        }
        self.since.get_or_insert(now);
        self.last_inside = now;
    }

    fn be_outside(&mut self, now: Timestamp) {
        self.frames <<= 1;
        if seconds_between(self.last_inside, now) > LEAVE_SECONDS {
            self.frames = 0;
            self.since = None;
            self.last_raised = None;
        }
    }

    fn is_due(&self, now: Timestamp, plan: &AlertPlan) -> bool {
        let dwelt = self.since.map_or(0.0, |since| seconds_between(since, now));
        let is_time = match self.last_raised {
            None => true,
            Some(_) if plan.repeat_seconds <= 0.0 => false,
            Some(last) => seconds_between(last, now) >= plan.repeat_seconds,
        };
        is_time && dwelt >= plan.dwell_seconds && has_enough(self.frames, plan.n_of_m)
    }

    /// Notes that an alert is raised, and returns how many there were before.
    fn raise(&mut self, now: Timestamp) -> u32 {
        let before = self.raised;
        self.raised = before.saturating_add(1);
        self.last_raised = Some(now);
        before
    }
}

fn has_enough(frames: u64, n_of_m: NOfM) -> bool {
    let latest = u64::MAX >> (u64::BITS - n_of_m.m());
    (frames & latest).count_ones() >= n_of_m.n()
}

fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

#[cfg(test)]
mod tests;

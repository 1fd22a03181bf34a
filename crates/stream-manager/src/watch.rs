//! What is followed in one camera's pictures, and what breaks a zone's rule: tracks and zones together, without clock or
//! network.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use domain::alert::{Alert, ModelRef};
use domain::detection::Detection;
use domain::geometry::BBox;
use domain::id::TrackId;
use domain::picture::Frame;
use domain::track::{Looked, Track, Tracker, TrackerSettings};
use domain::watch::{Circumstances, ZoneWatch};
use domain::zone::CameraZones;
use jiff::Timestamp;

use crate::lifecycle::elapsed;
use crate::view::LiveTrack;

/// What is known of one frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    looked: Looked,
    detections: Vec<Detection>,
    model: Option<ModelRef>,
}

impl Finding {
    /// The scene is still: what was there is there.
    pub(crate) fn still() -> Self {
        Self { looked: Looked::Nowhere, detections: Vec::new(), model: None }
    }

    /// The detector looked. Of a look at a part only what has its middle there counts: the detector may see a little
    /// further, but what it sees there may be cut off.
    pub(crate) fn new(looked: Looked, mut detections: Vec<Detection>, model: ModelRef) -> Self {
        if let Looked::Region(region) = looked {
            detections.retain(|detection| holds_middle(&region, detection));
        }
        Self { looked, detections, model: Some(model) }
    }

    /// Returns what the detector saw.
    pub(crate) fn detections(&self) -> &[Detection] {
        &self.detections
    }
}

fn holds_middle(region: &BBox, detection: &Detection) -> bool {
    let middle = detection.center();
    (region.x1..=region.x2).contains(&(middle.x as f32)) && (region.y1..=region.y2).contains(&(middle.y as f32))
}

/// For how long a thing that a look did not find is looked for again. Detectors overlook things now and then, and on a
/// still scene the next look may be seconds away.
const SEARCH: Duration = Duration::from_secs(1);

/// Something that was known and then overlooked, or left.
#[derive(Debug)]
struct Missing {
    id: TrackId,
    bbox: BBox,
    since: Timestamp,
}

/// Follows what is in the pictures of one camera. It outlives the loss of the stream: what was there before is the same
/// thing afterwards, if it is still there soon enough.
#[derive(Debug)]
pub(crate) struct Watch {
    zones: Arc<CameraZones>,
    tracker: Tracker,
    zone_watch: ZoneWatch,
    tracks: Vec<Track>,
    missing: Vec<Missing>,
    model: Option<ModelRef>,
    looked_at: Option<Timestamp>,
    frames: u64,
}

impl Watch {
    /// Returns a watch over these zones that has seen nothing.
    pub(crate) fn new(zones: Arc<CameraZones>, tracking: TrackerSettings) -> Self {
        Self {
            tracker: Tracker::new(tracking),
            zone_watch: ZoneWatch::new((*zones).clone()),
            zones,
            tracks: Vec::new(),
            missing: Vec::new(),
            model: None,
            looked_at: None,
            frames: 0,
        }
    }

    /// Watches other zones from now on, if they are other ones.
    pub(crate) fn follow(&mut self, zones: Arc<CameraZones>) {
        if !Arc::ptr_eq(&self.zones, &zones) && self.zones != zones {
            self.zone_watch.replace_zones((*zones).clone());
        }
        self.zones = zones;
    }

    /// Returns the zones that are watched.
    pub(crate) fn zones(&self) -> &Arc<CameraZones> {
        &self.zones
    }

    /// Takes what is known of a frame and returns the alerts to raise, at the time `now`.
    pub(crate) fn update(&mut self, frame: &Frame, finding: Finding, now: Timestamp) -> Vec<Alert> {
        self.frames += 1;
        if let Some(model) = finding.model {
            self.model = Some(model);
            self.looked_at = Some(frame.captured_at);
        }
        let tracks = self.tracker.update(frame.captured_at, finding.looked, finding.detections);
        self.note_missing(tracks, frame.captured_at);
        let image_size = frame.picture.size();
        let raised = self.zone_watch.update(frame.captured_at, &self.tracks, image_size);
        let frame_id = format!("{}_{}", self.zones.camera_id(), self.frames);
        let circumstances = Circumstances {
            timestamp: now,
            captured_at: frame.captured_at,
            frame_id: Some(frame_id),
            image_size,
            snapshot: None,
            model: self.model.clone(),
        };
        raised.into_iter().map(|raised| raised.into_alert(circumstances.clone())).collect()
    }

    fn note_missing(&mut self, tracks: Vec<Track>, now: Timestamp) {
        let before = mem::replace(&mut self.tracks, tracks);
        let is_back = |id| self.tracks.iter().any(|track| track.id == id);
        self.missing.retain(|missing| !is_back(missing.id) && elapsed(missing.since, now) < SEARCH);
        let gone = before.into_iter().filter(|track| !is_back(track.id));
        let missing = gone.map(|track| Missing { id: track.id, bbox: track.detection.bbox, since: now });
        self.missing.extend(missing);
    }

    /// Returns where the known things are.
    pub(crate) fn objects(&self) -> Vec<BBox> {
        self.tracks.iter().map(|track| track.detection.bbox).collect()
    }

    /// Returns where more looks are needed: things about which a zone's N of M has not decided, and places where a thing
    /// was a moment ago.
    pub(crate) fn undecided(&self) -> Vec<BBox> {
        let needs_more = |track: &&Track| {
            let zone = self.zone_watch.zone_of(track.id);
            let zone = zone.and_then(|name| self.zones.zones().iter().find(|zone| zone.name == *name));
            zone.is_some_and(|zone| track.age_frames < zone.plan.n_of_m.m())
        };
        let waiting = self.tracks.iter().filter(needs_more).map(|track| track.detection.bbox);
        waiting.chain(self.missing.iter().map(|missing| missing.bbox)).collect()
    }

    /// Returns when the picture was captured at which the detector looked last.
    pub(crate) fn looked_at(&self) -> Option<Timestamp> {
        self.looked_at
    }

    /// Returns what viewers are shown.
    pub(crate) fn live_tracks(&self) -> Vec<LiveTrack> {
        let live = |track: &Track| {
            let zone = self.zone_watch.zone_of(track.id);
            LiveTrack {
                track_id: track.id,
                class_name: track.detection.class_name.to_string(),
                confidence: track.detection.confidence,
                bbox: track.detection.bbox,
                in_zone: zone.is_some(),
                zone: zone.map(ToString::to_string),
            }
        };
        self.tracks.iter().map(live).collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::entry::Entry;
    use domain::geometry::Size;
    use domain::picture::Picture;

    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs_f64(1_700_000_000.0 + seconds)
    }

    /// A pit in the middle of a picture of 100 by 100 pixels in which nobody may stay for 3 s.
    fn pit(more: &str) -> Watch {
        let json = format!(
            r#"{{"camera_id": "pit", "allowed_classes": [],
                "forbidden_rois": [{{"name": "rim", "points": [[25,25],[75,25],[75,75],[25,75]] {more}}}]}}"#
        );
        let entry: Entry = serde_json::from_str(&json).expect("is JSON");
        Watch::new(Arc::new(CameraZones::check(&entry).expect("is an entry")), TrackerSettings::default())
    }

    fn frame(seconds: f64) -> Frame {
        let picture = Picture::rgb(Size::new(100, 100), 300, Bytes::from(vec![0; 30_000])).expect("is a picture");
        Frame { sequence: 1, captured_at: at(seconds), picture }
    }

    fn model() -> ModelRef {
        ModelRef { name: "tiny".into(), version: "1".into(), sha256: "ab".into() }
    }

    fn person(x: f32) -> Detection {
        Detection {
            class_id: 0,
            class_name: "person".into(),
            confidence: 0.9,
            bbox: BBox::new(x - 5.0, 40.0, x + 5.0, 60.0),
            is_unknown: false,
        }
    }

    fn seen(x: f32) -> Finding {
        Finding::new(Looked::Everywhere, vec![person(x)], model())
    }

    /// Shows findings five times a second and returns when alerts were raised, in tenths of a second.
    fn raised(watch: &mut Watch, findings: impl IntoIterator<Item = Finding>) -> Vec<usize> {
        let alerts = findings.into_iter().enumerate().filter(|(i, finding)| {
            let seconds = *i as f64 / 5.0;
            !watch.update(&frame(seconds), finding.clone(), at(seconds)).is_empty()
        });
        alerts.map(|(i, _)| i * 2).collect()
    }

    #[test]
    fn what_stops_in_a_zone_completes_its_dwell_and_keeps_repeating_while_nobody_looks() {
        let mut watch = pit(r#", "dwell_seconds": 3, "repeat_seconds": 4"#);
        let walks_in = [10.0, 20.0, 30.0, 40.0, 50.0].map(seen);
        let stands = std::iter::repeat_n(Finding::still(), 70);
        // It is in from 0.4 s on: 3 s later the first alert, then one every 4 s, though the detector never looks again.
        assert_eq!(raised(&mut watch, walks_in.into_iter().chain(stands)), [34, 74, 114]);
    }

    #[test]
    fn a_thing_outside_the_part_that_was_looked_at_keeps_its_track() {
        let mut watch = pit("");
        let part = Looked::Region(BBox::new(0.0, 0.0, 20.0, 100.0));
        watch.update(&frame(0.0), seen(50.0), at(0.0));
        for i in 1..50 {
            let finding = Finding::new(part, vec![person(10.0)], model());
            watch.update(&frame(f64::from(i) / 5.0), finding, at(f64::from(i) / 5.0));
        }
        let tracks = watch.live_tracks();
        assert_eq!(
            tracks.iter().map(|track| (track.bbox.x1, track.in_zone)).collect::<Vec<_>>().len(),
            2,
            "{tracks:?}"
        );
        assert!(tracks.iter().any(|track| track.bbox == person(50.0).bbox && track.zone.as_deref() == Some("rim")));
    }

    #[test]
    fn what_the_detector_sees_beyond_the_part_does_not_count() {
        let part = Looked::Region(BBox::new(0.0, 0.0, 30.0, 100.0));
        let finding = Finding::new(part, vec![person(10.0), person(31.0)], model());
        assert_eq!(finding.detections(), [person(10.0)]);
    }

    #[test]
    fn a_single_sight_on_a_still_scene_does_not_confirm_itself_and_asks_for_another_look() {
        let mut watch = pit(r#", "n_of_m": {"n": 2, "m": 3}"#);
        let findings = [seen(50.0)].into_iter().chain(std::iter::repeat_n(Finding::still(), 20));
        assert!(raised(&mut watch, findings).is_empty());
        assert_eq!(watch.undecided(), [person(50.0).bbox]);
    }

    #[test]
    fn what_one_look_overlooks_is_looked_for_again_and_is_the_same_thing() {
        let mut watch = pit(r#", "repeat_seconds": 0"#);
        let overlooked = || Finding::new(Looked::Everywhere, Vec::new(), model());
        let stands = || std::iter::repeat_n(Finding::still(), 14);
        let first = [seen(50.0)].into_iter().chain(stands()).chain([overlooked()]);
        assert_eq!(raised(&mut watch, first), [0]);
        assert_eq!(watch.undecided(), [person(50.0).bbox]);
        let again = watch.update(&frame(3.4), seen(50.0), at(3.4));
        assert!(again.is_empty() && watch.undecided().is_empty(), "{again:?}");
    }

    #[test]
    fn what_is_not_found_again_is_no_longer_looked_for_and_never_dwells() {
        let mut watch = pit(r#", "dwell_seconds": 5"#);
        let nothing = Finding::new(Looked::Everywhere, Vec::new(), model());
        let still = |count| std::iter::repeat_n(Finding::still(), count);
        let findings = [seen(50.0)].into_iter().chain(still(14)).chain([nothing]).chain(still(60));
        assert!(raised(&mut watch, findings).is_empty());
        assert!(watch.undecided().is_empty() && watch.live_tracks().is_empty());
    }

    #[test]
    fn an_alert_says_what_was_seen_where_and_by_what() {
        let alerts = pit("").update(&frame(1.0), seen(50.0), at(1.5));
        let [alert] = &alerts[..] else { panic!("one alert, not {alerts:?}") };
        assert_eq!((alert.timestamp, alert.captured_at), (at(1.5), Some(at(1.0))));
        assert_eq!((alert.roi_name.as_deref(), alert.frame_id.as_deref()), (Some("rim"), Some("pit_1")));
        assert_eq!((alert.model.clone(), alert.image_size), (Some(model()), Some(Size::new(100, 100))));
        assert_eq!((alert.detection.clone(), alert.strict_mode), (person(50.0), true));
    }

    #[test]
    fn other_zones_hold_from_the_next_frame_on_and_known_ones_do_not_alert_again() {
        let mut watch = pit("");
        assert_eq!(watch.update(&frame(0.0), seen(50.0), at(0.0)).len(), 1);
        watch.follow(Arc::clone(pit(r#", "severity": "critical""#).zones()));
        assert_eq!(watch.update(&frame(0.2), seen(50.0), at(0.2)).len(), 0);
        watch.follow(Arc::new(CameraZones::none("pit".parse().expect("is an id"))));
        watch.update(&frame(0.4), Finding::still(), at(0.4));
        assert!(!watch.live_tracks()[0].in_zone);
    }
}

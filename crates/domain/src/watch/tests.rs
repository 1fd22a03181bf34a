//! When alerts are raised, and when they are not.

use jiff::SignedDuration;

use super::*;
use crate::detection::Detection;
use crate::entry::Entry;
use crate::geometry::BBox;

const PICTURE: Size = Size::new(1000, 1000);

fn at(seconds: f64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(1_700_000_000.0 + seconds)
}

/// A pit from (0, 0) to (100, 100) and a gate from (200, 0) to (300, 100).
fn watch(more: &str) -> ZoneWatch {
    ZoneWatch::new(zones(more))
}

fn zones(more: &str) -> CameraZones {
    let yaml = format!(
        "{{camera_id: yard, allowed_classes: [], forbidden_rois: [
          {{name: pit, points: [[0,0],[100,0],[100,100],[0,100]]}},
          {{name: gate, points: [[200,0],[300,0],[300,100],[200,100]]}}], {more}}}"
    );
    let entry: Entry = serde_yaml::from_str(&yaml).expect("valid YAML");
    CameraZones::check(&entry).expect("a good entry")
}

fn track(id: u64, x: f32) -> Track {
    let detection = Detection {
        class_id: 0,
        class_name: "person".into(),
        confidence: 0.9,
        bbox: BBox::new(x - 10.0, 40.0, x + 10.0, 60.0),
        is_unknown: false,
    };
    Track { id: TrackId(id), detection, first_seen: at(0.0), last_seen: at(0.0), age_frames: 1, seen: true }
}

fn in_pit() -> Track {
    track(1, 50.0)
}

fn in_gate() -> Track {
    track(1, 250.0)
}

fn outside() -> Track {
    track(1, 500.0)
}

fn held(track: Track) -> Track {
    Track { seen: false, ..track }
}

/// Shows the watch one frame after the other and returns the times at which it raised an alert.
fn raised_at(watch: &mut ZoneWatch, frames: &[(f64, Option<Track>)]) -> Vec<f64> {
    let is_raised =
        |(seconds, track): &&(f64, Option<Track>)| !watch.update(at(*seconds), track.as_slice(), PICTURE).is_empty();
    frames.iter().filter(is_raised).map(|(seconds, _)| *seconds).collect()
}

fn steadily(seconds: std::ops::Range<u8>, track: &Track) -> Vec<(f64, Option<Track>)> {
    seconds.map(|second| (f64::from(second), Some(track.clone()))).collect()
}

#[test]
fn a_track_that_stays_alerts_once_and_then_at_each_repetition() {
    let mut watch = watch("repeat_seconds: 10");
    assert_eq!(raised_at(&mut watch, &steadily(0..35, &in_pit())), [0.0, 10.0, 20.0, 30.0]);
}

#[test]
fn without_repetition_it_alerts_once() {
    let mut watch = watch("repeat_seconds: 0");
    assert_eq!(raised_at(&mut watch, &steadily(0..200, &in_pit())), [0.0]);
}

#[test]
fn a_track_outside_never_alerts() {
    let mut watch = watch("");
    assert_eq!(raised_at(&mut watch, &steadily(0..20, &outside())), Vec::<f64>::new());
    assert_eq!(watch.zone_of(TrackId(1)), None);
}

#[test]
fn who_left_and_comes_again_alerts_again_with_another_id() {
    let mut watch = watch("repeat_seconds: 0");
    let first = watch.update(at(0.0), &[in_pit()], PICTURE);
    for second in 1..5_u8 {
        assert_eq!(watch.update(at(f64::from(second)), &[outside()], PICTURE), []);
    }
    let second = watch.update(at(5.0), &[in_pit()], PICTURE);
    assert_eq!((first[0].repetition, second[0].repetition), (0, 1));
    assert_ne!(first[0].alert_id, second[0].alert_id);
}

#[test]
fn a_moment_out_of_the_zone_or_out_of_sight_is_no_leaving() {
    let mut watch = watch("repeat_seconds: 0");
    let frames = [
        (0.0, Some(in_pit())),
        (0.2, Some(outside())),
        (0.4, Some(in_pit())),
        (0.6, None),
        (2.4, None),
        (2.6, Some(in_pit())),
    ];
    assert_eq!(raised_at(&mut watch, &frames), [0.0]);
}

#[test]
fn each_zone_alerts_for_itself() {
    let mut watch = watch("");
    let zones: Vec<_> = [in_pit(), in_gate()]
        .iter()
        .enumerate()
        .flat_map(|(i, track)| watch.update(at(i as f64), std::slice::from_ref(track), PICTURE))
        .map(|raised| raised.zone.to_string())
        .collect();
    assert_eq!(zones, ["pit", "gate"]);
    assert_eq!(watch.zone_of(TrackId(1)).map(|zone| &**zone), Some("gate"));
}

#[test]
fn each_track_alerts_for_itself() {
    let raised = watch("").update(at(0.0), &[track(1, 40.0), track(2, 60.0)], PICTURE);
    assert_eq!(raised.iter().map(|r| r.track.id.0).collect::<Vec<_>>(), [1, 2]);
    assert_ne!(raised[0].alert_id, raised[1].alert_id);
}

#[test]
fn it_takes_n_of_the_latest_m_frames() {
    let mut watch = watch("n_of_m: {n: 3, m: 4}");
    let (i, o) = (Some(in_pit()), Some(outside()));
    let frames = [(0.0, i.clone()), (0.2, o.clone()), (0.4, i.clone()), (0.6, o), (0.8, i.clone()), (1.0, i)];
    assert_eq!(raised_at(&mut watch, &frames), [1.0]);
}

#[test]
fn a_frame_in_which_the_track_was_overlooked_is_one_of_the_m() {
    let mut watch = watch("n_of_m: {n: 2, m: 2}");
    let frames = [(0.0, Some(in_pit())), (0.2, None), (0.4, Some(in_pit())), (0.6, Some(in_pit()))];
    assert_eq!(raised_at(&mut watch, &frames), [0.6]);
}

#[test]
fn a_held_track_does_not_confirm_itself() {
    let mut watch = watch("n_of_m: {n: 2, m: 3}");
    let mut frames = vec![(0.0, Some(in_pit()))];
    frames.extend(steadily(1..20, &held(in_pit())));
    frames.push((20.0, Some(in_pit())));
    assert_eq!(raised_at(&mut watch, &frames), [20.0]);
}

#[test]
fn it_takes_the_dwell_time_and_held_frames_count_towards_it() {
    let mut watch = watch("dwell_seconds: 5, repeat_seconds: 4");
    let mut frames = vec![(0.0, Some(in_pit()))];
    frames.extend(steadily(1..12, &held(in_pit())));
    assert_eq!(raised_at(&mut watch, &frames), [5.0, 9.0]);
}

#[test]
fn who_leaves_before_the_dwell_time_never_alerts() {
    let mut watch = watch("dwell_seconds: 5");
    let mut frames = steadily(0..4, &in_pit());
    frames.extend(steadily(4..8, &outside()));
    frames.extend(steadily(8..12, &in_pit()));
    assert_eq!(raised_at(&mut watch, &frames), Vec::<f64>::new());
}

#[test]
fn where_nobody_looked_nothing_left() {
    let mut watch = watch("repeat_seconds: 0");
    let frames = [(0.0, Some(in_pit())), (60.0, Some(held(in_pit()))), (120.0, Some(in_pit()))];
    assert_eq!(raised_at(&mut watch, &frames), [0.0]);
}

#[test]
fn slow_sampling_is_no_leaving() {
    let mut watch = watch("repeat_seconds: 0");
    assert_eq!(raised_at(&mut watch, &[(0.0, Some(in_pit())), (10.0, Some(in_pit())), (20.0, Some(in_pit()))]), [0.0]);
}

#[test]
fn the_same_cause_has_the_same_id() {
    let id = |track: Track| watch("").update(at(3.0), &[track], PICTURE)[0].alert_id.to_string();
    assert_eq!(id(in_pit()), id(in_pit()));
    assert_eq!(id(in_pit()).len(), 32);
    let another_time = Track { first_seen: at(1.0), ..in_pit() };
    assert_ne!(id(in_pit()), id(another_time));
    assert_ne!(id(in_pit()), id(in_gate()));
}

#[test]
fn an_alert_is_filled_in() {
    let raised = watch("severity: critical").update(at(3.0), &[in_pit()], PICTURE).remove(0);
    let expected = Alert {
        camera_id: "yard".parse().expect("an id"),
        timestamp: at(3.5),
        detection: in_pit().detection,
        roi_hit: true,
        frame_id: Some("yard_9".into()),
        roi_name: Some("pit".into()),
        violation_type: ViolationType::ForbiddenClass,
        allowed_classes: Some(BTreeSet::new()),
        strict_mode: true,
        alert_id: raised.alert_id.clone(),
        track_id: Some(TrackId(1)),
        severity: Severity::Critical,
        snapshot: None,
        model: None,
        image_size: Some(PICTURE),
        captured_at: Some(at(3.0)),
    };
    let circumstances = Circumstances {
        timestamp: at(3.5),
        captured_at: at(3.0),
        frame_id: Some("yard_9".into()),
        image_size: PICTURE,
        snapshot: None,
        model: None,
    };
    assert_eq!(raised.into_alert(circumstances), expected);
}

#[test]
fn a_change_of_another_zone_does_not_raise_an_alert_again() {
    let mut watch = watch("repeat_seconds: 0");
    assert_eq!(raised_at(&mut watch, &[(0.0, Some(in_pit()))]), [0.0]);
    watch.replace_zones(zones("repeat_seconds: 0, strict_mode: true"));
    assert_eq!(raised_at(&mut watch, &[(1.0, Some(in_pit()))]), Vec::<f64>::new());
}

#[test]
fn a_zone_that_was_away_for_a_while_does_not_use_an_id_again() {
    let mut watch = watch("");
    let first = watch.update(at(0.0), &[in_pit()], PICTURE).remove(0);
    watch.replace_zones(CameraZones::none("yard".parse().expect("an id")));
    for second in 1..5_u8 {
        assert_eq!(watch.update(at(f64::from(second)), &[in_pit()], PICTURE), []);
    }
    watch.replace_zones(zones(""));
    let second = watch.update(at(5.0), &[in_pit()], PICTURE).remove(0);
    assert_ne!(first.alert_id, second.alert_id);
}

#[test]
fn late_frames_and_a_clock_set_back_do_no_harm() {
    let mut watch = watch("repeat_seconds: 0");
    let frames = [(1000.0, Some(in_pit())), (999.0, Some(in_pit())), (0.0, Some(in_pit())), (1.0, Some(in_pit()))];
    assert_eq!(raised_at(&mut watch, &frames), [1000.0, 0.0]);
}

#[test]
fn tracks_that_are_gone_are_forgotten() {
    let mut watch = watch("");
    for i in 0..50_u8 {
        watch.update(at(f64::from(i)), &[track(u64::from(i), 50.0)], PICTURE);
    }
    watch.update(at(1000.0), &[], PICTURE);
    assert!(watch.stays.is_empty() && watch.inside.is_empty());
}

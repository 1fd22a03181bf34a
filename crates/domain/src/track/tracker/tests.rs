//! Things that move, cross, hide, and come again.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn at(seconds: f64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(1_700_000_000.0 + seconds)
}

fn seen(class: u32, confidence: f32, x: f32, y: f32) -> Detection {
    let class_name = ["person", "car", "truck"][class as usize].into();
    Detection { class_id: class, class_name, confidence, bbox: BBox::new(x, y, x + 40.0, y + 80.0), is_unknown: false }
}

fn person(x: f32, y: f32) -> Detection {
    seen(0, 0.9, x, y)
}

fn tracker() -> Tracker {
    Tracker::new(TrackerSettings::default())
}

fn ids(tracks: &[Track]) -> Vec<u64> {
    tracks.iter().map(|track| track.id.0).collect()
}

/// Shows the tracker one picture and returns the ids that belong to the detections, in their order.
fn look(tracker: &mut Tracker, seconds: f64, detections: &[Detection]) -> Vec<u64> {
    let tracks = tracker.update(at(seconds), Looked::Everywhere, detections.to_vec());
    let id_of =
        |detection: &Detection| tracks.iter().find(|t| t.detection.bbox == detection.bbox).map_or(0, |t| t.id.0);
    detections.iter().map(id_of).collect()
}

#[test]
fn a_thing_keeps_its_number_while_it_moves() {
    let mut tracker = tracker();
    for i in 0..20_u8 {
        assert_eq!(look(&mut tracker, f64::from(i) * 0.2, &[person(f32::from(i) * 12.0, 100.0)]), [1]);
    }
    let track = &tracker.update(at(4.0), Looked::Everywhere, vec![person(240.0, 100.0)])[0];
    assert_eq!((track.first_seen, track.last_seen, track.age_frames), (at(0.0), at(4.0), 21));
}

#[test]
fn things_that_cross_keep_their_numbers() {
    let mut tracker = tracker();
    for i in 0..=30_u8 {
        let way = f32::from(i) * 10.0;
        let pair = [person(way, 100.0), person(300.0 - way, 110.0)];
        assert_eq!(look(&mut tracker, f64::from(i) * 0.2, &pair), [1, 2], "frame {i}");
    }
}

#[test]
fn a_thing_hidden_for_less_than_the_buffer_keeps_its_number_and_its_way() {
    let mut tracker = tracker();
    for i in 0..10_u8 {
        look(&mut tracker, f64::from(i) * 0.2, &[person(f32::from(i) * 10.0, 100.0)]);
    }
    for i in 10..18_u8 {
        assert_eq!(tracker.update(at(f64::from(i) * 0.2), Looked::Everywhere, vec![]), []);
    }
    assert_eq!(look(&mut tracker, 3.6, &[person(180.0, 100.0)]), [1]);
}

#[test]
fn a_thing_hidden_for_longer_is_a_new_one_and_no_number_is_used_twice() {
    let mut tracker = tracker();
    assert_eq!(look(&mut tracker, 0.0, &[person(100.0, 100.0)]), [1]);
    look(&mut tracker, 1.0, &[]);
    look(&mut tracker, 2.1, &[]);
    assert_eq!(look(&mut tracker, 2.2, &[person(100.0, 100.0)]), [2]);
}

#[test]
fn an_unsure_detection_keeps_a_track_and_never_begins_one() {
    let mut tracker = tracker();
    look(&mut tracker, 0.0, &[person(100.0, 100.0)]);
    let unsure = [seen(0, 0.1, 104.0, 100.0), seen(0, 0.1, 400.0, 100.0)];
    assert_eq!(look(&mut tracker, 0.2, &unsure), [1, 0]);
}

#[test]
fn an_unsure_detection_says_where_a_thing_is_and_not_what_it_is() {
    let mut tracker = tracker();
    look(&mut tracker, 0.0, &[person(100.0, 100.0)]);
    let unsure = seen(2, 0.12, 104.0, 100.0).with_unknown_below(0.15);
    let track = tracker.update(at(0.2), Looked::Everywhere, vec![unsure]).remove(0);
    assert_eq!((track.detection, track.seen), (person(104.0, 100.0), false));
}

#[test]
fn a_class_may_need_more_confidence_than_the_others() {
    let class_confidence = [("car".to_owned(), 0.8), ("truck".to_owned(), 0.05)].into();
    let settings = TrackerSettings { class_confidence, ..TrackerSettings::default() };
    assert_eq!(settings.lowest_useful_confidence(), 0.05);
    let mut tracker = Tracker::new(settings);
    let things = [seen(0, 0.7, 0.0, 0.0), seen(1, 0.7, 200.0, 0.0), seen(2, 0.06, 400.0, 0.0)];
    assert_eq!(look(&mut tracker, 0.0, &things), [1, 0, 2]);
    assert_eq!(TrackerSettings::default().lowest_useful_confidence(), 0.1);
}

#[test]
fn an_unsure_detection_does_not_bring_back_a_lost_track() {
    let mut tracker = tracker();
    look(&mut tracker, 0.0, &[person(100.0, 100.0)]);
    look(&mut tracker, 0.2, &[]);
    assert_eq!(look(&mut tracker, 0.4, &[seen(0, 0.1, 100.0, 100.0)]), [0]);
    assert_eq!(look(&mut tracker, 0.6, &[person(100.0, 100.0)]), [1]);
}

#[test]
fn a_quick_thing_that_left_its_own_box_is_still_found() {
    let mut tracker = tracker();
    assert_eq!(look(&mut tracker, 0.0, &[person(100.0, 100.0)]), [1]);
    assert_eq!(look(&mut tracker, 0.2, &[person(150.0, 100.0)]), [1]);
    assert_eq!(look(&mut tracker, 0.4, &[person(200.0, 100.0)]), [1]);
}

#[test]
fn a_thing_on_the_other_side_of_the_picture_is_another_one() {
    let mut tracker = tracker();
    look(&mut tracker, 0.0, &[person(100.0, 100.0)]);
    assert_eq!(look(&mut tracker, 0.2, &[person(500.0, 100.0)]), [2]);
}

#[test]
fn a_wavering_class_does_not_break_a_track() {
    let mut tracker = tracker();
    look(&mut tracker, 0.0, &[seen(1, 0.9, 100.0, 100.0)]);
    assert_eq!(look(&mut tracker, 0.2, &[seen(2, 0.9, 102.0, 100.0)]), [1]);
}

#[test]
fn of_two_in_one_place_the_class_tells_them_apart() {
    let mut tracker = tracker();
    let first = [seen(0, 0.9, 100.0, 100.0), seen(1, 0.9, 104.0, 100.0)];
    assert_eq!(look(&mut tracker, 0.0, &first), [1, 2]);
    let then = [seen(1, 0.9, 101.0, 100.0), seen(0, 0.9, 104.0, 100.0)];
    assert_eq!(look(&mut tracker, 0.2, &then), [2, 1]);
}

#[test]
fn with_strict_classes_another_class_is_another_thing() {
    let settings = TrackerSettings { class_rule: ClassRule::Require, ..TrackerSettings::default() };
    let mut tracker = Tracker::new(settings);
    look(&mut tracker, 0.0, &[seen(1, 0.9, 100.0, 100.0)]);
    assert_eq!(look(&mut tracker, 0.2, &[seen(2, 0.9, 100.0, 100.0)]), [2]);
}

#[test]
fn what_nobody_looked_at_is_held_where_it_was_for_as_long_as_it_takes() {
    let mut tracker = tracker();
    look(&mut tracker, 0.0, &[person(100.0, 100.0)]);
    look(&mut tracker, 0.2, &[person(110.0, 100.0)]);
    for i in 1..=100_u8 {
        let held = tracker.update(at(0.2 + f64::from(i)), Looked::Nowhere, vec![]);
        assert_eq!((ids(&held), held[0].seen, held[0].detection.bbox), (vec![1], false, person(110.0, 100.0).bbox));
    }
    assert_eq!(look(&mut tracker, 101.0, &[person(110.0, 100.0)]), [1]);
}

#[test]
fn outside_of_the_region_that_was_looked_at_things_are_held_and_inside_they_are_missed() {
    let mut tracker = tracker();
    look(&mut tracker, 0.0, &[person(100.0, 100.0), person(400.0, 100.0)]);
    let left = Looked::Region(BBox::new(0.0, 0.0, 300.0, 300.0));
    let tracks = tracker.update(at(0.2), left, vec![]);
    assert_eq!((ids(&tracks), tracks[0].seen), (vec![2], false));
    let tracks = tracker.update(at(0.4), left, vec![person(102.0, 100.0)]);
    assert_eq!(tracks.iter().map(|t| (t.id.0, t.seen)).collect::<Vec<_>>(), [(1, true), (2, false)]);
}

#[test]
fn a_thing_that_was_missing_when_the_scene_came_to_rest_is_not_held() {
    let mut tracker = tracker();
    look(&mut tracker, 0.0, &[person(100.0, 100.0)]);
    look(&mut tracker, 0.2, &[]);
    assert_eq!(tracker.update(at(0.4), Looked::Nowhere, vec![]), []);
    tracker.update(at(5.0), Looked::Nowhere, vec![]);
    assert_eq!(look(&mut tracker, 5.2, &[person(100.0, 100.0)]), [2]);
}

#[test]
fn a_late_frame_does_no_harm() {
    let mut tracker = tracker();
    look(&mut tracker, 1.0, &[person(100.0, 100.0)]);
    assert_eq!(look(&mut tracker, 0.8, &[person(101.0, 100.0)]), [1]);
    assert_eq!(look(&mut tracker, 1.0, &[person(102.0, 100.0)]), [1]);
}

#[test]
fn a_clock_set_back_begins_anew_with_new_numbers() {
    let mut tracker = tracker();
    look(&mut tracker, 3600.0, &[person(100.0, 100.0)]);
    let tracks = tracker.update(at(0.0), Looked::Everywhere, vec![person(100.0, 100.0)]);
    assert_eq!((ids(&tracks), tracks[0].first_seen), (vec![2], at(0.0)));
}

#[test]
fn the_ends_of_time_do_not_panic() {
    let mut tracker = tracker();
    for time in [Timestamp::MIN, Timestamp::MAX, at(0.0), Timestamp::MAX, Timestamp::MIN] {
        tracker.update(time, Looked::Everywhere, vec![person(100.0, 100.0)]);
    }
}

#[test]
fn a_box_without_extent_or_number_does_no_harm() {
    let mut tracker = tracker();
    let odd = [[0.0; 4], [5.0, 5.0, 1.0, 1.0], [f32::NAN; 4], [f32::INFINITY; 4]];
    for i in 0..5_u8 {
        let detections = odd.map(|edges| Detection { bbox: edges.into(), ..person(0.0, 0.0) });
        tracker.update(at(f64::from(i)), Looked::Everywhere, detections.to_vec());
    }
    look(&mut tracker, 9.0, &[]);
    assert_eq!(look(&mut tracker, 9.2, &[person(100.0, 100.0)]).len(), 1);
}

proptest! {
    #[test]
    fn each_detection_is_one_track_and_numbers_only_grow(
        frames in prop::collection::vec(
            (0.0..3.0_f64, prop::collection::vec((0..600_u16, 0..400_u16, 0..3_u32), 0..8)), 1..30)
    ) {
        let mut tracker = tracker();
        let (mut now, mut highest) = (0.0, 0);
        for (pause, things) in frames {
            now += pause;
            let detections: Vec<_> = things.iter().map(|&(x, y, c)| seen(c, 0.9, f32::from(x), f32::from(y))).collect();
            let tracks = tracker.update(at(now), Looked::Everywhere, detections.clone());
            prop_assert_eq!(tracks.len(), detections.len());
            prop_assert!(tracks.windows(2).all(|pair| pair[0].id < pair[1].id));
            let new: Vec<u64> = tracks.iter().filter(|t| t.age_frames == 1).map(|t| t.id.0).collect();
            prop_assert!(new.iter().all(|id| *id > highest));
            highest = new.into_iter().max().unwrap_or(highest);
        }
    }
}

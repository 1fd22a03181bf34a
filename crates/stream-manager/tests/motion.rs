//! The motion gate in front of the detector.

mod support;

use stream_manager::LiveTrack;
use support::viewer::{next, watch};
use support::{EVERYWHERE, GREEN, Plan, RED, Site, camera, film, rois, standing, until, walking, yard};

#[tokio::test]
async fn a_still_scene_is_seldom_looked_at_and_what_stands_in_it_keeps_its_track_and_its_alerts() {
    let site = Site::start(Plan {
        films: vec![("still", standing())],
        cameras: format!("cameras:\n{}", camera("still", "motion: {forced_look_seconds: 2}")),
        rois: rois("still", EVERYWHERE, "dwell_seconds: 3, repeat_seconds: 2"),
        ..Plan::empty()
    })
    .await;
    until("the scene is known to be still", async || site.count("still", "/counters/skipped/still").await > 0).await;
    let (detected, still) =
        (site.count("still", "/counters/detected").await, site.count("still", "/counters/skipped/still").await);
    let mut alerts = site.alerts();
    let first = alerts.next().await;
    let second = alerts.next().await;
    let third = alerts.next().await;
    assert_eq!([&second, &third].map(|alert| alert.track_id), [first.track_id; 2]);
    site.until_more("still", "/counters/skipped/still", 20).await;
    let looks = site.count("still", "/counters/detected").await - detected;
    let skips = site.count("still", "/counters/skipped/still").await - still;
    assert!(looks > 0, "the forced looks did not happen");
    assert!(looks * 4 < skips, "{looks} looks and {skips} frames skipped in a still scene");
    site.stop().await;
}

#[tokio::test]
async fn a_moving_scene_is_looked_at_frame_by_frame() {
    let site = Site::start(Plan {
        films: vec![("moving", walking())],
        cameras: format!("cameras:\n{}", camera("moving", "")),
        ..Plan::empty()
    })
    .await;
    site.until_camera("moving", "streaming").await;
    site.until_more("moving", "/counters/detected", 15).await;
    let camera = site.camera("moving").await;
    let still = camera["counters"]["skipped"]["still"].as_u64().expect("is a number");
    let detected = camera["counters"]["detected"].as_u64().expect("is a number");
    assert!(still * 5 <= detected, "{still} frames of a moving scene were taken for still, {detected} looked at");
    site.stop().await;
}

#[tokio::test]
async fn only_the_part_that_moves_is_looked_at_and_the_rest_keeps_its_tracks() {
    // A green square that stands in a corner, and a red one that goes to and fro in the other half.
    let step = |step: usize| yard(&[(GREEN, 30, 30, 70), (RED, 320 + step * 6, 200, 70)]);
    let site = Site::start(Plan {
        films: vec![("parts", film((0..30).chain((0..30).rev()).map(step)))],
        cameras: format!("cameras:\n{}", camera("parts", "motion: {forced_look_seconds: 60}")),
        ..Plan::empty()
    })
    .await;
    site.until_camera("parts", "streaming").await;
    let mut viewer = watch(&site, "").await;
    let mut tracks = next(&mut viewer).await.0.tracks;
    while tracks.len() < 2 {
        tracks = next(&mut viewer).await.0.tracks;
    }
    let before = tracks;
    site.until_more("parts", "/counters/parts", 15).await;
    let after = next(&mut viewer).await.0.tracks;
    let id_of = |tracks: &[LiveTrack], class: &str| {
        tracks.iter().find(|track| track.class_name == class).map(|track| track.track_id)
    };
    for class in ["pine", "object"] {
        assert_eq!(id_of(&after, class), id_of(&before, class), "{class}: {before:?} became {after:?}");
    }
    site.stop().await;
}

//! Recordings of a camera: their pace, their size, and what is left of them when the process dies.

mod support;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::Frame;
use media::record::{RecordError, Recorded, Recorder};
use media::{Codec, Pace, SourceSettings, jpeg};
use support::{number, numbered, open, read_to_the_end};
use tempfile::TempDir;

const WIDE: Size = Size { width: 640, height: 272 };

fn shot(index: u32, size: Size) -> Bytes {
    jpeg::encode(&numbered(index, size), 85).expect("can be encoded")
}

fn millis(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// Records numbered pictures at these times, and does not finish.
fn recording(path: &Path, size: Size, times: &[u64]) -> Recorder {
    let mut recorder = Recorder::create(path).expect("the folder is there");
    for (index, time) in (0..).zip(times) {
        recorder.write(&shot(index, size), millis(*time)).expect("is recorded");
    }
    recorder
}

async fn played(path: &Path) -> Vec<Frame> {
    let url = path.to_str().expect("is a text").parse().expect("is a film");
    let settings = SourceSettings { pace: Pace::Fast, fps_target: None, ..SourceSettings::film("film", url) };
    let source = open(settings).await.expect("the film can be read");
    assert_eq!(source.info().codec, Codec::H264);
    read_to_the_end(&source).await.0
}

/// Returns the numbers of the pictures and when each is shown.
fn shown(frames: &[Frame]) -> Vec<(u32, i64)> {
    let start = frames[0].captured_at;
    let at = |frame: &Frame| (frame.captured_at.duration_since(start).as_secs_f64() * 1000.0).round() as i64;
    frames.iter().map(|frame| (number(&frame.picture), at(frame))).collect()
}

#[tokio::test]
async fn w34_every_picture_is_shown_at_the_time_at_which_it_was_taken() {
    let folder = TempDir::new().expect("there is room");
    let path = folder.path().join("robot-a/report/video/1.mp4");
    // The camera stalls for two seconds, and comes back in a hurry.
    let times = [0, 100, 233, 300, 2300, 2350, 2400, 3700];

    let recorded = recording(&path, WIDE, &times).finish().expect("can be finished");

    assert_eq!(recorded, Some(Recorded { pictures: 8, length: millis(3700) }));
    let frames = played(&path).await;
    let expected: Vec<_> = (0..).zip(times.map(|time| i64::try_from(time).expect("is short"))).collect();
    let shown = shown(&frames);
    assert_eq!(shown.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    for ((_, at), (_, wanted)) in shown.iter().zip(&expected) {
        assert!((at - wanted).abs() <= 2, "{shown:?}");
    }
}

#[tokio::test]
async fn w34_pictures_keep_their_size() {
    let folder = TempDir::new().expect("there is room");
    let path = folder.path().join("1.mp4");
    recording(&path, WIDE, &[0, 100, 200]).finish().expect("can be finished");
    assert!(played(&path).await.iter().all(|frame| frame.picture.size() == WIDE));
}

#[tokio::test]
async fn an_odd_row_or_column_is_cut_off() {
    let folder = TempDir::new().expect("there is room");
    let path = folder.path().join("1.mp4");
    recording(&path, Size::new(321, 181), &[0, 100, 200]).finish().expect("can be finished");
    assert!(played(&path).await.iter().all(|frame| frame.picture.size() == Size::new(320, 180)));
}

#[tokio::test]
async fn w34_a_recording_that_was_cut_off_plays_up_to_there() {
    let folder = TempDir::new().expect("there is room");
    let path = folder.path().join("1.mp4");
    let times: Vec<u64> = (0..100).map(|n| n * 100).collect();
    let recorder = recording(&path, WIDE, &times);
    // What a process that is killed now leaves behind: neither finished nor closed.
    let left = folder.path().join("left.mp4");
    support::until("some fragments are written", || std::fs::metadata(&path).is_ok_and(|file| file.len() > 10_000))
        .await;
    std::fs::copy(&path, &left).expect("can be copied");
    let whole = std::fs::read(&left).expect("can be read");
    // And not at the end of a fragment either.
    std::fs::write(&left, &whole[..whole.len() - 100]).expect("can be written");

    let numbers: Vec<_> = shown(&played(&left).await).into_iter().map(|(number, _)| number).collect();

    assert!(numbers.len() >= 10, "{}", numbers.len());
    assert_eq!(numbers, (0..).take(numbers.len()).collect::<Vec<_>>());
    drop(recorder);
}

#[tokio::test]
async fn what_does_not_fit_is_left_out() {
    let folder = TempDir::new().expect("there is room");
    let path = folder.path().join("1.mp4");
    let mut recorder = recording(&path, WIDE, &[0, 100]);
    let late = recorder.write(&shot(7, WIDE), millis(100)).expect_err("is not later");
    assert!(matches!(late, RecordError::Order { .. }) && late.is_about_one_picture(), "{late}");
    let small = recorder.write(&shot(8, Size::new(64, 48)), millis(200)).expect_err("is smaller");
    assert!(matches!(small, RecordError::Size { .. }) && small.is_about_one_picture(), "{small}");
    let none = recorder.write(&Bytes::from_static(b"no jpeg"), millis(300)).expect_err("is none");
    assert!(none.is_about_one_picture(), "{none}");
    recorder.write(&shot(2, WIDE), millis(400)).expect("is recorded");
    recorder.finish().expect("can be finished");

    let numbers: Vec<_> = shown(&played(&path).await).into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [0, 1, 2]);
}

#[tokio::test]
async fn nothing_recorded_is_no_file() {
    let folder = TempDir::new().expect("there is room");
    let path = folder.path().join("1.mp4");
    assert_eq!(Recorder::create(&path).expect("the folder is there").finish().expect("is no failure"), None);
    assert!(!path.exists());
}

//! Film files: read fast and whole by tools, at their own pace in the place of a camera.

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::geometry::Size;
use media::film::Writer;
use media::serve::Film;
use media::{Codec, Pace, Source, SourceError, SourceSettings};
use support::{FPS, SIZE, fps, number, numbered, open, read, read_to_the_end, within};
use tempfile::TempDir;

const FRAMES: u32 = 60;

#[tokio::test]
async fn a_tool_reads_every_frame_once_and_in_order() {
    let folder = folder();
    let source = open(tool(&written(&folder, "yard.mp4", FRAMES))).await.expect("the film is there");

    let (frames, end) = read_to_the_end(&source).await;

    let numbers: Vec<_> = frames.iter().map(|frame| number(&frame.picture)).collect();
    assert_eq!(numbers, (0..FRAMES).collect::<Vec<_>>());
    assert_eq!(end, SourceError::Ended { name: "film".to_owned() });
    assert_eq!(source.info().codec, Codec::H264);
    assert_eq!(source.info().duration, Some(Duration::from_secs(FRAMES.into()) / FPS));
    assert_eq!(source.counters().received, u64::from(FRAMES));
}

#[tokio::test]
async fn a_slow_tool_loses_nothing() {
    let folder = folder();
    let source = open(tool(&written(&folder, "yard.mp4", FRAMES))).await.expect("the film is there");

    // Reading begins only when the pipeline has come to a stop before the full queue.
    let before = source.counters().received;
    support::until("the queue is full", || source.counters().received >= before.max(5)).await;
    let (frames, _) = read_to_the_end(&source).await;

    assert_eq!((frames.len(), source.counters().overwritten), (FRAMES as usize, 0));
}

#[tokio::test]
async fn times_are_those_of_the_film() {
    let folder = folder();
    let source = open(tool(&written(&folder, "yard.mp4", FRAMES))).await.expect("the film is there");

    let (frames, _) = read_to_the_end(&source).await;

    let start = frames[0].captured_at;
    for (index, frame) in frames.iter().enumerate() {
        let at = frame.captured_at.duration_since(start).as_secs_f64();
        assert!((at - index as f64 / f64::from(FPS)).abs() < 0.002, "frame {index} at {at}");
    }
}

#[tokio::test]
async fn a_tool_can_ask_for_fewer_frames() {
    let folder = folder();
    let settings = SourceSettings { fps_target: fps(5.0), ..tool(&written(&folder, "yard.mp4", FRAMES)) };
    let source = open(settings).await.expect("the film is there");

    let (frames, _) = read_to_the_end(&source).await;

    let numbers: Vec<_> = frames.iter().map(|frame| number(&frame.picture)).collect();
    assert_eq!(numbers, (0..FRAMES).step_by(5).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_looping_film_goes_on_in_time() {
    let folder = folder();
    let settings = SourceSettings { looping: true, ..tool(&written(&folder, "yard.mp4", 10)) };
    let source = open(settings).await.expect("the film is there");

    let frames = read(&source, 25).await;

    let numbers: Vec<_> = frames.iter().map(|frame| number(&frame.picture)).collect();
    assert_eq!(numbers, (0..25).map(|n| n % 10).collect::<Vec<_>>());
    let whole = frames[24].captured_at.duration_since(frames[0].captured_at).as_secs_f64();
    assert!((whole - 24.0 / f64::from(FPS)).abs() < 0.01, "{whole}");
}

#[tokio::test]
async fn a_film_in_the_place_of_a_camera_plays_at_its_own_pace_for_ever() {
    let folder = folder();
    let path = written(&folder, "yard.mp4", 15);
    let settings = SourceSettings { fps_target: None, ..SourceSettings::camera("film", url(&path)) };
    let source = open(settings).await.expect("the film is there");

    let frames = read(&source, 30).await;

    assert!(frames.is_sorted_by_key(|frame| frame.captured_at));
    let film = frames.last().map_or(0, |last| last.sequence) - frames[0].sequence;
    let seconds = frames[29].captured_at.duration_since(frames[0].captured_at).as_secs_f64();
    // Opening the film again takes a moment at each repetition, so the pace may be lower, but never higher.
    let rate = film as f64 / seconds;
    assert!((10.0..27.0).contains(&rate), "{rate} frames per second");
}

#[tokio::test]
async fn a_missing_file_is_not_found() {
    let folder = folder();
    let error = open(tool(&folder.path().join("nothing.mp4"))).await.err();
    assert_eq!(error, Some(SourceError::NotFound { name: "film".to_owned() }));
}

#[tokio::test]
async fn a_file_that_is_no_film_is_unsupported() {
    let folder = folder();
    let path = folder.path().join("notes.mp4");
    std::fs::write(&path, "this is no film, whatever its name says\n".repeat(200)).expect("the folder is there");

    let error = open(tool(&path)).await.err();

    assert!(matches!(error, Some(SourceError::Unsupported { .. })), "{error:?}");
}

#[tokio::test]
async fn a_truncated_film_ends_with_an_error() {
    let folder = folder();
    let path = written(&folder, "yard.mp4", FRAMES);
    let whole = std::fs::read(&path).expect("it was written");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("it can be written");

    let end = match open(tool(&path)).await {
        Ok(source) => read_to_the_end(&source).await.1,
        Err(error) => error,
    };

    assert!(!matches!(end, SourceError::System { .. }), "{end:?}");
}

#[tokio::test]
async fn closing_does_not_wait_for_a_reader() {
    let folder = folder();
    let source = open(tool(&written(&folder, "yard.mp4", FRAMES))).await.expect("the film is there");
    within(source.close()).await;
}

#[tokio::test]
async fn a_film_appears_only_when_it_is_whole() {
    let folder = folder();
    let path = folder.path().join("yard.mp4");
    let mut writer = Writer::create(&path, SIZE, FPS.into()).expect("the folder is there");
    writer.write(&numbered(1, SIZE), Duration::ZERO).expect("the encoder works");
    assert!(!path.exists());

    writer.finish().expect("the encoder works");

    assert_eq!(names(&folder), ["yard.mp4"]);
}

#[tokio::test]
async fn an_abandoned_film_leaves_nothing() {
    let folder = folder();
    let mut writer = Writer::create(folder.path().join("yard.mp4"), SIZE, FPS.into()).expect("the folder is there");
    for n in 0..30 {
        writer.write(&numbered(n, SIZE), Duration::from_millis(40) * n).expect("the encoder works");
    }

    drop(writer);

    assert_eq!(names(&folder), Vec::<String>::new());
}

#[tokio::test]
async fn a_film_can_be_played_before_it_is_loaded() {
    let folder = folder();
    let film = std::fs::read(written(&folder, "yard.mp4", FRAMES)).expect("it was written");
    let place = |name: &[u8]| film.windows(4).position(|window| window == name).expect("every MP4 file has it");
    assert!(place(b"moov") < place(b"mdat"));
}

#[tokio::test]
async fn a_served_film_can_be_kept_in_a_file() {
    let folder = folder();
    for codec in [Codec::H264, Codec::H265] {
        let path = folder.path().join("camera.mp4");
        let film = support::film(&codec, FRAMES, SIZE);
        film.write(&path).expect("the folder is there");

        let back = Film::read(&path).expect("it was written");
        let (frames, _) = read_to_the_end(&open(tool(&path)).await.expect("it is a film")).await;

        assert_eq!((back.frames(), back.length(), back.codec()), (film.frames(), film.length(), &codec));
        let numbers: Vec<_> = frames.iter().map(|frame| number(&frame.picture)).collect();
        assert_eq!(numbers, (0..FRAMES).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_picture_of_another_size_or_out_of_order_is_refused() {
    let folder = folder();
    let mut writer = Writer::create(folder.path().join("yard.mp4"), SIZE, FPS.into()).expect("the folder is there");
    writer.write(&numbered(0, SIZE), Duration::from_secs(1)).expect("the encoder works");

    let larger = writer.write(&numbered(1, Size::new(640, 480)), Duration::from_secs(2));
    let earlier = writer.write(&numbered(1, SIZE), Duration::from_secs(1));

    assert!(matches!(larger, Err(media::film::FilmError::Size { .. })), "{larger:?}");
    assert!(matches!(earlier, Err(media::film::FilmError::Order { .. })), "{earlier:?}");
}

#[tokio::test]
async fn the_last_picture_is_kept_after_a_long_pause() {
    let folder = folder();
    let path = folder.path().join("pause.mp4");
    let mut writer = Writer::create(&path, SIZE, FPS.into()).expect("the folder is there");
    let times = [0, 40, 80, 120, 500];
    for (n, millis) in (0..).zip(times) {
        writer.write(&numbered(n, SIZE), Duration::from_millis(millis)).expect("the encoder works");
    }
    writer.finish().expect("the encoder works");

    let source = open(tool(&path)).await.expect("the film is there");
    let (frames, _) = read_to_the_end(&source).await;

    let shown = frames.iter().map(|frame| frame.captured_at.duration_since(frames[0].captured_at).as_millis());
    assert_eq!(shown.collect::<Vec<_>>(), times.map(i128::from));
    assert_eq!(source.info().duration, Some(Duration::from_millis(540)));
}

#[tokio::test]
async fn a_film_of_odd_size_loses_its_last_row_and_column() {
    let folder = folder();
    let path = folder.path().join("odd.mp4");
    let odd = Size::new(161, 121);
    let mut writer = Writer::create(&path, odd, FPS.into()).expect("the folder is there");
    for n in 0..10 {
        writer.write(&numbered(n, odd), Duration::from_millis(40) * n).expect("the encoder works");
    }
    writer.finish().expect("the encoder works");

    let source: Source = open(tool(&path)).await.expect("the film is there");

    assert_eq!(source.info().size, Size::new(160, 120));
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is a place for temporary files")
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).expect("the folder is there");
    entries.map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned()).collect()
}

/// Writes a film of numbered pictures.
fn written(folder: &TempDir, name: &str, frames: u32) -> PathBuf {
    let path = folder.path().join(name);
    let mut writer = Writer::create(&path, SIZE, FPS.into()).expect("the folder is there");
    for n in 0..frames {
        let pts = Duration::from_secs(n.into()) / FPS;
        writer.write(&numbered(n, SIZE), pts).expect("the encoder works");
    }
    writer.finish().expect("the encoder works");
    path
}

fn url(path: &Path) -> media::SourceUrl {
    path.to_string_lossy().parse().expect("an absolute path is a source")
}

fn tool(path: &Path) -> SourceSettings {
    let settings = SourceSettings::film("film", url(path));
    assert_eq!(settings.pace, Pace::Fast);
    settings
}

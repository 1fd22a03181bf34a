//! Cameras over real RTSP on loopback.

mod support;

use std::time::Duration;

use domain::geometry::Size;
use domain::picture::{Frame, Layout};
use jiff::Timestamp;
use media::serve::{Film, RtspServer, ServeSettings};
use media::{Codec, Scene, SourceError, SourceSettings, Transport};
use support::{FPS, SIZE, film, fps, gate, number, numbered, open, read, read_to_the_end, settings, until, within};
use tokio::net::TcpListener;

#[tokio::test]
async fn h264_frames_arrive_in_order_and_as_planes() {
    let server = gate(&Codec::H264);
    let source = open(settings(&server.url("gate"))).await.expect("the camera is there");

    let frames = read(&source, 30).await;

    assert_eq!(frames[0].picture.layout(), Layout::I420);
    assert_eq!(frames[0].picture.size(), SIZE);
    assert_follow_each_other(&frames);
    assert_eq!(source.info().codec, Codec::H264);
    assert_eq!(source.info().size, SIZE);
    assert_eq!(source.info().duration, None);
    assert_eq!(source.info().fps, Some(f64::from(FPS)));
}

#[tokio::test]
async fn h265_frames_arrive_in_order_and_as_planes() {
    let server = gate(&Codec::H265);
    let source = open(settings(&server.url("gate"))).await.expect("the camera is there");

    let frames = read(&source, 30).await;

    assert_eq!(frames[0].picture.layout(), Layout::I420);
    assert_follow_each_other(&frames);
    assert_eq!(source.info().codec, Codec::H265);
}

#[tokio::test]
async fn frames_arrive_over_udp() {
    let server = gate(&Codec::H264);
    let source = open(SourceSettings { transport: Transport::Udp, ..settings(&server.url("gate")) })
        .await
        .expect("the camera is there");

    assert_follow_each_other(&read(&source, 30).await);
}

#[tokio::test]
async fn the_decoders_own_memory_is_handed_on() {
    // Packed rows would be 336 bytes long; the decoder's own are aligned. (libav's element copies all the same if a side is
    // no multiple of 16.)
    let size = Size::new(336, 240);
    let server = RtspServer::start(ServeSettings::loopback()).expect("a free port");
    server.mount("gate", film(&Codec::H264, FPS, size));
    let source = open(settings(&server.url("gate"))).await.expect("the camera is there");

    let frame = read(&source, 1).await.remove(0);

    let (_, stride) = frame.picture.plane(0);
    assert!(stride > 336, "rows of {stride} bytes: the frame was copied");
}

#[tokio::test]
async fn the_wanted_rate_is_met_on_capture_times() {
    let server = gate(&Codec::H264);
    for wanted in [5.0, 7.0] {
        let source = open(SourceSettings { fps_target: fps(wanted), ..settings(&server.url("gate")) })
            .await
            .expect("the camera is there");

        let frames = read(&source, 22).await;

        // The first frames are skipped: at the camera's first clock report capture times may move once.
        let (first, last) = (&frames[1], &frames[21]);
        let seconds = last.captured_at.duration_since(first.captured_at).as_secs_f64();
        let rate = (last.sequence - first.sequence) as f64 / seconds;
        assert!((rate / wanted - 1.0).abs() < 0.02, "wanted {wanted}, got {rate:.3}");
        assert_eq!(source.counters().overwritten, 0);
    }
}

#[tokio::test]
async fn capture_times_are_close_to_now_and_never_go_back() {
    let server = gate(&Codec::H264);
    let source = open(settings(&server.url("gate"))).await.expect("the camera is there");
    read(&source, 5).await;

    let frames = read(&source, 25).await;
    let age = Timestamp::now().duration_since(frames[24].captured_at);

    assert!(frames.is_sorted_by_key(|frame| frame.captured_at));
    assert!((0.0..0.5).contains(&age.as_secs_f64()), "the newest frame is {age} old");
}

#[tokio::test]
async fn a_still_scene_stays_coded_and_not_one_picture_is_wrong_when_it_moves() {
    for codec in [Codec::H264, Codec::H265] {
        // Four seconds of nothing, then one in which every picture differs.
        let numbers = std::iter::repeat_n(0, 4 * FPS as usize).chain(1..=FPS);
        let film = Film::encode(SIZE, FPS, &codec, numbers.map(|n| numbered(n, SIZE))).expect("the machine can encode");
        let server = RtspServer::start(ServeSettings::loopback()).expect("loopback has a free port");
        server.mount("gate", film);
        let source = open(settings(&server.url("gate"))).await.expect("the camera is there");

        // A camera's first frames may come in one go.
        let mut last = read(&source, 10).await.pop();
        let mut moved = 0;
        while moved < 3 * FPS {
            let frame = within(source.next()).await.expect("the camera goes on");
            let shown = number(&frame.picture);
            // On a busy machine a frame may be overwritten before it is read.
            if let Some(before) = last.filter(|before: &Frame| before.sequence + 1 == frame.sequence) {
                let shown_before = number(&before.picture);
                let follows = shown == shown_before + 1 || (shown == 0 && (shown_before == 0 || shown_before == FPS));
                assert!(follows, "{codec}: after {shown_before} came {shown}");
                assert!(frame.captured_at >= before.captured_at, "{codec}");
            }
            moved += u32::from(shown > 0);
            source.observe(if shown > 0 { Scene::Moving } else { Scene::Still });
            last = Some(frame);
        }

        let counters = source.counters();
        assert_eq!(counters.late, 0, "{codec}");
        assert!(counters.rested * 3 > counters.received, "{codec}: {counters:?}");
    }
}

#[tokio::test]
async fn a_still_scene_gives_frames_at_the_wanted_rate() {
    let server = RtspServer::start(ServeSettings::loopback()).expect("loopback has a free port");
    let still = Film::encode(SIZE, FPS, &Codec::H264, std::iter::repeat_n(numbered(7, SIZE), 50));
    server.mount("gate", still.expect("the machine can encode"));
    let source = open(SourceSettings { fps_target: fps(5.0), ..settings(&server.url("gate")) })
        .await
        .expect("the camera is there");
    source.observe(Scene::Still);
    until("frames stay coded", || source.counters().rested >= 10).await;
    read(&source, 1).await;

    let frames = read(&source, 22).await;

    let (first, last) = (&frames[1], &frames[21]);
    let rate = 20.0 / last.captured_at.duration_since(first.captured_at).as_secs_f64();
    assert!((rate / 5.0 - 1.0).abs() < 0.02, "got {rate:.3} frames a second");
    // A key frame comes every half second, so that in 4.4 s there are nine new pictures.
    let pictures: Vec<_> = frames.iter().map(|frame| frame.picture.data().as_ptr()).collect();
    let fresh = pictures.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!((7..=11).contains(&fresh), "{fresh} of 22 frames have a picture of their own");
}

#[tokio::test]
async fn an_unread_frame_is_replaced_by_the_newest() {
    let server = gate(&Codec::H264);
    let source = open(settings(&server.url("gate"))).await.expect("the camera is there");

    until("frames are overwritten", || source.counters().overwritten >= 10).await;
    let frame = within(source.next()).await.expect("the camera goes on");

    let counters = source.counters();
    let read_or_waiting = 2;
    assert!(frame.sequence > 10);
    assert!(counters.due - counters.overwritten <= read_or_waiting, "{counters:?}");
}

#[tokio::test]
async fn a_wrong_password_is_told_apart() {
    let credentials = Some(("guard".to_owned(), "s3cret".to_owned()));
    let server = RtspServer::start(ServeSettings { credentials, ..ServeSettings::loopback() }).expect("a free port");
    server.mount("gate", film(&Codec::H264, FPS, SIZE));
    let right = server.url("gate");

    let refused = open(settings(&right.replace("s3cret", "guess"))).await.err();
    let nobody = open(settings(&right.replace("guard:s3cret@", ""))).await.err();

    let unauthorized = Some(SourceError::Unauthorized { name: "gate".to_owned() });
    assert_eq!([refused, nobody], [unauthorized.clone(), unauthorized]);
    assert!(open(settings(&right)).await.is_ok());
}

#[tokio::test]
async fn a_camera_that_does_not_exist_is_not_found() {
    let server = gate(&Codec::H264);
    let error = open(settings(&server.url("back-door"))).await.err();
    assert_eq!(error, Some(SourceError::NotFound { name: "gate".to_owned() }));
}

#[tokio::test]
async fn a_closed_port_is_a_failed_connection() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = free.local_addr().expect("it is bound").port();
    drop(free);

    let error = open(settings(&format!("rtsp://127.0.0.1:{port}/gate"))).await.err();

    assert!(matches!(error, Some(SourceError::Connect { .. })), "{error:?}");
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_silent() {
    let mute = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = mute.local_addr().expect("it is bound").port();

    let error = open(SourceSettings {
        read_timeout: Duration::from_secs(1),
        ..settings(&format!("rtsp://127.0.0.1:{port}/gate"))
    })
    .await
    .err();

    assert!(matches!(error, Some(SourceError::Silent { .. })), "{error:?}");
}

#[tokio::test]
async fn a_camera_that_falls_silent_is_noticed() {
    let server = gate(&Codec::H264);
    let source = open(SourceSettings { read_timeout: Duration::from_secs(1), ..settings(&server.url("gate")) })
        .await
        .expect("the camera is there");
    read(&source, 5).await;

    server.silence_mount("gate").expect("it is mounted");
    let (_, end) = read_to_the_end(&source).await;

    let SourceError::Silent { silence, .. } = end else { panic!("{end:?}") };
    assert!((1.0..2.0).contains(&silence.as_secs_f32()), "{silence:?}");
}

#[tokio::test]
async fn a_camera_that_comes_back_can_be_opened_again() {
    let server = gate(&Codec::H264);
    let source = open(settings(&server.url("gate"))).await.expect("the camera is there");
    read(&source, 5).await;

    server.stop_mount("gate").expect("it is mounted");
    let (_, end) = read_to_the_end(&source).await;
    let meanwhile = open(settings(&server.url("gate"))).await.err();
    server.start_mount("gate").expect("it is mounted");
    let again = open(settings(&server.url("gate"))).await.expect("the camera is back");

    assert!(matches!(end, SourceError::Ended { .. } | SourceError::Connect { .. }), "{end:?}");
    assert_eq!(meanwhile, Some(SourceError::NotFound { name: "gate".to_owned() }));
    assert_eq!(read(&again, 5).await.len(), 5);
}

#[tokio::test]
async fn a_change_of_resolution_is_followed() {
    let server = RtspServer::start(ServeSettings::loopback()).expect("a free port");
    let small = Size::new(160, 120);
    let both = film(&Codec::H264, FPS, SIZE).then(&film(&Codec::H264, FPS, small)).expect("both are H.264");
    server.mount("gate", both);
    let source = open(settings(&server.url("gate"))).await.expect("the camera is there");

    let mut sizes: Vec<_> = read(&source, 70).await.iter().map(|frame| frame.picture.size()).collect();
    sizes.dedup();

    assert!(sizes.len() >= 3, "{sizes:?}");
    assert!(sizes.iter().all(|size| [SIZE, small].contains(size)), "{sizes:?}");
}

#[tokio::test]
async fn several_readers_see_the_same_film() {
    let server = gate(&Codec::H264);
    let first = open(settings(&server.url("gate"))).await.expect("the camera is there");
    let second = open(settings(&server.url("gate"))).await.expect("the camera is there");

    let (ours, theirs) = tokio::join!(read(&first, 20), read(&second, 20));

    assert_follow_each_other(&ours);
    assert_follow_each_other(&theirs);
}

#[tokio::test]
async fn many_rounds_leave_no_threads_and_no_files_behind() {
    let server = gate(&Codec::H264);
    let round = async || {
        let source = open(settings(&server.url("gate"))).await.expect("the camera is there");
        read(&source, 1).await;
        within(source.close()).await;
    };
    // What GStreamer keeps for ever is made in the first rounds.
    for _ in 0..3 {
        round().await;
    }
    let before = (threads(), files());
    for _ in 0..20 {
        round().await;
    }
    until("threads and files are as many as before", || threads() <= before.0 + 2 && files() <= before.1 + 2).await;
}

/// Asserts that the pictures are those of the film, one after the other, but for the few that a busy machine overwrites.
fn assert_follow_each_other(frames: &[Frame]) {
    let film = 2 * FPS;
    for pair in frames.windows(2) {
        let sent = pair[1].sequence - pair[0].sequence;
        let shown = (number(&pair[1].picture) + film - number(&pair[0].picture)) % film;
        assert_eq!(u64::from(shown), sent % u64::from(film), "after frame {}", pair[0].sequence);
    }
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("this is Linux").count()
}

fn files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("this is Linux").count()
}

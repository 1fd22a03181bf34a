//! Cameras that go and come back, that are refused, given up, edited and wrong.

mod support;

use std::time::{Duration, Instant};

use media::film::Writer;
use media::serve::{RtspServer, ServeSettings};
use reqwest::{Method, StatusCode};
use support::{FPS, Plan, RED, SIZE, Site, camera, code, standing, until, walking, yard};

#[tokio::test]
async fn a_camera_that_returns_is_seen_within_two_seconds_and_the_others_do_not_notice() {
    let site = Site::start(Plan {
        films: vec![("leaves", walking()), ("stays", walking())],
        cameras: format!(
            "cameras:\n{}{}",
            camera("leaves", "motion: {enabled: false}"),
            camera("stays", "motion: {enabled: false}")
        ),
        ..Plan::empty()
    })
    .await;
    site.until_camera("leaves", "streaming").await;
    site.until_camera("stays", "streaming").await;
    let before = site.camera("stays").await;
    let began = Instant::now();

    site.rtsp.stop_mount("leaves").expect("it is there");
    let lost = site.until_camera("leaves", "reconnecting").await;
    assert!(lost["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{lost}");
    assert_eq!((&lost["stream"], lost["counters"]["losses"].as_u64() >= Some(1)), (&serde_json::Value::Null, true));
    // Long enough for the pauses to have grown to their longest.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let frames = site.count("leaves", "/counters/received").await;
    site.rtsp.start_mount("leaves").expect("it is there");
    let returned = Instant::now();
    until("the first frame", async || site.count("leaves", "/counters/received").await > frames).await;
    let took = returned.elapsed();
    assert!(took < Duration::from_secs(2), "the first frame came after {took:?}");

    let after = site.camera("stays").await;
    let seconds = began.elapsed().as_secs_f64();
    let processed = |camera: &serde_json::Value| camera["counters"]["processed"].as_u64().expect("is a number");
    let fps = (processed(&after) - processed(&before)) as f64 / seconds;
    assert!((4.0..6.0).contains(&fps), "the other camera went on with {fps} frames a second");
    assert_eq!((after["since"].clone(), &after["counters"]["losses"]), (before["since"].clone(), &0.into()));
    site.stop().await;
}

#[tokio::test]
async fn a_camera_is_given_up_after_its_attempts_and_revived_by_a_restart_or_an_edit() {
    let site = Site::start(Plan {
        services: "stream_manager: {max_reconnect_attempts: 1, reconnect_delay_seconds: 0.2}",
        ..Plan::one("given-up", walking())
    })
    .await;
    site.until_camera("given-up", "streaming").await;
    site.rtsp.stop_mount("given-up").expect("it is there");
    let failed = site.until_camera("given-up", "failed").await;
    assert!(failed["reason"].is_string(), "{failed}");
    site.rtsp.start_mount("given-up").expect("it is there");
    let (status, _) = site.ask(Method::POST, "/api/v1/cameras/given-up/restart", None).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    site.until_camera("given-up", "streaming").await;

    site.rtsp.stop_mount("given-up").expect("it is there");
    site.until_camera("given-up", "failed").await;
    site.rtsp.start_mount("given-up").expect("it is there");
    site.edit("cameras.yaml", &format!("cameras:\n{}", camera("given-up", "")));
    site.until_camera("given-up", "streaming").await;

    let (status, body) = site.ask(Method::POST, "/api/v1/cameras/nobody/restart", None).await;
    assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "no_such_camera"));
    site.stop().await;
}

#[tokio::test]
async fn a_wrong_entry_is_shown_with_its_place_and_stops_nobody() {
    let site = Site::start(Plan {
        films: vec![("right", standing())],
        cameras: format!(
            "cameras:\n{}  - {{id: wrong, rtsp_url: \"${{RTSP}}/x\", fps_target: fast}}\n",
            camera("right", "")
        ),
        ..Plan::empty()
    })
    .await;
    let wrong = site.until_camera("wrong", "invalid").await;
    let problem = &wrong["problems"][0];
    assert_eq!((&problem["file"], &problem["line"]), (&"cameras.yaml".into(), &3.into()), "{problem}");
    assert_eq!(problem["key"], "cameras[1].fps_target");
    assert!(problem["message"].as_str().is_some_and(|message| message.contains("must be a number")), "{problem}");
    site.until_camera("right", "streaming").await;
    let states = site.get("/api/v1/status").await["states"].clone();
    assert_eq!(states, serde_json::json!({ "invalid": 1, "streaming": 1 }));
    site.stop().await;
}

#[tokio::test]
async fn an_edit_begins_only_the_camera_anew_that_it_changes() {
    let cameras = |changed: &str| format!("cameras:\n{}{}", camera("same", ""), camera("changed", changed));
    let site = Site::start(Plan {
        films: vec![("same", standing()), ("changed", standing()), ("added", standing())],
        cameras: cameras(""),
        ..Plan::empty()
    })
    .await;
    let same = site.until_camera("same", "streaming").await;
    let changed = site.until_camera("changed", "streaming").await;

    site.edit("cameras.yaml", &(cameras("transport: udp") + &camera("added", "enabled: false")));
    site.until_camera("added", "disabled").await;
    until("the changed camera began anew", async || {
        let now = site.camera("changed").await;
        now["state"] == "streaming" && now["since"] != changed["since"]
    })
    .await;
    assert_eq!(site.camera("same").await["since"], same["since"]);

    // A slip in the entry of a running camera: it goes on and says what is wrong.
    site.edit("cameras.yaml", &cameras("transport: pigeon"));
    until("the slip is shown", async || !site.camera("changed").await["problems"].as_array().is_none_or(Vec::is_empty))
        .await;
    assert_eq!(site.camera("changed").await["state"], "streaming");
    let (status, _) = site.ask(Method::GET, "/api/v1/cameras/added", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it was taken out of the file");

    // A file that cannot be read at all changes nothing.
    site.edit("cameras.yaml", "cameras: [");
    until("the broken file is shown", async || site.get("/api/v1/cameras").await["problems"][0].is_object()).await;
    site.until_more("same", "/counters/received", 5).await;
    assert_eq!(site.camera("same").await["since"], same["since"]);
    site.stop().await;
}

#[tokio::test]
async fn a_password_is_never_shown() {
    let site = Site::start(Plan {
        cameras: "cameras: [{id: secret, rtsp_url: 'rtsp://ana:hunter2@127.0.0.1:1/x?token=hunter2'}]".to_owned(),
        ..Plan::one("secret", standing())
    })
    .await;
    until("it was tried", async || site.count("secret", "/counters/losses").await > 0).await;
    let shown = site.camera("secret").await;
    assert_eq!(shown["state"], "starting");
    assert!(shown["reason"].is_string() && !shown.to_string().contains("hunter2"), "{shown}");
    site.stop().await;
}

#[tokio::test]
async fn a_camera_that_falls_silent_is_lost_and_seen_again() {
    let site =
        Site::start(Plan { services: "stream_manager: {read_timeout_seconds: 1}", ..Plan::one("silent", walking()) })
            .await;
    site.until_camera("silent", "streaming").await;
    site.rtsp.silence_mount("silent").expect("it is there");
    let lost = site.until_camera("silent", "reconnecting").await;
    assert!(lost["reason"].as_str().is_some_and(|reason| reason.contains("no frame")), "{lost}");
    site.rtsp.start_mount("silent").expect("it is there");
    site.until_camera("silent", "streaming").await;
    site.stop().await;
}

#[tokio::test]
async fn a_camera_that_refuses_the_password_is_left_alone() {
    let settings = ServeSettings { credentials: Some(("ana".into(), "right".into())), ..ServeSettings::loopback() };
    let guarded = RtspServer::start(settings).expect("there is a free port");
    guarded.mount("guarded", standing());
    let url = format!("rtsp://ana:wrong@127.0.0.1:{}/guarded", guarded.port());
    let cameras = format!("cameras:\n  - {{id: guarded, rtsp_url: '{url}'}}\n");
    let site = Site::start(Plan { cameras, ..Plan::empty() }).await;
    until("it was tried", async || site.count("guarded", "/counters/losses").await > 0).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let refused = site.camera("guarded").await;
    assert!(refused["reason"].as_str().is_some_and(|reason| reason.contains("password")), "{refused}");
    assert_eq!(refused["counters"]["losses"], 1, "a second try so soon brings the account nearer to its lock");
    site.edit("cameras.yaml", &format!("cameras:\n  - {{id: guarded, rtsp_url: '{}'}}\n", guarded.url("guarded")));
    site.until_camera("guarded", "streaming").await;
    site.stop().await;
}

#[tokio::test]
async fn a_film_file_and_a_sub_stream_are_cameras_too() {
    let films = tempfile::tempdir().expect("a directory");
    let path = films.path().join("yard.mp4");
    let (file, count) = (path.clone(), 15);
    let written = tokio::task::spawn_blocking(move || {
        let mut writer = Writer::create(&file, SIZE, f64::from(FPS)).expect("can be written");
        for i in 0..count {
            let picture = yard(&[(RED, 40 + i * 20, 100, 80)]);
            writer.write(&picture, Duration::from_secs_f64(i as f64 / f64::from(FPS))).expect("can be written");
        }
        writer.finish().expect("can be finished");
    });
    written.await.expect("is written");
    let site = Site::start(Plan {
        films: vec![("sub", standing())],
        cameras: format!(
            "cameras:\n  - {{id: file, rtsp_url: {}}}\n{}",
            path.display(),
            camera("both", "detect_url: \"${RTSP}/sub\"")
        ),
        ..Plan::empty()
    })
    .await;
    site.until_camera("both", "streaming").await;
    site.until_camera("file", "streaming").await;
    until("the film was shown more than once", async || site.count("file", "/counters/received").await > 30).await;
    assert_eq!(site.count("file", "/counters/losses").await, 0);
    site.stop().await;
}

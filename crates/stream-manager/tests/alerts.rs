//! From a camera's picture to an alert in Redis, and what the alert says.

mod support;

use std::time::Duration;

use domain::alert::{Severity, ViolationType};
use reqwest::{StatusCode, header};
use support::{EVERYWHERE, Plan, RED, SIZE, Site, allowed, camera, film, ids, rois, standing, yard};

#[tokio::test]
async fn an_alert_arrives_in_redis_with_every_field_and_its_picture() {
    let site = Site::start(Plan {
        rois: rois("full", "[[250, 100], [400, 100], [400, 260], [250, 260]]", "severity: critical, repeat_seconds: 0"),
        ..Plan::one("full", standing())
    })
    .await;
    let alert = site.alerts().next().await;

    assert_eq!((alert.camera_id.as_str(), alert.roi_name.as_deref()), ("full", Some("pit")));
    assert_eq!((&*alert.detection.class_name, alert.detection.class_id), ("object", 0));
    assert!(alert.detection.confidence > 0.5 && !alert.detection.is_unknown, "{alert:?}");
    let center = alert.detection.center();
    assert!((center.x - 320.0).abs() < 12.0 && (center.y - 180.0).abs() < 12.0, "{center:?}");
    assert!((alert.detection.bbox.width() - 80.0).abs() < 24.0, "{:?}", alert.detection.bbox);
    assert_eq!((alert.violation_type, alert.severity), (ViolationType::ForbiddenClass, Severity::Critical));
    let allowed: Vec<_> = alert.allowed_classes.iter().flatten().map(ToString::to_string).collect();
    assert_eq!((allowed, alert.strict_mode, alert.roi_hit), (vec!["pine".to_owned(), "worker".to_owned()], true, true));
    assert_eq!(alert.image_size, Some(SIZE));
    assert!(alert.frame_id.as_deref().is_some_and(|id| id.starts_with("full_")), "{:?}", alert.frame_id);
    assert!(alert.track_id.is_some());
    let model = alert.model.expect("the model is named");
    assert_eq!((model.name.as_str(), model.sha256.len()), ("shapes", 64));
    let captured_at = alert.captured_at.expect("the capture time is known");
    let delay = alert.timestamp.duration_since(captured_at).as_secs_f64();
    assert!((0.0..5.0).contains(&delay), "raised {delay} s after the capture");

    let snapshot = alert.snapshot.expect("there is a snapshot");
    assert_eq!(snapshot, format!("/streams/snapshots/{}.jpg", alert.alert_id));
    let answer = site.http.get(site.at(snapshot.trim_start_matches("/streams"))).send().await.expect("is answered");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "image/jpeg");
    assert!(answer.headers()[header::CACHE_CONTROL].to_str().expect("is text").contains("immutable"));
    let tag = answer.headers()[header::ETAG].clone();
    let picture = media::jpeg::decode(&answer.bytes().await.expect("a body"), media::image::Limits::default());
    let picture = picture.expect("is a JPEG");
    assert_eq!(picture.size(), SIZE);
    // The corner of the zone is painted over the grey yard.
    let (pixels, stride) = picture.plane(0);
    let inside_the_zone = &pixels[110 * stride + 390 * 3..][..3];
    assert!(inside_the_zone[0] > inside_the_zone[2] + 20, "{inside_the_zone:?} is no part of a drawn zone");

    let again = site.http.get(site.at(snapshot.trim_start_matches("/streams"))).header(header::IF_NONE_MATCH, tag);
    assert_eq!(again.send().await.expect("is answered").status(), StatusCode::NOT_MODIFIED);
    let metrics = site.http.get(site.at("/metrics")).send().await.expect("is answered").text().await.expect("is text");
    for figure in [
        "ronda_frames_total{camera=\"full\",result=\"detected\"}",
        "ronda_camera_up{camera=\"full\"} 1",
        "ronda_frame_age_seconds_count{camera=\"full\"}",
        "ronda_detections_total{camera=\"full\",class=\"object\"}",
        "ronda_camera_state{camera=\"full\",state=\"streaming\"} 1",
        "ronda_camera_state{camera=\"full\",state=\"reconnecting\"} 0",
        "ronda_camera_first_frame_seconds_count{camera=\"full\"} 1",
        "ronda_camera_outage_seconds_count{camera=\"full\"} 0",
        "ronda_camera_reconnects_total{camera=\"full\",reason=\"silent\"} 0",
        "ronda_camera_last_frame_timestamp_seconds{camera=\"full\"} 1",
        "ronda_alerts_total{camera=\"full\",class=\"object\",severity=\"critical\",zone=\"pit\"} 1",
        "ronda_config_errors{file=\"cameras.yaml\"} 0",
        "ronda_inference_model_info{backend=\"tract\"",
        "ronda_inference_queue_length ",
        "ronda_capture_to_alert_seconds_count{camera=\"full\"} 1",
        "ronda_stage_seconds_count{stage=\"inference\"}",
    ] {
        assert!(metrics.contains(figure), "{figure} is missing");
    }
    for none in ["/snapshots/0123.jpg", "/snapshots/..%2Fcameras.yaml", "/snapshots/x.png"] {
        let answer = site.http.get(site.at(none)).send().await.expect("is answered");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{none}");
    }
    site.stop().await;
}

#[tokio::test]
async fn a_thing_alerts_once_and_again_while_it_lasts_and_an_allowed_one_never() {
    let site = Site::start(Plan {
        films: vec![("once", standing()), ("again", standing()), ("calm", allowed())],
        cameras: format!("cameras:\n{}{}{}", camera("once", ""), camera("again", ""), camera("calm", "")),
        rois: [
            rois("once", EVERYWHERE, "repeat_seconds: 0"),
            rois("again", EVERYWHERE, "repeat_seconds: 1").replace("cameras:\n", ""),
            rois("calm", EVERYWHERE, "").replace("cameras:\n", ""),
        ]
        .concat(),
        ..Plan::empty()
    })
    .await;
    let classes = site.get("/api/v1/classes").await;
    assert_eq!(classes, serde_json::json!({ "classes": ["object", "pine", "worker"] }));
    let mut alerts = site.alerts();
    let mut seen = vec![alerts.next().await];
    seen.extend(alerts.within(Duration::from_secs(5)).await);
    ids(&seen);
    let count = |camera: &str| seen.iter().filter(|alert| alert.camera_id.as_str() == camera).count();
    assert_eq!((count("once"), count("calm")), (1, 0), "{seen:#?}");
    assert!((3..=6).contains(&count("again")), "{} repetitions in 5 s", count("again"));
    let tracks: Vec<_> = seen.iter().filter(|alert| alert.camera_id.as_str() == "again").map(|a| a.track_id).collect();
    assert!(tracks.iter().all(|track| *track == tracks[0]), "one thing has one track: {tracks:?}");
    site.until_camera("calm", "streaming").await;
    site.stop().await;
}

#[tokio::test]
async fn redis_may_go_away_and_no_alert_is_lost_or_doubled() {
    // A new square every second, each in another place: each is a track and an alert of its own.
    let squares = (0..8).flat_map(|place| {
        let picture = yard(&[(RED, 20 + place % 4 * 160, 40 + place / 4 * 180, 70)]);
        std::iter::repeat_n(picture, 10)
    });
    let mut site = Site::start(Plan {
        rois: rois("spooled", EVERYWHERE, "repeat_seconds: 0"),
        ..Plan::one("spooled", film(squares))
    })
    .await;
    let first = site.alerts().next().await;
    site.redis.stop();
    let raised = site.count("spooled", "/counters/alerts").await;
    site.until_more("spooled", "/counters/alerts", 3).await;
    support::until("Redis is missed", async || {
        let status = site.get("/api/v1/status").await;
        status["alerts"]["redis_connected"] == false && status["alerts"]["spooled"].as_u64() > Some(0)
    })
    .await;
    let ready = site.http.get(site.at("/readyz")).send().await.expect("is answered");
    assert_eq!(ready.status(), StatusCode::OK, "spooling is doing its work");
    site.redis.start().expect("starts again");
    support::until("the spool is empty", async || site.get("/api/v1/status").await["alerts"]["spooled"] == 0).await;

    // The service counts an alert before it sends it, so that the tail must end with as many or a few more.
    let counted = site.count("spooled", "/counters/alerts").await;
    assert!(counted >= raised + 3);
    let mut alerts = site.alerts();
    let mut seen = Vec::new();
    while (seen.len() as u64) < counted {
        seen.push(alerts.next().await);
    }
    assert!(ids(&seen).contains(first.alert_id.as_str()), "what was there before is still there");
    assert!(seen.is_sorted_by_key(|alert| alert.captured_at), "alerts come in their order");
    site.stop().await;
}

#[tokio::test]
async fn what_waited_on_disk_at_the_end_is_sent_by_the_next_process() {
    let mut site = Site::start(Plan {
        rois: rois("restarted", EVERYWHERE, "repeat_seconds: 1"),
        ..Plan::one("restarted", standing())
    })
    .await;
    site.redis.stop();
    site.until_more("restarted", "/counters/alerts", 2).await;
    let spooled = async |site: &Site| site.get("/api/v1/status").await["alerts"]["spooled"].as_u64();
    support::until("alerts wait", async || spooled(&site).await >= Some(2)).await;
    site.restart(|site| {
        // Nothing new: whatever comes was there before.
        site.edit("cameras.yaml", "cameras: []");
    })
    .await;
    assert!(spooled(&site).await >= Some(2), "they are still there");
    site.redis.start().expect("starts again");
    let mut alerts = site.alerts();
    let mut seen = vec![alerts.next().await, alerts.next().await];
    support::until("the spool is empty", async || spooled(&site).await == Some(0)).await;
    seen.extend(alerts.within(Duration::from_millis(500)).await);
    ids(&seen);
    site.stop().await;
}

#[tokio::test]
async fn without_a_model_cameras_are_shown_and_the_service_says_why_it_is_not_ready() {
    let site = Site::start_unready(Plan { model: "not-fetched", ..Plan::one("blind", standing()) }).await;
    site.until_camera("blind", "streaming").await;
    site.until_more("blind", "/counters/skipped/busy", 3).await;
    let picture = site.http.get(site.at("/api/v1/cameras/blind/picture")).send().await.expect("is answered");
    assert_eq!(picture.status(), StatusCode::OK);
    let ready = site.http.get(site.at("/readyz")).send().await.expect("is answered");
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    support::until("the reason is shown", async || {
        let detector = site.get("/api/v1/status").await["detector"].clone();
        detector["loaded"] == false && detector["error"].as_str().is_some_and(|error| error.contains("not-fetched"))
    })
    .await;
    let classes = site.http.get(site.at("/api/v1/classes")).send().await.expect("is answered");
    assert_eq!(classes.status(), StatusCode::SERVICE_UNAVAILABLE);
    site.stop().await;
}

//! Watching live.

mod support;

use std::time::Duration;

use domain::geometry::Size;
use domain::picture::Picture;
use futures::StreamExt;
use reqwest::{StatusCode, header};
use support::viewer::{next, watch};
use support::{EVERYWHERE, PATIENCE, Plan, SIZE, Site, camera, code, rois, standing, until, walking};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

fn is_red(picture: &Picture, x: f32, y: f32) -> bool {
    let (pixels, stride) = picture.plane(0);
    let pixel = &pixels[y as usize * stride + x as usize * 3..][..3];
    pixel[0] > 150 && pixel[1] < 90
}

async fn encoded(site: &Site) -> f64 {
    let text = site.http.get(site.at("/metrics")).send().await.expect("is answered").text().await.expect("is text");
    let line = text.lines().find(|line| line.starts_with("ronda_pictures_encoded_total"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

#[tokio::test]
async fn the_boxes_of_a_message_belong_to_its_own_picture() {
    let site = Site::start(Plan { rois: rois("paired", EVERYWHERE, ""), ..Plan::one("paired", walking()) }).await;
    let mut socket = watch(&site, "?cameras=paired").await;
    let mut places = Vec::new();
    while places.len() < 8 {
        let (header, picture) = next(&mut socket).await;
        assert_eq!((header.camera_id.as_str(), header.size, picture.size()), ("paired", SIZE, SIZE));
        let Some(track) = header.tracks.first() else { continue };
        let bbox = track.bbox;
        let (y, inset) = ((bbox.y1 + bbox.y2) / 2.0, 14.0);
        for x in [bbox.x1 + inset, bbox.x2 - inset] {
            assert!(is_red(&picture, x, y), "the box {bbox:?} is not where the square is");
        }
        assert!(!is_red(&picture, (bbox.x1 - inset).max(0.0), y) || bbox.x1 < inset, "{bbox:?} is too small");
        assert_eq!((track.in_zone, track.zone.as_deref()), (true, Some("pit")));
        assert_eq!(header.detections_at, Some(header.captured_at));
        places.push(bbox.x1);
    }
    assert!(places.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 8.0), "the square did not move: {places:?}");
    site.stop().await;
}

#[tokio::test]
async fn a_picture_is_encoded_once_for_all_viewers_and_never_for_none() {
    let site = Site::start(Plan::one("shared", walking())).await;
    site.until_camera("shared", "streaming").await;
    site.until_more("shared", "/counters/processed", 5).await;
    assert_eq!(encoded(&site).await, 0.0, "nobody watches");

    let mut viewers = [watch(&site, "").await, watch(&site, "?cameras=shared,nobody").await, watch(&site, "").await];
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8 {
        for viewer in &mut viewers {
            seen.insert(next(viewer).await.0.sequence);
        }
    }
    let encoded = encoded(&site).await;
    assert!(encoded <= seen.len() as f64 + 3.0, "{encoded} pictures encoded of {} frames", seen.len());
    site.stop().await;
}

#[tokio::test]
async fn a_viewer_may_ask_for_fewer_pictures() {
    let site = Site::start(Plan::one("fewer", walking())).await;
    let mut socket = watch(&site, "?fps=1").await;
    let first = next(&mut socket).await.0.captured_at;
    let second = next(&mut socket).await.0.captured_at;
    let third = next(&mut socket).await.0.captured_at;
    let gap = third.duration_since(first).as_secs_f64();
    assert!((1.6..3.0).contains(&gap), "{first} {second} {third}");
    let (status, _) = site.ask(reqwest::Method::GET, "/api/v1/live?fps=0", None).await;
    assert!(status.is_client_error());
    site.stop().await;
}

#[tokio::test]
async fn pictures_and_mjpeg_show_the_camera_and_a_dark_one_says_why() {
    let site = Site::start(Plan {
        films: vec![("bright", standing())],
        cameras: format!("cameras:\n{}{}", camera("bright", ""), camera("dark", "enabled: false")),
        rois: rois("bright", EVERYWHERE, ""),
        ..Plan::empty()
    })
    .await;
    site.until_camera("bright", "streaming").await;
    site.until_more("bright", "/counters/processed", 2).await;
    let picture = async |query: &str| {
        let url = site.at(&format!("/api/v1/cameras/bright/picture{query}"));
        let answer = site.http.get(url).send().await.expect("is answered");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "image/jpeg");
        let bytes = answer.bytes().await.expect("a body");
        media::jpeg::decode(&bytes, media::image::Limits::default()).expect("is a JPEG")
    };
    let (plain, annotated) = (picture("").await, picture("?annotated=1").await);
    assert_eq!([plain.size(), annotated.size()], [SIZE, Size::new(640, 360)]);
    assert_ne!(plain, annotated);

    let (status, body) = site.ask(reqwest::Method::GET, "/api/v1/cameras/dark/picture", None).await;
    assert_eq!((status, code(&body)), (StatusCode::SERVICE_UNAVAILABLE, "no_picture"));

    let answer = site.http.get(site.at("/api/v1/cameras/bright/mjpeg")).send().await.expect("is answered");
    assert!(answer.headers()[header::CONTENT_TYPE].to_str().expect("is text").starts_with("multipart/x-mixed-replace"));
    let mut body = answer.bytes_stream();
    let mut text = Vec::new();
    while text.windows(10).filter(|window| *window == b"image/jpeg").count() < 3 {
        text.extend(timeout(PATIENCE, body.next()).await.expect("goes on").expect("goes on").expect("is good"));
    }
    site.stop().await;
}

#[tokio::test]
async fn stopping_ends_viewers_and_cameras_and_leaves_nothing_undone() {
    let site = Site::start(Plan::one("ends", walking())).await;
    let mut socket = watch(&site, "").await;
    next(&mut socket).await;
    let stopping = tokio::spawn(site.stop());
    let closed = timeout(Duration::from_secs(12), async {
        while let Some(Ok(message)) = socket.next().await {
            if matches!(message, Message::Close(_)) {
                return true;
            }
        }
        true
    });
    assert!(closed.await.expect("the viewer is told"));
    timeout(Duration::from_secs(12), stopping).await.expect("it ends within its grace").expect("it ends well");
}

#[tokio::test]
async fn a_camera_that_is_added_appears_to_those_who_watch_all() {
    let site = Site::start(Plan { films: vec![("late", standing())], ..Plan::empty() }).await;
    let mut socket = watch(&site, "").await;
    site.edit("cameras.yaml", &format!("cameras:\n{}", camera("late", "")));
    assert_eq!(next(&mut socket).await.0.camera_id.as_str(), "late");
    until("somebody is counted as watching", async || {
        let text = site.http.get(site.at("/metrics")).send().await.expect("is answered").text().await.expect("is text");
        text.contains("ronda_http_streams{kind=\"websocket\"} 1")
    })
    .await;
    site.stop().await;
}

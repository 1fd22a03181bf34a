//! What is configured, as the API shows it: at once after an edit, never the addresses of cameras.

use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::pictures::{jpeg, scene};
use crate::server::{PATIENCE, Server, Setup, told};

const ROIS: &str = "cameras:
  - camera_id: gate
    forbidden_rois:
      - { name: pit, points: [[100, 50], [300, 50], [300, 200], [100, 200]] }
    allowed_classes: [worker, pine]
    alert_classes: [object]
    strict_mode: false
";

const CAMERAS: &str = "cameras:
  - { id: gate, name: The gate, rtsp_url: 'rtsp://admin:hunter2@camera/1', fps_target: 7 }
  - { id: yard, name: The yard, rtsp_url: 'rtsp://camera/2', enabled: false }
  - { id: broken, name: Broken, rtsp_url: 'gopher://camera/3' }
";

async fn site() -> Server {
    Setup::new().file("configs/rois.yaml", ROIS).file("configs/cameras.yaml", CAMERAS).start().await
}

#[tokio::test]
async fn zones_have_the_fields_of_the_reference_and_sorted_classes() {
    assert_eq!(
        site().await.json("/config/rois").await,
        json!([{
            "camera_id": "gate",
            "forbidden_zones": [{ "name": "pit", "points": [[100, 50], [300, 50], [300, 200], [100, 200]] }],
            "allowed_classes": ["pine", "worker"],
            "alert_classes": ["object"],
            "strict_mode": false,
        }])
    );
}

#[tokio::test]
async fn cameras_are_shown_without_their_addresses_and_a_bad_entry_hides_no_other() {
    let server = site().await;
    let text = server.get("/config/cameras").await.text().await.expect("arrives");
    assert!(!text.contains("rtsp") && !text.contains("hunter2"), "{text}");
    let cameras: Value = serde_json::from_str(&text).expect("is JSON");
    assert_eq!(
        cameras,
        json!([
            { "id": "gate", "name": "The gate", "enabled": true, "fps_target": 7.0 },
            { "id": "yard", "name": "The yard", "enabled": false, "fps_target": 5.0 },
        ])
    );
}

#[tokio::test]
async fn an_edit_is_shown_without_a_restart() {
    let server = site().await;
    let edited = ROIS.replace("camera_id: gate", "camera_id: door");
    fs::write(server.dir.path().join("configs/rois.yaml"), edited).expect("is written");
    let shown = async {
        while server.json("/config/rois").await[0]["camera_id"] != "door" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, shown).await.expect("is shown");
}

#[tokio::test]
async fn a_file_that_cannot_be_served_is_told_without_its_directory() {
    let server = Setup::new().file("configs/rois.yaml", "cameras: 7").start().await;
    let (status, body) = told(server.client.get(server.url("/config/cameras"))).await;
    assert_eq!((status, body), (500, json!({ "detail": "cameras.yaml is not there" })));
    let (status, body) = told(server.client.get(server.url("/config/rois"))).await;
    let detail = body["detail"].as_str().expect("is a sentence");
    assert!(status == 500 && detail.starts_with("rois.yaml:1: cameras: "), "{detail}");
}

#[tokio::test]
async fn an_image_of_a_known_camera_is_judged_by_its_zones() {
    let server = site().await;
    let ask = |camera: &str| {
        let body = json!({ "image": STANDARD.encode(jpeg(scene())), "camera_id": camera });
        server.client.post(server.url("/api/detect")).json(&body)
    };
    let (status, body) = told(ask("gate")).await;
    assert_eq!((status, &body["num_detections"], &body["num_alerts"]), (200, &json!(1), &json!(1)), "{body}");
    let alert = &body["alerts"][0];
    assert_eq!(alert["detection"], body["detections"][0]);
    assert_eq!(
        [&alert["camera_id"], &alert["alert_type"], &alert["roi_name"], &alert["violation_type"], &alert["reason"]],
        ["gate", "roi_violation", "pit", "forbidden_class", "object in the zone pit"]
    );
    assert_eq!((&alert["allowed_classes"], &alert["strict_mode"]), (&json!(["pine", "worker"]), &json!(false)));
    let (status, body) = told(ask("nobody")).await;
    assert_eq!((status, &body["num_detections"], &body["alerts"]), (200, &json!(1), &json!([])), "{body}");
}

#[tokio::test]
async fn a_json_body_is_checked() {
    let server = site().await;
    let post = |body: &str| {
        let request = server.client.post(server.url("/api/detect")).header("content-type", "application/json");
        request.body(body.to_owned())
    };
    let (status, body) = told(post("{}")).await;
    assert_eq!((status, &body["detail"][0]["loc"]), (422, &json!(["body", "image"])));
    let (status, body) = told(post("not JSON")).await;
    assert!(status == 400 && body["detail"].is_string(), "{body}");
    let (status, body) = told(post(r#"{"image": "bm8gaW1hZ2U="}"#)).await;
    assert!(
        status == 400 && body["detail"].as_str().is_some_and(|d| d.starts_with("Failed to decode image")),
        "{body}"
    );
}

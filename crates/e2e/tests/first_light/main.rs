//! The product's main job, end to end: a camera, a detector, a zone, Redis, the router, a receiver, nginx in front.

mod snapshot;

use e2e::{LIMIT, Scene, Script, until};
use jiff::Timestamp;
use serde_json::{Value, json};

/// All but the left of the yard is forbidden for everything but pines and workers, as in the reference.
const PIT: &str = "cameras:
- camera_id: yard
  forbidden_rois: [{name: pit, points: [[0.4, 0], [1, 0], [1, 1], [0.4, 1]], severity: critical}]
";

/// Everything that moves on a street raises an alert, wherever it is.
const WHOLE_STREET: &str = "cameras:
- camera_id: street
  strict_mode: false
  allowed_classes: []
  alert_classes: [person, bicycle, car]
  forbidden_rois: [{name: street, points: [[0, 0], [1, 0], [1, 1], [0, 1]]}]
";

#[tokio::test]
async fn an_alert_says_what_the_scene_really_showed() -> anyhow::Result<()> {
    let script = Script { cameras: &[("yard", "yard")], zones: PIT, model: "shapes" };
    let scene = Scene::start(&script).await?;
    let _nginx = scene.site.start_nginx().await?;

    let delivery = scene.delivery("an alert", |_| true).await?;

    let alert = &delivery["body"];
    let captured_at: Timestamp = text(&alert["captured_at"]).parse()?;
    let truth = scene.truth("yard", captured_at).await?;
    let shown = best_match(alert, &truth).expect("something was shown where the alert is");
    assert!(shown.overlap > 0.5, "{alert}\n{truth}");
    assert_eq!(shown.class, "object");

    assert_eq!(alert["detection"]["class_name"], "object");
    assert_eq!((&alert["camera_id"], &alert["roi_name"]), (&json!("yard"), &json!("pit")));
    assert_eq!((&alert["severity"], &alert["violation_type"]), (&json!("critical"), &json!("forbidden_class")));
    assert_eq!((&alert["roi_hit"], &alert["strict_mode"]), (&json!(true), &json!(true)));
    assert_eq!(alert["allowed_classes"], json!(["pine", "worker"]));
    assert_eq!(alert["image_size"], truth["size"]);
    assert_eq!(alert["model"]["name"], "shapes");
    assert!(alert["track_id"].is_u64() && alert["frame_id"].is_string(), "{alert}");
    let center = alert["detection"]["center"][0].as_f64().expect("a number");
    let width = alert["image_size"][0].as_f64().expect("a number");
    assert!(center >= width * 0.4, "the box is in the zone: {alert}");

    assert_eq!(delivery["signature"], "valid");
    assert_eq!(delivery["headers"]["webhook-id"], alert["alert_id"]);

    // The picture of it, fetched as a browser would.
    let path = snapshot_path(alert, scene.site.ports.web());
    let jpeg = scene.site.web()?.bytes(&path).await?;
    assert_eq!(snapshot::size(&jpeg), Some(size(&alert["image_size"])));
    Ok(())
}

#[tokio::test]
async fn the_same_alert_is_on_record_and_in_the_feed() -> anyhow::Result<()> {
    let script = Script { cameras: &[("yard", "yard")], zones: PIT, model: "shapes" };
    let scene = Scene::start(&script).await?;
    let _console = scene.site.start("console").await?;
    let _nginx = scene.site.start_nginx().await?;
    let web = scene.site.web()?;
    let delivery = scene.delivery("an alert", |_| true).await?;
    let id = text(&delivery["body"]["alert_id"]);

    let record = web.json(&format!("/alerts/api/v1/alerts/{id}")).await?;
    assert_eq!(record["alert_id"], id, "{record}");
    assert_eq!(record["deliveries"][0]["channel"], "webhook", "{record}");

    let mut events =
        web.request(reqwest::Method::GET, "/console/api/v1/events").header("Last-Event-ID", "0-0").send().await?;
    let mut feed = String::new();
    while !feed.contains(&id) {
        let chunk = tokio::time::timeout(LIMIT, events.chunk()).await??.expect("the feed goes on");
        feed.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(feed.contains("event: alert"), "{feed}");
    Ok(())
}

#[tokio::test]
async fn a_zone_that_is_drawn_takes_effect_at_once() -> anyhow::Result<()> {
    let nowhere = "cameras: []\n";
    let script = Script { cameras: &[("yard", "yard")], zones: nowhere, model: "shapes" };
    let scene = Scene::start(&script).await?;
    let _nginx = scene.site.start_nginx().await?;
    scene.camera_is("yard", "streaming", LIMIT).await?;
    let web = scene.site.web()?;

    let drawn = json!({
        "camera_id": "yard",
        "forbidden_rois": [{ "name": "drawn", "points": [[0, 0], [1, 0], [1, 1], [0, 1]] }],
    });
    let put = web.request(reqwest::Method::PUT, "/streams/api/v1/zones/yard").json(&drawn).send().await?;
    assert_eq!(put.status(), 200, "{}", put.text().await?);

    scene.delivery("an alert from the new zone", |alert| alert["roi_name"] == "drawn").await?;
    let written = std::fs::read_to_string(scene.site.configs().join("rois.yaml"))?;
    assert!(written.contains("drawn"), "{written}");
    Ok(())
}

#[tokio::test]
async fn a_street_raises_alerts_for_a_car_a_person_and_a_bicycle() -> anyhow::Result<()> {
    let script = Script { cameras: &[("street", "street")], zones: WHOLE_STREET, model: "yolov4-tiny" };
    let scene = Scene::start(&script).await?;

    for class in ["car", "person", "bicycle"] {
        let delivery = scene.delivery(class, |alert| alert["detection"]["class_name"] == class).await?;

        let alert = &delivery["body"];
        assert_eq!(alert["model"]["name"], "yolov4-tiny");
        let [width, height] = size(&alert["image_size"]).map(f64::from);
        let [x1, y1, x2, y2] = corners(&alert["detection"]["bbox"]);
        assert!(0.0 <= x1 && x1 < x2 && x2 <= width && 0.0 <= y1 && y1 < y2 && y2 <= height, "{alert}");
    }
    Ok(())
}

#[tokio::test]
async fn another_model_takes_over_without_a_restart() -> anyhow::Result<()> {
    // The everyday model sees nothing in the yard's shapes.
    let script = Script { cameras: &[("yard", "yard")], zones: PIT, model: "yolov4-tiny" };
    let mut scene = Scene::start(&script).await?;
    let _inference_api = scene.site.start("inference-api").await?;
    let _nginx = scene.site.start_nginx().await?;
    let web = scene.site.web()?;
    let sees_shapes =
        async || web.json("/streams/api/v1/classes").await.is_ok_and(|known| known["classes"][0] == "object");
    until("the everyday model is at work", LIMIT, async || !sees_shapes().await).await?;

    let activated = web.request(reqwest::Method::POST, "/inference/models/shapes/activate").send().await?;
    assert!(activated.status().is_success(), "{}", activated.text().await?);

    until("the stream manager has the new model", LIMIT, sees_shapes).await?;
    let delivery = scene.delivery("an alert of the new model", |alert| alert["model"]["name"] == "shapes").await?;
    let catalogued = web.json("/inference/health").await?;
    assert_eq!(delivery["body"]["model"]["sha256"], catalogued["model"]["sha256"]);
    assert!(scene.stream_manager.runs());
    Ok(())
}

#[tokio::test]
async fn an_edit_of_the_cameras_takes_effect_at_once() -> anyhow::Result<()> {
    let script = Script { cameras: &[("yard", "yard")], zones: PIT, model: "shapes" };
    let scene = Scene::start(&script).await?;
    scene.camera_is("yard", "streaming", LIMIT).await?;

    let edited = "cameras:
- {id: yard, name: The yard, rtsp_url: \"${SIM_RTSP_URL}/yard\", fps_target: 2}
- {id: second, name: Second, rtsp_url: \"${SIM_RTSP_URL}/yard\"}
- {id: broken, name: Broken, rtsp_url: \"webcam\"}
";
    scene.site.configure("cameras.yaml", edited)?;

    scene.camera_is("second", "streaming", LIMIT).await?;
    until("the first camera has its new rate", LIMIT, async || {
        scene.camera("yard").await.is_ok_and(|camera| camera["fps_target"] == 2.0 && camera["name"] == "The yard")
    })
    .await?;
    let broken = scene.camera("broken").await?;
    assert_eq!(broken["state"], "invalid");
    assert_eq!(broken["problems"][0]["key"], "cameras[2].rtsp_url", "{broken}");
    Ok(())
}

/// What was shown where an alert says that something is.
struct Shown {
    class: String,
    overlap: f64,
}

fn best_match(alert: &Value, truth: &Value) -> Option<Shown> {
    let seen = corners(&alert["detection"]["bbox"]);
    let objects = truth["objects"].as_array()?.iter();
    objects
        .map(|object| Shown { class: text(&object["class_name"]), overlap: iou(seen, corners(&object["bbox"])) })
        .max_by(|a, b| a.overlap.total_cmp(&b.overlap))
}

fn iou(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area = |[x1, y1, x2, y2]: [f64; 4]| (x2 - x1).max(0.0) * (y2 - y1).max(0.0);
    let common = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    common / (area(a) + area(b) - common)
}

fn corners(value: &Value) -> [f64; 4] {
    [0, 1, 2, 3].map(|index| value[index].as_f64().expect("a box has four numbers"))
}

fn size(value: &Value) -> [u32; 2] {
    [0, 1].map(|index| value[index].as_u64().and_then(|side| u32::try_from(side).ok()).expect("a size has two sides"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The path of an alert's picture, which is named by the address that people use.
fn snapshot_path(alert: &Value, web: u16) -> String {
    let address = text(&alert["snapshot"]);
    let site = format!("http://localhost:{web}");
    let path = address.strip_prefix(&site).unwrap_or_else(|| panic!("{address} is not on {site}"));
    assert_eq!(path, format!("/streams/snapshots/{}.jpg", text(&alert["alert_id"])));
    path.to_owned()
}

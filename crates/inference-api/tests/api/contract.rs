//! The four routes of the reference: its fields, with its faults corrected.

use inference_api::Inference;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::pictures::{RED_BOX, SIZE, jpeg, png, scene, webp};
use crate::server::{Server, Setup, told};

async fn server() -> Server {
    Setup::new().start().await
}

fn assert_the_red_box(inference: &Inference) {
    let [found] = &inference.detections[..] else { panic!("one thing is in the picture: {inference:?}") };
    assert_eq!((&*found.class_name, found.class_id, found.is_unknown), ("object", 0, false));
    assert!(found.confidence > 0.8, "{found:?}");
    let corners = [found.bbox.x1, found.bbox.y1, found.bbox.x2, found.bbox.y2];
    for (found, truth) in corners.into_iter().zip(RED_BOX) {
        assert!((found - truth).abs() < 4.0, "{corners:?} is not {RED_BOX:?}");
    }
}

#[tokio::test]
async fn health_says_what_really_runs_and_no_path() {
    let services = "inference: { queue_capacity: 8, threads: 2 }";
    let server = Setup::new().file("configs/services.yaml", services).start().await;
    let response = server.get("/health").await;
    assert_eq!(response.status(), StatusCode::OK);
    let health: Value = response.json().await.expect("is JSON");
    let sha256 = health["model"]["sha256"].as_str().expect("is a hash").to_owned();
    assert_eq!(sha256.len(), 64);
    assert_eq!(
        health,
        json!({
            "status": "healthy", "model_loaded": true,
        "precision": "float", "device": "cpu", "backend": "tract",
            "fallback": null, "activation_problem": null,
            "model": { "name": "shapes", "version": health["model"]["version"], "sha256": sha256 },
            "queue": { "in_work": 0, "places": 10 },
        })
    );
}

#[tokio::test]
async fn an_image_comes_back_as_detections_in_its_own_pixels() {
    let server = server().await;
    let response = server.infer(jpeg(scene())).send().await.expect("answers");
    assert_eq!(response.status(), StatusCode::OK);
    let body: Value = response.json().await.expect("is JSON");
    let mut keys: Vec<_> = body.as_object().expect("is an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["detections", "image_size", "inference_time_ms"]);
    let detection = &body["detections"][0];
    for key in ["class_id", "class_name", "confidence", "bbox", "center", "is_unknown"] {
        assert!(!detection[key].is_null(), "{key} is missing in {detection}");
    }
    assert_eq!(body["image_size"], json!([SIZE.width, SIZE.height]));
    assert!(body["inference_time_ms"].as_f64().expect("is a number") > 0.0);
    assert_the_red_box(&serde_json::from_value(body).expect("is an inference"));
}

#[tokio::test]
async fn an_image_is_known_by_its_bytes_whatever_it_is_called() {
    let server = server().await;
    let declared = [Some("image/jpeg"), Some("image/webp"), Some("text/plain"), Some("application/octet-stream"), None];
    for (format, image) in [("jpeg", jpeg(scene())), ("png", png(scene())), ("webp", webp(scene()))] {
        for declared in declared {
            let (status, body) = told(server.upload("/infer", "file", image.clone(), declared)).await;
            assert_eq!(status, 200, "{format} declared as {declared:?}: {body}");
            assert_the_red_box(&serde_json::from_value(body).expect("is an inference"));
        }
    }
}

#[tokio::test]
async fn an_empty_scene_has_no_detections() {
    let server = server().await;
    let grey = media::draw::Canvas::blank(SIZE, media::draw::Rgb(128, 128, 128));
    let (status, body) = told(server.infer(jpeg(grey))).await;
    assert_eq!((status, &body["detections"]), (200, &json!([])));
}

#[tokio::test]
async fn what_is_no_image_is_400_with_the_reason() {
    let server = server().await;
    let cases: [(Vec<u8>, Option<&str>, &str); 4] = [
        (
            b"just text".to_vec(),
            Some("image/webp"),
            "Invalid content type: image/webp. Must be image/jpeg or image/png",
        ),
        (b"just text".to_vec(), Some("image/png"), "Failed to decode image: something that is no picture"),
        (b"GIF89a and so on".to_vec(), Some("image/jpeg"), "Failed to decode image: a GIF picture is not read"),
        (Vec::new(), Some("image/jpeg"), "Failed to decode image: the picture is empty"),
    ];
    for (image, declared, begin) in cases {
        let (status, body) = told(server.upload("/infer", "file", image, declared)).await;
        assert_eq!(status, 400, "{body}");
        let detail = body["detail"].as_str().expect("is a sentence");
        assert!(detail.starts_with(begin), "{detail}");
    }
}

#[tokio::test]
async fn parameters_are_checked_as_fastapi_does() {
    let server = server().await;
    let query = |conf: &str| server.infer(jpeg(scene())).query(&[("conf", conf)]);
    let (status, body) = told(query("abc")).await;
    let fault = json!({
        "type": "float_parsing", "loc": ["query", "conf"],
        "msg": "Input should be a valid number, unable to parse string as a number", "input": "abc",
    });
    assert_eq!((status, body), (422, json!({ "detail": [fault] })));
    for (conf, kind) in [("7", "less_than_equal"), ("-1", "greater_than_equal"), ("nan", "finite_number")] {
        let (status, body) = told(query(conf)).await;
        assert_eq!((status, body["detail"][0]["type"].as_str()), (422, Some(kind)), "{conf}");
    }
    let form = Form::new().part("file", Part::bytes(jpeg(scene())).file_name("a.jpg")).text("conf", "2");
    let (status, body) = told(server.client.post(server.url("/infer")).multipart(form)).await;
    assert_eq!((status, &body["detail"][0]["loc"]), (422, &json!(["body", "conf"])));
    let (status, body) =
        told(server.client.post(server.url("/infer")).multipart(Form::new().text("conf", "0.5"))).await;
    let missing = json!({ "type": "missing", "loc": ["body", "file"], "msg": "Field required", "input": null });
    assert_eq!((status, body), (422, json!({ "detail": [missing] })));
}

#[tokio::test]
async fn a_confidence_in_query_or_form_leaves_out_what_is_below_it() {
    let server = server().await;
    let (_, all) = told(server.infer(jpeg(scene())).query(&[("conf", "0.1")])).await;
    assert_eq!(all["detections"].as_array().map(Vec::len), Some(1));
    let (status, none) = told(server.infer(jpeg(scene())).query(&[("conf", "0.999")])).await;
    assert_eq!((status, &none["detections"]), (200, &json!([])));
    let form = Form::new().part("file", Part::bytes(jpeg(scene())).file_name("a.jpg")).text("conf", "0.999");
    let (status, none) = told(server.client.post(server.url("/infer")).multipart(form)).await;
    assert_eq!((status, &none["detections"]), (200, &json!([])));
}

#[tokio::test]
async fn a_confidence_below_the_unknown_threshold_brings_unknown_things() {
    let server = Setup::new().file("configs/services.yaml", "inference: {unknown_threshold: 0.99}").start().await;
    let (_, body) = told(server.infer(jpeg(scene()))).await;
    assert_eq!(body["detections"][0]["class_name"], "unknown_object");
    assert_eq!(body["detections"][0]["is_unknown"], true);
}

#[tokio::test]
async fn an_annotated_picture_comes_back_when_it_is_asked_for() {
    let server = server().await;
    let response = server.infer(jpeg(scene())).header(ACCEPT, "image/jpeg").send().await.expect("answers");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CONTENT_TYPE], "image/jpeg");
    let drawn = response.bytes().await.expect("arrives");
    let drawn = media::jpeg::decode(&drawn, media::image::Limits::default()).expect("is a picture");
    assert_eq!(drawn.size(), SIZE);
    let plain = media::jpeg::decode(&jpeg(scene()), media::image::Limits::default()).expect("is a picture");
    let changed = plain.plane(0).0.iter().zip(drawn.plane(0).0).filter(|(a, b)| a.abs_diff(**b) > 60).count();
    assert!(changed > 500, "a box and its label are drawn: {changed} values changed");
    let (status, body) = told(server.infer(b"no image".to_vec()).header(ACCEPT, "image/jpeg")).await;
    assert_eq!((status, body["detail"].is_string()), (400, true), "a fault is told in JSON: {body}");
}

#[tokio::test]
async fn an_unknown_path_is_the_404_of_the_reference() {
    let server = server().await;
    let response = server.get("/nothing/here").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.text().await.expect("arrives"), r#"{"detail":"Not Found"}"#);
}

#[tokio::test]
async fn the_service_tells_of_itself() {
    let server = server().await;
    for path in ["/livez", "/live", "/readyz", "/ready", "/openapi.json"] {
        assert_eq!(server.get(path).await.status(), StatusCode::OK, "{path}");
    }
    assert_eq!(told(server.infer(jpeg(scene()))).await.0, 200);
    assert_eq!(told(server.infer(b"no image".to_vec())).await.0, 400);
    let metrics = server.get("/metrics").await.text().await.expect("arrives");
    for wanted in [
        "ronda_inference_stage_seconds_bucket{stage=\"detect\"",
        "ronda_inference_stage_seconds_bucket{stage=\"decode\"",
        "ronda_inference_images_total{route=\"/infer\"}",
        "ronda_inference_rejects_total{reason=\"undecodable_image\"}",
        "ronda_inference_detections_total{class=\"object\"}",
        "ronda_inference_model_info{backend=\"tract\",device=\"cpu\",model=\"shapes\"",
        "ronda_inference_in_work 0",
        "ronda_inference_capacity",
    ] {
        assert!(metrics.contains(wanted), "{wanted} is missing in\n{metrics}");
    }
}

#[tokio::test]
async fn the_committed_api_description_is_the_served_one() {
    let committed = include_str!("../../openapi.json");
    let served = server().await.get("/openapi.json").await.text().await.expect("arrives");
    assert!(committed.trim_end() == served, "run `inference-api openapi > crates/inference-api/openapi.json`");
}

#[tokio::test]
async fn only_pages_of_the_listed_origins_may_call() {
    let server = Setup::new().with("CORS_ORIGINS", "https://site.example").start().await;
    let allowed = async |origin: &str| {
        let response = server.client.get(server.url("/health")).header("origin", origin).send().await.expect("answers");
        response.headers().get("access-control-allow-origin").map(|origin| origin.to_str().expect("is text").to_owned())
    };
    assert_eq!(allowed("https://site.example").await.as_deref(), Some("https://site.example"));
    assert_eq!(allowed("https://evil.example").await, None);
    let preflight = server.client.request(reqwest::Method::OPTIONS, server.url("/infer"));
    let preflight = preflight.header("origin", "https://site.example").header("access-control-request-method", "POST");
    let preflight = preflight.send().await.expect("answers");
    assert_eq!(preflight.status(), StatusCode::OK);
    assert!(preflight.headers()["access-control-allow-methods"].to_str().expect("is text").contains("POST"));
    assert!(!preflight.headers().contains_key("access-control-allow-credentials"));
}

#[tokio::test]
async fn without_a_list_no_foreign_page_may_call() {
    let server = server().await;
    let response = server.client.get(server.url("/health")).header("origin", "https://site.example");
    let response = response.send().await.expect("answers");
    assert!(!response.headers().contains_key("access-control-allow-origin"));
}

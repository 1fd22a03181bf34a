//! Inspections over HTTP, of a backend whose robot is away.

mod support;

use serde_json::{Value, json};
use support::Backend;
use support::older::{Generation, JPEG, Older};

#[tokio::test]
async fn w12_without_a_picture_of_now_nothing_is_judged() {
    let dir = tempfile::tempdir().expect("a directory");
    let backend = Backend::start_with(dir.path(), "robot-a", &[("GEMINI_API_KEY", "simulated")]).await;

    let (question, legacy_question) =
        (json!({"prompt": "All well?", "camera": "back"}), json!({"prompt": "All well?"}));
    let ((status, body), (legacy_status, legacy_body)) = tokio::join!(
        backend.send("POST", "/api/robot-a/v1/test-inspection", &question),
        backend.send("POST", "/api/test_ai", &legacy_question),
    );

    assert_eq!((status, &body["error"]["code"]), (503, &json!("no_picture")));
    assert_eq!((legacy_status, legacy_body), (503, json!({"error": "the front camera gave no picture"})));
    let usage: Value = backend.json("/api/v1/usage").await;
    assert_eq!(usage["total"]["total"], 0, "{usage}");
    backend.end().await;
}

#[tokio::test]
async fn a_question_with_words_nobody_knows_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let backend = Backend::start(dir.path(), "robot-a").await;
    for question in [json!({"camera": "side"}), json!({"promt": "All well?"})] {
        let (status, body) = backend.send("POST", "/api/v1/test-inspection", &question).await;
        assert!((400..500).contains(&status), "{status} {body}");
    }
    backend.end().await;
}

#[tokio::test]
async fn the_photos_of_older_inspections_are_shown() {
    for generation in [Generation::First, Generation::Second] {
        let older = Older::new(generation).await;
        let backend = Backend::start(older.dir.path(), "robot-a").await;

        let photo = backend.ask("/api/robot-a/v1/inspections/1/picture.jpg").await;

        assert_eq!((photo.status().as_u16(), photo.headers()["content-type"].as_bytes()), (200, &b"image/jpeg"[..]));
        assert_eq!(photo.bytes().await.expect("comes"), JPEG);
        for missing in ["1/previous.jpg", "1/difference.jpg", "3/picture.jpg", "99/picture.jpg", "99/previous.jpg"] {
            assert_eq!(backend.status(&format!("/api/v1/inspections/{missing}")).await, 404, "{missing}");
        }
        backend.end().await;
    }
}

#[tokio::test]
async fn only_a_photo_of_a_waypoint_can_be_accepted() {
    let older = Older::new(Generation::Second).await;
    let backend = Backend::start(older.dir.path(), "robot-a").await;

    let (unknown, _) = backend.send("POST", "/api/v1/inspections/99/accept", &json!({})).await;
    let (without_photo, body) = backend.send("POST", "/api/v1/inspections/3/accept", &json!({})).await;

    assert_eq!((unknown, without_photo), (404, 409));
    assert_eq!(body["error"]["code"], "conflict");
    backend.end().await;
}

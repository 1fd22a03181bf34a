//! What stands beside a verdict: the difference, the control question, the pre-check.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn a_photo_is_compared_with_the_accepted_one_of_its_waypoint() {
    let bench = Bench::with([Play::ok()]).await;
    let first = bench.inspect("Lobby", photo(None)).await;
    assert_eq!((first.previous_path, first.difference_score), (None, None));
    assert!(bench.history.accept(first.id, Timestamp::now()).await.expect("is written"));

    let same = bench.inspect("Lobby", photo(None)).await;
    let changed = bench.inspect("Lobby", photo(Some([230, 40, 30]))).await;
    let elsewhere = bench.inspect("Store", photo(None)).await;

    assert_eq!((&same.previous_path, &same.difference_path), (&first.image_path, &None));
    assert_eq!(same.difference_score, Some(0.0));
    assert_eq!(changed.previous_path, first.image_path);
    assert!(changed.difference_score.is_some_and(|score| score > 0.1), "{:?}", changed.difference_score);
    let path = changed.difference_path.expect("there is a picture");
    let shown = Pictures::of(&bench.history).read("robot-a", &path).await.expect("is kept");
    assert!(media::jpeg::decode(&shown, media::image::Limits::default()).is_ok());
    assert_eq!((elsewhere.previous_path, elsewhere.difference_score), (None, None));
}

#[tokio::test]
async fn an_honest_model_passes_the_control_question() {
    let bench = Bench::with([Play::ok()]).await;
    bench.set(json!({"negative_control_every": 2})).await;

    let first = bench.inspect("A", photo(None)).await;
    let second = bench.inspect("B", photo(None)).await;

    assert_eq!((first.negative_control, first.usage), (None, ANSWER));
    assert_eq!((second.negative_control.as_deref(), second.usage), (Some("passed"), ANSWER + ANSWER));
    let control = &bench.model.asked()[2];
    assert!(control.texts.iter().any(|text| text.contains("may be plain or empty")), "{:?}", control.texts);
    assert_eq!(bench.tokens().await, 450);
}

#[tokio::test]
async fn a_model_that_sees_what_is_not_there_fails_it_and_the_verdict_stays() {
    let bench = Bench::with([Play::ok(), Play::ng("a ghost")]).await;
    bench.set(json!({"negative_control_every": 1})).await;

    let row = bench.inspect("A", photo(None)).await;

    assert_eq!((row.verdict, row.negative_control.as_deref()), (Some(Verdict::Ok), Some("failed")));
    assert_eq!(row.description, "");
}

#[tokio::test]
async fn the_control_question_is_about_the_accepted_photo_if_there_is_one() {
    let bench = Bench::with([Play::ok()]).await;
    let accepted = photo(None);
    let first = bench.inspect("A", accepted.clone()).await;
    bench.history.accept(first.id, Timestamp::now()).await.expect("is written");
    bench.set(json!({"negative_control_every": 1})).await;

    bench.inspect("A", photo(Some([230, 40, 30]))).await;

    let control = bench.model.asked().pop().expect("is asked");
    assert_eq!(control.pictures, [("image/jpeg".to_owned(), accepted.to_vec())]);
    assert_eq!(control.texts.last().map(String::as_str), Some("[Location: A] Is the floor dry?"));
}

async fn detector(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("has one"));
    let router = Router::new().route("/infer", axum::routing::post(|| async move { answer }));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
    url
}

async fn prechecked(url: String) -> InspectionRow {
    let mut bench = Bench::with([Play::ok()]).await;
    bench.places.inference = Some(url);
    bench.killed_and_started_again().await;
    bench.set(json!({"local_precheck": true})).await;
    bench.inspect("A", photo(None)).await
}

#[tokio::test]
async fn the_local_detector_adds_what_it_sees() {
    let seen = json!({"detections": [
        {"class_id": 0, "class_name": "person", "confidence": 0.9, "bbox": [1.0, 2.0, 3.0, 4.0], "center": [2.0, 3.0],
            "is_unknown": false}],
        "inference_time_ms": 3.0, "image_size": [640, 360]});

    let row = prechecked(detector(Json(seen)).await).await;

    let precheck: Value = serde_json::from_str(&row.precheck.expect("is there")).expect("is JSON");
    assert_eq!(precheck, json!({"people": 1, "obstacles": {}}));
}

#[tokio::test]
async fn a_detector_that_fails_fails_no_inspection() {
    let broken = detector(StatusCode::SERVICE_UNAVAILABLE).await;
    for url in [broken, "http://127.0.0.1:1".to_owned()] {
        let row = prechecked(url).await;
        assert_eq!((row.verdict, row.precheck), (Some(Verdict::Ok), None));
    }
}

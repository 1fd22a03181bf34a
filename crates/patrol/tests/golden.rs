//! What the guide of the earlier system says its commands print, as far as this service prints it. The numbers are the lines
//! of the list in `docs/earlier-faults.md`; the rest of that list is tested where it belongs.

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::Backend;

async fn fresh() -> (tempfile::TempDir, Backend) {
    let dir = tempfile::tempdir().expect("a directory");
    let backend = Backend::start(dir.path(), "robot-a").await;
    (dir, backend)
}

#[tokio::test]
async fn golden_06_the_status_of_relays_is_an_empty_object_while_there_is_none() {
    let (_dir, backend) = fresh().await;
    assert_eq!(backend.json("/api/relay/status").await, json!({}));
    assert_eq!(backend.json("/api/robot-a/relay/status").await, json!({}));
    backend.end().await;
}

#[tokio::test]
async fn golden_07_the_health_of_a_live_monitor_that_is_not_set_up_is_a_400() {
    let (_dir, backend) = fresh().await;
    for path in ["/api/vila/health", "/api/edge_ai/health", "/api/robot-a/vila/health"] {
        let answer = backend.ask(path).await;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("is JSON");
        assert_eq!((status, body), (400, json!({"error": "the live monitor is not configured"})), "{path}");
    }
    backend.end().await;
}

#[tokio::test]
async fn golden_08_a_container_is_healthy_within_its_time_also_without_its_robot() {
    let began = Instant::now();
    let (_dir, backend) = fresh().await;
    let asked = Instant::now();
    assert_eq!(backend.status("/api/state").await, 200);
    assert!(asked.elapsed() < Duration::from_secs(10), "an answer takes {:?}", asked.elapsed());
    assert!(began.elapsed() < Duration::from_secs(40), "the start takes {:?}", began.elapsed());
    backend.end().await;
}

#[tokio::test]
async fn golden_11_directories_that_were_removed_are_made_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("gone").join("data");
    let backend = Backend::start(&data, "robot-a").await;
    assert_eq!(backend.send("POST", "/api/points", &json!({"name": "Gate", "x": 1, "y": 2})).await.0, 200);
    assert!(data.join("report/report.db").is_file());
    assert!(data.join("robot-a/config/points.json").is_file());
    backend.end().await;
}

#[tokio::test]
async fn golden_12_a_robot_that_is_added_appears_in_the_list_and_answers() {
    let (dir, first) = fresh().await;
    let added = Backend::start_with(dir.path(), "robot-d", &[("ROBOT_NAME", "Dora")]).await;
    assert_eq!(added.json("/api/robot-d/state").await["robot_id"], "robot-d");
    // Whichever backend is asked for the list: it is the one of the site.
    for backend in [&first, &added] {
        let deadline = Instant::now() + support::PATIENCE;
        loop {
            let robots = backend.json("/api/robots").await;
            let listed: Vec<_> = robots.as_array().into_iter().flatten().map(|robot| &robot["robot_id"]).collect();
            if listed == ["robot-a", "robot-d"] {
                break;
            }
            assert!(Instant::now() < deadline, "{robots}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    first.end().await;
    added.end().await;
}

#[tokio::test]
async fn golden_13_a_robot_that_does_not_exist_is_a_404() {
    let (_dir, backend) = fresh().await;
    let (status, refused) = backend.send("POST", "/api/robot-zzz/move", &json!({"x": 1, "y": 1})).await;
    assert_eq!((status, &refused["error"]["code"]), (404, &json!("no_such_robot")), "{refused}");
    backend.end().await;
}

#[tokio::test]
async fn golden_14_three_robots_answer_with_three_ids() {
    let dir = tempfile::tempdir().expect("a directory");
    for robot in ["robot-a", "robot-b", "robot-c"] {
        let backend = Backend::start(dir.path(), robot).await;
        for path in ["/api/state".to_owned(), format!("/api/{robot}/state")] {
            assert_eq!(backend.json(&path).await["robot_id"], robot);
        }
        backend.end().await;
    }
}

//! Moving a robot by hand while it is away: what is refused and how, and that nobody waits for it.

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::Backend;
use tempfile::TempDir;

const ROBOT: &str = "robot-a";

async fn backend() -> (TempDir, Backend) {
    let directory = TempDir::new().expect("there is room");
    let backend = Backend::start(directory.path(), ROBOT).await;
    (directory, backend)
}

#[tokio::test]
async fn the_older_state_answers_with_its_first_values_and_says_that_nobody_is_there() {
    let (_directory, backend) = backend().await;
    let expected = json!({
        "battery": 0,
        "pose": {"x": 0.0, "y": 0.0, "theta": 0.0},
        "map_info": {"resolution": 0.05, "width": 0, "height": 0, "origin_x": 0.0, "origin_y": 0.0},
        "robot_id": "robot-a",
        "robot_name": "Ada",
        "connected": false,
    });
    assert_eq!(backend.json("/api/state").await, expected);
    assert_eq!(backend.json("/api/robot-a/state").await, expected);
    assert_eq!(backend.json("/api/robot_info").await, json!({"robot_id": "robot-a", "robot_name": "Ada"}));
    let map = backend.ask("/api/map").await;
    assert_eq!((map.status().as_u16(), map.text().await.expect("is a text").as_str()), (404, "Map not available"));
    backend.end().await;
}

#[tokio::test]
async fn the_older_move_refuses_what_is_no_place() {
    let (_directory, backend) = backend().await;
    for wrong in [
        json!({"x": 1.0}),
        json!({"x": "north", "y": 1.0}),
        json!({"x": "NaN", "y": 1.0}),
        json!({"x": "inf", "y": 1.0}),
        json!({"x": 1.0, "y": 1.0, "theta": 7.0}),
        json!([]),
    ] {
        let (status, body) = backend.send("POST", "/api/move", &wrong).await;
        assert_eq!(status, 400, "{wrong}: {body}");
        assert!(body["error"].is_string(), "{wrong}: {body}");
    }
    let (status, body) = backend.send("POST", "/api/manual_control", &json!({"action": "sideways"})).await;
    assert_eq!((status, body), (400, json!({"error": "Invalid action"})));
    backend.end().await;
}

#[tokio::test]
async fn w28_nobody_waits_for_a_robot_that_is_away() {
    let (_directory, backend) = backend().await;
    let began = Instant::now();
    let place = json!({"x": "1.5", "y": 2});
    for (path, body) in [
        ("/api/move", &place),
        ("/api/robot-a/move", &place),
        ("/api/manual_control", &json!({"action": "forward"})),
        ("/api/return_home", &Value::Null),
        ("/api/cancel_command", &Value::Null),
    ] {
        let answer = backend.send("POST", path, body).await;
        assert_eq!(answer, (503, json!({"error": "Robot not connected"})), "{path}");
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    backend.end().await;
}

#[tokio::test]
async fn w05_whoever_moves_the_robot_takes_it_first() {
    let (_directory, backend) = backend().await;
    let place = json!({"x": 1.0, "y": 2.0});
    let (status, body) = backend.send("POST", "/api/v1/move", &place).await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("not_in_control")), "{body}");

    let (status, granted) = backend.send("POST", "/api/v1/control", &json!({"holder": "ana"})).await;
    assert_eq!((status, &granted["holder"]), (200, &json!("ana")), "{granted}");
    let (status, body) = backend.send("POST", "/api/v1/control", &json!({"holder": "ben"})).await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("controlled")), "{body}");
    let (status, body) = backend.send("POST", "/api/move", &place).await;
    assert_eq!(status, 409, "who knows no tokens does not interrupt ana: {body}");
    assert_eq!(backend.json("/api/v1/state").await["control"]["holder"], "ana");

    let token = granted["token"].as_str().expect("has one");
    let with_token = |path: &str| backend.client.post(backend.url(path)).header("X-Ronda-Control", token);
    let answer = with_token("/api/v1/move").json(&place).send().await.expect("is answered");
    assert_eq!(answer.status().as_u16(), 503, "she may, but the robot is away");
    let nowhere = json!({"x": 1.0, "y": 2.0, "theta": 70.0});
    let answer = with_token("/api/v1/move").json(&nowhere).send().await.expect("is answered");
    assert_eq!(answer.status().as_u16(), 422);

    let back = backend.client.delete(backend.url("/api/v1/control")).header("X-Ronda-Control", token);
    assert_eq!(back.send().await.expect("is answered").status().as_u16(), 204);
    let (status, _) = backend.send("POST", "/api/v1/control", &json!({"holder": "ben"})).await;
    assert_eq!(status, 200);
    backend.end().await;
}

#[tokio::test]
async fn w04_an_emergency_stop_is_confirmed_and_never_said_to_have_happened_when_it_has_not() {
    let (_directory, backend) = backend().await;
    let (status, _) = backend.send("POST", "/api/v1/emergency-stop", &json!({})).await;
    assert_eq!(status, 400);
    let (status, body) = backend.send("POST", "/api/v1/emergency-stop", &json!({"confirm": true})).await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!("robot_away")), "{body}");
    backend.end().await;
}

#[tokio::test]
async fn a_camera_that_gives_nothing_says_so() {
    let (_directory, backend) = backend().await;
    assert_eq!(backend.status("/api/v1/camera/front/picture").await, 503);
    assert_eq!(backend.status("/api/v1/camera/side/picture").await, 404);
    assert_eq!(backend.status("/api/v1/camera/side/mjpeg").await, 404);
    assert_eq!(backend.status("/api/v1/map").await, 404);
    backend.end().await;
}

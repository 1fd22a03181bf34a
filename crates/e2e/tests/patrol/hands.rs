//! The robot in people's hands: driven, sent somewhere, looked through, lost and found.

use std::time::Duration;

use e2e::{LIMIT, until};
use futures::{SinkExt, StreamExt};
use reqwest::{Method, header};
use serde_json::{Value, json};
use sim::robot::LinkState;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::ward::{Beginning, Ward};

async fn control(ward: &Ward) -> anyhow::Result<String> {
    let (status, granted) = ward.post("/api/v1/control", json!({"holder": "ana"})).await?;
    anyhow::ensure!(status == 200, "{granted}");
    Ok(granted["token"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn w06_a_robot_that_is_driven_stands_when_the_hand_has_gone() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let token = control(&ward).await?;
    let request = ward.http.request(Method::GET, &format!("/api/robot-a/v1/drive?control={token}")).build()?;
    let url = request.url().as_str().replacen("http", "ws", 1);
    let (mut socket, _) = connect_async(url).await?;
    let wish = json!({"linear": 0.6, "angular": 0.1}).to_string();
    let moved = async {
        while ward.control.truth().speed < 0.01 {
            socket.send(Message::text(wish.clone())).await?;
            sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    timeout(LIMIT, moved).await??;
    let word = timeout(LIMIT, socket.next()).await?.expect("is told")?;
    assert_eq!(serde_json::from_str::<Value>(word.to_text()?)?, json!({"driving": true}));

    // Neither a farewell nor a zero.
    drop(socket);
    let stood = ward.control.wait_for(Duration::from_secs(5), |truth| truth.speed == 0.0 && !truth.manual).await;
    assert!(stood.is_some(), "{:?}", ward.control.truth().speed);
    Ok(())
}

#[tokio::test]
async fn w06_a_robot_that_is_driven_stays_in_its_area() -> anyhow::Result<()> {
    // The world is ten times as fast as ours, so the robot is as fast as a real one.
    let ward = Ward::begin(Beginning { settings: json!({"drive_speed_limit": 0.03}), ..Beginning::default() }).await?;
    let start = ward.control.truth().pose;
    let (sin, cos) = start.theta.sin_cos();
    let at = |ahead: f64, left: f64| [start.x + ahead * cos - left * sin, start.y + ahead * sin + left * cos];
    let area = [at(-1.0, -1.0), at(1.2, -1.0), at(1.2, 1.0), at(-1.0, 1.0)];
    let (status, changed) = ward.send(Method::PATCH, "/api/v1/robot-settings", json!({"allowed_area": area})).await?;
    assert_eq!(status, 200, "{changed}");
    let token = control(&ward).await?;
    let beyond = at(1.5, 0.0);
    let wanted = ward.http.request(Method::POST, "/api/v1/move").header("x-ronda-control", &token);
    assert_eq!(wanted.json(&json!({"x": beyond[0], "y": beyond[1]})).send().await?.status(), 422);

    let request = ward.http.request(Method::GET, &format!("/api/robot-a/v1/drive?control={token}")).build()?;
    let (mut socket, _) = connect_async(request.url().as_str().replacen("http", "ws", 1)).await?;
    let wish = json!({"linear": 1.0, "angular": 0.0}).to_string();
    let driven = async {
        loop {
            socket.send(Message::text(wish.clone())).await?;
            let Ok(word) = timeout(Duration::from_millis(100), socket.next()).await else { continue };
            let word: Value = serde_json::from_str(word.expect("the socket is open")?.to_text()?)?;
            if word["driving"] == false {
                return anyhow::Ok(word);
            }
        }
    };
    let word = timeout(LIMIT, driven).await??;
    assert_eq!(word["reason"], "the robot may not leave the area that the settings allow", "{word}");
    let stood = ward.control.wait_for(LIMIT, |truth| truth.speed == 0.0).await.expect("it stands").pose;
    let ahead = (stood.x - start.x) * cos + (stood.y - start.y) * sin;
    assert!((0.5..1.2).contains(&ahead), "it stands {ahead} m ahead of where it began");
    Ok(())
}

#[tokio::test]
async fn the_older_interface_sends_the_robot_somewhere_and_does_not_wait() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let place = ward.control.world().floor(0).location("lobby").expect("is in the building").pose;
    let body = json!({"x": place.x, "y": place.y.to_string(), "theta": place.theta});
    let (status, answer) = ward.post("/api/robot-a/move", body).await?;
    assert_eq!((status, &answer["status"]), (200, &json!("Moving")), "{answer}");
    let near = |x: f64, y: f64| (x - place.x).hypot(y - place.y) < 0.2;
    let there = ward.control.wait_for(LIMIT, |truth| near(truth.pose.x, truth.pose.y)).await;
    assert!(there.is_some(), "{:?}", ward.control.truth().pose);
    until("the state says so", LIMIT, async || {
        ward.http.json("/api/robot-a/state").await.is_ok_and(|state| {
            let at = |axis: &str| state["pose"][axis].as_f64().unwrap_or_default();
            near(at("x"), at("y")) && state["connected"] == true
        })
    })
    .await
}

#[tokio::test]
async fn w24_a_robot_whose_radio_fails_is_lost_and_found() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    ward.control.set_link(LinkState::Cut);
    until("it is lost", LIMIT, async || {
        ward.state().await.is_ok_and(|state| state["link"]["state"] == "lost" && state["battery"].is_null())
    })
    .await?;
    let (status, _) = ward.post("/api/robot-a/return_home", Value::Null).await?;
    assert_eq!(status, 503);
    ward.control.set_link(LinkState::Up);
    until("it is found", LIMIT, async || {
        ward.state().await.is_ok_and(|state| state["link"]["state"] == "connected" && !state["battery"].is_null())
    })
    .await
}

#[tokio::test]
async fn what_the_camera_sees_is_sent_once_and_known_again() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let path = "/api/robot-a/v1/camera/back/picture";
    let answer = ward.http.get(path).await?;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("x-captured-at"));
    assert!(answer.bytes().await?.starts_with(&[0xff, 0xd8]));
    let mut stream = ward.http.get("/api/robot-a/camera/front").await?;
    let mut seen = Vec::new();
    while !seen.windows(2).any(|pair| pair == [0xff, 0xd9]) {
        seen.extend_from_slice(&timeout(LIMIT, stream.chunk()).await??.expect("goes on"));
    }
    assert!(seen.starts_with(b"--frame\r\nContent-Type: image/jpeg\r\n"));

    let map = ward.http.get("/api/robot-a/v1/map").await?;
    let tag = map.headers()[header::ETAG].clone();
    let again = ward.http.request(Method::GET, "/api/robot-a/v1/map").header(header::IF_NONE_MATCH, tag);
    assert_eq!(again.send().await?.status(), 304);
    Ok(())
}

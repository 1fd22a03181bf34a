//! What goes wrong on a round, one thing at a time.

use std::fs;
use std::time::Duration;

use e2e::{LIMIT, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use sim::building::AnomalyKind;
use sim::building::view::Side;
use sim::models::{Behaviour, Fault};
use sim::robot::{CameraState, LinkState};

use crate::ward::{Beginning, Ward, verdicts};

fn state_of(run: &Value, point: usize) -> Value {
    run["points"][point]["state"].clone()
}

#[tokio::test]
async fn w05_nobody_drives_the_robot_of_a_run_by_accident() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let run = ward.start_run(json!({})).await?;
    ward.run_is("moves", |run| run["state"] == "moving").await?;
    let (status, refused) = ward.post("/api/robot-a/v1/move", json!({"x": 1.0, "y": 4.0})).await?;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("run_active")), "{refused}");
    let (status, refused) = ward.post("/api/v1/control", json!({"holder": "ana"})).await?;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("run_active")), "{refused}");

    let (status, granted) = ward.post("/api/v1/control", json!({"holder": "ana", "take_over": true})).await?;
    assert_eq!(status, 200, "{granted}");
    ward.run_is("is paused", |run| run["state"] == "paused").await?;
    let (status, refused) = ward.post(&format!("/api/v1/runs/{run}/resume"), json!({})).await?;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("controlled")), "{refused}");

    let token = granted["token"].as_str().unwrap_or_default();
    let back = ward.http.request(reqwest::Method::DELETE, "/api/v1/control").header("x-ronda-control", token);
    assert_eq!(back.send().await?.status(), 204);
    assert_eq!(ward.post(&format!("/api/v1/runs/{run}/resume"), json!({})).await?.0, 202);
    assert_eq!(ward.ended(run).await?["outcome"], "completed");
    Ok(())
}

#[tokio::test]
async fn w06_a_run_does_not_start_on_a_low_battery() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    ward.control.set_battery(20.0);
    until("the battery is seen", LIMIT, async || {
        ward.state().await.is_ok_and(|state| state["battery"]["percent"].as_f64().is_some_and(|percent| percent < 25.0))
    })
    .await?;
    let (status, refused) = ward.post("/api/v1/runs", json!({})).await?;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("battery_low")), "{refused}");
    assert_eq!(ward.commands(), 0);
    Ok(())
}

#[tokio::test]
async fn w06_a_robot_goes_home_to_charge_and_resumes_the_same_waypoint() -> anyhow::Result<()> {
    let settings = json!({"battery_start_above": 30, "battery_home_below": 20, "battery_resume_above": 40});
    let ward = Ward::begin(Beginning { settings, battery_rate: 200.0, ..Beginning::default() }).await?;
    let run = ward.start_run(json!({})).await?;
    ward.run_is("moves", |run| run["state"] == "moving").await?;
    ward.control.set_battery(12.0);
    let charging = ward.run_is("charges", |run| run["state"] == "charging").await?;
    assert_eq!((charging["text"].as_str(), state_of(&charging, 0)), (Some("Charging..."), json!("waiting")));
    let ended = ward.ended(run).await?;
    assert_eq!(ended["outcome"], "completed", "{ended}");
    assert!(verdicts(&ended).iter().all(|(_, verdict)| verdict == "OK"), "{ended}");
    ward.docked().await
}

#[tokio::test]
async fn w07_a_way_that_takes_too_long_is_cancelled_and_unreachable() -> anyhow::Result<()> {
    let settings = json!({"move_timeout_secs": 5});
    let places = vec!["meeting-room", "lobby"];
    let ward = Ward::begin(Beginning { settings, places, ..Beginning::default() }).await?;
    // The robot takes the command and stands before the closed door for longer than it may take.
    ward.control.world().close_doors(["meeting-room".to_owned()].into_iter().collect())?;
    let run = ward.start_run(json!({})).await?;
    let ended = ward.ended(run).await?;
    assert_eq!(ended["outcome"], "completed", "{ended}");
    let found = verdicts(&ended);
    assert_eq!((&found[0].1, &found[1].1), (&json!("UNREACHABLE"), &json!("OK")), "{ended}");
    let results = ward.results().await?;
    assert_eq!(results[0]["result"], "Move Failed");
    assert!(results[0]["robot_moving_status"].as_str().is_some_and(|status| status.starts_with("Error: ")));
    ward.docked().await
}

#[tokio::test]
async fn a_waypoint_that_asks_waits_for_somebody() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let points = ward.data().join("robot-a/config/points.json");
    let mut list: Value = serde_json::from_slice(&fs::read(&points)?)?;
    list[0]["on_failure"] = json!({"retry": 0, "then": "ask"});
    fs::write(&points, list.to_string())?;
    ward.control.fail_next(19001, 1);
    let run = ward.start_run(json!({})).await?;
    let asking = ward.run_is("asks", |run| run["state"] == "asking").await?;
    assert_eq!(asking["question"]["point"], "lobby", "{asking}");
    assert_eq!(ward.post(&format!("/api/v1/runs/{run}/answer"), json!({"decision": "retry"})).await?.0, 202);
    let ended = ward.ended(run).await?;
    assert!(verdicts(&ended).iter().all(|(_, verdict)| verdict == "OK"), "{ended}");
    Ok(())
}

#[tokio::test]
async fn w12_a_frozen_camera_makes_a_waypoint_stale_never_ok() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning { places: vec!["lobby"], ..Beginning::default() }).await?;
    ward.something_is_wrong(&[(AnomalyKind::Spill, "lobby")])?;
    ward.control.set_camera(Side::Front, CameraState::Frozen);
    let run = ward.start_run(json!({})).await?;
    let ended = ward.ended(run).await?;
    assert_eq!(verdicts(&ended)[0].1, "STALE", "{ended}");
    assert_eq!(ward.models.asked().iter().filter(|asked| asked.pictures > 0).count(), 0);
    Ok(())
}

#[tokio::test]
async fn w10_a_model_that_cannot_answer_is_an_error_never_ok() -> anyhow::Result<()> {
    let settings = json!({"inspection_attempts": 2});
    let ward = Ward::begin(Beginning { settings, places: vec!["lobby"], ..Beginning::default() }).await?;
    ward.models.behave(Behaviour::fail_always(Fault::FreeText));
    let run = ward.start_run(json!({})).await?;
    let ended = ward.ended(run).await?;
    assert_eq!((&ended["outcome"], &verdicts(&ended)[0].1), (&json!("completed"), &json!("ERROR")), "{ended}");
    Ok(())
}

#[tokio::test]
async fn w13_a_new_run_does_not_start_before_the_old_one_is_gone() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning { places: vec!["lobby"], ..Beginning::default() }).await?;
    ward.models.behave(Behaviour::proper().slow(4000));
    let first = ward.start_run(json!({})).await?;
    ward.run_is("inspects", |run| run["state"] == "inspecting").await?;
    // The only question is under way when the run is stopped.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(ward.post(&format!("/api/v1/runs/{first}/stop"), json!({"then": "home"})).await?.0, 202);
    let (status, refused) = ward.post("/api/v1/runs", json!({})).await?;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("run_active")), "{refused}");
    assert_eq!(ward.ended(first).await?["outcome"], "stopped");

    let second = ward.start_run(json!({})).await?;
    let ended = ward.ended(second).await?;
    assert_eq!(ended["outcome"], "completed", "{ended}");
    assert_eq!(ward.results().await?.len(), 1, "every waypoint once");
    let (status, gone) = ward.post(&format!("/api/v1/runs/{first}/stop"), json!({})).await?;
    assert_eq!(status, 404, "{gone}");
    Ok(())
}

#[tokio::test]
async fn w14_a_killed_process_leaves_an_interrupted_run_and_the_robot_goes_home() -> anyhow::Result<()> {
    let mut ward = Ward::begin(Beginning::default()).await?;
    let run = ward.start_run(json!({})).await?;
    ward.run_is("moves", |run| run["state"] == "moving").await?;
    ward.control.wait_for(LIMIT, |truth| !truth.docked).await;
    ward.kill_patrol()?;
    ward.start_patrol().await?;
    let ended = ward.ended(run).await?;
    assert_eq!((&ended["outcome"], &ended["text"]), (&json!("interrupted"), &json!("Interrupted")), "{ended}");
    ward.docked().await?;
    let next = ward.start_run(json!({"points": ["lobby"]})).await?;
    assert_eq!(ward.ended(next).await?["outcome"], "completed", "the next run is not in its way");
    let log = fs::read_to_string(ward.site.path().join("logs/robot-a_app.log"))?;
    assert_eq!(log.matches(" starting program=\"patrol\"").count(), 2, "both lives are in the robot's log: {log}");
    Ok(())
}

#[tokio::test]
async fn a_process_that_is_told_to_end_sends_its_robot_home_first() -> anyhow::Result<()> {
    let mut ward = Ward::begin(Beginning::default()).await?;
    ward.start_run(json!({})).await?;
    ward.control.wait_for(LIMIT, |truth| !truth.docked).await;
    let mut patrol = ward.patrol.take().expect("runs");
    patrol.signal(Signal::TERM)?;
    // Waiting must not keep the simulated robot from hearing its last command.
    until("the process has ended", LIMIT, async || !patrol.runs()).await?;
    assert!(patrol.wait(LIMIT)?.success());
    ward.docked().await?;
    ward.start_patrol().await?;
    assert!(ward.run().await?.is_null(), "nothing was left behind");
    Ok(())
}

#[tokio::test]
async fn a_link_that_comes_back_does_not_end_a_run() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let run = ward.start_run(json!({})).await?;
    ward.run_is("moves", |run| run["state"] == "moving").await?;
    ward.control.set_link(LinkState::BlackHole);
    until("the loss is seen", LIMIT, async || ward.state().await.is_ok_and(|state| state["link"]["state"] == "lost"))
        .await?;
    ward.control.set_link(LinkState::Up);
    let ended = ward.ended(run).await?;
    assert_eq!(ended["outcome"], "completed", "{ended}");
    assert!(verdicts(&ended).iter().all(|(_, verdict)| verdict == "OK"), "{ended}");
    ward.docked().await
}

#[tokio::test]
async fn a_robot_that_was_lost_for_good_is_sent_home_when_it_is_back() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning { settings: json!({"link_timeout_secs": 10}), ..Beginning::default() }).await?;
    let run = ward.start_run(json!({})).await?;
    ward.run_is("moves", |run| run["state"] == "moving").await?;
    ward.control.set_link(LinkState::Cut);
    let ended = ward.ended(run).await?;
    assert_eq!(ended["outcome"], "failed", "{ended}");
    assert_eq!(ended["reason"], "the link to the robot was lost for too long");
    assert!(!verdicts(&ended).iter().any(|(_, verdict)| verdict == "OK"), "{ended}");
    ward.control.set_link(LinkState::Up);
    ward.docked().await
}

#[tokio::test]
async fn w04_an_emergency_stop_ends_the_run_and_nothing_moves_any_more() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let run = ward.start_run(json!({})).await?;
    ward.control.wait_for(LIMIT, |truth| !truth.docked).await;
    assert_eq!(ward.post("/api/v1/emergency-stop", json!({"confirm": true})).await?.0, 200);
    let ended = ward.ended(run).await?;
    assert_eq!((&ended["outcome"], &verdicts(&ended)[0].1), (&json!("stopped"), &json!("CANCELLED")), "{ended}");
    let (status, refused) = ward.post("/api/v1/runs", json!({})).await?;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("robot_not_ready")), "{refused}");
    let before = ward.commands();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(ward.commands(), before, "nothing is sent to a stopped robot");
    Ok(())
}

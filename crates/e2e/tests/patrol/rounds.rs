//! Rounds on which nothing goes wrong but what somebody wants.

use serde_json::{Value, json};
use sim::building::AnomalyKind;

use crate::ward::{Beginning, Ward, verdicts};

fn of(pairs: &[(&str, &str)]) -> Vec<(String, Value)> {
    pairs.iter().map(|(point, verdict)| ((*point).to_owned(), json!(verdict))).collect()
}

#[tokio::test]
async fn a_round_is_walked_judged_and_ends_at_home() -> anyhow::Result<()> {
    let ward =
        Ward::begin(Beginning { places: vec!["lobby", "office", "meeting-room"], ..Beginning::default() }).await?;
    ward.something_is_wrong(&[(AnomalyKind::Spill, "lobby")])?;
    let run = ward.start_run(json!({})).await?;
    let ended = ward.ended(run).await?;
    assert_eq!(ended["outcome"], "completed", "{ended}");
    assert_eq!(verdicts(&ended), of(&[("lobby", "NG"), ("office", "OK"), ("meeting-room", "OK")]));
    ward.docked().await?;

    let results = ward.results().await?;
    let names: Vec<_> = results.iter().map(|result| result["point_name"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["Lobby", "Office", "Meeting room"]);
    assert!(results.iter().all(|result| result["robot_moving_status"] == "Success"), "{results:?}");
    let asked = ward.models.asked();
    assert!(asked.iter().any(|asked| asked.prompt.contains("[Location: Lobby] Is everything normal?")), "{asked:?}");
    assert!(asked.iter().any(|asked| asked.pictures == 0 && asked.prompt.contains("- Point: Lobby")), "a report");
    let status = ward.http.json("/api/patrol/status").await?;
    assert_eq!(status, json!({"is_patrolling": false, "status": "Finished", "current_index": -1}));
    Ok(())
}

#[tokio::test]
async fn in_turbo_mode_every_verdict_is_in_when_the_run_has_ended() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning { settings: json!({"turbo_mode": true}), ..Beginning::default() }).await?;
    ward.something_is_wrong(&[(AnomalyKind::FallenPerson, "office")])?;
    ward.models.behave(sim::models::Behaviour::proper().slow(1500));
    let run = ward.start_run(json!({"loops": 2})).await?;
    let ended = ward.ended(run).await?;
    assert_eq!((&ended["outcome"], &ended["loop"]), (&json!("completed"), &json!(2)), "{ended}");
    assert_eq!(verdicts(&ended), of(&[("lobby", "OK"), ("office", "NG")]));
    assert_eq!(ward.results().await?.len(), 4, "two rounds of two");
    Ok(())
}

#[tokio::test]
async fn a_dry_run_drives_and_asks_nobody() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let run = ward.start_run(json!({"dry_run": true, "points": ["office"], "then": "stay"})).await?;
    let ended = ward.ended(run).await?;
    assert_eq!((&ended["outcome"], &ended["points"][0]["state"]), (&json!("completed"), &json!("done")), "{ended}");
    assert_eq!((ward.models.asked().len(), ward.results().await?.len()), (0, 0));
    let truth = ward.control.truth();
    assert!(!truth.docked && (truth.pose.x - 2.5).hypot(truth.pose.y - 5.85) < 0.3, "{:?}", truth.pose);
    Ok(())
}

#[tokio::test]
async fn a_run_is_paused_where_it_is_and_goes_on() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let run = ward.start_run(json!({})).await?;
    ward.run_is("moves", |run| run["state"] == "moving").await?;
    assert_eq!(ward.post(&format!("/api/v1/runs/{run}/resume"), json!({})).await?.0, 409);
    assert_eq!(ward.post(&format!("/api/v1/runs/{run}/pause"), json!({})).await?.0, 202);
    ward.run_is("is paused", |run| run["state"] == "paused" && run["text"] == "Paused").await?;
    let stopped = ward.control.wait_for(e2e::LIMIT, |truth| truth.running.is_none() && truth.speed == 0.0).await;
    let stopped = stopped.expect("the robot stands still").pose;
    assert_eq!(ward.post(&format!("/api/v1/runs/{run}/resume"), json!({})).await?.0, 202);
    let moved = ward.control.wait_for(e2e::LIMIT, |truth| truth.pose != stopped).await;
    assert!(moved.is_some(), "the robot goes on");
    assert_eq!(ward.ended(run).await?["outcome"], "completed");
    Ok(())
}

#[tokio::test]
async fn w08_w14_a_stop_on_the_older_path_cancels_and_brings_the_robot_home() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    assert_eq!(ward.http.json("/api/patrol/status").await?["status"], "Idle");
    assert_eq!(ward.post("/api/robot-a/patrol/stop", json!({})).await?, (200, json!({"status": "stopping"})));
    assert_eq!(ward.http.json("/api/patrol/status").await?["status"], "Idle", "nothing is stopping");

    assert_eq!(ward.post("/api/robot-a/patrol/start", json!({})).await?, (200, json!({"status": "started"})));
    let again = ward.post("/api/robot-a/patrol/start", json!({})).await?;
    assert_eq!(again, (400, json!({"error": "Already patrolling"})));
    ward.run_is("moves", |run| run["state"] == "moving").await?;
    assert_eq!(ward.http.json("/api/patrol/status").await?["status"], "Moving to Lobby...");
    assert_eq!(ward.post("/api/robot-a/patrol/stop", json!({})).await?, (200, json!({"status": "stopping"})));

    let ended = ward.run_is("has ended", |run| !run["outcome"].is_null()).await?;
    assert_eq!((&ended["outcome"], &ended["text"]), (&json!("stopped"), &json!("Patrol Stopped")));
    assert_eq!(verdicts(&ended)[0].1, "CANCELLED");
    ward.docked().await?;
    let results = ward.results().await?;
    assert_eq!((results.len(), &results[0]["result"]), (1, &json!("Cancelled")), "no false NG");
    let status = ward.http.json("/api/patrol/status").await?;
    assert_eq!(status, json!({"is_patrolling": false, "status": "Patrol Stopped", "current_index": -1}));
    Ok(())
}

#[tokio::test]
async fn w02_w03_another_robots_id_is_not_found_and_moves_nothing() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    for robot in ["robot-b", "robot-zzz", "robot-x.evil.com", "robot-a.evil.com", "robot-a%2F..%2Frobot-b"] {
        for path in ["v1/state", "patrol/status", "state"] {
            let status = ward.http.status(&format!("/api/{robot}/{path}")).await;
            assert_eq!(status, Some(404), "/api/{robot}/{path}");
        }
        let (status, body) = ward.post(&format!("/api/{robot}/v1/runs"), json!({})).await?;
        assert_eq!((status, body["error"]["code"].is_string()), (404, true), "{body}");
    }
    assert_eq!(ward.commands(), 0);
    assert_eq!(ward.http.json("/api/robot-a/v1/state").await?["robot_id"], "robot-a");
    Ok(())
}

#[tokio::test]
async fn w28_browsers_are_told_of_every_step() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning { places: vec!["office"], ..Beginning::default() }).await?;
    let mut stream = ward.http.get("/api/robot-a/v1/events").await?;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let run = ward.start_run(json!({})).await?;
    let mut told = String::new();
    let heard = tokio::time::timeout(crate::ward::RUN_LIMIT, async {
        while !told.contains("\"outcome\":\"completed\"") {
            match stream.chunk().await {
                Ok(Some(chunk)) => told.push_str(&String::from_utf8_lossy(&chunk)),
                other => anyhow::bail!("the stream ended: {other:?}"),
            }
        }
        anyhow::Ok(())
    });
    heard.await??;
    assert!(told.starts_with("event: state\ndata: {\"robot_id\":\"robot-a\""), "the state comes first");
    let of_kind =
        |kind: &str| told.split("\n\n").filter(|event| event.starts_with(&format!("event: {kind}\n"))).count();
    for state in ["starting", "moving", "inspecting", "returning", "finishing", "finished"] {
        assert!(told.contains(&format!("\"state\":\"{state}\"")), "{state} is not told");
    }
    assert!(of_kind("state") > 5 && of_kind("verdict") == 1, "{} {}", of_kind("state"), of_kind("verdict"));
    assert!(told.contains(&format!("\"run_id\":{run}")));
    Ok(())
}

#[tokio::test]
async fn other_services_hear_of_the_run_over_redis() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning { places: vec!["office"], ..Beginning::default() }).await?;
    let run = ward.start_run(json!({})).await?;
    ward.ended(run).await?;
    let client = redis::Client::open(format!("redis://127.0.0.1:{}", ward.site.ports.redis()))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let kinds = e2e::until_some("the end is published", e2e::LIMIT, async || {
        let mut read = redis::cmd("XRANGE");
        let entries: Vec<(String, Vec<(String, String)>)> =
            read.arg("patrol-events").arg("-").arg("+").query_async(&mut connection).await.ok()?;
        let event = |(_, fields): &(String, Vec<(String, String)>)| {
            let data = fields.iter().find(|(name, _)| name == "data").map(|(_, data)| data.clone());
            serde_json::from_str::<Value>(&data.unwrap_or_default()).unwrap_or_default()
        };
        let kinds: Vec<Value> = entries.iter().map(|entry| event(entry)["kind"].clone()).collect();
        kinds.contains(&json!("completed")).then_some(kinds)
    })
    .await?;
    assert_eq!(kinds, [json!("started"), json!("inspected"), json!("completed")]);
    Ok(())
}

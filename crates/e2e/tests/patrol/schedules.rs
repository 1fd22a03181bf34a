//! Runs that begin by themselves. Schedules follow the clock on the wall, so each test waits for the next minute.

use std::time::Duration;

use e2e::until_some;
use serde_json::{Value, json};

use crate::ward::{Beginning, Ward};

const MINUTES: Duration = Duration::from_secs(150);

async fn logged(ward: &Ward, outcome: &str) -> anyhow::Result<Value> {
    until_some(&format!("a run is {outcome}"), MINUTES, async || {
        let log = ward.http.json("/api/v1/schedules/log").await.ok()?;
        log["entries"].as_array()?.iter().find(|entry| entry["outcome"] == outcome).cloned()
    })
    .await
}

#[tokio::test]
async fn w26_w32_a_schedule_begins_a_run_of_its_route_on_its_minute() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let routes = ward.data().join("robot-a/config/routes");
    std::fs::create_dir_all(&routes)?;
    let points: Value = serde_json::from_slice(&std::fs::read(ward.data().join("robot-a/config/points.json"))?)?;
    std::fs::write(routes.join("night.json"), json!([points[1]]).to_string())?;

    let (status, refused) = ward.post("/api/v1/schedules", json!({"every": {"minutes": 1}, "route": "none"})).await?;
    assert_eq!(status, 422, "{refused}");
    let (status, schedule) = ward.post("/api/v1/schedules", json!({"every": {"minutes": 1}, "route": "night"})).await?;
    assert_eq!(status, 201, "{schedule}");
    let preview = ward.http.json("/api/v1/schedules/preview?count=2").await?;
    let entry = logged(&ward, "fired").await?;
    assert_eq!((&entry["at"], &entry["schedule_id"]), (&preview[0]["at"], &schedule["id"]));
    let run = ward.run().await?;
    assert_eq!((&run["route"], &run["run_id"]), (&json!("night"), &entry["run_id"]));
    assert_eq!(run["points"].as_array().map(Vec::len), Some(1));
    let id = schedule["id"].as_str().unwrap_or_default();
    assert_eq!(ward.send(reqwest::Method::DELETE, &format!("/api/v1/schedules/{id}"), json!({})).await?.0, 204);
    let run = run["run_id"].as_i64().unwrap_or_default();
    assert_eq!(ward.ended(run).await?["outcome"], "completed");
    Ok(())
}

#[tokio::test]
async fn the_older_paths_keep_the_older_file() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    let path = "/api/robot-a/patrol/schedule";
    assert_eq!(ward.http.json(path).await?, json!([]));
    assert_eq!(ward.post(path, json!({})).await?, (400, json!({"error": "Time is required"})));
    let (status, added) = ward.post(path, json!({"time": "08:05", "days": []})).await?;
    assert_eq!((status, &added["status"]), (200, &json!("added")), "{added}");
    let id = added["schedule"]["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(id.len(), 8);
    let item = json!([{"id": id, "time": "08:05", "days": [0, 1, 2, 3, 4, 5, 6], "enabled": true}]);
    assert_eq!(ward.http.json(path).await?, item);
    let file = std::fs::read(ward.data().join("robot-a/config/patrol_schedule.json"))?;
    assert_eq!(serde_json::from_slice::<Value>(&file)?, item);
    let changed = ward.send(reqwest::Method::PUT, &format!("{path}/{id}"), json!({"enabled": false})).await?;
    assert_eq!(changed, (200, json!({"status": "updated"})));
    for _ in 0..2 {
        let removed = ward.send(reqwest::Method::DELETE, &format!("{path}/{id}"), json!({})).await?;
        assert_eq!(removed, (200, json!({"status": "deleted"})));
    }
    Ok(())
}

#[tokio::test]
#[ignore = "waits for three minutes of the clock on the wall"]
async fn w26_what_was_due_while_the_process_was_away_is_recorded_as_missed() -> anyhow::Result<()> {
    let mut ward = Ward::begin(Beginning::default()).await?;
    let body = json!({"every": {"minutes": 1}, "run_late_minutes": 0, "enabled": true});
    let (status, schedule) = ward.post("/api/v1/schedules", body).await?;
    assert_eq!(status, 201, "{schedule}");
    ward.kill_patrol()?;
    // Two minutes pass: the first one is too late to begin when the process is back.
    tokio::time::sleep(Duration::from_secs(125)).await;
    ward.start_patrol().await?;
    let missed = logged(&ward, "missed").await?;
    assert!(missed["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{missed}");
    Ok(())
}

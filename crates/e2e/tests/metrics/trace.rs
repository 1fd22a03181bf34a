//! One trace id leads from the frame that raised an alert to its delivery, and one through all that happens on a round.

use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};
use bus::{Consumer, GroupSettings, Topic};
use chassis::Trace;
use domain::patrol::event::{RunEvent, RunEventKind};
use e2e::{Http, LIMIT, Process, SECRET, Scene, Script, Site, until, until_some};
use reqwest::Method;
use serde_json::{Value, json};
use sim::building::{World, WorldSettings};
use sim::robot::{Robot, Settings};

use crate::site::start_patrol;

/// All but the left of the yard is forbidden.
const PIT: &str = "cameras:
- camera_id: yard
  forbidden_rois: [{name: pit, points: [[0.4, 0], [1, 0], [1, 1], [0.4, 1]], severity: critical}]
";

/// The line of a log in JSON that says this about an alert.
async fn line(process: &Process, message: &str, alert: &str) -> anyhow::Result<Value> {
    until_some(&format!("the log says {message:?} of {alert}"), LIMIT, async || {
        let said = process.said();
        // The last line may still be under way.
        let (whole, _) = said.rsplit_once('\n')?;
        let lines = whole.lines().map(|line| serde_json::from_str::<Value>(line).expect("every line is JSON"));
        lines.into_iter().find(|line| line["message"] == message && line["alert"] == alert)
    })
    .await
}

#[tokio::test]
async fn one_trace_id_leads_from_the_frame_to_the_webhook() -> anyhow::Result<()> {
    let script = Script { cameras: &[("yard", "yard")], zones: PIT, model: "shapes" };
    let scene = Scene::start_with(&script, &[("LOG_FORMAT", "json")]).await?;

    let delivery = scene.delivery("an alert", |_| true).await?;

    let alert = delivery["body"]["alert_id"].as_str().context("an alert has an id")?;
    let told: Trace = delivery["headers"]["traceparent"].as_str().context("the receiver is told")?.parse()?;
    let raised = line(&scene.stream_manager, "alert", alert).await?;
    let taken = line(&scene.alert_router, "an alert is to be delivered", alert).await?;
    let delivered = line(&scene.alert_router, "an alert was delivered", alert).await?;
    for (line, service) in [(&raised, "stream-manager"), (&taken, "alert-router"), (&delivered, "alert-router")] {
        assert_eq!(line["trace_id"], told.id(), "{line}");
        assert_eq!((&line["service"], &line["level"]), (&service.into(), &"INFO".into()), "{line}");
    }
    assert_eq!(raised["camera"], "yard");
    assert!(!SECRET.is_empty() && !scene.alert_router.said().contains(SECRET), "a secret is in the log");

    // Another frame is another trace.
    let other = scene.delivery("another alert", |body| body["frame_id"] != delivery["body"]["frame_id"]).await?;
    let other: Trace = other["headers"]["traceparent"].as_str().context("the receiver is told")?.parse()?;
    assert_ne!(other.id(), told.id());
    Ok(())
}

/// How long a round of a robot that drives ten times as fast may take.
const ROUND_LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn all_that_happens_on_a_round_is_one_trace() -> anyhow::Result<()> {
    let mut site = Site::new()?;
    site.set("LOG_FORMAT", "json");
    let _redis = site.start_redis().await?;
    let world = World::new(&WorldSettings::default());
    write_point(&site, &world)?;
    let speedy = Settings { speed: 10.0, boot: Duration::from_millis(200), world: Some(world), ..Settings::default() };
    let robot = Robot::start(speedy).await?;
    let patrol = start_patrol(&site, &robot).await?;
    let http = Http::on(site.ports.patrol(0))?;
    until("the robot is connected", LIMIT, async || {
        http.json("/api/v1/state").await.is_ok_and(|state| state["link"]["state"] == "connected")
    })
    .await?;

    let request = http.request(Method::POST, "/api/v1/runs").json(&json!({"dry_run": true}));
    let answer = request.send().await?;
    ensure!(answer.status().is_success(), "the round does not begin: {}", answer.text().await?);

    let url = format!("redis://127.0.0.1:{}", site.ports.redis()).parse()?;
    let topic: Topic<RunEvent> = Topic::new("patrol-events", 10_000);
    let mut events = Consumer::join(&url, &topic, GroupSettings::new("test"))?;
    let mut traces = Vec::new();
    loop {
        let event = tokio::time::timeout(ROUND_LIMIT, events.next()).await.context("the round goes on")??;
        traces.push(event.trace.with_context(|| format!("{:?} has no trace", event.value))?.id());
        if event.value.kind == RunEventKind::Completed {
            break;
        }
    }
    assert!(traces.len() >= 2 && traces.iter().all(|trace| *trace == traces[0]), "{traces:?}");
    let said = patrol.said();
    let begun = said.lines().find(|line| line.contains("\"a run begins\"")).context("the log tells of the round")?;
    assert_eq!(serde_json::from_str::<Value>(begun)?["trace_id"], traces[0], "{begun}");
    Ok(())
}

/// Writes the one waypoint of the round where the robot takes it from.
fn write_point(site: &Site, world: &World) -> anyhow::Result<()> {
    let location = world.floor(0).location("lobby").context("the building has a lobby")?;
    let (name, pose) = (&location.name, location.pose);
    let point = json!({"id": "lobby", "name": name, "x": pose.x, "y": pose.y, "theta": pose.theta, "prompt": "", "enabled": true});
    let directory = site.data().join("config");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("points.json"), json!([point]).to_string())?;
    Ok(fs::write(directory.join("settings.json"), json!({"settle_secs": 0.2}).to_string())?)
}

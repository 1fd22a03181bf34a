//! What a site is for, in containers and through its own nginx: an alert from a camera to its receiver, robots on their
//! rounds, each reached under its own name.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::{until, until_some};
use reqwest::Method;
use serde_json::{Value, json};

use crate::guard;
use crate::site::{Networking, Site};

/// The detector starts, looks, and a zone's rule has to be broken for a while.
const FIRST_ALERT: Duration = Duration::from_secs(90);
const RUN: Duration = Duration::from_secs(180);
const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_site_on_a_bridge_watches_and_walks() -> anyhow::Result<()> {
    let mut site = Site::lay_out(Networking::Bridge)?;
    site.up().await?;
    watches_and_walks(&site).await?;
    guard::everything_is_confined(&site).await?;
    site.down().await
}

#[tokio::test]
async fn a_production_site_of_two_files_watches_and_walks() -> anyhow::Result<()> {
    let mut site = Site::lay_out(Networking::Host)?;
    site.set("GEMINI_API_KEY", "simulated")?;
    site.set("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9110")?;
    site.set("ALERTING_PROTOCOL", "webhook")?;
    site.set("ALERTING_WEBHOOK_URL", "http://127.0.0.1:9100/webhook")?;
    site.up().await?;
    guard::directories_appeared(&site)?;
    watches_and_walks(&site).await?;
    guard::everything_is_confined(&site).await?;
    site.down().await
}

async fn watches_and_walks(site: &Site) -> anyhow::Result<()> {
    an_alert_arrives(site).await?;
    every_robot_answers_for_itself(site).await?;
    an_unknown_robot_is_not_found(site).await?;
    a_robot_walks_its_round(site, "robot-a").await
}

/// Camera, detector, zone, Redis, router, receiver; then the same alert and its picture as a browser gets them.
async fn an_alert_arrives(site: &Site) -> anyhow::Result<()> {
    let delivery = site.delivery(FIRST_ALERT).await?;
    let alert = &delivery["body"];
    let id = alert["alert_id"].as_str().context("an alert has an id")?;
    ensure!(delivery["headers"]["webhook-id"] == id, "{delivery}");
    ensure!(alert["detection"]["confidence"].as_f64().is_some_and(|confidence| confidence > 0.0), "{alert}");

    let web = site.web()?;
    let record = web.json(&format!("/alerts/api/v1/alerts/{id}")).await?;
    ensure!(record["alert_id"] == id && record["deliveries"][0]["channel"] == "webhook", "{record}");
    let snapshot = alert["snapshot"].as_str().context("an alert has a picture")?;
    let path = snapshot.strip_prefix("http://localhost:5000").with_context(|| format!("{snapshot} is on this site"))?;
    let jpeg = web.bytes(path).await?;
    ensure!(jpeg.starts_with(&[0xFF, 0xD8]) && jpeg.len() > 1000, "{path} is no picture");
    let page = web.get("/").await?;
    ensure!(page.status() == 200 && page.headers()["content-type"].to_str()?.starts_with("text/html"), "{page:?}");
    Ok(())
}

async fn every_robot_answers_for_itself(site: &Site) -> anyhow::Result<()> {
    let web = site.web()?;
    for robot in ["robot-a", "robot-b"] {
        let state = until_some(&format!("{robot} is connected"), SOON, async || {
            let state = web.json(&format!("/api/{robot}/state")).await.ok()?;
            (state["connected"] == true).then_some(state)
        })
        .await?;
        ensure!(state["robot_id"] == robot, "/api/{robot}/state answers {state}");
    }
    Ok(())
}

async fn an_unknown_robot_is_not_found(site: &Site) -> anyhow::Result<()> {
    for path in ["/api/robot-zzz/state", "/api/robot-a.evil/state"] {
        let answer = site.web()?.get(path).await?;
        ensure!(answer.status() == 404, "{path} is answered with {}", answer.status());
        let body: Value = answer.json().await?;
        ensure!(body["error"]["code"] == "not_found", "{path} is answered with {body}");
    }
    Ok(())
}

/// To two places and home, with a verdict of the simulated model at each.
pub(crate) async fn a_robot_walks_its_round(site: &Site, robot: &str) -> anyhow::Result<()> {
    let web = site.web()?;
    let post = async |path: &str, body: Value| {
        let answer = web.request(Method::POST, &format!("/api/{robot}{path}")).json(&body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path} is answered with {status}: {text}");
        serde_json::from_str::<Value>(&text).with_context(|| format!("{path} is answered with {text}"))
    };
    until(&format!("{robot} knows its building"), SOON, async || {
        post("/v1/points/from-robot", json!({})).await.is_ok()
    })
    .await?;
    let points = web.json(&format!("/api/{robot}/v1/points")).await?;
    let places: Vec<&Value> =
        points.as_array().context("a list of waypoints")?.iter().map(|point| &point["id"]).collect();
    ensure!(places.len() >= 2, "{robot} knows no two places: {points}");

    let begun = post("/v1/runs", json!({"points": places[..2]})).await?;
    let run = begun["run_id"].as_i64().context("a run has an id")?;
    let ended = until_some(&format!("run {run} of {robot} has ended"), RUN, async || {
        let now = web.json(&format!("/api/{robot}/v1/state")).await.ok()?["run"].clone();
        (now["run_id"] == run && !now["outcome"].is_null()).then_some(now)
    })
    .await?;
    ensure!(ended["outcome"] == "completed", "{ended}");
    let verdicts: Vec<&Value> =
        ended["points"].as_array().into_iter().flatten().map(|point| &point["verdict"]).collect();
    ensure!(verdicts.len() == 2 && verdicts.iter().all(|verdict| **verdict == "OK" || **verdict == "NG"), "{ended}");
    until(&format!("{robot} is at home"), SOON, async || {
        let Ok(simulation) = site.simulation().await else { return false };
        simulation.json(&format!("/robots/{robot}/truth")).await.is_ok_and(|truth| truth["docked"] == true)
    })
    .await
}

/// The ids of the alerts that the receiver has accepted.
pub(crate) fn accepted(deliveries: &[Value]) -> BTreeSet<String> {
    let taken = deliveries.iter().filter(|delivery| delivery["answered"] == 204);
    taken.filter_map(|delivery| Some(delivery["body"]["alert_id"].as_str()?.to_owned())).collect()
}

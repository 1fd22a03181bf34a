//! Parts of a site die and come back: a container is killed, Redis is stopped. An alert is never lost.

use std::fs;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use e2e::until;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::flows::accepted;
use crate::site::{Networking, Site};

const SOON: Duration = Duration::from_secs(60);

/// Coloured shapes, a detector that knows them, and a zone over the whole picture that raises an alert every second.
const CAMERAS: &str = "cameras:
- {id: yard, name: Yard, rtsp_url: \"${SIM_RTSP_URL:-rtsp://127.0.0.1:8554}/yard\", fps_target: 5, motion: {forced_look_seconds: 0.5}}
";
const ZONES: &str = "cameras:
- camera_id: yard
  forbidden_rois: [{name: all, points: [[0, 0], [1, 0], [1, 1], [0, 1]], repeat_seconds: 1}]
";
const SERVICES: &str = "inference: {model_path: shapes, warmup_iterations: 1}
alerting:
  protocol: webhook
  webhook_url: \"${SIM_WEBHOOK_URL:-http://127.0.0.1:9100}/webhook\"
  webhook_retry_attempts: 20
  debounce_window_seconds: 0
";

#[tokio::test]
async fn on_a_bridge_a_killed_service_heals_and_no_alert_is_lost_without_redis() -> anyhow::Result<()> {
    survives(Networking::Bridge).await
}

#[tokio::test]
async fn in_production_a_killed_service_heals_and_no_alert_is_lost_without_redis() -> anyhow::Result<()> {
    survives(Networking::Host).await
}

async fn survives(networking: Networking) -> anyhow::Result<()> {
    let mut site = Site::lay_out(networking)?;
    site.configure("cameras.yaml", CAMERAS)?;
    site.configure("rois.yaml", ZONES)?;
    site.configure("services.yaml", SERVICES)?;
    site.up().await?;
    site.delivery(SOON).await?;
    alerts_wait_for_redis(&site).await?;
    a_killed_service_heals(&site, "alert-router").await?;
    everything_raised_is_delivered(&site).await?;
    site.down().await
}

async fn alerts_wait_for_redis(site: &Site) -> anyhow::Result<()> {
    site.compose(&["stop", "redis"], SOON).await?;
    let before = raised(site).await?;
    until("three alerts are raised without Redis", SOON, async || {
        raised(site).await.is_ok_and(|raised| raised >= before + 3)
    })
    .await?;
    site.compose(&["start", "redis"], SOON).await?;
    everything_raised_is_delivered(site).await
}

/// Dies as by the kernel's hand, so that not Docker has stopped it but the policy must start it again.
async fn a_killed_service_heals(site: &Site, service: &str) -> anyhow::Result<()> {
    let container = site.container(service).await?;
    let process = first_process_of(&container)?;
    kill_process(process, Signal::KILL).context("killing a container's process")?;
    until(&format!("{service} was started again"), SOON, async || {
        site.docker.inspect(&container).await.is_ok_and(|known| known["RestartCount"].as_u64() >= Some(1))
    })
    .await?;
    until(&format!("{service} is healthy again"), SOON, async || {
        site.health(&container).await.is_ok_and(|health| health == "healthy")
    })
    .await
}

/// The process that is number 1 in a container. Docker knows it by its number in the engine's namespace, not in ours.
fn first_process_of(container: &str) -> anyhow::Result<Pid> {
    for entry in fs::read_dir("/proc").context("reading the processes")?.flatten() {
        let read = |name: &str| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        let is_first = || {
            let status = read("status");
            let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
            numbers.split_whitespace().last() == Some("1")
        };
        if read("cgroup").contains(container) && is_first() {
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            return number.and_then(Pid::from_raw).context("a process has a number");
        }
    }
    bail!("no process belongs to the container {container}")
}

/// Every alert that the stream manager has counted reaches the receiver.
async fn everything_raised_is_delivered(site: &Site) -> anyhow::Result<()> {
    let raised = raised(site).await?;
    ensure!(raised > 0, "no alert was raised");
    until(&format!("{raised} alerts are delivered"), SOON * 2, async || {
        site.received().await.is_ok_and(|deliveries| accepted(&deliveries).len() as u64 >= raised)
    })
    .await
}

/// How many alerts the camera has raised, as the stream manager counts them.
async fn raised(site: &Site) -> anyhow::Result<u64> {
    let camera: Value = site.web()?.json("/streams/api/v1/cameras/yard").await?;
    camera["counters"]["alerts"].as_u64().context("a count of alerts")
}

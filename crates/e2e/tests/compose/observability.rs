//! Prometheus in the stack: it finds every service of ours, and its rules hold on a site that is well.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::until;
use serde_json::Value;

use crate::site::{Networking, Site};

/// What must be scraped.
const JOBS: [&str; 5] = ["console", "inference-api", "stream-manager", "alert-router", "patrol"];

/// Two rounds of scrapes and a little more.
const SCRAPED: Duration = Duration::from_secs(90);

#[tokio::test]
async fn prometheus_reaches_every_service_on_a_bridge() -> anyhow::Result<()> {
    is_watched(Site::lay_out(Networking::Bridge)?).await
}

#[tokio::test]
async fn prometheus_reaches_every_service_in_production() -> anyhow::Result<()> {
    let site = Site::lay_out(Networking::Host)?;
    // The profile needs more than two files.
    for directory in ["configs/prometheus", "configs/alertmanager"] {
        site.bring(directory)?;
    }
    is_watched(site).await
}

async fn is_watched(mut site: Site) -> anyhow::Result<()> {
    site.with_profile("observability");
    site.up().await?;
    let prometheus = site.inside("prometheus", 9090).await?;

    let mut last = BTreeMap::new();
    let all_up = until("every service is scraped", SCRAPED, async || {
        last =
            prometheus.json("/api/v1/targets?state=active").await.map_or_else(|_| BTreeMap::new(), |all| healths(&all));
        let is_found = |job: &&str| last.keys().any(|target| target.starts_with(job));
        JOBS.iter().all(is_found) && last.iter().all(|(target, health)| !is_started(target) || health == "up")
    });
    all_up.await.with_context(|| format!("{last:?}"))?;
    let rules = prometheus.json("/api/v1/rules").await?;
    let groups = rules["data"]["groups"].as_array().context("a list of rules")?;
    ensure!(!groups.is_empty(), "no rules are loaded");
    for rule in groups.iter().flat_map(|group| group["rules"].as_array().into_iter().flatten()) {
        ensure!(rule["health"] != "err", "{rule}");
    }
    site.down().await
}

/// The health of every target by job and address.
fn healths(answer: &Value) -> BTreeMap<String, String> {
    let targets = answer["data"]["activeTargets"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    targets
        .map(|target| {
            let labels = &target["labels"];
            (format!("{} {}", text(&labels["job"]), text(&labels["instance"])), text(&target["health"]))
        })
        .collect()
}

/// Grafana, Loki and its shipper have no images here.
fn is_started(target: &str) -> bool {
    !["grafana", "loki", "alloy"].iter().any(|name| target.starts_with(name))
}

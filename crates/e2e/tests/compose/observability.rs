//! Prometheus in the stack: it finds every service of ours, and its rules hold on a site that is well.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::until_some;
use serde_json::Value;

use crate::site::{Networking, Site};

/// Two rounds of scrapes and a little more.
const SCRAPED: Duration = Duration::from_secs(90);

#[tokio::test]
async fn prometheus_reaches_every_service() -> anyhow::Result<()> {
    let mut site = Site::lay_out(Networking::Bridge)?;
    site.with_profile("observability");
    site.up().await?;
    let prometheus = site.inside("prometheus", 9090).await?;

    let mut last = BTreeMap::new();
    let reached = until_some("every target is up", SCRAPED, async || {
        let answer = prometheus.json("/api/v1/targets?state=active").await.ok()?;
        last = healths(&answer);
        last.iter().all(|(job, health)| !is_ours(job) || health == "up").then_some(last.len())
    })
    .await
    .with_context(|| "not every target is up")?;
    ensure!(reached >= 6, "these are too few targets: {last:?}");
    for job in ["console", "inference-api", "stream-manager", "alert-router", "patrol"] {
        ensure!(last.keys().any(|key| key.starts_with(job)), "{job} is not scraped: {last:?}");
    }
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

/// Grafana, Loki and its shipper are not started here.
fn is_ours(job: &str) -> bool {
    !["grafana", "loki", "alloy"].iter().any(|name| job.starts_with(name))
}

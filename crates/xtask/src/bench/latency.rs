//! From a picture's capture to the arrival of its alert at a webhook, with four cameras.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::print;
use super::stage::{Script, Stage, ask, own_cameras};
use crate::places::Places;

#[derive(Debug, Deserialize)]
struct Received {
    deliveries: Vec<Delivery>,
}

/// One request that the simulated receiver got.
#[derive(Debug, Deserialize)]
struct Delivery {
    received_at: jiff::Timestamp,
    body: Alert,
}

#[derive(Debug, Deserialize)]
struct Alert {
    alert_id: String,
    captured_at: jiff::Timestamp,
}

/// Lets alerts flow for a while and prints the quantiles of their way.
pub(crate) fn run(places: &Places, seconds: u64) -> anyhow::Result<()> {
    let mut stage = Stage::open(places)?;
    let cameras = own_cameras();
    let webhook = format!("http://127.0.0.1:{}/webhook", stage.sim);
    stage.play(&Script { cameras: &cameras, webhook: Some(webhook), repeat_seconds: Some(1.0) })?;
    stage.route()?;
    // Everything warms up: the model, the connections, the trackers.
    thread::sleep(Duration::from_secs(10));
    let warm_up: HashSet<String> = received(&stage)?.into_iter().map(|delivery| delivery.body.alert_id).collect();
    thread::sleep(Duration::from_secs(seconds));
    let mut millis: Vec<f64> = received(&stage)?
        .iter()
        .filter(|delivery| !warm_up.contains(&delivery.body.alert_id))
        .map(|delivery| {
            let way = delivery.received_at.duration_since(delivery.body.captured_at);
            way.as_secs_f64() * 1000.0
        })
        .collect();
    if millis.is_empty() {
        bail!("no alert arrived in {seconds} s");
    }
    millis.sort_by(f64::total_cmp);
    print("frame-to-alert.alerts", millis.len() as f64, "alerts");
    print("frame-to-alert.p50", quantile(&millis, 0.50), "ms");
    print("frame-to-alert.p99", quantile(&millis, 0.99), "ms");
    Ok(())
}

fn received(stage: &Stage) -> anyhow::Result<Vec<Delivery>> {
    let answer: Received = ask(stage.sim, "/webhook/received").context("reading what the webhook got")?;
    Ok(answer.deliveries)
}

/// The nearest-rank quantile of sorted values.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();

        assert_eq!(quantile(&values, 0.50), 100.0);
        assert_eq!(quantile(&values, 0.99), 198.0);
        assert_eq!(quantile(&[7.0], 0.99), 7.0);
    }
}

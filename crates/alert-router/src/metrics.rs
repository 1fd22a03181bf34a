//! What the alert router counts.

use std::time::Duration;

use chassis::metrics::{LATENCY_SECONDS, counter, counters, gauge, gauges, histograms};

use crate::book::Accounts;

/// Where the deliveries' ages lie: up to half a second if all is well, up to an hour if not.
const DELAY_SECONDS: &[f64] = &[0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 3600.0];

/// Counts an alert that came again.
pub(crate) fn repeated() {
    counter("ronda_alerts_repeated_total", "Alerts that were received again and recognised.").inc();
}

/// Counts an attempt to deliver.
pub(crate) fn attempted(channel: &str, result: &str, took: Duration) {
    counters("ronda_delivery_attempts_total", "Attempts to deliver an alert.", &["channel", "result"])
        .with_label_values(&[channel, result])
        .inc();
    histograms("ronda_delivery_seconds", "How long an attempt took.", &["channel"], LATENCY_SECONDS)
        .with_label_values(&[channel])
        .observe(took.as_secs_f64());
}

/// Notes how long after it was seen an alert was delivered.
pub(crate) fn delivered(channel: &str, delay_secs: f64) {
    histograms(
        "ronda_alert_delay_seconds",
        "From the capture of the frame to the end of the delivery.",
        &["channel"],
        DELAY_SECONDS,
    )
    .with_label_values(&[channel])
    .observe(delay_secs.max(0.0));
}

/// Shows where all alerts are: `detected` is the sum of the outcomes.
pub(crate) fn show(accounts: &Accounts) {
    gauge("ronda_alerts_detected", "Alerts ever recorded.").set(accounts.detected);
    let outcomes = gauges("ronda_alerts", "Alerts ever recorded, by where they are now.", &["outcome"]);
    for (outcome, count) in accounts.outcomes() {
        outcomes.with_label_values(&[outcome]).set(count);
    }
}

//! What the alert router counts.

use std::time::Duration;

use chassis::Trace;
use chassis::metrics::prometheus::{Histogram, IntCounter};
use chassis::metrics::{LATENCY_SECONDS, counter, counters, float_gauge, gauge, gauges, histograms, observe_traced};
use domain::alert::Severity;
use jiff::Timestamp;

use crate::book::Accounts;
use crate::channel::Attempt;
use crate::rule::Verdict;

/// Where the deliveries' ages lie: up to half a second if all is well, up to an hour if not.
const DELAY_SECONDS: &[f64] = &[0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 3600.0];

/// Shows at zero what is known before the first alert: the deliveries of the one channel that is configured.
pub(crate) fn begin(channel: &str) {
    repetitions();
    for (_, severity) in Severity::ALL {
        Verdict::ALL.into_iter().for_each(|verdict| drop(recordings(severity, verdict)));
    }
    Attempt::RESULTS.into_iter().for_each(|result| drop(attempts(channel, result)));
    for histogram in [delivery_seconds, delays] {
        histogram(channel);
    }
}

/// Counts an alert that came again.
pub(crate) fn repeated() {
    repetitions().inc();
}

fn repetitions() -> IntCounter {
    counter("ronda_alerts_repeated_total", "Alerts that were received again and recognised.")
}

/// Counts an alert that was recorded, by what was decided about it.
pub(crate) fn recorded(severity: Severity, verdict: Verdict) {
    recordings(severity, verdict).inc();
}

fn recordings(severity: Severity, verdict: Verdict) -> IntCounter {
    let help = "Alerts recorded since the start, by what was decided.";
    let labels = [severity.as_str(), verdict.as_str()];
    counters("ronda_alerts_recorded_total", help, &["severity", "verdict"]).with_label_values(&labels)
}

/// Counts an attempt to deliver.
pub(crate) fn attempted(channel: &str, attempt: &Attempt, took: Duration) {
    attempts(channel, attempt.result()).inc();
    observe_traced(&delivery_seconds(channel), took.as_secs_f64(), Trace::current());
}

fn attempts(channel: &str, result: &str) -> IntCounter {
    counters("ronda_delivery_attempts_total", "Attempts to deliver an alert.", &["channel", "result"])
        .with_label_values(&[channel, result])
}

fn delivery_seconds(channel: &str) -> Histogram {
    histograms("ronda_delivery_seconds", "How long an attempt took.", &["channel"], LATENCY_SECONDS)
        .with_label_values(&[channel])
}

/// Notes how long after it was seen an alert was delivered.
pub(crate) fn delivered(channel: &str, delay_secs: f64) {
    observe_traced(&delays(channel), delay_secs.max(0.0), Trace::current());
}

fn delays(channel: &str) -> Histogram {
    let help = "From the capture of the frame to the end of the delivery.";
    histograms("ronda_alert_delay_seconds", help, &["channel"], DELAY_SECONDS).with_label_values(&[channel])
}

/// Shows where all alerts are, `detected` being the sum of the outcomes, and since when one waits for its delivery.
pub(crate) fn show(accounts: &Accounts, oldest_pending: Option<Timestamp>, now: Timestamp) {
    gauge("ronda_alerts_detected", "Alerts ever recorded.").set(accounts.detected);
    let outcomes = gauges("ronda_alerts", "Alerts ever recorded, by where they are now.", &["outcome"]);
    for (outcome, count) in accounts.outcomes() {
        outcomes.with_label_values(&[outcome]).set(count);
    }
    let waits = oldest_pending.map_or(0.0, |since| now.duration_since(since).as_secs_f64());
    float_gauge("ronda_delivery_oldest_pending_seconds", "How long the alert waits that waits longest.")
        .set(waits.max(0.0));
}

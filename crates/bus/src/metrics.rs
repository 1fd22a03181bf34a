//! What the bus counts.

use std::time::{SystemTime, UNIX_EPOCH};

use chassis::Trace;
use chassis::metrics::{counters, gauge, gauges, histograms, observe_traced};
use prometheus::{IntCounter, IntGauge};

use crate::EntryId;

/// Seconds on the way: a few milliseconds, or as long as an outage lasts.
const DELAY_SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 3600.0];

macro_rules! by_topic {
    ($($(#[$doc:meta])* $function:ident($name:literal, $help:literal) -> $type:ident via $make:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $function(topic: &str) -> $type {
            $make($name, $help, &["topic"]).with_label_values(&[topic])
        }
    )*};
}

by_topic! {
    published("ronda_bus_published_total", "Messages that Redis took.") -> IntCounter via counters;
    publish_failures("ronda_bus_publish_failures_total", "Attempts to send that failed.") -> IntCounter via counters;
    handed_over("ronda_bus_received_total", "Messages handed to a handler.") -> IntCounter via counters;
    taken_over("ronda_bus_taken_over_total", "Messages taken over from an instance that did not acknowledge them.") -> IntCounter via counters;
    dead("ronda_bus_dead_total", "Messages put aside because nobody could handle them.") -> IntCounter via counters;
    trimmed("ronda_bus_trimmed_total", "Messages that were trimmed away before they were handled.") -> IntCounter via counters;
    unreadable("ronda_bus_unreadable_total", "Messages that a reader without a group skipped.") -> IntCounter via counters;
    pending("ronda_bus_pending", "Messages delivered to a group and not acknowledged.") -> IntGauge via gauges;
    lag("ronda_bus_lag", "Messages not delivered to the group yet.") -> IntGauge via gauges;
    spool_entries("ronda_spool_entries", "Messages on disk that wait for Redis.") -> IntGauge via gauges;
    spool_bytes("ronda_spool_bytes", "Bytes on disk that wait for Redis.") -> IntGauge via gauges;
    spool_max_entries("ronda_spool_max_entries", "How many messages may wait on disk.") -> IntGauge via gauges;
    spool_max_bytes("ronda_spool_max_bytes", "How many bytes may wait on disk.") -> IntGauge via gauges;
    spool_refused("ronda_spool_refused_total", "Messages refused because the spool is full or its disk fails.") -> IntCounter via counters;
    spool_corrupt("ronda_spool_corrupt_total", "Spool files set aside because they cannot be read.") -> IntCounter via counters;
}

/// Whether Redis answered the last command.
pub(crate) fn redis_up() -> IntGauge {
    gauge("ronda_redis_up", "1 if Redis answered the last command.")
}

/// Counts a message that is handed to a handler.
pub(crate) fn received(topic: &str, id: EntryId, trace: Option<Trace>) {
    handed_over(topic).inc();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The clock of Redis may be a little ahead of ours.
    let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).saturating_sub(id.millis());
    observe_traced(&delay(topic), millis as f64 / 1e3, trace);
}

fn delay(topic: &str) -> prometheus::Histogram {
    let help = "From Redis taking a message until a handler has it.";
    histograms("ronda_bus_delay_seconds", help, &["topic"], DELAY_SECONDS).with_label_values(&[topic])
}

/// Shows at zero what sending counts.
pub(crate) fn begin_to_send(topic: &str) {
    for counter in [published, publish_failures] {
        counter(topic);
    }
}

/// Shows at zero what a spool counts.
pub(crate) fn begin_to_spool(topic: &str, max_entries: u64, max_bytes: u64) {
    begin_to_send(topic);
    for counter in [spool_refused, spool_corrupt] {
        counter(topic);
    }
    spool_max_entries(topic).set(max_entries.try_into().unwrap_or(i64::MAX));
    spool_max_bytes(topic).set(max_bytes.try_into().unwrap_or(i64::MAX));
}

/// Shows at zero what a member of a group counts.
pub(crate) fn begin_to_consume(topic: &str) {
    for counter in [handed_over, taken_over, dead, trimmed] {
        counter(topic);
    }
    for gauge in [pending, lag] {
        gauge(topic);
    }
    delay(topic);
}

/// Shows at zero what reading along counts.
pub(crate) fn begin_to_tail(topic: &str) {
    for counter in [handed_over, unreadable] {
        counter(topic);
    }
    delay(topic);
}

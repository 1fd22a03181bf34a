//! What the bus counts.

use chassis::metrics::{counters, gauges};
use prometheus::{IntCounter, IntGauge};

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
    received("ronda_bus_received_total", "Messages handed to a handler.") -> IntCounter via counters;
    taken_over("ronda_bus_taken_over_total", "Messages taken over from an instance that did not acknowledge them.") -> IntCounter via counters;
    dead("ronda_bus_dead_total", "Messages put aside because nobody could handle them.") -> IntCounter via counters;
    trimmed("ronda_bus_trimmed_total", "Messages that were trimmed away before they were handled.") -> IntCounter via counters;
    unreadable("ronda_bus_unreadable_total", "Messages that a reader without a group skipped.") -> IntCounter via counters;
    pending("ronda_bus_pending", "Messages delivered to a group and not acknowledged.") -> IntGauge via gauges;
    lag("ronda_bus_lag", "Messages not delivered to the group yet.") -> IntGauge via gauges;
    spool_entries("ronda_spool_entries", "Messages on disk that wait for Redis.") -> IntGauge via gauges;
    spool_bytes("ronda_spool_bytes", "Bytes on disk that wait for Redis.") -> IntGauge via gauges;
    spool_refused("ronda_spool_refused_total", "Messages refused because the spool is full or its disk fails.") -> IntCounter via counters;
    spool_corrupt("ronda_spool_corrupt_total", "Spool files set aside because they cannot be read.") -> IntCounter via counters;
}

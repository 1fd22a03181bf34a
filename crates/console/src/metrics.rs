//! What the console counts.

use chassis::metrics::prometheus::{IntCounter, IntGauge};
use chassis::metrics::{counter, gauge};

/// Alerts taken in from Redis.
pub(crate) fn events() -> IntCounter {
    counter("ronda_console_events_total", "Alerts taken in for the live feed.")
}

/// Clients of the live feed.
pub(crate) fn clients() -> IntGauge {
    gauge("ronda_console_event_clients", "Clients connected to the live feed.")
}

/// Clients cut off because they were too slow.
pub(crate) fn cut_off() -> IntCounter {
    counter("ronda_console_event_clients_cut_off_total", "Clients cut off because they read too slowly.")
}

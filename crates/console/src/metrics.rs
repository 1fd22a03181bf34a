//! What the console counts.

use chassis::metrics::counter;
use chassis::metrics::prometheus::IntCounter;

/// Shows at zero what is known before the first alert.
pub(crate) fn begin() {
    for counter in [events, cut_off] {
        counter();
    }
}

/// Alerts taken in from Redis.
pub(crate) fn events() -> IntCounter {
    counter("ronda_console_events_total", "Alerts taken in for the live feed.")
}

/// Clients cut off because they were too slow.
pub(crate) fn cut_off() -> IntCounter {
    counter(
        "ronda_console_event_clients_cut_off_total",
        "Clients of the live feed cut off because they read too slowly.",
    )
}

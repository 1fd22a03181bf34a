//! Whether the process gets round to things: how late a timer fires.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::histogram;

/// How long the timer runs. Short against what anybody would notice, long against what it costs.
const PERIOD: Duration = Duration::from_millis(500);
const LAG_SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Notes how late a timer fires, for ever. What blocks the runtime's threads, or a machine that has too much to do, shows
/// here before it shows anywhere else.
pub(crate) async fn watch_event_loop() {
    let lag = histogram("ronda_event_loop_lag_seconds", "How late a timer of half a second fires.", LAG_SECONDS);
    loop {
        let due = Instant::now() + PERIOD;
        sleep(PERIOD).await;
        lag.observe(due.elapsed().as_secs_f64());
    }
}

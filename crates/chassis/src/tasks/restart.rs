//! The loop around an attempt that may fail.

use std::future::Future;

use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use super::{Backoff, Stop, caught};
use crate::metrics;

/// Makes attempts until the [`Stop`] is set, with a jittered, growing pause after each that failed,
/// panicked or ended. For tasks that come and go while the process runs; [`Tasks`](super::Tasks)
/// uses it for those that are there from the start.
pub async fn restart<A, F>(name: impl Into<String>, stop: Stop, mut attempt: A)
where
    A: FnMut() -> F,
    F: Future<Output = anyhow::Result<()>>,
{
    let name = name.into();
    let mut backoff = Backoff::default();
    while !stop.is_stopped() {
        let began = Instant::now();
        let end = caught(attempt()).await;
        if stop.is_stopped() {
            debug!(task = name, "ended");
            break;
        }
        let pause = backoff.pause_after(began.elapsed(), fastrand::f64());
        let pause_secs = pause.as_secs_f64();
        match end {
            Ok(()) => debug!(task = name, pause_secs, "ended, will begin again"),
            Err(error) => warn!(task = name, pause_secs, "failed, will begin again: {error:#}"),
        }
        metrics::task_restarted();
        stop.or(sleep(pause)).await;
    }
}

//! Every task has a name, an owner who waits for it, and a way to stop. Two kinds only: *vital* (its
//! end ends the process) and *restarted* (the other end is a camera, a network; it fails, pauses,
//! begins again).

mod backoff;
mod restart;
mod stop;

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures::FutureExt;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, timeout_at};
use tracing::{debug, warn};

pub use backoff::Backoff;
pub use restart::restart;
pub use stop::Stop;

/// The tasks of a process, or of one part of it.
///
/// Dropping it ends every task it owns.
#[derive(Debug)]
pub struct Tasks {
    stop: Stop,
    running: JoinSet<anyhow::Result<()>>,
    names: HashMap<Id, String>,
}

impl Tasks {
    /// Starts with no tasks. They are asked to end by `stop`, and a failing one asks all others.
    pub fn new(stop: Stop) -> Self {
        Self { stop, running: JoinSet::new(), names: HashMap::new() }
    }

    /// Starts a task whose end ends all the others. It must end when the [`Stop`] is set.
    pub fn vital<F>(&mut self, name: impl Into<String>, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let name = name.into();
        let stop = self.stop.clone();
        let told = name.clone();
        let watched = async move {
            let end = caught(task).await.with_context(|| format!("task `{told}` failed"));
            match end {
                Ok(()) if !stop.is_stopped() => Err(anyhow!("task `{told}` ended by itself")),
                end => end,
            }
        };
        let id = self.running.spawn(watched).id();
        self.names.insert(id, name);
    }

    /// Starts a task of attempts: when one fails or ends, the next begins after a jittered,
    /// growing pause. An attempt must end when the [`Stop`] is set.
    pub fn restarted<A, F>(&mut self, name: impl Into<String>, attempt: A)
    where
        A: FnMut() -> F + Send + 'static,
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let name = name.into();
        let attempts = restart(name.clone(), self.stop.clone(), attempt);
        let id = self.running.spawn(attempts.map(Ok)).id();
        self.names.insert(id, name);
    }

    /// Waits until the [`Stop`] is set or a vital task ends, gives every task `grace` to end, and
    /// cuts off those that did not. Returns the first failure.
    pub async fn run(mut self, grace: Duration) -> anyhow::Result<()> {
        let stop = self.stop.clone();
        let mut outcome = Ok(());
        while outcome.is_ok() {
            outcome = tokio::select! {
                () = stop.stopped() => break,
                end = self.next_end() => match end {
                    Some(end) => end,
                    None => break,
                },
            };
        }
        stop.stop();
        let deadline = Instant::now() + grace;
        loop {
            match timeout_at(deadline, self.next_end()).await {
                Ok(Some(end)) => outcome = outcome.and(end),
                Ok(None) => return outcome,
                Err(_) => break,
            }
        }
        let mut late: Vec<&str> = self.names.values().map(String::as_str).collect();
        late.sort_unstable();
        warn!(tasks = late.join(", "), grace_secs = grace.as_secs(), "cut off after the grace period");
        self.running.shutdown().await;
        outcome
    }

    /// Waits for the next task to end; `None` if there is none left.
    async fn next_end(&mut self) -> Option<anyhow::Result<()>> {
        let ended = self.running.join_next_with_id().await?;
        Some(match ended {
            Ok((id, end)) => {
                debug!(task = self.names.remove(&id).unwrap_or_default(), "ended");
                end
            }
            // Panics are caught inside the task, and nothing is cut off before the end of `run`.
            Err(error) => Err(error.into()),
        })
    }
}

/// Runs a future; its panic becomes its failure.
async fn caught<F: Future<Output = anyhow::Result<()>>>(task: F) -> anyhow::Result<()> {
    match AssertUnwindSafe(task).catch_unwind().await {
        Ok(end) => end,
        Err(payload) => Err(anyhow!("panicked: {}", crate::telemetry::payload_text(&*payload))),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

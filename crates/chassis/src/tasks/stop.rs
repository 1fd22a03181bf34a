//! The request to end.

use tokio_util::sync::CancellationToken;

/// Tells those who hold it that it is time to end. Cloning gives another handle to the same one.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    token: CancellationToken,
}

impl Stop {
    /// Returns a stop that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets it, for every clone and child.
    pub fn stop(&self) {
        self.token.cancel();
    }

    /// Waits until it is set.
    pub async fn stopped(&self) {
        self.token.cancelled().await;
    }

    /// Returns whether it is set.
    pub fn is_stopped(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Returns a stop that is set with this one, and can be set alone.
    pub fn child(&self) -> Self {
        Self { token: self.token.child_token() }
    }

    /// Runs `future` until it is done (`Some`) or the stop is set (`None`, and the future is dropped).
    pub async fn or<F: Future>(&self, future: F) -> Option<F::Output> {
        self.token.run_until_cancelled(future).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_child_stops_with_its_parent_and_not_the_other_way_round() {
        let parent = Stop::new();
        let (one, other) = (parent.child(), parent.child());
        one.stop();
        assert!(one.is_stopped() && !parent.is_stopped() && !other.is_stopped());
        parent.stop();
        other.stopped().await;
    }

    #[tokio::test]
    async fn work_is_dropped_when_the_stop_is_set() {
        let stop = Stop::new();
        assert_eq!(stop.or(async { 5 }).await, Some(5));
        stop.stop();
        assert_eq!(stop.or(std::future::pending::<()>()).await, None);
    }
}

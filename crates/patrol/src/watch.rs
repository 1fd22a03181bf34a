//! The seam for what looks along while the robot walks: the live monitor, and pushing the robot's picture to a relay.
//! Nothing is behind it yet; a run calls it where they begin and end.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::history::RunId;

/// Looks along during a run.
pub(crate) trait Companion: fmt::Debug + Send + Sync {
    /// Begins, before the robot drives. A run does not fail because of it: what goes wrong is its own to tell.
    fn begin(&self, run: RunId) -> BoxFuture<'_, ()>;

    /// Ends, after the robot is done.
    fn end(&self, run: RunId) -> BoxFuture<'_, ()>;
}

/// Everything that looks along.
#[derive(Debug, Clone, Default)]
pub(crate) struct Companions {
    companions: Arc<[Arc<dyn Companion>]>,
}

impl Companions {
    /// Begins all of them.
    pub(crate) async fn begin(&self, run: RunId) {
        for companion in &*self.companions {
            companion.begin(run).await;
        }
    }

    /// Ends all of them.
    pub(crate) async fn end(&self, run: RunId) {
        for companion in &*self.companions {
            companion.end(run).await;
        }
    }
}

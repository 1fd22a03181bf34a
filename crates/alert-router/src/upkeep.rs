//! Shows the accounts in the metrics and forgets old alerts.

use std::time::Duration;

use chassis::Stop;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};
use tracing::info;

use crate::book::Book;
use crate::metrics;

/// How often the accounts are shown.
const PERIOD: Duration = Duration::from_secs(1);
/// How often old alerts are looked for.
const FORGETTING: Duration = Duration::from_secs(60 * 60);

/// Runs until the [`Stop`] is set.
pub(crate) async fn run(book: Book, retention: Option<Duration>, stop: Stop) -> anyhow::Result<()> {
    let mut next_forgetting = Instant::now();
    while !stop.is_stopped() {
        metrics::show(&book.accounts().await?, book.oldest_pending().await?, Timestamp::now());
        if Instant::now() >= next_forgetting {
            next_forgetting = Instant::now() + FORGETTING;
            forget(&book, retention).await?;
        }
        stop.or(sleep(PERIOD)).await;
    }
    Ok(())
}

async fn forget(book: &Book, retention: Option<Duration>) -> anyhow::Result<()> {
    let Some(retention) = retention else { return Ok(()) };
    let Ok(since) = Timestamp::now().checked_sub(SignedDuration::try_from(retention)?) else { return Ok(()) };
    let count = book.forget_before(since).await?;
    if count > 0 {
        info!(count, "forgot old alerts");
    }
    Ok(())
}

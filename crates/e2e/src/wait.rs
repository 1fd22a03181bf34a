//! Waiting for a condition, with a limit: nothing in a test sleeps and hopes.

use std::time::{Duration, Instant};

use anyhow::bail;

/// How long a test waits for what should happen soon.
pub const LIMIT: Duration = Duration::from_secs(30);

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Waits until a question is answered with yes.
pub async fn until(what: &str, limit: Duration, mut holds: impl AsyncFnMut() -> bool) -> anyhow::Result<()> {
    until_some(what, limit, async || holds().await.then_some(())).await
}

/// Waits until there is a value.
pub async fn until_some<T>(
    what: &str,
    limit: Duration,
    mut value: impl AsyncFnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = value().await {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("waited {} s in vain until {what}", limit.as_secs());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

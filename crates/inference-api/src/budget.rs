//! How much memory uploads may hold at once, whoever sends them.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that one permit of the semaphore stands for.
const UNIT: usize = 1024;

/// Bytes that may be held at the same time. Whoever holds some has a [`Share`] of it.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    units: Arc<Semaphore>,
    total: u32,
}

/// A part of the budget; it goes back when it is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Share {
    _permit: OwnedSemaphorePermit,
}

impl Budget {
    pub(crate) fn of_bytes(bytes: usize) -> Self {
        let total = units(bytes);
        Self { units: Arc::new(Semaphore::new(total as usize)), total }
    }

    /// Takes a share at once, or tells that there is not enough.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Share> {
        let units = Arc::clone(&self.units);
        let permit = units.try_acquire_many_owned(self.within_total(bytes)).ok()?;
        Some(Share { _permit: permit })
    }

    /// Waits for a share; who asked first gets it first.
    pub(crate) async fn take(&self, bytes: usize) -> Share {
        let units = Arc::clone(&self.units);
        let permit = units.acquire_many_owned(self.within_total(bytes)).await;
        Share { _permit: permit.expect("the semaphore is never closed") }
    }

    /// What is larger than the whole budget takes all of it and so is alone, instead of waiting for ever.
    fn within_total(&self, bytes: usize) -> u32 {
        units(bytes).min(self.total)
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_not_given_again() {
        let budget = Budget::of_bytes(10 * UNIT);
        let six = budget.try_take(6 * UNIT).expect("there are ten");
        assert!(budget.try_take(5 * UNIT).is_none());
        let four = budget.try_take(4 * UNIT).expect("there are four");
        drop(six);
        assert!(budget.try_take(6 * UNIT).is_some());
        drop(four);
    }

    #[test]
    fn what_is_larger_than_everything_is_alone_rather_than_stuck() {
        let budget = Budget::of_bytes(4 * UNIT);
        let giant = budget.try_take(100 * UNIT).expect("takes all");
        assert!(budget.try_take(1).is_none());
        drop(giant);
        assert!(budget.try_take(4 * UNIT).is_some());
    }

    #[tokio::test]
    async fn a_share_that_is_waited_for_comes_when_another_goes() {
        let budget = Budget::of_bytes(UNIT);
        let first = budget.take(UNIT).await;
        let mut second = std::pin::pin!(budget.take(UNIT));
        assert!(futures::poll!(second.as_mut()).is_pending());
        drop(first);
        let _second = second.await;
    }
}

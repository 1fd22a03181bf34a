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

impl Share {
    /// Adds another share of the same budget.
    fn absorb(&mut self, other: Self) {
        self._permit.merge(other._permit);
    }
}

/// A share that grows with what comes in, so that who announces much and sends little holds little.
#[derive(Debug)]
#[must_use]
pub(crate) struct Growing {
    budget: Budget,
    bytes: usize,
    held: u32,
    share: Option<Share>,
}

impl Growing {
    /// Takes what so many bytes more need, or tells that there is not enough.
    #[must_use]
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let missing = self.budget.within_total(self.bytes).saturating_sub(self.held);
        if missing == 0 {
            return true;
        }
        let Some(more) = self.budget.try_take_units(missing) else { return false };
        self.held += missing;
        match &mut self.share {
            Some(share) => share.absorb(more),
            None => self.share = Some(more),
        }
        true
    }
}

impl Budget {
    /// Begins a share of nothing.
    pub(crate) fn growing(&self) -> Growing {
        Growing { budget: self.clone(), bytes: 0, held: 0, share: None }
    }

    fn try_take_units(&self, units: u32) -> Option<Share> {
        let permit = Arc::clone(&self.units).try_acquire_many_owned(units).ok()?;
        Some(Share { _permit: permit })
    }

    pub(crate) fn of_bytes(bytes: usize) -> Self {
        let total = units(bytes);
        Self { units: Arc::new(Semaphore::new(total as usize)), total }
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
        let (mut first, mut second) = (budget.growing(), budget.growing());
        assert!(first.grow(6 * UNIT), "there are ten");
        assert!(!second.grow(5 * UNIT));
        drop(first);
        let mut third = budget.growing();
        assert!(third.grow(10 * UNIT), "what was refused holds nothing");
    }

    #[test]
    fn many_small_pieces_hold_no_more_than_one_large_one() {
        let budget = Budget::of_bytes(2 * UNIT);
        let (mut trickle, mut other) = (budget.growing(), budget.growing());
        assert!((0..UNIT).all(|_| trickle.grow(1)));
        assert!(other.grow(UNIT) && !other.grow(1));
    }

    #[test]
    fn what_is_larger_than_everything_is_alone_rather_than_stuck() {
        let budget = Budget::of_bytes(4 * UNIT);
        let mut giant = budget.growing();
        assert!(giant.grow(100 * UNIT) && giant.grow(100 * UNIT), "takes all");
        assert!(!budget.growing().grow(1));
        drop(giant);
        assert!(budget.growing().grow(4 * UNIT));
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

//! Which blobs must go: a rule over their ages and sizes.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// How long blobs are kept, and how much of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Blobs older than this go; `None` keeps them for ever.
    pub max_age: Option<Duration>,
    /// The oldest go until the rest is no larger than this; `None` is no bound.
    pub max_bytes: Option<u64>,
}

/// What a sweep did and what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// How many blobs were deleted.
    pub deleted: u64,
    /// How many bytes they had.
    pub deleted_bytes: u64,
    /// How many blobs are left.
    pub kept: u64,
    /// How many bytes they have.
    pub kept_bytes: u64,
}

/// A blob as the rule sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) path: PathBuf,
    pub(crate) written: SystemTime,
    pub(crate) bytes: u64,
}

/// Parts the blobs in those that go and those that stay, the oldest first in both.
pub(crate) fn part(mut blobs: Vec<Kept>, limits: Limits, now: SystemTime) -> (Vec<Kept>, Vec<Kept>) {
    blobs.sort_by(|a, b| (a.written, &a.path).cmp(&(b.written, &b.path)));
    let mut bytes: u64 = blobs.iter().map(|blob| blob.bytes).sum();
    let mut may_stay = |blob: &Kept| {
        // A blob from the future, after the clock was set back, has no age.
        let age = now.duration_since(blob.written).unwrap_or_default();
        let is_young = limits.max_age.is_none_or(|max| age <= max);
        let fits = limits.max_bytes.is_none_or(|max| bytes <= max);
        bytes -= blob.bytes;
        is_young && fits
    };
    let first_kept = blobs.iter().position(&mut may_stay);
    let stay = blobs.split_off(first_kept.unwrap_or(blobs.len()));
    (blobs, stay)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(name: &str, age_secs: u64, bytes: u64) -> Kept {
        Kept { path: name.into(), written: now() - Duration::from_secs(age_secs), bytes }
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
    }

    fn gone(blobs: Vec<Kept>, max_age_secs: Option<u64>, max_bytes: Option<u64>) -> Vec<String> {
        let limits = Limits { max_age: max_age_secs.map(Duration::from_secs), max_bytes };
        let (gone, _) = part(blobs, limits, now());
        gone.iter().map(|blob| blob.path.display().to_string()).collect()
    }

    #[test]
    fn without_limits_everything_stays() {
        assert!(gone(vec![blob("a", 999_999, u64::MAX)], None, None).is_empty());
    }

    #[test]
    fn what_is_older_than_the_age_goes() {
        let blobs = vec![blob("young", 10, 1), blob("old", 101, 1), blob("just", 100, 1)];
        assert_eq!(gone(blobs, Some(100), None), ["old"]);
    }

    #[test]
    fn the_oldest_go_until_the_rest_fits() {
        let blobs = vec![blob("c", 1, 40), blob("a", 3, 40), blob("b", 2, 40)];
        assert_eq!(gone(blobs.clone(), None, Some(80)), ["a"]);
        assert_eq!(gone(blobs.clone(), None, Some(79)), ["a", "b"]);
        assert_eq!(gone(blobs, None, Some(0)), ["a", "b", "c"]);
    }

    #[test]
    fn a_blob_from_the_future_has_no_age() {
        let mut future = blob("f", 0, 1);
        future.written = now() + Duration::from_secs(5);
        assert!(gone(vec![future], Some(0), None).is_empty());
    }
}

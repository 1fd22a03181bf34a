//! Which files of runs must go: a rule over their ages and sizes.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The film of a run: goes first, as it is large and its findings are written down.
    Film,
    /// A photo, or the evidence of an alert.
    Photo,
}

/// A file as the rule sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    pub(super) written: SystemTime,
    pub(super) bytes: u64,
    /// A photo that later ones are compared with.
    pub(super) accepted: bool,
}

/// How long files are kept, and how much of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Limits {
    pub(super) film_age: Option<Duration>,
    pub(super) photo_age: Option<Duration>,
    /// All files together are to be no larger than this.
    pub(super) quota: Option<u64>,
    /// So much is to be free on the disk.
    pub(super) free: Option<u64>,
}

/// What was written lately belongs to a run under way, or to a report that is being written.
const RECENT: Duration = Duration::from_secs(60 * 60);

/// Returns the files that must go, when `free` bytes are free on the disk. An accepted photo stays, whatever its age.
pub(super) fn doomed(mut files: Vec<Kept>, limits: Limits, now: SystemTime, free: u64) -> Vec<Kept> {
    files.sort_by(|a, b| (a.kind, a.written, &a.path).cmp(&(b.kind, b.written, &b.path)));
    let all: u64 = files.iter().map(|file| file.bytes).sum();
    let mut freed = 0;
    let mut must_go = |file: &Kept| {
        // A file from the future, after the clock was set back, has no age.
        let age = now.duration_since(file.written).unwrap_or_default();
        if file.accepted || age < RECENT {
            return false;
        }
        let limit = if file.kind == Kind::Film { limits.film_age } else { limits.photo_age };
        let is_old = limit.is_some_and(|limit| age > limit);
        let is_too_much = limits.quota.is_some_and(|quota| all - freed > quota);
        let is_short = limits.free.is_some_and(|wanted| free.saturating_add(freed) < wanted);
        let goes = is_old || is_too_much || is_short;
        freed += if goes { file.bytes } else { 0 };
        goes
    };
    files.into_iter().filter(|file| must_go(file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600;
    const DAY: Duration = Duration::from_secs(24 * HOUR);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
    }

    fn file(name: &str, kind: Kind, hours: u64, bytes: u64) -> Kept {
        let written = now() - Duration::from_secs(hours * HOUR);
        Kept { path: name.into(), kind, written, bytes, accepted: false }
    }

    fn gone(files: Vec<Kept>, limits: Limits, free: u64) -> Vec<String> {
        doomed(files, limits, now(), free).iter().map(|file| file.path.display().to_string()).collect()
    }

    fn some() -> Vec<Kept> {
        vec![
            file("photo-new", Kind::Photo, 2, 10),
            file("photo-old", Kind::Photo, 60, 10),
            file("film-new", Kind::Film, 2, 100),
            file("film-old", Kind::Film, 60, 100),
        ]
    }

    #[test]
    fn w27_without_limits_everything_stays() {
        assert!(gone(some(), Limits::default(), 0).is_empty());
    }

    #[test]
    fn w27_films_and_photos_have_their_own_ages() {
        let limits = Limits { film_age: Some(DAY), ..Limits::default() };
        assert_eq!(gone(some(), limits, 0), ["film-old"]);
        let limits = Limits { photo_age: Some(DAY), ..Limits::default() };
        assert_eq!(gone(some(), limits, 0), ["photo-old"]);
    }

    #[test]
    fn w27_the_oldest_films_go_first_and_only_as_many_as_must() {
        let quota = |bytes| Limits { quota: Some(bytes), ..Limits::default() };
        assert_eq!(gone(some(), quota(220), 0), [""; 0]);
        assert_eq!(gone(some(), quota(219), 0), ["film-old"]);
        assert_eq!(gone(some(), quota(15), 0), ["film-old", "film-new", "photo-old"]);
        let free = |bytes| Limits { free: Some(bytes), ..Limits::default() };
        assert_eq!(gone(some(), free(1000), 900), ["film-old"]);
        assert_eq!(gone(some(), free(1000), 1000), [""; 0]);
    }

    #[test]
    fn w27_what_is_needed_stays_even_on_a_full_disk() {
        let full = Limits { quota: Some(0), free: Some(u64::MAX), ..Limits::default() };
        let accepted = Kept { accepted: true, ..file("accepted", Kind::Photo, 999, 10) };
        let running = file("running", Kind::Film, 0, 10);
        assert_eq!(gone(vec![accepted, running], full, 0), [""; 0]);
    }
}

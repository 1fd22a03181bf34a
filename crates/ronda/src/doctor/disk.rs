//! Room and rights where the site writes.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Access, access, statvfs};

use super::Site;
use super::check::{Area, Check, Verdict};

/// Who the containers run as.
const CONTAINER_USER: u32 = 1000;
/// Below this nothing is kept any more, and databases may refuse to write.
const LEAST_BYTES: u64 = 1 << 30;
/// Below this it is time to look.
const SCARCE_BYTES: u64 = 5 << 30;
/// Below this share of inodes no file may be made soon.
const SCARCE_INODES: f64 = 0.02;

/// What is left on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    free_bytes: u64,
    all_bytes: u64,
    free_inodes: u64,
    /// 0 for file systems that do not count them.
    all_inodes: u64,
}

/// A directory, seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    user: u32,
    group: u32,
    mode: u32,
}

impl Owner {
    /// Returns whether a user and group of the same number may make files in it.
    fn lets_write(self, user: u32) -> bool {
        let bits = match (self.user == user, self.group == user) {
            (true, _) => self.mode >> 6,
            (false, true) => self.mode >> 3,
            (false, false) => self.mode,
        };
        bits & 0o3 == 0o3
    }
}

pub(super) fn checks(site: &Arc<Site>) -> Vec<Check> {
    let logs = site.env.log_dir().unwrap_or_else(|| PathBuf::from("logs"));
    let directories = [("data", site.env.data_dir()), ("logs", logs), ("cache", site.env.cache_dir())];
    let check = |(name, directory): (&'static str, PathBuf)| {
        let is_containers = name != "cache";
        Check::several(Area::Disk, name, Duration::from_secs(10), async move {
            let looked = tokio::task::spawn_blocking(move || look(name, &directory, is_containers)).await;
            looked.unwrap_or_default()
        })
    };
    directories.map(check).into()
}

/// Looks at a directory, or at the nearest one above it that exists: that is where it will be made.
fn look(name: &str, directory: &Path, is_containers: bool) -> Vec<(String, Verdict)> {
    let shown = directory.display().to_string();
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let Some(existing) = absolute.ancestors().find(|path| path.is_dir()) else {
        let verdict = Verdict::failed(format!("{shown} cannot be made"), "name another directory");
        return vec![(name.to_owned(), verdict)];
    };
    let room = match statvfs(existing) {
        Ok(disk) => judge_room(
            &shown,
            Room {
                free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
                all_bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
                free_inodes: disk.f_favail,
                all_inodes: disk.f_files,
            },
        ),
        Err(error) => Verdict::failed(format!("{shown} cannot be asked for its room: {error}"), "look with `df`"),
    };
    let is_there = existing == absolute;
    let is_writable = access(existing, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    let owner = std::fs::metadata(existing).map(|it| Owner { user: it.uid(), group: it.gid(), mode: it.mode() });
    let rights = match owner {
        Ok(owner) => judge_rights(&shown, is_there, is_writable, owner, is_containers),
        Err(error) => Verdict::failed(format!("{shown} cannot be read: {error}"), "look with `ls -ld`"),
    };
    vec![(format!("{name} room"), room), (format!("{name} rights"), rights)]
}

fn judge_room(shown: &str, room: Room) -> Verdict {
    let gigabytes = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let (free, all) = (gigabytes(room.free_bytes), gigabytes(room.all_bytes));
    let inodes = if room.all_inodes == 0 { 1.0 } else { room.free_inodes as f64 / room.all_inodes as f64 };
    let found = format!("{shown} has {free:.1} GB of {all:.1} GB free, and {:.0} % of its inodes", inodes * 100.0);
    let advice = "delete what is not needed, keep films and snapshots for fewer days, or move it to a larger disk";
    if room.free_bytes < LEAST_BYTES || inodes < SCARCE_INODES / 2.0 {
        Verdict::failed(found, advice)
    } else if room.free_bytes < SCARCE_BYTES || inodes < SCARCE_INODES {
        Verdict::warning(found, advice)
    } else {
        Verdict::ok(found)
    }
}

fn judge_rights(shown: &str, is_there: bool, is_writable: bool, owner: Owner, is_containers: bool) -> Verdict {
    let will = if is_there { "can be written" } else { "does not exist yet and can be made" };
    if is_containers && !owner.lets_write(CONTAINER_USER) {
        return Verdict::warning(
            format!("{shown} belongs to user {} and cannot be written by user {CONTAINER_USER}", owner.user),
            format!(
                "containers repair this when they start as root; else `sudo chown -R {CONTAINER_USER}:{CONTAINER_USER} \
                 {shown}`; `cargo xtask up` runs as you and does not mind"
            ),
        );
    }
    if !is_writable && !is_containers {
        return Verdict::failed(format!("{shown} cannot be written by you"), "take it over with `sudo chown`");
    }
    Verdict::ok(format!("{shown} {will}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::State;

    const FINE: Room = Room { free_bytes: 20 << 30, all_bytes: 100 << 30, free_inodes: 90, all_inodes: 100 };

    #[test]
    fn a_full_disk_fails_before_it_is_quite_full() {
        let state = |room| judge_room("data", room).state;
        assert_eq!(state(FINE), State::Ok);
        assert_eq!(state(Room { free_bytes: 3 << 30, ..FINE }), State::Warning);
        assert_eq!(state(Room { free_bytes: 100 << 20, ..FINE }), State::Failed);
    }

    #[test]
    fn a_disk_without_inodes_is_full_too() {
        let state = |free_inodes| judge_room("data", Room { free_inodes, all_inodes: 1000, ..FINE }).state;
        assert_eq!([500, 15, 5].map(state), [State::Ok, State::Warning, State::Failed]);
        // Some file systems do not count them.
        assert_eq!(judge_room("data", Room { free_inodes: 0, all_inodes: 0, ..FINE }).state, State::Ok);
    }

    #[test]
    fn the_user_of_the_containers_must_be_able_to_write() {
        let may = |user, group, mode| Owner { user, group, mode }.lets_write(1000);
        assert!(may(1000, 0, 0o755) && may(0, 1000, 0o775) && may(0, 0, 0o777));
        assert!(!may(0, 0, 0o755) && !may(1000, 0, 0o555) && !may(0, 1000, 0o755));
    }

    #[test]
    fn a_directory_that_is_not_there_yet_is_judged_by_the_one_above() {
        let dir = tempfile::tempdir().expect("a directory");
        let found = look("cache", &dir.path().join("not/yet"), false);
        assert!(found[1].1.found.ends_with("does not exist yet and can be made"), "{found:?}");
    }
}

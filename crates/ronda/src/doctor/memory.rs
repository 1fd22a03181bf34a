//! Free memory.

use std::sync::Arc;
use std::time::Duration;

use super::Site;
use super::check::{Area, Check, Verdict};

/// What all services take together without cameras: a detector model is the most of it.
const BASE_MB: u64 = 600;
/// What one camera takes: its decoder and some frames.
const CAMERA_MB: u64 = 60;

pub(super) fn check(site: &Arc<Site>) -> Check {
    let cameras = site.cameras.iter().filter(|camera| camera.enabled).count() as u64;
    Check::new(Area::Memory, "available", Duration::from_secs(5), async move {
        match std::fs::read_to_string("/proc/meminfo") {
            Ok(text) => judge(megabytes(&text, "MemAvailable"), megabytes(&text, "MemTotal"), cameras),
            Err(error) => Verdict::warning(format!("/proc/meminfo cannot be read: {error}"), "look with `free -m`"),
        }
    })
}

/// Returns a line of `/proc/meminfo`, which counts in kB.
fn megabytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn judge(available: u64, total: u64, cameras: u64) -> Verdict {
    let needed = BASE_MB + CAMERA_MB * cameras;
    let found =
        format!("{available} MB of {total} MB are available; a site with {cameras} cameras takes about {needed} MB");
    if available >= needed {
        return Verdict::ok(found);
    }
    let advice = "if the site does not run yet, end other programs, or disable cameras in cameras.yaml";
    if available >= needed / 4 { Verdict::warning(found, advice) } else { Verdict::failed(found, advice) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::State;

    #[test]
    fn memory_is_read_as_the_kernel_writes_it() {
        let text = "MemTotal:        8029180 kB\nMemFree:          123 kB\nMemAvailable:    2048000 kB\n";
        assert_eq!((megabytes(text, "MemAvailable"), megabytes(text, "MemTotal")), (2000, 7840));
        assert_eq!(megabytes(text, "Swap"), 0);
    }

    #[test]
    fn more_cameras_need_more_memory() {
        let states =
            [(2000, 1), (2000, 40), (100, 1)].map(|(available, cameras)| judge(available, 8000, cameras).state);
        assert_eq!(states, [State::Ok, State::Warning, State::Failed]);
    }
}

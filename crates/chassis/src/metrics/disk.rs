//! The room on the disk that the process writes to.

use std::path::{Path, PathBuf};

use prometheus::IntGaugeVec;
use rustix::fs::{StatVfs, statvfs};

use super::{gauges, refreshed};

/// What the label says of `DATA_DIR`.
const DATA: &str = "data";

/// Shows the file system of a directory, as long as it is there.
pub(super) fn describe(directory: PathBuf) {
    let size = gauges("ronda_disk_size_bytes", "Size of the file system of a directory.", &["directory"]);
    let available =
        gauges("ronda_disk_available_bytes", "What this process may still write to a directory.", &["directory"]);
    refreshed("ronda_disk", move || show(&directory, &size, &available));
}

fn show(directory: &Path, size: &IntGaugeVec, available: &IntGaugeVec) {
    match statvfs(directory) {
        Ok(found) => {
            let StatVfs { f_frsize, f_blocks, f_bavail, .. } = found;
            let bytes = |blocks: u64| i64::try_from(blocks.saturating_mul(f_frsize)).unwrap_or(i64::MAX);
            size.with_label_values(&[DATA]).set(bytes(f_blocks));
            available.with_label_values(&[DATA]).set(bytes(f_bavail));
        }
        Err(_) => {
            // A directory that is not there has no room, which is not the same as none left.
            size.reset();
            available.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus::Opts;
    use prometheus::core::Collector;

    use super::*;

    #[test]
    fn a_directory_that_is_there_has_room_and_another_says_nothing() {
        let made = |name| IntGaugeVec::new(Opts::new(name, "Bytes."), &["directory"]).expect("is right");
        let (size, available) = (made("ronda_test_size_bytes"), made("ronda_test_available_bytes"));
        let dir = tempfile::tempdir().expect("a directory");
        show(dir.path(), &size, &available);
        let [size_now, available_now] = [&size, &available].map(|gauge| gauge.with_label_values(&[DATA]).get());
        assert!(0 < available_now && available_now <= size_now, "{available_now} of {size_now}");
        show(&dir.path().join("nowhere"), &size, &available);
        assert!(size.collect().iter().all(|family| family.get_metric().is_empty()));
    }
}

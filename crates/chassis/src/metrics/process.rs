//! What the process takes, under the names that every Prometheus client uses.
//!
//! The collector of the `prometheus` crate counts processor time in whole seconds, which is too coarse for services that
//! need a few hundredths of one.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{float_counters, float_gauge, gauge, refreshed};

/// The kernel tells processor time in hundredths of a second, whatever its own clock is.
const TICKS_PER_SECOND: f64 = 100.0;

/// What the kernel says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Facts {
    cpu_seconds: f64,
    resident_bytes: i64,
    virtual_bytes: i64,
    threads: i64,
}

/// Shows what this process takes.
pub(super) fn describe() {
    let cpu = float_counters("process_cpu_seconds_total", "Processor time of the process, user and system.", &[]);
    let resident = gauge("process_resident_memory_bytes", "Memory in use.");
    let virtual_memory = gauge("process_virtual_memory_bytes", "Address space in use.");
    let threads = gauge("process_threads", "Threads.");
    let open_files = gauge("process_open_fds", "Open file descriptors.");
    let most_files = gauge("process_max_fds", "How many file descriptors may be open.");
    let started = float_gauge("process_start_time_seconds", "When the process began, as Unix time.");
    if started.get() == 0.0 {
        started.set(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
    }
    refreshed("process", move || {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        if let Some(facts) = facts(&read("stat"), &read("status")) {
            let cpu = cpu.with_label_values::<&str>(&[]);
            cpu.inc_by((facts.cpu_seconds - cpu.get()).max(0.0));
            resident.set(facts.resident_bytes);
            virtual_memory.set(facts.virtual_bytes);
            threads.set(facts.threads);
        }
        if let Some(most) = most_open_files(&read("limits")) {
            most_files.set(most);
        }
        // One of them is the directory that is being read.
        let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count).saturating_sub(1);
        open_files.set(i64::try_from(open).unwrap_or(i64::MAX));
    });
}

/// Reads `/proc/<pid>/stat` and `/proc/<pid>/status`.
fn facts(stat: &str, status: &str) -> Option<Facts> {
    // The second field is the program's name in brackets and may hold anything, brackets too.
    let (_, behind_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u32>().ok().map(f64::from);
    let kilobytes = |name: &str| number_of(status, name).map(|kilobytes| kilobytes * 1024);
    Some(Facts {
        // Fields 14 and 15 of the manual page, which counts from 1 and has two before these.
        cpu_seconds: (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND,
        resident_bytes: kilobytes("VmRSS:")?,
        virtual_bytes: kilobytes("VmSize:")?,
        threads: number_of(status, "Threads:")?,
    })
}

fn number_of(status: &str, name: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Reads `/proc/<pid>/limits`; an unlimited number is none.
fn most_open_files(limits: &str) -> Option<i64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "4711 (a (mean) name) S 1 4711 4711 0 -1 4194560 900 0 3 0 1234 66 0 0 20 0 9 0 555 1000 200 1";
    const STATUS: &str = "Name:\ta\nVmSize:\t  200 kB\nVmRSS:\t   50 kB\nThreads:\t9\n";

    #[test]
    fn what_the_kernel_says_is_understood() {
        let expected = Facts { cpu_seconds: 13.0, resident_bytes: 51_200, virtual_bytes: 204_800, threads: 9 };
        assert_eq!(facts(STAT, STATUS), Some(expected));
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n";
        assert_eq!(most_open_files(limits), Some(1024));
        assert_eq!(most_open_files(&limits.replace("1024", "unlimited")), None);
    }

    #[test]
    fn what_is_not_there_is_not_made_up() {
        assert_eq!(facts("", STATUS), None);
        assert_eq!(facts(STAT, "Name:\ta\n"), None);
    }

    #[test]
    fn this_process_takes_something() {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).expect("there is /proc");
        let facts = facts(&read("stat"), &read("status")).expect("is understood");
        assert!(facts.resident_bytes > 100_000 && facts.virtual_bytes >= facts.resident_bytes, "{facts:?}");
        assert!(facts.threads >= 1 && most_open_files(&read("limits")).is_none_or(|most| most > 0), "{facts:?}");
    }
}

//! What the kernel says of a process: the processor time it has used and the memory it holds.

use std::fs;

use anyhow::Context;

/// The kernel counts processor time in hundredths of a second on every Linux that we run on (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor seconds of a process, all its threads and both modes.
pub(crate) fn processor_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("reading the processor time of process {pid}"))?;
    ticks(&stat)
        .map(|ticks| ticks / TICKS_PER_SECOND)
        .with_context(|| format!("/proc/{pid}/stat has another form than expected"))
}

/// Resident memory of a process in MiB.
pub(crate) fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("reading the memory of process {pid}"))?;
    resident_kib(&status).map(|kib| kib / 1024.0).with_context(|| format!("/proc/{pid}/status names no VmRSS"))
}

/// `utime + stime`: the 14th and 15th field, counted after the name, which may hold spaces and brackets.
fn ticks(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let user: f64 = fields.get(11)?.parse().ok()?;
    let system: f64 = fields.get(12)?.parse().ok()?;
    Some(user + system)
}

fn resident_kib(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_after_a_name_with_brackets() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 1 0 1 1 1";

        assert_eq!(ticks(stat), Some(200.0));
    }

    #[test]
    fn our_own_process_has_memory_and_time() {
        let pid = std::process::id();

        assert!(resident_mib(pid).expect("we are alive") > 1.0);
        assert!(processor_seconds(pid).expect("we are alive") >= 0.0);
    }

    #[test]
    fn a_process_that_is_gone_is_named() {
        let failure = resident_mib(u32::MAX).expect_err("no such process");

        assert!(failure.to_string().contains("4294967295"), "{failure}");
    }
}

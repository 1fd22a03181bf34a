//! What an engine could leave on a machine: interfaces, mounts, control groups, packet filter rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What was there at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Traces(BTreeSet<String>);

impl Traces {
    /// Looks at the machine.
    pub(crate) fn seen() -> Self {
        let mut seen = BTreeSet::new();
        for interface in names_in(Path::new("/sys/class/net")) {
            seen.insert(format!("interface {interface}"));
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        seen.extend(mounts.lines().filter_map(mount_point).map(|point| format!("mount {point}")));
        let root = Path::new("/sys/fs/cgroup");
        for name in names_in(root) {
            for below in names_in(&root.join(&name)) {
                if below.starts_with("ronda-") {
                    seen.insert(format!("control group {name}/{below}"));
                }
            }
            if name.starts_with("ronda-") {
                seen.insert(format!("control group {name}"));
            }
        }
        // Root is needed to see the rules; without it there can be no engine either.
        if let Ok(output) = Command::new("iptables-save").output() {
            let rules = String::from_utf8_lossy(&output.stdout).into_owned();
            seen.extend(rules.lines().filter(|line| line.starts_with("-A")).map(|rule| format!("rule {rule}")));
        }
        Self(seen)
    }

    /// What is there later and was not now. Where the machine has an engine of its own, interfaces and rules may be that
    /// one's, so that only mounts and control groups count.
    pub(crate) fn new_ones(&self, later: &Self, other_engine: bool) -> Vec<String> {
        let is_ours = |trace: &&String| {
            let Some((kind, name)) = trace.split_once(' ') else { return true };
            match kind {
                "interface" => !other_engine && ["docker", "br-", "veth"].iter().any(|start| name.starts_with(start)),
                "rule" => !other_engine && name.to_lowercase().contains("docker"),
                "mount" => ["compose/engine", "ronda-engine"].iter().any(|part| name.contains(part)),
                _ => true,
            }
        };
        later.0.difference(&self.0).filter(is_ours).cloned().collect()
    }
}

/// Whether the machine runs an engine of its own.
pub(crate) fn has_other_engine() -> bool {
    ["/run/docker.sock", "/var/run/docker.sock"].iter().any(|socket| Path::new(socket).exists())
}

/// The fifth field of a line of mountinfo.
fn mount_point(line: &str) -> Option<&str> {
    line.split(' ').nth(4)
}

fn names_in(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(list: &[&str]) -> Traces {
        Traces(list.iter().map(|trace| (*trace).to_owned()).collect())
    }

    #[test]
    fn a_bridge_that_stayed_is_told_and_a_new_cable_is_not() {
        let before = traces(&["interface lo", "mount /"]);
        let after = traces(&["interface lo", "mount /", "interface br-12ab", "interface eth1", "mount /media/stick"]);

        assert_eq!(before.new_ones(&after, false), ["interface br-12ab"]);
        assert!(before.new_ones(&after, true).is_empty(), "it may be the other engine's");
    }

    #[test]
    fn mounts_and_control_groups_of_an_engine_are_told() {
        let before = traces(&[]);
        let after = traces(&["mount /x/target/compose/engine/overlay2/a/merged", "control group cpu/ronda-7"]);

        assert_eq!(before.new_ones(&after, true).len(), 2);
    }

    #[test]
    fn the_mount_point_is_the_fifth_field() {
        assert_eq!(mount_point("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw"), Some("/mnt2"));
    }
}

//! Process groups: a child and all that it started, stopped together.

use std::fmt;
use std::fs;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How long a group may take to stop before it is killed.
pub(crate) const GRACE: Duration = Duration::from_secs(8);

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A process group that was made for one child; its id is the child's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group(i32);

impl Group {
    /// The group of a child that was started with `process_group(0)`.
    pub(crate) fn of(child: &Child) -> Self {
        Self(Pid::from_child(child).as_raw_nonzero().get())
    }

    /// Reads what `Display` wrote. 0 and 1 would be our own group and everybody's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|id| *id > 1).map(Self)
    }

    /// Tells whether anything of the group still runs. What has ended does not, even if nobody ever collects it, as in a
    /// container whose first process is no init.
    pub(crate) fn is_alive(self) -> bool {
        let is_there = self.pid().is_some_and(|pid| test_kill_process_group(pid).is_ok());
        is_there && self.has_a_running_process()
    }

    fn has_a_running_process(self) -> bool {
        // Without /proc the kernel's first word counts.
        let Ok(processes) = fs::read_dir("/proc") else { return true };
        let stats = processes.flatten().filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
        stats.into_iter().any(|stat| running_group(&stat) == Some(self.0))
    }

    pub(crate) fn signal(self, signal: Signal) {
        if let Some(pid) = self.pid() {
            // It fails only when the group has already ended.
            let _ = kill_process_group(pid, signal);
        }
    }

    fn pid(self) -> Option<Pid> {
        Pid::from_raw(self.0)
    }
}

/// Reads the group out of a process's `stat`; nothing if it has ended.
fn running_group(stat: &str) -> Option<i32> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ');
    let (state, _parent, group) = (fields.next()?, fields.next()?, fields.next()?);
    if matches!(state, "Z" | "X") { None } else { group.parse().ok() }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Asks groups to stop, waits, and kills those that did not. Somebody else collects their leaders.
pub(crate) fn stop_all(groups: &[Group], grace: Duration) {
    for group in groups {
        group.signal(Signal::TERM);
    }
    if !wait_for_end(groups, grace) {
        for group in groups {
            group.signal(Signal::KILL);
        }
        wait_for_end(groups, Duration::from_secs(2));
    }
}

/// Stops a child that was started with `process_group(0)`, and all that it started, and collects its exit status.
pub(crate) fn stop_child(child: &mut Child, grace: Duration) {
    stop_all(&[Group::of(child)], grace);
    // Fails only for a child that was waited for already.
    let _ = child.try_wait();
}

/// Waits until nothing of the groups runs; tells whether that happened in time.
fn wait_for_end(groups: &[Group], limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if !groups.iter().any(|group| group.is_alive()) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(LOOK_EVERY);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;

    /// A shell in a group of its own, with one child, that says when its traps are set.
    fn shell(script: &str) -> Child {
        let mut child = Command::new("sh")
            .args(["-c", script])
            .process_group(0)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell is on every machine");
        let said = child.stdout.take().expect("a pipe");
        BufReader::new(said).lines().next().expect("one line").expect("readable");
        child
    }

    #[test]
    fn a_grandchild_stops_with_its_group() {
        let mut child = shell("sleep 60 & echo ready; wait");
        let group = Group::of(&child);
        thread::spawn(move || child.wait());

        stop_all(&[group], Duration::from_secs(5));

        assert!(!group.is_alive());
    }

    #[test]
    fn a_child_that_nobody_else_waits_for_is_gone_when_it_ends() {
        let mut child = shell("echo ready; exec sleep 600");

        stop_child(&mut child, Duration::from_secs(3600));

        assert!(child.try_wait().is_ok_and(|status| status.is_some()));
    }

    #[test]
    fn a_child_that_does_not_listen_is_killed() {
        let mut child = shell("trap '' TERM; echo ready; while true; do sleep 0.1; done");
        let group = Group::of(&child);
        thread::spawn(move || child.wait());

        stop_all(&[group], Duration::from_millis(300));

        assert!(!group.is_alive());
    }

    #[test]
    fn what_has_ended_is_not_alive_even_if_nobody_collects_it() {
        let mut child = shell("echo ready; exit 3");
        let group = Group::of(&child);
        assert!(wait_for_end(&[group], Duration::from_secs(10)));

        assert_eq!(child.wait().expect("it is ours").code(), Some(3));
        assert_eq!(running_group("17 (a) b) S 1 4711 4711 0 -1"), Some(4711));
        assert_eq!(running_group("17 (a) b) Z 1 4711 4711 0 -1"), None);
    }

    #[test]
    fn nobody_else_s_group_can_be_named() {
        assert_eq!(["0", "1", "-5", "x", ""].map(Group::parse), [None; 5]);
        assert_eq!(Group::parse("4711").map(|group| group.to_string()), Some("4711".to_owned()));
    }
}

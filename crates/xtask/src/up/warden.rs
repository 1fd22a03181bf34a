//! The process that outlives xtask by a moment: it holds the reading end of a pipe, and when the pipe ends, for
//! whatever reason, it stops every process group that is still alive. So not even `kill -9` leaves a child behind.

use std::collections::BTreeSet;
use std::env;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::Context;

use crate::group::{self, Group};

/// The hidden subcommand under which xtask starts itself as a warden.
pub(crate) const SUBCOMMAND: &str = "warden";

/// Our end of the pipe.
#[derive(Debug)]
pub(crate) struct Warden {
    process: Child,
    pipe: ChildStdin,
}

impl Warden {
    /// Starts the warden, out of reach of the terminal's signals.
    pub(crate) fn start() -> anyhow::Result<Self> {
        // The link names this very program even when a build has replaced its file meanwhile.
        let program = env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(|| "/proc/self/exe".into());
        let mut process = Command::new(program)
            .arg(SUBCOMMAND)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("starting the warden of the child processes")?;
        let pipe = process.stdin.take().context("the warden has a pipe")?;
        Ok(Self { process, pipe })
    }

    /// Tells the warden to stop this group when we are gone.
    pub(crate) fn watch(&mut self, group: Group) -> anyhow::Result<()> {
        writeln!(self.pipe, "+{group}").context("telling the warden of a child process")
    }

    /// Tells the warden that a group has ended.
    pub(crate) fn forget(&mut self, group: Group) {
        // A warden that died is noticed when the next child starts.
        let _ = writeln!(self.pipe, "-{group}");
    }

    /// Ends the pipe and waits until the warden has stopped what was left.
    pub(crate) fn dismiss(self) {
        let Self { mut process, pipe } = self;
        drop(pipe);
        let _ = process.wait();
    }
}

/// The warden's own work: reads group ids until the pipe ends, then stops the groups that are left.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut groups = BTreeSet::new();
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match (line.get(..1), line.get(1..).and_then(Group::parse)) {
            (Some("+"), Some(group)) => drop(groups.insert(group)),
            (Some("-"), Some(group)) => drop(groups.remove(&group)),
            _ => {}
        }
    }
    let groups: Vec<Group> = groups.into_iter().collect();
    group::stop_all(&groups, group::GRACE);
    Ok(())
}

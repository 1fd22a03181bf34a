//! The processes that another one has started, as the kernel tells.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process, told apart from a later one with the same id by its start time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relative {
    id: i32,
    parent: i32,
    name: String,
    started: u64,
}

/// Everything below a process, its children's children too.
pub(crate) fn of(ancestor: u32) -> Vec<Relative> {
    let all: BTreeMap<i32, Relative> = all().into_iter().map(|process| (process.id, process)).collect();
    let ancestor = i32::try_from(ancestor).expect("process ids are small");
    let descends = |process: &Relative| {
        let mut parent = process.parent;
        while let Some(next) = all.get(&parent) {
            if parent == ancestor {
                return true;
            }
            parent = next.parent;
        }
        false
    };
    all.values().filter(|process| descends(process)).cloned().collect()
}

/// The id of a descendant by its program's name.
pub(crate) fn named(ancestor: u32, name: &str) -> Option<i32> {
    of(ancestor).into_iter().find(|process| process.name == name).map(|process| process.id)
}

/// Those of some processes that still run.
pub(crate) fn alive(processes: &[Relative]) -> Vec<String> {
    let now = all();
    let same = |process: &&Relative| now.iter().any(|other| (other.id, other.started) == (process.id, process.started));
    processes.iter().filter(same).map(|process| format!("{} ({})", process.name, process.id)).collect()
}

pub(crate) fn kill(id: i32) -> anyhow::Result<()> {
    let pid = Pid::from_raw(id).expect("a process has an id");
    Ok(kill_process(pid, Signal::KILL)?)
}

fn all() -> Vec<Relative> {
    let entries = fs::read_dir("/proc").expect("Linux has /proc");
    let stats = entries.flatten().filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    stats.filter_map(|stat| parse(&stat)).collect()
}

/// Reads `/proc/<id>/stat`. What has ended and waits only for its parent to notice does not run any more.
fn parse(stat: &str) -> Option<Relative> {
    let (id, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let runs = !matches!(*fields.first()?, "Z" | "X");
    let relative = Relative {
        id: id.parse().ok()?,
        parent: fields.get(1)?.parse().ok()?,
        name: name.to_owned(),
        started: fields.get(19)?.parse().ok()?,
    };
    runs.then_some(relative)
}

//! Starting one program of a site in a process group of its own.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use anyhow::Context;

use super::log::Log;
use super::plan::Program;
use crate::exec::each_line;
use crate::group::Group;

/// Starts a program, sends what it says to its log, and calls `ended` once it is gone.
pub(crate) fn start(
    program: &Program,
    log: &Log,
    ended: impl FnOnce(ExitStatus) + Send + 'static,
) -> anyhow::Result<Group> {
    let mut child = Command::new(&program.path)
        .args(&program.arguments)
        .envs(program.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .with_context(|| format!("{} cannot be started from {}", program.name, program.path.display()))?;
    let group = Group::of(&child);
    if let Some(output) = child.stdout.take() {
        let log = log.clone();
        each_line(output, move |line| log.take(line));
    }
    if let Some(output) = child.stderr.take() {
        let log = log.clone();
        each_line(output, move |line| log.take(line));
    }
    thread::spawn(move || {
        // Waiting fails only for a child that somebody else waited for, and nobody does.
        if let Ok(status) = child.wait() {
            ended(status);
        }
    });
    Ok(group)
}

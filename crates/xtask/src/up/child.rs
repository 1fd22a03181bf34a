//! Starting one program of a site in a process group of its own.

use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use anyhow::Context;

use super::log::Log;
use super::plan::Program;
use crate::exec::each_line;
use crate::group::Group;

/// How long a program's output may take to arrive after its end.
const LAST_WORDS: Duration = Duration::from_millis(500);

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
    // Readers hold a copy each and drop it with the last line.
    let (reading, all_read) = mpsc::channel::<Infallible>();
    if let Some(output) = child.stdout.take() {
        each_line(output, into(log, &reading));
    }
    if let Some(output) = child.stderr.take() {
        each_line(output, into(log, &reading));
    }
    drop(reading);
    thread::spawn(move || {
        // Waiting fails only for a child that somebody else waited for, and nobody does.
        if let Ok(status) = child.wait() {
            // Its last words explain its end. A grandchild that lives on may keep the pipe open.
            let _ = all_read.recv_timeout(LAST_WORDS);
            ended(status);
        }
    });
    Ok(group)
}

/// Takes lines to a log, as long as there are any.
fn into(log: &Log, reading: &Sender<Infallible>) -> impl FnMut(&str) + Send + 'static {
    let (log, reading) = (log.clone(), reading.clone());
    move |line| {
        let _held_until_the_end = &reading;
        log.take(line);
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Ready;
    use super::*;

    #[test]
    fn the_last_words_are_there_when_the_end_is_told() {
        let logs = tempfile::tempdir().expect("a temporary directory");
        let log = Log::open(logs.path(), "console", false).expect("writable");
        let broken = Program {
            name: "console".into(),
            path: "sh".into(),
            arguments: vec!["-c".into(), "echo 'error: no model' >&2; exit 3".into()],
            environment: Vec::new(),
            ready: Ready::Listens(1),
            others_need_it: false,
        };
        let (tell, told) = mpsc::channel();

        start(&broken, &log, move |status| tell.send(status).expect("the test listens")).expect("a shell is there");

        let status = told.recv_timeout(Duration::from_secs(10)).expect("it ends at once");
        assert_eq!((status.code(), log.last_words().as_str()), (Some(3), "error: no model"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let logs = tempfile::tempdir().expect("a temporary directory");
        let log = Log::open(logs.path(), "console", false).expect("writable");
        let missing = Program {
            name: "console".into(),
            path: logs.path().join("console"),
            arguments: Vec::new(),
            environment: Vec::new(),
            ready: Ready::Listens(1),
            others_need_it: false,
        };

        let failure = start(&missing, &log, |_| {}).expect_err("nothing is built there").to_string();

        assert_eq!(failure, format!("console cannot be started from {}", missing.path.display()));
    }
}

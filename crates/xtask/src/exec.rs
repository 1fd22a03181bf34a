//! Running other programs and telling plainly when one fails. Each runs in a process group of its own, so that a
//! signal to us stops it together with everything it started.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, bail};

use crate::group::{self, Group};
use crate::terminal::{clear_ticker, human, ticker};

/// The group of the program that runs at the moment.
static CURRENT: Mutex<Option<Group>> = Mutex::new(None);

/// Stops the program that runs at the moment, if there is one.
pub(crate) fn stop_current() {
    let current = *CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(group) = current {
        group::stop_all(&[group], group::GRACE);
    }
}

/// A program that [`stop_current`] can reach while it runs.
struct Attended(Child);

impl Attended {
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        // sudo asks for a password at the terminal, which a group in the background may not read.
        if command.get_program() != "sudo" {
            command.process_group(0);
        }
        let child = command.spawn().with_context(|| cannot_start(command))?;
        let group = (command.get_program() != "sudo").then(|| Group::of(&child));
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = group;
        Ok(Self(child))
    }

    fn status(mut self) -> anyhow::Result<ExitStatus> {
        let status = self.0.wait();
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = None;
        status.context("waiting for a program")
    }

    fn output(self) -> anyhow::Result<Output> {
        let output = self.0.wait_with_output();
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = None;
        output.context("waiting for a program")
    }
}

/// Runs a program whose output belongs on the terminal.
pub(crate) fn openly(what: &str, command: &mut Command) -> anyhow::Result<()> {
    let status = Attended::start(command)?.status()?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

/// Runs a program and shows only its latest line while it works; all of it goes to the error when it fails.
pub(crate) fn quietly(what: &str, command: &mut Command) -> anyhow::Result<()> {
    let began = Instant::now();
    let (reader, writer) = std::io::pipe().context("making a pipe")?;
    command.stdin(Stdio::null()).stdout(writer.try_clone().context("making a pipe")?).stderr(writer);
    let child = Attended::start(command)?;
    // The command keeps our copies of the pipe's writing end; the reader ends only when they are gone.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut lines = Vec::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line.context("reading the output")?).trim_end().to_owned();
        ticker(&format!("  {what} ({}): {line}", human(began.elapsed())));
        lines.push(line);
    }
    clear_ticker();
    let status = child.status()?;
    if !status.success() {
        let log = keep_log(what, &lines);
        bail!("{what} failed ({status}): {}{log}", most_telling(&lines));
    }
    Ok(())
}

/// The standard output of a program that must succeed.
pub(crate) fn output_of(command: &mut Command) -> anyhow::Result<String> {
    let output = Attended::start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?.output()?;
    if !output.status.success() {
        bail!("`{}` failed ({})", command.get_program().display(), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Copies what a child prints to a function, line by line, on a thread of its own.
pub(crate) fn each_line<R: Read + Send + 'static>(from: R, mut take: impl FnMut(&str) + Send + 'static) {
    thread::spawn(move || {
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            take(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    });
}

/// Tells whether a program can be started by its name.
pub(crate) fn is_on_path(program: &str) -> bool {
    let Some(path) = env::var_os("PATH") else {
        return false;
    };
    env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn cannot_start(command: &Command) -> String {
    format!("`{}` cannot be started", command.get_program().display())
}

/// The line an operator needs: the last one that speaks of an error, else the last one.
fn most_telling(lines: &[String]) -> &str {
    let is_error = |line: &&String| {
        let lower = line.to_lowercase();
        lower.starts_with("e:") || lower.contains("error") || lower.contains("cannot")
    };
    let spoken = || lines.iter().rev().filter(|line| !line.trim().is_empty());
    spoken().find(is_error).or_else(|| spoken().next()).map_or("it said nothing", |line| line.trim())
}

/// Keeps the output of a failed program where a person can read it, if that is possible.
fn keep_log(what: &str, lines: &[String]) -> String {
    let path: PathBuf =
        env::temp_dir().join(format!("ronda-{}.log", what.replace(|c: char| !c.is_alphanumeric(), "-")));
    let _ = fs::remove_file(&path);
    let written = File::create_new(&path).and_then(|mut file| file.write_all(lines.join("\n").as_bytes()));
    written.map_or(String::new(), |()| format!(" (all of it is in {})", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_names_the_line_that_explains_it() {
        let script = "echo fetching; echo 'E: no such host' >&2; echo cleaning up; exit 3";
        let failure = quietly("a test install", &mut shell(script)).expect_err("the script exits with 3");

        let said = failure.to_string();
        assert!(said.starts_with("a test install failed (exit status: 3): E: no such host"), "{said}");
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let failure = quietly("nothing", &mut Command::new("no-such-program")).expect_err("it does not exist");

        assert_eq!(failure.to_string(), "`no-such-program` cannot be started");
    }

    #[test]
    fn success_gives_the_output() {
        assert_eq!(output_of(&mut shell("echo fine")).expect("echo works"), "fine\n");
        quietly("a quiet step", &mut shell("echo fine")).expect("echo works");
    }
}

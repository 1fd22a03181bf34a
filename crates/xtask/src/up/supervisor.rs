//! Starts the programs of a site, restarts one that dies, stops them all.

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::bail;
use rustix::process::Signal;

use super::child;
use super::log::Log;
use super::plan::Program;
use super::ready::{Answer, probe};
use super::warden::Warden;
use crate::group::{self, Group};
use crate::signals;
use crate::terminal::{clear_ticker, note, ticker};

/// How long a start may take before we go on and say what is not ready.
const START_LIMIT: Duration = Duration::from_secs(90);

/// A program that ran this long has recovered: its next end is a first one again.
const RECOVERED_AFTER: Duration = Duration::from_secs(60);

const PROBE_EVERY: Duration = Duration::from_millis(100);

/// Why a start ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// All programs run; those named are not ready yet.
    Done { not_ready: Vec<Arc<str>> },
    /// Somebody asked us to stop meanwhile.
    Interrupted,
}

/// The running site.
pub(crate) struct Supervisor {
    processes: Vec<Process>,
    events: Receiver<Event>,
    sender: Sender<Event>,
    warden: Warden,
}

struct Process {
    program: Program,
    log: Log,
    state: State,
    /// Ends in a row without a recovery between them.
    failures: u32,
}

enum State {
    NotStarted,
    Running { group: Group, since: Instant },
    Pausing { until: Instant },
}

enum Event {
    Interrupted,
    Ended { group: Group, status: ExitStatus },
}

impl Supervisor {
    /// Prepares a site without starting anything but the warden.
    pub(crate) fn new(programs: Vec<Program>, logs: &Path, verbose: bool) -> anyhow::Result<Self> {
        let (sender, events) = mpsc::channel();
        let interrupted = sender.clone();
        signals::instead_of_exit(move || {
            // Without a receiver the site has already stopped.
            let _ = interrupted.send(Event::Interrupted);
        });
        let processes = programs
            .into_iter()
            .map(|program| {
                let log = Log::open(logs, &program.name, verbose)?;
                Ok(Process { program, log, state: State::NotStarted, failures: 0 })
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { processes, events, sender, warden: Warden::start()? })
    }

    /// Starts every program and waits until all are ready. A program that ends meanwhile is an error.
    pub(crate) fn start(&mut self) -> anyhow::Result<Start> {
        let deadline = Instant::now() + START_LIMIT;
        for index in 0..self.processes.len() {
            self.launch(index)?;
            if self.processes[index].program.others_need_it && self.wait_for(&[index], deadline)? == Start::Interrupted
            {
                return Ok(Start::Interrupted);
            }
        }
        let all: Vec<usize> = (0..self.processes.len()).collect();
        self.wait_for(&all, deadline)
    }

    /// Keeps the site running until somebody asks to stop.
    pub(crate) fn watch(&mut self) -> anyhow::Result<()> {
        loop {
            match self.next_event()? {
                Some(Event::Interrupted) => return Ok(()),
                Some(Event::Ended { group, status }) => self.pause_after(group, status),
                None => self.relaunch_due(),
            }
        }
    }

    /// Stops every program, and all that they started.
    pub(crate) fn stop(self) {
        for needed in [false, true] {
            let groups: Vec<Group> = self
                .processes
                .iter()
                .filter(|process| process.program.others_need_it == needed)
                .filter_map(Process::group)
                .collect();
            group::stop_all(&groups, group::GRACE);
        }
        self.warden.dismiss();
    }

    fn launch(&mut self, index: usize) -> anyhow::Result<()> {
        let process = &mut self.processes[index];
        let sender = self.sender.clone();
        let (tell_group, know_group) = mpsc::channel();
        let group = child::start(&process.program, &process.log, move |status| {
            if let Ok(group) = know_group.recv() {
                let _ = sender.send(Event::Ended { group, status });
            }
        })?;
        process.state = State::Running { group, since: Instant::now() };
        let watched = self.warden.watch(group);
        let _ = tell_group.send(group);
        watched
    }

    fn wait_for(&mut self, indexes: &[usize], deadline: Instant) -> anyhow::Result<Start> {
        loop {
            let answers: Vec<(Arc<str>, Answer)> = indexes
                .iter()
                .map(|index| &self.processes[*index].program)
                .map(|program| (Arc::clone(&program.name), probe(program.ready)))
                .collect();
            let waiting: Vec<Arc<str>> = answers
                .iter()
                .filter(|(_, answer)| *answer != Answer::Ready)
                .map(|(name, _)| Arc::clone(name))
                .collect();
            ticker(&format!("  waiting for {}", waiting.join(", ")));
            let is_late = Instant::now() >= deadline;
            if waiting.is_empty() || is_late {
                clear_ticker();
                if let Some((name, _)) = answers.iter().find(|(_, answer)| *answer == Answer::Silent) {
                    bail!("{name} did not start within {} s", START_LIMIT.as_secs());
                }
                return Ok(Start::Done { not_ready: waiting });
            }
            match self.events.recv_timeout(PROBE_EVERY) {
                Ok(Event::Interrupted) => return Ok(Start::Interrupted),
                Ok(Event::Ended { group, status }) => return Err(self.failed_start(group, status)),
                Err(_) => {}
            }
        }
    }

    fn failed_start(&self, group: Group, status: ExitStatus) -> anyhow::Error {
        clear_ticker();
        match self.processes.iter().find(|process| process.group() == Some(group)) {
            Some(process) => anyhow::anyhow!(
                "{} ended at its start ({status}): {} (its log is {})",
                process.program.name,
                process.log.last_words(),
                process.log.path().display()
            ),
            None => anyhow::anyhow!("a program ended at its start ({status})"),
        }
    }

    /// The next event, or nothing when a pause has ended.
    fn next_event(&self) -> anyhow::Result<Option<Event>> {
        let due = self.processes.iter().filter_map(Process::due).min();
        let patience = due.map_or(Duration::from_secs(3600), |due| due.saturating_duration_since(Instant::now()));
        match self.events.recv_timeout(patience) {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("the watch on the programs has ended"),
        }
    }

    fn pause_after(&mut self, group: Group, status: ExitStatus) {
        // What the dead program had started must not stand in the way of its successor.
        group.signal(Signal::KILL);
        self.warden.forget(group);
        let Some(process) = self.processes.iter_mut().find(|process| process.group() == Some(group)) else {
            return;
        };
        if let State::Running { since, .. } = process.state
            && since.elapsed() >= RECOVERED_AFTER
        {
            process.failures = 0;
        }
        process.failures += 1;
        let pause = pause_before_restart(process.failures);
        process.state = State::Pausing { until: Instant::now() + pause };
        let (name, words) = (&process.program.name, process.log.last_words());
        note(format!("{name} ended ({status}) and starts again in {} s: {words}", pause.as_secs()));
    }

    fn relaunch_due(&mut self) {
        for index in 0..self.processes.len() {
            if self.processes[index].due().is_some_and(|due| due <= Instant::now())
                && let Err(failure) = self.launch(index)
            {
                let process = &mut self.processes[index];
                process.failures += 1;
                process.state = State::Pausing { until: Instant::now() + pause_before_restart(process.failures) };
                note(format!("{failure:#}"));
            }
        }
    }
}

impl Process {
    fn group(&self) -> Option<Group> {
        match self.state {
            State::Running { group, .. } => Some(group),
            State::NotStarted | State::Pausing { .. } => None,
        }
    }

    fn due(&self) -> Option<Instant> {
        match self.state {
            State::Pausing { until } => Some(until),
            State::NotStarted | State::Running { .. } => None,
        }
    }
}

/// 1, 2, 4 … 30 seconds.
fn pause_before_restart(failures: u32) -> Duration {
    let doubled = 1_u64 << failures.saturating_sub(1).min(5);
    Duration::from_secs(doubled.min(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses = [1, 2, 3, 5, 6, 60].map(|failures| pause_before_restart(failures).as_secs());

        assert_eq!(pauses, [1, 2, 4, 16, 30, 30]);
    }
}

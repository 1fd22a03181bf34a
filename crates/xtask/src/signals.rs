//! Ctrl-C and SIGTERM: by default they stop the program that a step is running and then us; a site that runs takes
//! them over, because it has more to stop.

use std::process;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exec;

type Action = Box<dyn Fn() + Send>;

static INSTEAD: Mutex<Option<Action>> = Mutex::new(None);

/// Begins to listen, on a thread of its own.
pub(crate) fn listen() -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("listening for signals")?;
    thread::spawn(move || {
        for signal in signals.forever() {
            match &*INSTEAD.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(action) => action(),
                None => {
                    exec::stop_current();
                    process::exit(128 + signal);
                }
            }
        }
    });
    Ok(())
}

/// Calls a function at every signal from now on, instead of ending the process.
pub(crate) fn instead_of_exit(action: impl Fn() + Send + 'static) {
    *INSTEAD.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(action));
}

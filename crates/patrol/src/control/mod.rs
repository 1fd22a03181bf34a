//! Who may move the robot, and moving it by hand.

mod bounds;
mod drive;
mod manual;
mod rights;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::http::StatusCode;
use chassis::http::ApiError;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::watch;

use crate::history::RunId;
use crate::view;

pub(crate) use bounds::{Allowed, Bounds};
pub(crate) use drive::{Driving, Wish, drive};
pub(crate) use manual::{CommandFault, Step, give, target};
pub(crate) use rights::{Grant, Refused, Rights, Token};

/// The one right to move the robot. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lease {
    rights: Arc<watch::Sender<Rights>>,
}

impl Lease {
    /// Gives the robot to a run: at its start, and when it goes on after a pause.
    ///
    /// # Errors
    /// While an operator or another run has it.
    pub(crate) fn take_for_run(&self, run: RunId) -> Result<(), Refused> {
        self.change(|rights| rights.take_for_run(Timestamp::now(), run))
    }

    /// Takes the robot from a run that has ended.
    pub(crate) fn end_run(&self, run: RunId) {
        self.rights.send_modify(|rights| rights.end_run(run));
    }

    /// Gives the robot to an operator, or renews what the operator has by its token. With `take_over` from whoever has it;
    /// a run must have been paused before.
    ///
    /// # Errors
    /// While somebody else has it.
    pub(crate) fn take(&self, holder: &str, token: Option<&str>, take_over: bool) -> Result<Grant, Refused> {
        self.change(|rights| rights.take(Timestamp::now(), holder, token, take_over, new_token))
    }

    /// Gives the robot back. A token that is not valid any more gives nothing back.
    pub(crate) fn give_back(&self, token: &str) {
        self.rights.send_modify(|rights| rights.give_back(token));
    }

    /// Says whether whoever has this token may move the robot now, and renews it.
    ///
    /// # Errors
    /// If not.
    pub(crate) fn allow(&self, token: Option<&str>) -> Result<(), Refused> {
        self.change(|rights| rights.allow(Timestamp::now(), token))
    }

    /// Says whether somebody without a token may move the robot now: only if nobody else has it.
    ///
    /// # Errors
    /// If not.
    pub(crate) fn allow_anybody(&self) -> Result<(), Refused> {
        self.rights.borrow().allow_anybody(Timestamp::now())
    }

    /// Returns who has the robot.
    pub(crate) fn view(&self) -> Option<view::Control> {
        self.rights.borrow().shown(Timestamp::now())
    }

    /// Follows who has the robot. That a token has expired is not told.
    pub(crate) fn changes(&self) -> watch::Receiver<Rights> {
        self.rights.subscribe()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Rights) -> T) -> T {
        let mut result = None;
        self.rights.send_modify(|rights| result = Some(change(rights)));
        result.expect("the change was made")
    }
}

/// Returns a token that nobody can guess.
fn new_token() -> Token {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("the system has random numbers to give");
    Token::new(hex::encode(bytes))
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let code = match refused {
            Refused::RunActive { .. } => "run_active",
            Refused::Controlled { .. } => "controlled",
            Refused::NoToken => "not_in_control",
        };
        Self::new(StatusCode::CONFLICT, code, refused.to_string())
    }
}

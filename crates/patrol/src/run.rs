//! The run of this robot, as everybody else sees it: it is started, told things, and shown. One task carries it
//! ([`carry`]), so that there is never more than one.

mod active;
mod debt;
mod engine;
mod film;
mod notify;
mod progress;
mod report_text;
mod steps;
mod wheel;
mod wrap;

use std::sync::Arc;

use domain::patrol::Then;
use domain::patrol::run::{Decision, Event};
use tokio::sync::{mpsc, oneshot, watch};

use crate::history::RunId;
use crate::plan::{StartError, Wanted};
use crate::view::RunProgress;

pub(crate) use engine::carry;
pub(crate) use notify::{Outbox, deliver};

/// How many orders wait; callers beyond wait themselves.
const ORDERS: usize = 16;

/// What can be asked of the one who carries the run.
pub(crate) enum Order {
    /// Begin a run.
    Start { wanted: Wanted, reply: oneshot::Sender<Result<RunId, StartError>> },
    /// Tell the run something; the one under way, or only this one.
    Tell { run: Option<RunId>, event: Event, reply: oneshot::Sender<Result<RunId, TellError>> },
}

/// What others see of runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// The run under way, or the last one.
    pub(crate) progress: Option<Arc<RunProgress>>,
    /// Why the last one could not begin, if that is newer.
    pub(crate) refusal: Option<String>,
}

/// Why a run cannot be told something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TellError {
    /// There is none.
    #[error("no run is under way")]
    NoRun,
    /// Another one is under way.
    #[error("run {0} is not under way")]
    AnotherRun(RunId),
    /// It makes no sense now.
    #[error("{0}")]
    NotNow(String),
    /// An operator has the robot.
    #[error("{0} controls the robot")]
    Controlled(String),
    /// The process ends.
    #[error("the process is ending")]
    Ending,
}

/// A handle to the run. Clones share it.
#[derive(Clone)]
pub(crate) struct Runner {
    orders: mpsc::Sender<Order>,
    shown: watch::Receiver<Shown>,
}

/// The other end of a [`Runner`], for [`carry`].
pub(crate) struct Orders {
    orders: mpsc::Receiver<Order>,
    shown: watch::Sender<Shown>,
}

impl Runner {
    /// Returns a handle and its other end.
    pub(crate) fn new() -> (Self, Orders) {
        let (sender, orders) = mpsc::channel(ORDERS);
        let shown = watch::Sender::new(Shown::default());
        (Self { orders: sender, shown: shown.subscribe() }, Orders { orders, shown })
    }

    /// Begins a run.
    pub(crate) async fn start(&self, wanted: Wanted) -> Result<RunId, StartError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.orders.send(Order::Start { wanted, reply }).await;
        if sent.is_err() {
            return Err(StartError::Ending);
        }
        answer.await.unwrap_or(Err(StartError::Ending))
    }

    /// Lets the robot wait where it is.
    pub(crate) async fn pause(&self, run: Option<RunId>) -> Result<RunId, TellError> {
        self.tell(run, Event::Pause).await
    }

    /// Lets a paused run go on.
    pub(crate) async fn resume(&self, run: Option<RunId>) -> Result<RunId, TellError> {
        self.tell(run, Event::Resume).await
    }

    /// Ends the run.
    pub(crate) async fn stop(&self, run: Option<RunId>, then: Then) -> Result<RunId, TellError> {
        self.tell(run, Event::Stop { then }).await
    }

    /// Answers the run's question.
    pub(crate) async fn answer(&self, run: Option<RunId>, decision: Decision) -> Result<RunId, TellError> {
        self.tell(run, Event::Answer(decision)).await
    }

    /// Tells the run that the robot's emergency stop is set; there need be none.
    pub(crate) async fn emergency_stopped(&self) {
        let _ = self.tell(None, Event::EmergencyStopped).await;
    }

    /// Returns what others see of runs.
    pub(crate) fn shown(&self) -> Shown {
        self.shown.borrow().clone()
    }

    /// Returns how far the run is: the one under way, or the last one, which has an outcome then.
    pub(crate) fn progress(&self) -> Option<Arc<RunProgress>> {
        self.shown.borrow().progress.clone()
    }

    /// Returns the run that is under way.
    pub(crate) fn under_way(&self) -> Option<Arc<RunProgress>> {
        self.progress().filter(|progress| progress.outcome.is_none())
    }

    /// Returns a receiver that is told of every step.
    pub(crate) fn watch(&self) -> watch::Receiver<Shown> {
        self.shown.clone()
    }

    async fn tell(&self, run: Option<RunId>, event: Event) -> Result<RunId, TellError> {
        let (reply, answer) = oneshot::channel();
        if self.orders.send(Order::Tell { run, event, reply }).await.is_err() {
            return Err(TellError::Ending);
        }
        answer.await.unwrap_or(Err(TellError::Ending))
    }
}

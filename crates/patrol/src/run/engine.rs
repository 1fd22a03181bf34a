//! Carries the runs of this robot: one task, one run at a time.

use std::time::Duration;

use chassis::{Stop, Trace};
use domain::patrol::run::{Debt, Event, Ticket};
use domain::patrol::{Run, Then};
use jiff::Timestamp;
use robot::Command;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use super::active::{Active, Begin};
use super::debt::DebtBook;
use super::wheel::Wheel;
use super::{Order, Orders, Shown, TellError};
use crate::App;
use crate::history::{BeginError, NewRun, RunEnding, RunId, RunStatus};
use crate::inspect::Settled;
use crate::link::RobotState;
use crate::plan::{self, StartError, Wanted};
use crate::view::ControlKind;
use crate::{metrics, state};

/// How often what is owed to a robot is tried.
const PAY_EVERY: Duration = Duration::from_secs(15);
/// How long after an emergency stop no run begins: the robot says only after two seconds that it has stopped for good.
const STOPPED: Duration = Duration::from_secs(10);
/// How long the robot may take to be told to go home when the process ends.
const LAST_WORD: Duration = Duration::from_secs(5);

/// Carries runs until the [`Stop`] is set. A run that another process left behind is ended first: the robot goes home.
///
/// # Errors
/// If the records of runs cannot be read at the start.
pub(crate) async fn carry(app: App, orders: Orders, stop: Stop) -> anyhow::Result<()> {
    let (post, inbox) = mpsc::unbounded_channel();
    let debts = DebtBook::of(&app.config.robot_dir());
    let shown = orders.shown;
    let trace = Trace::begin();
    let mut engine = Engine { debts, active: None, trace, payment: None, emergency_at: None, post, shown, app };
    engine.recover().await?;
    engine.run(orders.orders, inbox, &stop).await;
    engine.end().await;
    Ok(())
}

struct Engine {
    app: App,
    shown: watch::Sender<Shown>,
    debts: DebtBook,
    active: Option<Active>,
    /// What everything that follows from the run is part of.
    trace: Trace,
    /// A command that a robot is still owed.
    payment: Option<Wheel>,
    /// When somebody set the robot's emergency stop last.
    emergency_at: Option<Instant>,
    /// Where answers to actions go. Every message answers one action of a run, so the queue stays short.
    post: mpsc::UnboundedSender<Event>,
}

impl Engine {
    async fn run(&mut self, mut orders: mpsc::Receiver<Order>, mut inbox: mpsc::UnboundedReceiver<Event>, stop: &Stop) {
        let mut link = self.app.link.state();
        let mut settled = self.app.inspector.settled();
        let mut payday = tokio::time::interval(PAY_EVERY);
        payday.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let deadline = self.active.as_ref().and_then(Active::deadline);
            tokio::select! {
                () = stop.stopped() => return,
                Some(order) = orders.recv() => self.obey(order).await,
                Some(event) = inbox.recv() => self.hear(event).await,
                changed = link.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let state = link.borrow_and_update().clone();
                    self.heed(&state).await;
                }
                verdict = settled.recv() => self.judged(verdict).await,
                () = until(deadline) => self.hear(Event::Tick).await,
                _ = payday.tick() => self.pay(),
            }
        }
    }

    /// Ends what another process left behind.
    async fn recover(&mut self) -> anyhow::Result<()> {
        let mut open = self.app.history.open_runs().await?;
        let Some(last) = open.pop() else { return Ok(()) };
        for run in open {
            warn!(run = run.id.0, "a run was left open beside a later one");
            let reason = Some("the process ended in the midst of the run".to_owned());
            let ending = RunEnding { at: Timestamp::now(), status: RunStatus::Interrupted, reason };
            self.app.history.finish_run(run.id, &ending).await?;
        }
        warn!(run = last.id.0, "a run was left behind: it ends, and the robot goes home");
        let run = Run::left_behind(plan::limits(&self.app.settings.current()), Timestamp::now());
        let begin = Begin { id: last.id, run, started_at: last.started_at, route: last.route };
        let active = Active::new(self.app.clone(), begin, self.post.clone(), self.shown.clone());
        (self.active, self.trace) = (Some(active), Trace::begin());
        self.hear(Event::Restarted).await;
        let state = self.app.link.now();
        self.heed(&state).await;
        Ok(())
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Start { wanted, reply } => {
                let begun = self.begin(wanted).await;
                if let Err(error) = &begun {
                    info!("a run does not begin: {error}");
                    if !matches!(error, StartError::RunActive(_)) {
                        let refusal = format!("Error: {error}");
                        self.shown.send_modify(|shown| shown.refusal = Some(refusal));
                    }
                }
                // Nobody may be waiting any more; the run goes on all the same.
                let _ = reply.send(begun);
            }
            Order::Tell { run, event, reply } => {
                let told = self.tell(run, event).await;
                let _ = reply.send(told);
            }
        }
    }

    async fn begin(&mut self, wanted: Wanted) -> Result<RunId, StartError> {
        if let Some(active) = &self.active {
            return Err(StartError::RunActive(active.id()));
        }
        let settings = self.app.settings.current();
        let waypoints = state::waypoints(&self.app, wanted.route.as_deref()).await?;
        let plan = plan::plan(&wanted, waypoints, &settings)?;
        if !plan.is_dry && self.app.inspector.is_configured().is_err() {
            return Err(StartError::NotConfigured);
        }
        plan::check_robot(&state::robot(&self.app), &settings)?;
        if self.emergency_at.is_some_and(|at| at.elapsed() < STOPPED) {
            return Err(StartError::RobotNotReady("the robot's emergency stop was set just now".to_owned()));
        }
        if let Some(control) = self.app.lease.view().filter(|control| control.kind == ControlKind::Operator) {
            return Err(StartError::Controlled(control.holder));
        }
        let started_at = Timestamp::now();
        let new = NewRun {
            started_at,
            robot_serial: None,
            model_id: self.app.inspector.model().map(|model| model.name().to_owned()).filter(|_| !plan.is_dry),
            route: wanted.route.clone(),
            dry_run: plan.is_dry,
            loops: plan.loops(),
            trigger: wanted.trigger.clone(),
            plan: serde_json::to_value(plan.waypoints()).unwrap_or_default(),
        };
        let id = self.app.history.begin_run(&new).await.map_err(|error| match error {
            BeginError::Open(run) => StartError::RunActive(run),
            BeginError::Sql(error) => StartError::Database(error.into()),
        })?;
        if let Err(controlled) = self.app.lease.take_for_run(id) {
            let reason = Some(controlled.to_string());
            let ending = RunEnding { at: Timestamp::now(), status: RunStatus::Failed, reason };
            self.app.history.finish_run(id, &ending).await.map_err(|error| StartError::Database(error.into()))?;
            return Err(StartError::Controlled(controlled.to_string()));
        }
        // Whatever the robot was owed, the new run tells it something else.
        self.payment = None;
        self.owe(None);
        let begin = Begin { id, run: Run::new(plan, started_at), started_at, route: wanted.route };
        let mut active = Active::new(self.app.clone(), begin, self.post.clone(), self.shown.clone());
        self.trace = Trace::begin();
        let prepared = async {
            info!(run = id.0, trigger = wanted.trigger, "a run begins");
            active.prepare().await;
        };
        self.trace.follow(prepared).await;
        metrics::run_active(true);
        self.active = Some(active);
        let state = self.app.link.now();
        self.heed(&state).await;
        Ok(id)
    }

    fn has_operator(&self) -> bool {
        self.app.lease.view().is_some_and(|control| control.kind == ControlKind::Operator)
    }

    async fn tell(&mut self, run: Option<RunId>, event: Event) -> Result<RunId, TellError> {
        if event == Event::EmergencyStopped {
            self.emergency_at = Some(Instant::now());
            self.payment = None;
            self.owe(None);
        }
        let Some(active) = &self.active else { return Err(TellError::NoRun) };
        let id = active.id();
        if run.is_some_and(|run| run != id) {
            return Err(TellError::AnotherRun(run.unwrap_or(id)));
        }
        active.accepts(&event).map_err(|refused| TellError::NotNow(refused.to_string()))?;
        if event == Event::Resume {
            self.app.lease.take_for_run(id).map_err(|held| TellError::Controlled(held.to_string()))?;
        }
        let event = match event {
            // The robot stays with the operator who has it.
            Event::Stop { .. } if self.has_operator() => Event::Stop { then: Then::Stay },
            event => event,
        };
        self.hear(event).await;
        Ok(id)
    }

    async fn hear(&mut self, event: Event) {
        let Some(active) = &mut self.active else {
            return self.paid(&event);
        };
        self.trace.follow(active.hear(event)).await;
        if let Some(debt) = active.has_ended() {
            self.active = None;
            metrics::run_active(false);
            self.owe(debt);
        }
    }

    /// The robot's state changed.
    async fn heed(&mut self, state: &RobotState) {
        let Some(active) = &mut self.active else { return };
        for event in active.noticed(state) {
            self.hear(event).await;
        }
    }

    async fn judged(&mut self, settled: Result<Settled, RecvError>) {
        if let Ok(settled) = &settled {
            metrics::verdict(settled.verdict);
            self.app.tell_verdict(settled.inspection).await;
        }
        let Some(active) = &mut self.active else { return };
        let events = match settled {
            Ok(settled) => self.trace.follow(active.settled(&settled)).await,
            // Told too fast for us: the records know.
            Err(RecvError::Lagged(_)) => active.settled_in_records().await,
            Err(RecvError::Closed) => Vec::new(),
        };
        for event in events {
            self.hear(event).await;
        }
    }

    /// Writes down what the robot could not be told.
    fn owe(&mut self, debt: Option<Debt>) {
        if let Err(cause) = self.debts.set(debt) {
            error!("what the robot is still to be told is not written down: {cause:#}");
        }
    }

    /// Tells a robot that is back what it is owed, unless somebody else has it by now.
    fn pay(&mut self) {
        let is_free = self.active.is_none() && self.payment.is_none();
        let Some(debt) = is_free.then(|| self.debts.owed()).flatten() else { return };
        if self.app.lease.view().is_some() {
            return self.owe(None);
        }
        let robot = self.app.link.now();
        if !robot.is_connected() || robot.is_emergency_stopped() {
            return;
        }
        info!(?debt, "the robot is back and is told what it is owed");
        let mut wheel = Wheel::new(self.app.link.robot(), self.post.clone());
        match debt {
            Debt::Home => wheel.send(Command::Home, Ticket(0)),
            Debt::Halt => wheel.halt(Ticket(0)),
        }
        self.payment = Some(wheel);
    }

    fn paid(&mut self, event: &Event) {
        if self.payment.is_none() {
            return;
        }
        match event {
            Event::Arrived { .. } | Event::Halted { .. } => self.owe(None),
            Event::NotArrived { fault, .. } => warn!("the robot could not go home: {fault}"),
            _ => return,
        }
        // One that did not get home tries again on the next payday.
        self.payment = None;
    }

    /// The process ends: a run under way ends with it, and the robot is sent home while there is somebody to do so.
    async fn end(&mut self) {
        let Some(active) = &mut self.active else { return };
        let robot = self.app.link.robot();
        self.trace.follow(active.leave()).await;
        let told = tokio::time::timeout(LAST_WORD, robot.start(Command::Home)).await;
        let debt = if matches!(told, Ok(Ok(_))) { None } else { Some(Debt::Home) };
        self.owe(debt);
    }
}

/// Waits until a time; for ever without one.
async fn until(at: Option<Timestamp>) {
    match at {
        Some(at) => {
            let left = at.duration_since(Timestamp::now());
            sleep(Duration::try_from(left).unwrap_or_default()).await;
        }
        None => std::future::pending().await,
    }
}

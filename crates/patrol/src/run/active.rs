//! The run under way: what happens is written down, taken in, and what follows is written down and done.

mod looks;

use std::collections::HashMap;

use domain::patrol::event::{RunEvent, RunEventKind};
use domain::patrol::run::{Action, Debt, Event, NotNow, Outcome, Part, Trouble};
use domain::patrol::{CameraSide, Run, Verdict, Waypoint};
use jiff::Timestamp;
use robot::{Command, Pose};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::film::Film;
use super::progress::{About, progress};
use super::wheel::Wheel;
use super::wrap::{self, Wrapping};
use super::{Shown, steps};
use crate::App;
use crate::history::{InspectionId, PathPoint, Pictures, RunEnding, RunId, RunStatus};
use crate::link::{RobotState, Seen};
use crate::metrics;
use looks::Kept;

/// The robot's way is recorded when it has gone this far since, in metres.
const PATH_STEP: f64 = 0.1;
/// So many places of the way are written at once.
const PATH_BATCH: usize = 20;

/// How a run begins.
pub(super) struct Begin {
    pub(super) id: RunId,
    pub(super) run: Run,
    pub(super) started_at: Timestamp,
    pub(super) route: Option<String>,
}

/// The run under way.
pub(super) struct Active {
    app: App,
    id: RunId,
    run: Run,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    route: Option<String>,
    shown: watch::Sender<Shown>,
    post: mpsc::UnboundedSender<Event>,
    wheel: Wheel,
    /// Announcements, torches, pictures, the work after the round: they end with the run.
    helpers: JoinSet<()>,
    /// The pictures that helpers have kept, on their way to their visit.
    kept: (mpsc::UnboundedSender<Kept>, mpsc::UnboundedReceiver<Kept>),
    inspections: Vec<Option<InspectionId>>,
    visits: HashMap<InspectionId, usize>,
    pictures: HashMap<usize, Vec<Kept>>,
    film: Option<Film>,
    path: Vec<PathPoint>,
    last_place: Option<PathPoint>,
    is_linked: bool,
    is_emergency_stopped: bool,
    battery: Option<(u8, bool)>,
    debt: Option<Option<Debt>>,
}

impl Active {
    pub(super) fn new(app: App, begin: Begin, post: mpsc::UnboundedSender<Event>, shown: watch::Sender<Shown>) -> Self {
        let Begin { id, run, started_at, route } = begin;
        let wheel = Wheel::new(app.link.robot(), post.clone());
        Self {
            inspections: vec![None; run.plan().visits()],
            id,
            run,
            started_at,
            ended_at: None,
            route,
            shown,
            post,
            wheel,
            helpers: JoinSet::new(),
            kept: mpsc::unbounded_channel(),
            visits: HashMap::new(),
            pictures: HashMap::new(),
            film: None,
            path: Vec::new(),
            last_place: None,
            is_linked: true,
            is_emergency_stopped: false,
            battery: None,
            debt: None,
            app,
        }
    }

    pub(super) fn id(&self) -> RunId {
        self.id
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.run.deadline()
    }

    pub(super) fn accepts(&self, event: &Event) -> Result<(), NotNow> {
        self.run.accepts(event)
    }

    /// Returns what the robot is owed, if the run has ended.
    pub(super) fn has_ended(&self) -> Option<Option<Debt>> {
        self.debt
    }

    /// Gets everything ready while the robot still stands. What a run can do without does not keep it from driving.
    pub(super) async fn prepare(&mut self) {
        self.show();
        self.publish(RunEventKind::Started, None, None, "the patrol began".to_owned()).await;
        if self.app.settings.current().enable_video_recording && !self.run.plan().is_dry {
            let path = Pictures::of(&self.app.history).video_path(self.id, self.started_at);
            match Film::begin(&self.app, path).await {
                Ok(film) => self.film = Some(film),
                Err(cause) => warn!(run = self.id.0, "the run is not filmed: {cause:#}"),
            }
        }
        let (app, id, post) = (self.app.clone(), self.id, self.post.clone());
        self.helpers.spawn(async move {
            wrap::note_robot(&app, id).await;
            app.companions.begin(id).await;
            let _ = post.send(Event::Ready);
        });
    }

    /// Takes in what happened, and does what follows.
    pub(super) async fn hear(&mut self, event: Event) {
        while let Ok(kept) = self.kept.1.try_recv() {
            self.pictures.entry(kept.visit).or_default().push(kept);
        }
        while self.helpers.try_join_next().is_some() {}
        let now = Timestamp::now();
        if let Some(step) = steps::of_event(now, &self.run, &event) {
            self.note(&step).await;
        }
        for action in self.run.apply(now, event) {
            let step = steps::of_action(Timestamp::now(), &self.run, &action);
            self.note(&step).await;
            self.act(action).await;
        }
        self.show();
    }

    /// Returns what the run should hear of the robot's state.
    pub(super) fn noticed(&mut self, state: &RobotState) -> Vec<Event> {
        let mut events = Vec::new();
        let is_linked = state.is_connected();
        if is_linked != self.is_linked {
            events.push(if is_linked { Event::LinkBack } else { Event::LinkLost });
            self.is_linked = is_linked;
        }
        if state.is_emergency_stopped() && !std::mem::replace(&mut self.is_emergency_stopped, true) {
            events.push(Event::EmergencyStopped);
        }
        if let Some(battery) = state.battery_now() {
            let seen = (battery.percent.clamp(0.0, 100.0) as u8, battery.charging);
            if self.battery != Some(seen) {
                self.battery = Some(seen);
                events.push(Event::Battery { percent: battery.percent, charging: battery.charging });
            }
        }
        if let Some(Seen { value: pose, at }) = state.pose.filter(|_| is_linked) {
            let place = PathPoint { at, x: pose.x, y: pose.y, theta: pose.theta };
            let has_moved = |last: PathPoint| (last.x - place.x).hypot(last.y - place.y) >= PATH_STEP;
            if self.last_place.is_none_or(has_moved) {
                self.last_place = Some(place);
                self.path.push(place);
            }
        }
        events
    }

    /// Ends the run because the process ends.
    pub(super) async fn leave(&mut self) {
        let reason = "the process was told to end in the midst of the run";
        warn!(run = self.id.0, reason);
        let (outcome, trouble) = (Outcome::Interrupted, Some(Trouble::ProcessEnded));
        self.close(outcome, trouble, None).await;
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::MoveTo { ticket, visit } => {
                self.pictures.remove(&visit);
                if let Some(Waypoint { x, y, theta, .. }) = self.run.plan().waypoint(visit) {
                    self.wheel.send(Command::MoveTo(Pose::new(*x, *y, *theta)), ticket);
                }
            }
            Action::GoHome { ticket } => self.wheel.send(Command::Home, ticket),
            Action::Halt { ticket } => self.wheel.halt(ticket),
            Action::Announce { text } => {
                let robot = self.app.link.robot();
                self.helpers.spawn(async move {
                    if let Err(error) = robot.start(Command::Speak(text)).await {
                        warn!("an announcement was not made: {error}");
                    }
                });
            }
            Action::Torch { camera, intensity } => self.torch(camera, intensity),
            Action::Shoot { ticket, visit, camera, after } => self.shoot(ticket, visit, camera, after),
            Action::Judge { visit } => self.judge(visit).await,
            Action::Record { visit, verdict, trouble } => self.record(visit, verdict, &trouble).await,
            Action::Ask { visit, trouble } => {
                let point = self.run.plan().waypoint(visit).map(|waypoint| waypoint.name.clone());
                self.publish(RunEventKind::Asking, point, None, trouble.to_string()).await;
            }
            Action::ToCharge => {
                self.publish(RunEventKind::Charging, None, None, "the robot goes to charge".to_owned()).await;
            }
            Action::Wrap { outcome } => self.wrap(outcome),
            Action::Close { outcome, trouble, debt } => self.close(outcome, trouble, debt).await,
        }
    }

    fn torch(&mut self, side: CameraSide, intensity: u8) {
        let robot = self.app.link.robot();
        self.helpers.spawn(async move {
            if let Err(error) = robot.set_torch(camera(side), intensity).await {
                warn!("a torch was not set: {error}");
            }
        });
    }

    fn wrap(&mut self, outcome: Outcome) {
        let work = Wrapping { app: self.app.clone(), run: self.id, outcome, film: self.film.take() };
        let post = self.post.clone();
        self.helpers.spawn(async move {
            let told = post.clone();
            work.carry_out(move |part: Part| drop(told.send(Event::Wrapping(part)))).await;
            let _ = post.send(Event::Wrapped);
        });
    }

    async fn close(&mut self, outcome: Outcome, trouble: Option<Trouble>, debt: Option<Debt>) {
        self.helpers.abort_all();
        if let Some(film) = self.film.take() {
            film.give_up();
        }
        self.write_path().await;
        let at = Timestamp::now();
        let status = match outcome {
            Outcome::Completed => RunStatus::Completed,
            Outcome::Stopped => RunStatus::Stopped,
            Outcome::Failed => RunStatus::Failed,
            Outcome::Interrupted => RunStatus::Interrupted,
        };
        let reason = trouble.as_ref().map(ToString::to_string);
        let ending = RunEnding { at, status, reason: reason.clone() };
        if let Err(cause) = self.app.history.finish_run(self.id, &ending).await {
            // The next process finds it open and closes it.
            error!(run = self.id.0, "the end of the run is not recorded: {cause}");
        }
        self.app.lease.end_run(self.id);
        self.ended_at = Some(at);
        self.debt = Some(debt);
        let lasted = at.duration_since(self.started_at).as_secs_f64();
        metrics::run_ended(outcome.as_str(), lasted);
        info!(run = self.id.0, outcome = outcome.as_str(), reason, "the run has ended");
        let (kind, text) = match outcome {
            Outcome::Completed => (RunEventKind::Completed, "the patrol is complete"),
            Outcome::Stopped if trouble == Some(Trouble::EmergencyStop) => {
                (RunEventKind::EmergencyStop, "the robot's emergency stop was set")
            }
            Outcome::Stopped => (RunEventKind::Stopped, "the patrol was stopped"),
            Outcome::Failed => (RunEventKind::Failed, "the patrol failed"),
            Outcome::Interrupted => (RunEventKind::Interrupted, "the patrol was interrupted"),
        };
        let text = reason.map_or_else(|| text.to_owned(), |reason| format!("{text}: {reason}"));
        self.publish(kind, None, None, text).await;
        if outcome == Outcome::Completed && !self.run.plan().is_dry {
            self.app.outbox.put(self.id, &self.app.settings.current());
        }
    }

    async fn note(&mut self, step: &crate::history::RunStep) {
        metrics::step(&step.kind);
        if let Err(cause) = self.app.history.add_step(self.id, step).await {
            error!(run = self.id.0, kind = step.kind, "a step of the run is not recorded: {cause}");
        }
        if self.path.len() >= PATH_BATCH {
            self.write_path().await;
        }
    }

    async fn write_path(&mut self) {
        let path = std::mem::take(&mut self.path);
        if path.is_empty() {
            return;
        }
        if let Err(cause) = self.app.history.add_path(self.id, &path).await {
            warn!(run = self.id.0, "the way of the robot is not recorded: {cause}");
        }
    }

    fn show(&self) {
        let about = About {
            run: self.id,
            robot: self.app.config.robot_id.as_str(),
            route: self.route.as_deref(),
            started_at: self.started_at,
            ended_at: self.ended_at,
            inspections: &self.inspections,
        };
        let progress = std::sync::Arc::new(progress(&self.run, &about));
        let is_new = self.shown.send_if_modified(|shown| {
            if shown.progress.as_ref() == Some(&progress) {
                return false;
            }
            *shown = Shown { progress: Some(progress.clone()), refusal: None };
            true
        });
        if is_new {
            self.app.events.run(&progress);
        }
    }

    async fn publish(&self, kind: RunEventKind, point: Option<String>, verdict: Option<Verdict>, text: String) {
        let part = point.as_deref().unwrap_or_default();
        let at = Timestamp::now();
        let event = RunEvent {
            id: format!("{}-{}-{}-{part}-{}", self.app.config.robot_id, self.id, kind.as_str(), at.as_microsecond()),
            kind,
            robot_id: self.app.config.robot_id.to_string(),
            robot_name: self.app.config.robot_name.clone(),
            run_id: self.id.0,
            at,
            point,
            verdict,
            text,
        };
        self.app.events.publish(&event).await;
    }
}

/// Returns the robot's name for a camera.
pub(super) fn camera(side: CameraSide) -> robot::Camera {
    match side {
        CameraSide::Front => robot::Camera::Front,
        CameraSide::Back => robot::Camera::Back,
    }
}

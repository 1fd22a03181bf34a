//! What is known of one camera now, shared by the task that watches it and those who ask about it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use domain::alert::Severity;
use domain::camera::Camera;
use domain::geometry::Size;
use domain::id::CameraId;
use domain::sampling::FrameRate;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::lifecycle::{Lifecycle, Next, State, Trouble};
use crate::live::{Look, Shot};
use crate::metrics::{Fate, Meters};
use crate::rate::Rate;
use crate::view;

/// One camera's post.
#[derive(Debug)]
pub(crate) struct Post {
    id: CameraId,
    /// What the camera's frames and alerts are counted with.
    pub(crate) meters: Meters,
    known: Mutex<Known>,
    orders: watch::Sender<Arc<Camera>>,
    shots: watch::Sender<Option<Arc<Shot>>>,
}

#[derive(Debug)]
struct Known {
    lifecycle: Lifecycle,
    stream: Option<view::Stream>,
    last_frame_at: Option<Timestamp>,
    rate: Rate,
    losses: u64,
    alerts: u64,
    /// When the attempt to open the stream began that has given no frame yet.
    opening_since: Option<Instant>,
    /// When the stream was lost, until it is there again.
    lost_since: Option<Instant>,
}

impl Post {
    /// Returns the post of a camera that is about to be watched.
    pub(crate) fn new(camera: Arc<Camera>, meters: Meters, lifecycle: Lifecycle) -> Self {
        let known = Known {
            lifecycle,
            stream: None,
            last_frame_at: None,
            rate: Rate::default(),
            losses: 0,
            alerts: 0,
            opening_since: None,
            lost_since: None,
        };
        meters.set_state(known.lifecycle.state());
        Self {
            id: camera.id.clone(),
            meters,
            known: Mutex::new(known),
            orders: watch::Sender::new(camera),
            shots: watch::Sender::new(None),
        }
    }

    /// Returns the camera's id.
    pub(crate) fn id(&self) -> &CameraId {
        &self.id
    }

    /// Returns the camera as it is configured now.
    pub(crate) fn camera(&self) -> Arc<Camera> {
        Arc::clone(&self.orders.borrow())
    }

    /// Returns the orders of the task that watches the camera: each change means to begin anew.
    pub(crate) fn orders(&self) -> watch::Receiver<Arc<Camera>> {
        self.orders.subscribe()
    }

    /// Changes what is to be watched, if it is a change.
    pub(crate) fn order(&self, camera: Arc<Camera>) {
        self.orders.send_if_modified(|ordered| {
            let differs = *ordered != camera;
            *ordered = camera;
            differs
        });
    }

    /// Begins anew, also after the camera was given up.
    pub(crate) fn restart(&self) {
        self.orders.send_modify(|_| {});
    }

    /// Begins a new life of the stream.
    pub(crate) fn begin(&self, lifecycle: Lifecycle) {
        let mut known = self.lock();
        known.lifecycle = lifecycle;
        known.stream = None;
        known.rate = Rate::default();
        (known.opening_since, known.lost_since) = (None, None);
        self.dark(&known);
    }

    /// An attempt to open the stream begins.
    pub(crate) fn opening(&self) {
        self.lock().opening_since = Some(Instant::now());
    }

    /// A frame was dealt with.
    pub(crate) fn frame_done(&self, stream: view::Stream, shot: Arc<Shot>, now: Timestamp) {
        let mut known = self.lock();
        known.lifecycle.frame_arrived(now);
        known.stream = Some(stream);
        known.last_frame_at = Some(shot.captured_at());
        known.rate.count(shot.captured_at());
        if let Some(since) = known.opening_since.take() {
            self.meters.first_frame.observe(since.elapsed().as_secs_f64());
        }
        if let Some(since) = known.lost_since.take() {
            self.meters.outage.observe(since.elapsed().as_secs_f64());
        }
        self.meters.set_state(known.lifecycle.state());
        drop(known);
        self.meters.frame_captured(shot.captured_at());
        self.shots.send_replace(Some(shot));
    }

    /// The stream was lost or could not be had; `jitter` is a random number from 0 to 1.
    pub(crate) fn lost(&self, trouble: Trouble, reason: String, jitter: f64, now: Timestamp) -> Next {
        self.meters.lost(trouble);
        let mut known = self.lock();
        known.losses += 1;
        known.stream = None;
        known.opening_since = None;
        // A camera that was never there was not lost either.
        if known.last_frame_at.is_some() {
            known.lost_since.get_or_insert_with(Instant::now);
        }
        let next = known.lifecycle.lost(now, trouble, reason, jitter);
        self.dark(&known);
        next
    }

    /// Counts alerts that were raised.
    pub(crate) fn alerted(&self, zone: &str, class: &str, severity: Severity) {
        self.lock().alerts += 1;
        self.meters.alerted(zone, class, severity);
    }

    /// There is no picture any more.
    fn dark(&self, known: &Known) {
        self.meters.set_state(known.lifecycle.state());
        self.shots.send_replace(None);
    }

    /// Returns the newest picture; `None` while the camera does not stream.
    pub(crate) fn newest(&self) -> Option<Arc<Shot>> {
        self.shots.borrow().clone()
    }

    /// Returns a viewer's look at the camera.
    pub(crate) fn look(&self, fps: Option<FrameRate>) -> Look {
        Look::new(self.shots.subscribe(), fps)
    }

    /// Returns whether anybody watches live.
    pub(crate) fn is_watched(&self) -> bool {
        self.shots.receiver_count() > 0
    }

    /// Returns the size of the pictures, while there are some.
    pub(crate) fn picture_size(&self) -> Option<Size> {
        self.lock().stream.as_ref().map(|stream| stream.size)
    }

    /// Returns the state of the stream and why it is so.
    pub(crate) fn state(&self) -> (State, Option<String>) {
        let known = self.lock();
        (known.lifecycle.state(), known.lifecycle.reason().map(str::to_owned))
    }

    /// Returns what became of the frames.
    pub(crate) fn counters(&self) -> view::Counters {
        let (losses, alerts) = {
            let known = self.lock();
            (known.losses, known.alerts)
        };
        let met = |fate| self.meters.met(fate);
        let skipped = view::Skipped {
            not_due: met(Fate::NotDue),
            overwritten: met(Fate::Overwritten),
            late: met(Fate::Late),
            still: met(Fate::Still),
            busy: met(Fate::Busy),
        };
        let (detected, failed) = (met(Fate::Detected), met(Fate::Failed));
        let due = skipped.overwritten + skipped.still + skipped.busy + detected + failed;
        view::Counters {
            received: skipped.not_due + due,
            due,
            processed: skipped.still + detected,
            detected,
            parts: self.meters.parts(),
            left_coded: self.meters.frames_left_coded(),
            failed,
            skipped,
            alerts,
            losses,
        }
    }

    /// Returns all that is known, with what is wrong with the camera's entries.
    pub(crate) fn view(&self, problems: Vec<view::Problem>, now: Timestamp) -> view::Camera {
        let counters = self.counters();
        let camera = self.camera();
        let mut known = self.lock();
        view::Camera {
            id: self.id.to_string(),
            name: camera.name.clone(),
            enabled: camera.enabled,
            state: known.lifecycle.state(),
            reason: known.lifecycle.reason().map(str::to_owned),
            since: known.lifecycle.since(),
            url: Some(camera.detection_url().to_string()),
            stream: known.stream.clone(),
            fps_target: camera.fps_target.per_second(),
            fps_measured: known.rate.per_second(now),
            counters,
            last_frame_at: known.last_frame_at,
            problems,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Plain facts: a panic elsewhere leaves none of them half written.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

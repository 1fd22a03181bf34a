//! The hand-over from a pipeline's thread to the reader of a source: one frame where the newest wins, or a short queue
//! where the pipeline waits, and the reason when there will be no more.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use domain::picture::Frame;
use tokio::sync::Notify;

use crate::doze::Scene;
use crate::source::{Counters, Pace, SourceError, StreamInfo};

/// Frames that wait for the reader of a fast source: enough to keep the decoder busy while one is looked at.
const QUEUE: usize = 4;

/// Where the frames of one source wait for their reader.
#[derive(Debug)]
pub(crate) struct Slot {
    pace: Pace,
    state: Mutex<State>,
    /// Tells the reader: a frame, or the end.
    filled: Notify,
    /// Tells the pipeline: there is room, or nobody reads any more.
    drained: Condvar,
    received: AtomicU64,
    due: AtomicU64,
    overwritten: AtomicU64,
    late: AtomicU64,
    rested: AtomicU64,
    /// What the reader sees, as the number of the [`Scene`].
    scene: AtomicU8,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Frame>,
    info: Option<StreamInfo>,
    end: Option<SourceError>,
    abandoned: bool,
}

impl Slot {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            pace,
            state: Mutex::default(),
            filled: Notify::new(),
            drained: Condvar::new(),
            received: AtomicU64::new(0),
            due: AtomicU64::new(0),
            overwritten: AtomicU64::new(0),
            late: AtomicU64::new(0),
            rested: AtomicU64::new(0),
            scene: AtomicU8::new(Scene::default() as u8),
        }
    }

    /// Hands a frame over; with [`Pace::Fast`] waits for room first. Returns whether anybody still reads.
    pub(crate) fn put(&self, frame: Frame) -> bool {
        let mut state = self.lock();
        match self.pace {
            Pace::RealTime => {
                let unread = state.frames.len() as u64;
                state.frames.clear();
                self.overwritten.fetch_add(unread, Ordering::Relaxed);
            }
            Pace::Fast => {
                state = self
                    .drained
                    .wait_while(state, |s| s.frames.len() >= QUEUE && !s.abandoned)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
        if state.abandoned {
            return false;
        }
        state.frames.push_back(frame);
        drop(state);
        self.filled.notify_one();
        true
    }

    /// Notes why there will be no further frame. The first reason stays.
    pub(crate) fn end(&self, reason: SourceError) {
        self.lock().end.get_or_insert(reason);
        self.filled.notify_one();
    }

    /// Notes that nobody reads any more, and lets a waiting pipeline go.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.abandoned = true;
        state.frames.clear();
        drop(state);
        self.drained.notify_all();
    }

    /// Waits until the stream is known to give frames.
    pub(crate) async fn first(&self) -> Result<(), SourceError> {
        loop {
            {
                let state = self.lock();
                if !state.frames.is_empty() {
                    // The permit of this frame was consumed here; the frame itself is still unread.
                    self.filled.notify_one();
                    return Ok(());
                }
                if let Some(reason) = &state.end {
                    return Err(reason.clone());
                }
            }
            self.filled.notified().await;
        }
    }

    /// Waits for a frame; frames that are there come before the end.
    pub(crate) async fn next(&self) -> Result<Frame, SourceError> {
        loop {
            {
                let mut state = self.lock();
                if let Some(frame) = state.frames.pop_front() {
                    drop(state);
                    self.drained.notify_one();
                    return Ok(frame);
                }
                if let Some(reason) = &state.end {
                    return Err(reason.clone());
                }
            }
            self.filled.notified().await;
        }
    }

    /// Changes what is known of the stream; `None` before the first frame.
    pub(crate) fn describe(&self, change: impl FnOnce(&mut Option<StreamInfo>)) {
        change(&mut self.lock().info);
    }

    /// Returns what is known of the stream. Call it only after [`Self::first`].
    pub(crate) fn info(&self) -> StreamInfo {
        self.lock().info.clone().expect("a stream is described before its first frame is put")
    }

    pub(crate) fn count_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_due(&self) {
        self.due.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a frame that stays coded.
    pub(crate) fn count_rested(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
        self.rested.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes what the reader sees.
    pub(crate) fn observe(&self, scene: Scene) {
        self.scene.store(scene as u8, Ordering::Relaxed);
    }

    /// Returns what the reader sees.
    pub(crate) fn scene(&self) -> Scene {
        let seen = self.scene.load(Ordering::Relaxed);
        [Scene::Still, Scene::Moving].into_iter().find(|scene| *scene as u8 == seen).unwrap_or(Scene::Wanted)
    }

    pub(crate) fn counters(&self) -> Counters {
        Counters {
            received: self.received.load(Ordering::Relaxed),
            due: self.due.load(Ordering::Relaxed),
            overwritten: self.overwritten.load(Ordering::Relaxed),
            late: self.late.load(Ordering::Relaxed),
            rested: self.rested.load(Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

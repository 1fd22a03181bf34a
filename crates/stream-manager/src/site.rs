//! What the tasks of this service and its HTTP handlers share.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::track::TrackerSettings;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tracing::error;
use vision::Pool;

use crate::announce::Raised;
use crate::lifecycle::Patience;
use crate::metrics::Metrics;
use crate::roster::Roster;
use crate::zone_book::ZoneBook;

/// Frames whose alerts wait for their snapshots. When it is full their cameras wait, which costs frames but no alert.
const RAISED_CAPACITY: usize = 16;

/// What is shared.
pub(crate) struct Site {
    /// Every figure that is counted.
    pub(crate) metrics: Metrics,
    /// The zones of all cameras.
    pub(crate) zone_book: ZoneBook,
    /// When the service was started.
    pub(crate) started_at: Timestamp,
    /// How things are followed from frame to frame.
    pub(crate) tracking: TrackerSettings,
    /// How long and how often a lost camera is tried again.
    pub(crate) patience: Patience,
    /// After how much silence a camera is lost.
    pub(crate) read_timeout: Duration,
    roster: watch::Sender<Arc<Roster>>,
    detector: watch::Sender<Detector>,
    /// `None` once the last camera has ended.
    raised: Mutex<Option<mpsc::Sender<Raised>>>,
}

/// How cameras are watched.
#[derive(Debug, Clone)]
pub struct Watching {
    /// How things are followed from frame to frame.
    pub tracking: TrackerSettings,
    /// How long and how often a lost camera is tried again.
    pub patience: Patience,
    /// After how much silence a camera is lost.
    pub read_timeout: Duration,
}

/// The detector, or why there is none.
#[derive(Clone)]
pub(crate) enum Detector {
    /// No model is loaded, for a reason that an operator can read.
    Missing(String),
    /// A model answers.
    Loaded(Pool),
}

impl Site {
    /// Returns a site without cameras and without a detector, and the end at which its alerts arrive.
    pub(crate) fn new(zone_book: ZoneBook, watching: Watching) -> (Self, mpsc::Receiver<Raised>) {
        let (raised, announced) = mpsc::channel(RAISED_CAPACITY);
        let site = Self {
            metrics: Metrics::new(),
            zone_book,
            started_at: Timestamp::now(),
            tracking: watching.tracking,
            patience: watching.patience,
            read_timeout: watching.read_timeout,
            roster: watch::Sender::default(),
            detector: watch::Sender::new(Detector::Missing("the model is being loaded".to_owned())),
            raised: Mutex::new(Some(raised)),
        };
        (site, announced)
    }

    /// Returns all cameras, as they are and as they become.
    pub(crate) fn roster(&self) -> watch::Receiver<Arc<Roster>> {
        self.roster.subscribe()
    }

    /// Returns all cameras as they are now.
    pub(crate) fn cameras(&self) -> Arc<Roster> {
        Arc::clone(&self.roster.borrow())
    }

    /// Replaces all cameras.
    pub(crate) fn set_cameras(&self, roster: Roster) {
        self.roster.send_replace(Arc::new(roster));
    }

    /// Returns the pool, if a model is loaded.
    pub(crate) fn pool(&self) -> Option<Pool> {
        match &*self.detector.borrow() {
            Detector::Loaded(pool) => Some(pool.clone()),
            Detector::Missing(_) => None,
        }
    }

    /// Returns the detector, or why there is none.
    pub(crate) fn detector(&self) -> Detector {
        self.detector.borrow().clone()
    }

    /// Says what the detector is now.
    pub(crate) fn set_detector(&self, detector: Detector) {
        self.detector.send_replace(detector);
    }

    /// Hands the alerts of a frame on. Waits while too many frames wait for their snapshots.
    pub(crate) async fn raise(&self, raised: Raised) {
        let sender = self.raised.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let count = raised.alerts.len();
        let sent = match sender {
            Some(sender) => sender.send(raised).await.is_ok(),
            None => false,
        };
        if !sent {
            // Only if announcing has failed altogether, which ends the process.
            error!(count, "alerts are lost: nobody announces them any more");
        }
    }

    /// Says that no alert will be raised any more.
    pub(crate) fn end_raising(&self) {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

//! One detector pool for every camera and every HTTP caller.
//!
//! Workers are threads of their own, each with a detector of its own, so inference never blocks an async runtime. The queue is
//! bounded: a full queue refuses at once. Callers take turns by lane, so that one busy camera cannot starve the others.

mod keeper;
mod queue;
mod worker;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use domain::detection::Detection;
use domain::geometry::{BBox, Size};
use domain::picture::Picture;
use tokio::sync::oneshot;

use crate::active::ActiveModelError;
use crate::backend::LoadError;
use crate::detector::{DetectError, ModelInfo, ModelRef};
use crate::manifest::{Backend, Manifest};
use crate::models::{ModelError, Models};
use crate::settings::Settings;

use keeper::Command;
use queue::{Pending, Queue};
use worker::{Counters, Seat};

/// How a pool is to work.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolSettings {
    /// How each worker's model is run.
    pub detector: Settings,
    /// Threads that run models on a CPU, each with `detector.threads` of its own; on a GPU it is one.
    pub workers: usize,
    /// Questions that may wait; one more is refused with [`DetectError::Busy`].
    pub queue_capacity: usize,
    /// The most pictures in one run. Absent: the manifest's on a GPU, one on a CPU, where larger batches gain nothing.
    pub batch: Option<usize>,
    /// How long a worker waits for a batch to fill.
    pub batch_wait: Duration,
    /// How many grey pictures each worker looks at before the first real one.
    pub warm_up: u32,
    /// How often the active model's file is looked at.
    pub poll_interval: Duration,
}

impl PoolSettings {
    /// Returns settings that use `cores` CPU cores: one single-threaded worker for each, a queue of 64, no wait for batches.
    #[must_use]
    pub fn new(detector: Settings, cores: usize) -> Self {
        Self {
            detector,
            workers: cores.max(1),
            queue_capacity: 64,
            batch: None,
            batch_wait: Duration::ZERO,
            warm_up: 1,
            poll_interval: Duration::from_secs(1),
        }
    }
}

/// Where a pool's model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSource {
    /// The models on this machine.
    pub models: Models,
    /// The active model's file ([`ActiveModel::path`](crate::ActiveModel::path)); it is polled.
    pub active: PathBuf,
    /// The model to run until one is activated.
    pub default: String,
}

/// A question to the pool.
#[derive(Debug, Clone)]
pub struct Job {
    /// Who asks: lanes take turns. A camera's id, or one name for all HTTP callers.
    pub lane: Arc<str>,
    /// The picture.
    pub picture: Picture,
    /// The part to look at, in the picture's pixels; the whole if absent.
    pub region: Option<BBox>,
    /// Replaces every confidence threshold, classes included.
    pub min_confidence: Option<f32>,
}

/// The pool's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What was found, strongest first, boxes in the picture's pixels.
    pub detections: Vec<Detection>,
    /// The model that found it.
    pub model: ModelRef,
    /// How long the run took, letterbox and decoding included; a batch's time is its pictures' time.
    pub inference_ms: f64,
    /// How long the question waited for a worker.
    pub waited_ms: f64,
}

/// What a pool is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolStatus {
    /// What runs, and how.
    pub info: ModelInfo,
    /// The licence of the model.
    pub licence: String,
    /// Why it is not the backend, device or precision that was wanted.
    pub fallback: Option<String>,
    /// Why the model that was activated last does not run; the one before it still does.
    pub swap_error: Option<String>,
    /// Threads that run models.
    pub workers: usize,
    /// The most pictures in one run.
    pub batch: usize,
    /// Questions that wait now.
    pub waiting: usize,
    /// Questions that may wait.
    pub queue_capacity: usize,
    /// Questions answered since the start.
    pub answered: u64,
    /// Questions refused because the queue was full.
    pub refused: u64,
    /// Questions that failed in the backend.
    pub failed: u64,
}

/// Why a pool could not start, or could not change its model.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No backend loads the model.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The model loads but fails on a first grey picture.
    #[error("model {name} fails on its first picture")]
    WarmUp {
        /// The model.
        name: String,
        /// What went wrong.
        source: DetectError,
    },
    /// The file that names the active model is wrong or cannot be written.
    #[error(transparent)]
    Active(#[from] ActiveModelError),
    /// The active model's file names a hash that is not the one of the model on this machine.
    #[error("the active model {name} has SHA-256 {wanted}, the one on this machine {present}")]
    OtherVersion {
        /// The model.
        name: String,
        /// What the active model's file says.
        wanted: String,
        /// What the manifest says.
        present: String,
    },
    /// The system gives no thread.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The pool has stopped.
    #[error("the detector has stopped")]
    Stopped,
}

/// A handle on a running pool; clones share it. When the last handle goes, the workers end after their current run.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
    /// Dropped with the last handle, which closes the queue.
    _closer: Arc<Closer>,
}

/// What handles, workers and the keeper share.
struct Shared {
    queue: Queue,
    serving: ArcSwap<Serving>,
    seats: Vec<Seat>,
    counters: Counters,
    commands: Mutex<mpsc::Sender<Command>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    swap_error: Mutex<Option<String>>,
    queue_capacity: usize,
}

/// The model that answers now.
struct Serving {
    /// The model that was asked for; it is `info`'s but for the precision.
    chosen: ModelRef,
    manifest: Manifest,
    info: ModelInfo,
    fallback: Option<String>,
    batch: usize,
}

struct Closer(Arc<Shared>);

impl Drop for Closer {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Shared {
    fn close(&self) {
        self.queue.close();
        // The keeper may have ended already; then nobody needs to be told.
        let _ = lock(&self.commands).send(Command::Stop);
    }
}

impl Pool {
    /// Loads and warms up the active model (or the default one) for every worker and starts the threads. This takes up to seconds:
    /// call it from a thread that may block.
    ///
    /// # Errors
    /// [`PoolError`] when the model cannot be used or no backend loads it.
    pub fn start(settings: PoolSettings, source: ModelSource) -> Result<Self, PoolError> {
        keeper::start(settings, source)
    }

    /// Asks the detector, and waits for its answer.
    ///
    /// # Errors
    /// [`DetectError::Busy`] at once when the queue is full, [`DetectError::EmptyRegion`] for a region outside the picture,
    /// [`DetectError::Stopped`] when the pool ends first, and what the backend says.
    pub async fn detect(&self, job: Job) -> Result<Outcome, DetectError> {
        if let Some(region) = job.region
            && crate::letterbox::visible(region, job.picture.size()).is_none()
        {
            return Err(DetectError::EmptyRegion);
        }
        let (reply, answer) = oneshot::channel();
        self.shared.queue.push(Pending { job, asked_at: Instant::now(), reply }).inspect_err(|error| {
            if matches!(error, DetectError::Busy { .. }) {
                self.shared.counters.refuse();
            }
        })?;
        answer.await.unwrap_or(Err(DetectError::Stopped))
    }

    /// Loads and warms up another model, cuts every worker over to it, and writes the active model's file. Questions go on being
    /// answered by the model before it until then; on an error they are answered by it after as well.
    ///
    /// # Errors
    /// [`PoolError`] when the model cannot be used; the file is then unchanged.
    pub async fn activate(&self, name: &str) -> Result<ModelRef, PoolError> {
        let (reply, answer) = oneshot::channel();
        lock(&self.shared.commands)
            .send(Command::Activate { name: name.to_owned(), reply })
            .map_err(|_| PoolError::Stopped)?;
        answer.await.unwrap_or(Err(PoolError::Stopped))
    }

    /// Returns what the pool is doing.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let serving = self.shared.serving.load();
        let (answered, refused, failed) = self.shared.counters.values();
        PoolStatus {
            info: serving.info.clone(),
            licence: serving.manifest.licence.clone(),
            fallback: serving.fallback.clone(),
            swap_error: lock(&self.shared.swap_error).clone(),
            workers: self.shared.seats.len(),
            batch: serving.batch,
            waiting: self.shared.queue.waiting(),
            queue_capacity: self.shared.queue_capacity,
            answered,
            refused,
            failed,
        }
    }

    /// Returns the class names of the model that answers now.
    #[must_use]
    pub fn labels(&self) -> Arc<[Arc<str>]> {
        Arc::clone(&self.shared.serving.load().info.labels)
    }

    /// Returns what looking at a region costs, as a part of what looking at the whole picture costs.
    #[must_use]
    pub fn region_cost(&self, picture: Size, region: BBox) -> f32 {
        self.shared.serving.load().info.region_cost(picture, region)
    }

    /// Refuses new questions, lets the current runs finish, answers what waits with [`DetectError::Stopped`] and ends the threads.
    pub async fn stop(&self) {
        self.shared.close();
        let threads = std::mem::take(&mut *lock(&self.shared.threads));
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                // A worker's panic was reported by the panic hook; there is nothing to add.
                let _ = thread.join();
            }
        });
        let _ = joined.await;
    }
}

impl PoolStatus {
    /// Returns what runs the model.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.info.backend
    }
}

/// Locks; a thread that panicked with the lock left plain data behind, which is still good.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod precision_tests;
#[cfg(test)]
mod tests;

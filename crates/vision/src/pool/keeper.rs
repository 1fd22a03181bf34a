//! The keeper: the thread that loads models, warms them up, cuts the workers over, and polls the active model's file.

use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

use arc_swap::ArcSwap;
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::queue::Queue;
use super::worker::{self, Counters, Seat};
use super::{Closer, ModelSource, Pool, PoolError, PoolSettings, Serving, Shared, lock};
use crate::active::ActiveModel;
use crate::backend::{Count, LoadedSet, load_several};
use crate::detector::{Detector, Input, ModelRef};

/// What the keeper is asked to do.
pub(super) enum Command {
    /// Change the model.
    Activate { name: String, reply: oneshot::Sender<Result<ModelRef, PoolError>> },
    /// End.
    Stop,
}

/// A model that is loaded, warm, and serves nobody yet.
struct Ready {
    serving: Serving,
    detectors: Vec<Box<dyn Detector>>,
}

pub(super) fn start(settings: PoolSettings, source: ModelSource) -> Result<Pool, PoolError> {
    let queue_capacity = settings.queue_capacity.max(1);
    let mut loader = Loader { count: Count::OneForEachCore(settings.workers.max(1)), settings, source };
    let First { ready, seen, swap_error } = loader.first()?;
    loader.count = Count::Exactly(ready.detectors.len());
    let (commands, orders) = mpsc::channel();
    let shared = Arc::new(Shared {
        queue: Queue::new(queue_capacity),
        serving: ArcSwap::from_pointee(ready.serving),
        seats: ready.detectors.iter().map(|_| Seat::default()).collect(),
        counters: Counters::default(),
        commands: Mutex::new(commands),
        threads: Mutex::default(),
        swap_error: Mutex::new(swap_error),
        queue_capacity,
    });
    // From here on, an early return closes the queue and ends the threads that were started.
    let closer = Arc::new(Closer(Arc::clone(&shared)));
    let mut threads = Vec::new();
    for (seat, detector) in ready.detectors.into_iter().enumerate() {
        let (shared, fill) = (Arc::clone(&shared), loader.settings.batch_wait);
        threads.push(spawn(format!("detector-{seat}"), move || worker::work(&shared, seat, detector, fill))?);
    }
    let keeper = Keeper { shared: Arc::clone(&shared), loader, seen };
    threads.push(spawn("model-keeper".to_owned(), move || keeper.keep(&orders))?);
    *lock(&shared.threads) = threads;
    Ok(Pool { shared, _closer: closer })
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, PoolError> {
    thread::Builder::new().name(name).spawn(run).map_err(PoolError::Thread)
}

struct Keeper {
    shared: Arc<Shared>,
    loader: Loader,
    /// The active model's file as it was acted on last, so that a model that fails is not loaded again every second.
    seen: Option<ActiveModel>,
}

impl Keeper {
    fn keep(mut self, orders: &mpsc::Receiver<Command>) {
        loop {
            match orders.recv_timeout(self.loader.settings.poll_interval) {
                Ok(Command::Activate { name, reply }) => {
                    let result = self.activate(&name);
                    // The asker may have gone; the model is changed all the same.
                    let _ = reply.send(result);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => self.poll(),
                Ok(Command::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn activate(&mut self, name: &str) -> Result<ModelRef, PoolError> {
        let ready = self.loader.prepare(name)?;
        let model = ready.serving.info.model.clone();
        let active = ActiveModel { model: model.clone(), activated_at: jiff::Timestamp::now() };
        active.write(&self.loader.source.active)?;
        self.cut_over(ready);
        self.seen = Some(active);
        Ok(model)
    }

    fn poll(&mut self) {
        let active = match ActiveModel::read(&self.loader.source.active) {
            Ok(Some(active)) if self.seen.as_ref() != Some(&active) => active,
            Ok(_) => return,
            Err(error) => return self.complain(chain(&error)),
        };
        self.seen = Some(active.clone());
        if self.shared.serving.load().info.model == active.model {
            *lock(&self.shared.swap_error) = None;
            return;
        }
        match self.loader.prepare_exactly(&active.model) {
            Ok(ready) => self.cut_over(ready),
            Err(error) => self.complain(chain(&error)),
        }
    }

    /// Says once why the model that was chosen is not the one that answers.
    fn complain(&self, reason: String) {
        let mut swap_error = lock(&self.shared.swap_error);
        if swap_error.as_ref() != Some(&reason) {
            warn!(reason, "the model that was activated cannot be used, the one before it goes on");
            *swap_error = Some(reason);
        }
    }

    fn cut_over(&self, ready: Ready) {
        let Serving { info, .. } = &ready.serving;
        let ModelRef { name, version, .. } = &info.model;
        info!(model = name, version, backend = %info.backend, device = info.device, "the detector changes its model");
        self.shared.serving.store(Arc::new(ready.serving));
        worker::reseat(&self.shared, ready.detectors);
        *lock(&self.shared.swap_error) = None;
    }
}

/// Loads models as the pool wants them.
struct Loader {
    settings: PoolSettings,
    source: ModelSource,
    count: Count,
}

/// What a pool starts with.
struct First {
    ready: Ready,
    seen: Option<ActiveModel>,
    swap_error: Option<String>,
}

impl Loader {
    /// Loads the active model; if that fails, the default one, and says why.
    fn first(&self) -> Result<First, PoolError> {
        let (seen, error) = match ActiveModel::read(&self.source.active) {
            Ok(None) => {
                return Ok(First { ready: self.prepare(&self.source.default)?, seen: None, swap_error: None });
            }
            Ok(Some(active)) => match self.prepare_exactly(&active.model) {
                Ok(ready) => return Ok(First { ready, seen: Some(active), swap_error: None }),
                Err(error) => (Some(active), error),
            },
            Err(error) => (None, error.into()),
        };
        let reason = chain(&error);
        warn!(model = self.source.default, reason, "the active model cannot be used, the default one is");
        Ok(First { ready: self.prepare(&self.source.default)?, seen, swap_error: Some(reason) })
    }

    /// Loads the model that the active model's file names, and only if it is that very file.
    fn prepare_exactly(&self, wanted: &ModelRef) -> Result<Ready, PoolError> {
        let present = self.source.models.manifest(&wanted.name)?.sha256;
        if present != wanted.sha256 {
            return Err(PoolError::OtherVersion { name: wanted.name.clone(), wanted: wanted.sha256.clone(), present });
        }
        self.prepare(&wanted.name)
    }

    /// Loads and warms up a model for every worker.
    fn prepare(&self, name: &str) -> Result<Ready, PoolError> {
        let manifest = self.source.models.manifest(name)?;
        let model = self.source.models.read(&manifest)?;
        let LoadedSet { mut detectors, fallback } =
            load_several(&manifest, &model, &self.settings.detector, self.count)?;
        let grey = warm_up_picture(&manifest);
        for detector in &mut detectors {
            detector
                .detect(&[Input::whole(&grey)])
                .map_err(|source| PoolError::WarmUp { name: name.to_owned(), source })?;
        }
        let info = detectors[0].info().clone();
        let most = self.settings.batch.unwrap_or(if info.device == "cpu" { 1 } else { info.batch });
        let batch = most.clamp(1, info.batch);
        Ok(Ready { serving: Serving { manifest, info, fallback, batch }, detectors })
    }
}

/// Returns a grey picture of the shape that cameras have, 16 to 9, so that the first real picture finds everything prepared.
fn warm_up_picture(manifest: &crate::Manifest) -> domain::picture::Picture {
    let width = manifest.input.size.width;
    let size = domain::geometry::Size { width, height: (width * 9 / 16).max(1) };
    let grey = vec![114; (size.width * size.height * 3) as usize];
    domain::picture::Picture::rgb(size, size.width as usize * 3, grey.into())
        .expect("the buffer was made for this size")
}

/// Writes an error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

//! The keeper: the thread that loads models, warms them up, cuts the workers over, and polls the active model's file.

use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

use arc_swap::ArcSwap;
use domain::geometry::Size;
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::queue::Queue;
use super::worker::{self, Counters, Seat};
use super::{Closer, ModelSource, Pool, PoolError, PoolSettings, Serving, Shared, lock};
use crate::active::ActiveModel;
use crate::backend::{Count, LoadedSet, load_several};
use crate::detector::{Detector, Input, ModelRef};
use crate::manifest::{Backend, Manifest};
use crate::models::ModelError;
use crate::precision::{self, Processor};
use crate::settings::{Device, Settings};

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
        // Another machine's processor may want another precision, so the file names the model and not its copy.
        let active = ActiveModel { model: ready.serving.chosen.clone(), activated_at: jiff::Timestamp::now() };
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
        if self.shared.serving.load().chosen == active.model {
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
        // First, so that nobody sees the new model with the old one's error.
        *lock(&self.shared.swap_error) = None;
        self.shared.serving.store(Arc::new(ready.serving));
        worker::reseat(&self.shared, ready.detectors);
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

    /// Loads and warms up a model for every worker: its 8-bit copy where that is wanted and works, else itself.
    fn prepare(&self, name: &str) -> Result<Ready, PoolError> {
        let (models, settings) = (&self.source.models, &self.settings.detector);
        let manifest = models.manifest(name)?;
        let model = models.read(&manifest)?;
        let mut problem = None;
        if precision::wanted(settings, &manifest, Processor::here()).is_some()
            && self.is_for_the_cpu(&manifest, &model)?
        {
            match self.copy(&manifest) {
                Ok(ready) => return Ok(ready),
                Err(error) => problem = Some(format!("8 bits: {}", chain(&error))),
            }
        }
        let mut ready = self.load(&manifest, &manifest, &model, settings)?;
        if let Some(problem) = problem {
            warn!(model = name, problem, "the model computes with floats, which takes longer");
            let fallback = ready.serving.fallback.take();
            ready.serving.fallback = Some(fallback.into_iter().chain([problem]).collect::<Vec<_>>().join("; "));
        }
        Ok(ready)
    }

    /// Tells whether onnxruntime on the CPU is what runs a model here, and not a graphics card or tract.
    fn is_for_the_cpu(&self, manifest: &Manifest, model: &[u8]) -> Result<bool, PoolError> {
        let probe = load_several(manifest, model, &self.settings.detector, Count::Exactly(1))?;
        let info = probe.detectors[0].info();
        Ok(info.backend == Backend::Onnxruntime && info.device == "cpu")
    }

    fn copy(&self, original: &Manifest) -> Result<Ready, PoolError> {
        let missing = || ModelError::NoCopy { name: original.name.clone() };
        let manifest = original.int8_copy().ok_or_else(missing)?;
        let model = self.source.models.read_int8(original)?;
        let settings = Settings { device: Device::Cpu, ..self.settings.detector.clone() };
        self.load(original, &manifest, &model, &settings)
    }

    fn load(
        &self,
        chosen: &Manifest,
        manifest: &Manifest,
        model: &[u8],
        settings: &Settings,
    ) -> Result<Ready, PoolError> {
        let LoadedSet { mut detectors, fallback } = load_several(manifest, model, settings, self.count)?;
        let info = detectors[0].info().clone();
        let grey = warm_up_picture(info.input);
        for detector in &mut detectors {
            for _ in 0..self.settings.warm_up.max(1) {
                let result = detector.detect(&[Input::whole(&grey)]);
                result.map_err(|source| PoolError::WarmUp { name: manifest.name.clone(), source })?;
            }
        }
        let most = self.settings.batch.unwrap_or(if info.device == "cpu" { 1 } else { info.batch });
        let batch = most.clamp(1, info.batch);
        let chosen = chosen.model_ref();
        Ok(Ready { serving: Serving { chosen, manifest: manifest.clone(), info, fallback, batch }, detectors })
    }
}

/// Returns a grey picture of the shape that cameras have, 16 to 9, so that the first real picture finds everything prepared.
fn warm_up_picture(input: Size) -> domain::picture::Picture {
    let width = input.width;
    let size = Size { width, height: (width * 9 / 16).max(1) };
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

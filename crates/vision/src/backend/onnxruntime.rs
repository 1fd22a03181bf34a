//! Models run by onnxruntime, on the CPU or an NVIDIA GPU.

use std::path::Path;

use ort::environment::Environment;
use ort::ep::{CUDA, ExecutionProvider as _, ExecutionProviderDispatch, TensorRT};
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorRef;

use super::engine::{Engine, Fill, Read, Shape};
use super::library;
use crate::decode::Tensor;
use crate::detector::DetectError;
use crate::manifest::Backend;
use crate::precision::Processor;
use crate::settings::{Device, Settings};

/// A session, and where it computes.
pub(super) struct Onnxruntime {
    session: Session,
    device: &'static str,
    threads: usize,
    /// The input of the run; it keeps its length between runs of one shape.
    input: Vec<f32>,
}

/// What onnxruntime gave, and what it could not.
pub(super) struct Opened {
    pub(super) engine: Onnxruntime,
    pub(super) fallback: Option<String>,
}

impl Onnxruntime {
    /// Opens a model on the wanted device, or on the CPU with the reason. Where the device is up to us, a missing one is no news.
    pub(super) fn open(model: &[u8], settings: &Settings) -> Result<Opened, String> {
        let environment = library::environment(settings.onnxruntime.as_deref(), &settings.cache_dir)?;
        let mut refusals = Vec::new();
        for device in devices(settings.device) {
            match session(&environment, model, *device, settings) {
                Ok(session) => {
                    let news = !refusals.is_empty() && settings.device != Device::Auto;
                    let fallback = news.then(|| refusals.join("; "));
                    let engine =
                        Self { session, device: name(*device), threads: settings.threads.max(1), input: Vec::new() };
                    return Ok(Opened { engine, fallback });
                }
                Err(reason) => refusals.push(format!("{}: {reason}", name(*device))),
            }
        }
        Err(refusals.join("; "))
    }
}

/// The devices to try, in order.
fn devices(wanted: Device) -> &'static [Device] {
    match wanted {
        Device::Auto | Device::Tensorrt => &[Device::Tensorrt, Device::Cuda, Device::Cpu],
        Device::Cuda => &[Device::Cuda, Device::Cpu],
        Device::Cpu => &[Device::Cpu],
    }
}

fn name(device: Device) -> &'static str {
    match device {
        Device::Tensorrt => "tensorrt",
        Device::Cuda => "cuda",
        Device::Cpu | Device::Auto => "cpu",
    }
}

fn session(environment: &Environment, model: &[u8], device: Device, settings: &Settings) -> Result<Session, String> {
    let said = |error: ort::Error<SessionBuilder>| error.to_string();
    if !is_built_in(device) {
        return Err("this build of the library does not have it".to_owned());
    }
    let mut builder = Session::builder(environment)
        .map_err(|error| error.to_string())?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(said)?
        .with_intra_threads(settings.threads.max(1))
        .map_err(said)?
        .with_inter_threads(1)
        .map_err(said)?;
    if !Processor::here().has_dot_products {
        // Without dot products x86 adds 8-bit products in 16 bits, which overflow; this makes it slower there instead of wrong. Where there
        // are some it would be slower for nothing.
        builder = builder.with_config_entry("session.x64quantprecision", "1").map_err(said)?;
    }
    if let Some(provider) = provider(device, &settings.cache_dir) {
        // A provider that is registered but cannot work must fail here, or the CPU would do the work in silence.
        builder = builder.with_execution_providers([provider.error_on_failure()]).map_err(said)?;
    }
    builder.commit_from_memory(model).map_err(|error| error.to_string())
}

/// Tells whether the library was built for a device; asking for one that it was not makes it complain in the log.
fn is_built_in(device: Device) -> bool {
    let available = match device {
        Device::Tensorrt => TensorRT::is_available(),
        Device::Cuda => CUDA::is_available(),
        Device::Cpu | Device::Auto => Ok(true),
    };
    available.unwrap_or(false)
}

fn provider(device: Device, cache_dir: &Path) -> Option<ExecutionProviderDispatch> {
    match device {
        Device::Tensorrt => {
            // Building an engine takes minutes on a Jetson; the cache makes that once for each model.
            let engines = cache_dir.join("tensorrt");
            let engines = engines.to_string_lossy();
            let provider = TensorRT::default().with_engine_cache(true).with_engine_cache_path(&engines).with_fp16(true);
            Some(provider.build())
        }
        Device::Cuda => Some(CUDA::default().build()),
        Device::Cpu | Device::Auto => None,
    }
}

impl Engine for Onnxruntime {
    fn backend(&self) -> Backend {
        Backend::Onnxruntime
    }

    fn device(&self) -> &'static str {
        self.device
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn strides_per_step(&self) -> u32 {
        1
    }

    fn run(&mut self, shape: Shape, fill: Fill<'_>, read: Read<'_>) -> Result<(), DetectError> {
        let refused = |error: ort::Error| DetectError::Run { backend: Backend::Onnxruntime, reason: error.to_string() };
        self.input.resize(shape.numbers(), 0.0);
        fill(&mut self.input);
        let input = TensorRef::from_array_view((shape.axes(), self.input.as_slice())).map_err(refused)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(refused)?;
        let mut found = Vec::with_capacity(outputs.len());
        for index in 0..outputs.len() {
            let (axes, data) = outputs[index].try_extract_tensor::<f32>().map_err(refused)?;
            // What a runtime has computed has lengths of zero or more.
            found.push((axes.iter().map(|length| *length as usize).collect::<Vec<_>>(), data));
        }
        let tensors: Vec<_> = found.iter().map(|(shape, data)| Tensor { shape, data }).collect();
        read(&tensors)
    }
}

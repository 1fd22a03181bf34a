//! What runs models: onnxruntime where its library is found, tract always.

mod engine;
mod library;
mod onnxruntime;
mod single_pass;
mod tap;
mod tract;

use std::sync::Arc;

use crate::detector::Detector;
use crate::manifest::{Backend, Manifest};
use crate::settings::Settings;

use engine::Engine;
use onnxruntime::Onnxruntime;
use single_pass::SinglePass;
pub(crate) use tap::Tap;
use tract::{Plans, Tract};

/// A detector, and what it is not.
pub struct Loaded {
    /// The detector.
    pub detector: Box<dyn Detector>,
    /// Why it is not the backend or device that was wanted first; `None` if it is.
    pub fallback: Option<String>,
}

/// Detectors of one model for several workers, and what they are not.
pub(crate) struct LoadedSet {
    pub(crate) detectors: Vec<Box<dyn Detector>>,
    pub(crate) fallback: Option<String>,
}

/// Why no backend loads a model.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Every backend that the manifest allows has refused.
    #[error("no backend loads model {model}: {}", reasons(.refusals))]
    NoBackend {
        /// The model.
        model: String,
        /// What each backend said.
        refusals: Vec<(Backend, String)>,
    },
}

fn reasons(refusals: &[(Backend, String)]) -> String {
    let reasons: Vec<_> = refusals.iter().map(|(backend, reason)| format!("{backend}: {reason}")).collect();
    reasons.join("; ")
}

/// Loads a model with the first backend that can: the wanted one, then the manifest's others.
///
/// # Errors
/// [`LoadError::NoBackend`] when all of them refuse.
pub fn load(manifest: &Manifest, model: &[u8], settings: &Settings) -> Result<Loaded, LoadError> {
    let mut set = load_several(manifest, model, settings, Count::Exactly(1))?;
    let detector = set.detectors.pop().expect("one was asked for");
    Ok(Loaded { detector, fallback: set.fallback })
}

/// How many detectors to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// As many.
    Exactly(usize),
    /// As many on a CPU; one on a GPU, which one session keeps busy and several would only fill.
    OneForEachCore(usize),
}

/// Loads a model as often as there are workers; they share what can be shared.
pub(crate) fn load_several(
    manifest: &Manifest,
    model: &[u8],
    settings: &Settings,
    count: Count,
) -> Result<LoadedSet, LoadError> {
    let manifest = &Manifest { input: manifest.input.clone().sized(settings.image_size), ..manifest.clone() };
    let mut refusals = Vec::new();
    if !settings.allows_first_choice(&manifest.backends) {
        refusals.push((settings.wanted().unwrap_or(Backend::Tract), "the manifest does not allow it".to_owned()));
    }
    for backend in settings.candidates(&manifest.backends) {
        match engines(backend, model, settings, count) {
            Ok((engines, device_fallback)) => {
                let fallback = if refusals.is_empty() { device_fallback } else { Some(reasons(&refusals)) };
                let detector = |engine| Box::new(SinglePass::new(engine, manifest, settings)) as Box<dyn Detector>;
                return Ok(LoadedSet { detectors: engines.into_iter().map(detector).collect(), fallback });
            }
            Err(reason) => refusals.push((backend, reason)),
        }
    }
    Err(LoadError::NoBackend { model: manifest.name.clone(), refusals })
}

type Engines = (Vec<Box<dyn Engine>>, Option<String>);

fn engines(backend: Backend, model: &[u8], settings: &Settings, count: Count) -> Result<Engines, String> {
    match backend {
        Backend::Onnxruntime => {
            let first = Onnxruntime::open(model, settings)?;
            let count = match count {
                Count::Exactly(count) => count,
                Count::OneForEachCore(cores) if first.engine.device() == "cpu" => cores,
                Count::OneForEachCore(_) => 1,
            };
            let mut engines: Vec<Box<dyn Engine>> = vec![Box::new(first.engine)];
            while engines.len() < count {
                engines.push(Box::new(Onnxruntime::open(model, settings)?.engine));
            }
            Ok((engines, first.fallback))
        }
        Backend::Tract => {
            let plans = Plans::parse(model)?;
            let (Count::Exactly(count) | Count::OneForEachCore(count)) = count;
            let engine = |_| Box::new(Tract::new(Arc::clone(&plans))) as Box<dyn Engine>;
            Ok(((0..count).map(engine).collect(), None))
        }
    }
}

#[cfg(test)]
mod tests;

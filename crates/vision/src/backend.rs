//! What runs models: onnxruntime where its library is found, tract always.

mod engine;

use crate::detector::Detector;
use crate::manifest::{Backend, Manifest};
use crate::settings::Settings;

/// A detector, and what it is not.
pub struct Loaded {
    /// The detector.
    pub detector: Box<dyn Detector>,
    /// Why it is not the backend or device that was wanted first; `None` if it is.
    pub fallback: Option<String>,
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
    let (mut detectors, fallback) = load_several(manifest, model, settings, 1)?;
    let detector = detectors.pop().expect("one was asked for");
    Ok(Loaded { detector, fallback })
}

/// Loads a model as often as there are workers; they share what can be shared.
pub(crate) fn load_several(
    manifest: &Manifest,
    model: &[u8],
    settings: &Settings,
    count: usize,
) -> Result<(Vec<Box<dyn Detector>>, Option<String>), LoadError> {
    let _ = (model, settings, count);
    Err(LoadError::NoBackend { model: manifest.name.clone(), refusals: Vec::new() })
}

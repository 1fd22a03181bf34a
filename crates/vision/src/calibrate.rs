//! How large the inner values of a model get on pictures like those it will see: what an 8-bit copy is made with.

use domain::picture::Picture;

use crate::backend::Tap;
use crate::detector::DetectError;
use crate::letterbox::Letterbox;
use crate::manifest::Manifest;
use crate::sample::Sampler;
use crate::settings::Settings;

/// Why the ranges were not measured.
#[derive(Debug, thiserror::Error)]
pub enum CalibrateError {
    /// onnxruntime does not load the model.
    #[error("cannot load the model: {reason}")]
    Load {
        /// What it said.
        reason: String,
    },
    /// The model fails on a picture.
    #[error("cannot look at a picture")]
    Detect(#[from] DetectError),
}

/// Returns the smallest and largest number of each output of `model` over all pictures. The model is `manifest`'s, but for its outputs.
///
/// # Errors
/// [`CalibrateError`].
pub fn value_ranges(
    manifest: &Manifest,
    model: &[u8],
    settings: &Settings,
    pictures: impl IntoIterator<Item = Picture>,
) -> Result<Vec<[f32; 2]>, CalibrateError> {
    let mut tap = Tap::open(model, settings).map_err(|reason| CalibrateError::Load { reason })?;
    let mut sampler = Sampler::new(manifest.input.clone());
    let mut ranges: Vec<[f32; 2]> = Vec::new();
    for picture in pictures {
        let letterbox = Letterbox::of(&manifest.input, picture.size());
        let fill = &mut |numbers: &mut [f32]| sampler.fill(&picture, &letterbox, numbers);
        let seen = tap.extremes(letterbox.canvas(), fill)?;
        ranges.resize(seen.len(), [f32::INFINITY, f32::NEG_INFINITY]);
        for ([low, high], [least, most]) in ranges.iter_mut().zip(seen) {
            (*low, *high) = (low.min(least), high.max(most));
        }
    }
    Ok(ranges)
}

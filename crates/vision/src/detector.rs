//! The face of a detector: pictures in, boxes out, whatever runs the model.

use std::sync::Arc;

pub use domain::alert::ModelRef;
use domain::detection::Detection;
use domain::geometry::{BBox, Size};
use domain::picture::Picture;

use crate::letterbox::Letterbox;
use crate::manifest::Backend;
pub use crate::precision::Precision;

/// What a caller wants looked at.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The picture.
    pub picture: &'a Picture,
    /// The part of the picture to look at, in its pixels, at the scale that the whole picture would have; the whole if absent.
    pub region: Option<BBox>,
    /// Replaces every confidence threshold of the settings, classes included.
    pub min_confidence: Option<f32>,
}

impl<'a> Input<'a> {
    /// Returns an input that looks at the whole picture with the settings' thresholds.
    #[must_use]
    pub fn whole(picture: &'a Picture) -> Self {
        Self { picture, region: None, min_confidence: None }
    }
}

/// What runs, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// Which model it is.
    pub model: ModelRef,
    /// How exactly it computes.
    pub precision: Precision,
    /// What runs it.
    pub backend: Backend,
    /// The execution provider in use: `cpu`, `cuda` or `tensorrt`.
    pub device: &'static str,
    /// Threads that one run uses.
    pub threads: usize,
    /// The largest input.
    pub input: Size,
    /// What a cut-down input's sides are multiples of; 1 where the file fixes them.
    pub stride: u32,
    /// What a region's input's sides are multiples of; absent where a region is looked at like the whole picture.
    pub region_step: Option<u32>,
    /// The most pictures one run takes.
    pub batch: usize,
    /// Class names by class id.
    pub labels: Arc<[Arc<str>]>,
}

impl ModelInfo {
    /// Returns what looking at a region costs, as a part of what looking at the whole picture costs: 1 where there is nothing to
    /// gain, 0 where the region holds no pixel.
    #[must_use]
    pub fn region_cost(&self, picture: Size, region: BBox) -> f32 {
        let Some(step) = self.region_step else { return 1.0 };
        let whole = Letterbox::rectangular(picture, self.input, self.stride).canvas();
        let part = Letterbox::region(picture, region, self.input, self.stride, step);
        part.map_or(0.0, |part| part.canvas().pixels() as f32 / whole.pixels() as f32)
    }
}

/// Finds things in pictures.
pub trait Detector: Send {
    /// Returns what runs, and how.
    fn info(&self) -> &ModelInfo;

    /// Finds things in each input. The answer has one list for each input; boxes are in pixels of the whole picture, strongest first.
    ///
    /// # Errors
    /// [`DetectError::Run`] when the backend refuses or fails.
    fn detect(&mut self, inputs: &[Input<'_>]) -> Result<Vec<Vec<Detection>>, DetectError>;
}

/// Why a question to a detector got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetectError {
    /// The queue is full: ask again later.
    #[error("the detector's queue of {capacity} is full")]
    Busy {
        /// How many questions the queue holds.
        capacity: usize,
    },
    /// The pool is shutting down.
    #[error("the detector has stopped")]
    Stopped,
    /// A region lies outside the picture or has no area.
    #[error("the region holds no pixel of the picture")]
    EmptyRegion,
    /// The backend failed on this input.
    #[error("{backend} failed to run the model: {reason}")]
    Run {
        /// What ran the model.
        backend: Backend,
        /// What it said.
        reason: String,
    },
    /// The model's output does not have the shape that its manifest promises.
    #[error("the model's output does not fit its manifest: {reason}")]
    Output {
        /// What does not fit.
        reason: String,
    },
}

//! What a machine can tell from one image: detectors behind one trait, run by onnxruntime or tract, a pool that shares them
//! between all callers, and motion between pictures. Boxes are in pixels of the picture that was given.

pub mod accuracy;
mod active;
mod backend;
mod calibrate;
mod configured;
pub mod decode;
mod detector;
mod difference;
pub mod letterbox;
mod manifest;
mod metrics;
mod models;
mod motion;
mod nms;
mod pool;
mod precision;
mod sample;
mod settings;
mod single_threaded;
#[cfg(test)]
mod testing;

pub use active::{ActiveModel, ActiveModelError};
pub use backend::{LoadError, Loaded, load};
pub use calibrate::{CalibrateError, value_ranges};
pub use configured::{DEFAULT_MODEL, Places, configured};
pub use detector::{DetectError, Detector, Input, ModelInfo, ModelRef, Precision};
pub use difference::{Difference, DifferenceError, DifferenceSettings, difference, marked};
pub use manifest::{Backend, ColourOrder, InputSpec, Int8, Manifest, ManifestError, Passed, Thresholds};
pub use metrics::describe;
pub use models::{ModelError, Models};
pub use motion::{Motion, MotionError, MotionReport, MotionSettings};
pub use nms::{MAX_BOXES, nms};
pub use pool::{Job, ModelSource, Outcome, Pool, PoolError, PoolSettings, PoolStatus};
pub use sample::Sampler;
pub use settings::{BackendChoice, Device, PrecisionChoice, Settings};

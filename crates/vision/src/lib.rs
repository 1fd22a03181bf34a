//! What a machine can tell from one image: detectors behind one trait, run by onnxruntime or tract, a pool that shares them
//! between all callers, and motion between pictures. Boxes are in pixels of the picture that was given.

mod active;
mod backend;
mod configured;
pub mod decode;
mod detector;
pub mod letterbox;
mod manifest;
mod models;
mod motion;
mod nms;
mod pool;
mod sample;
mod settings;
#[cfg(test)]
mod testing;

pub use active::{ActiveModel, ActiveModelError};
pub use backend::{LoadError, Loaded, load};
pub use configured::{DEFAULT_MODEL, Places, configured};
pub use detector::{DetectError, Detector, Input, ModelInfo, ModelRef};
pub use manifest::{Backend, ColourOrder, InputSpec, Manifest, ManifestError, Thresholds};
pub use models::{ModelError, Models};
pub use motion::{Motion, MotionError, MotionReport, MotionSettings};
pub use nms::{MAX_BOXES, nms};
pub use pool::{Job, ModelSource, Outcome, Pool, PoolError, PoolSettings, PoolStatus};
pub use sample::Sampler;
pub use settings::{BackendChoice, Device, Settings};

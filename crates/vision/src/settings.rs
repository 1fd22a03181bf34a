//! How a model is to be run: what the operator configures.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::manifest::Backend;

/// Which backend the operator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendChoice {
    /// The manifest's first backend that loads.
    #[default]
    Auto,
    /// onnxruntime, or the manifest's next one with a report.
    Onnxruntime,
    /// tract.
    Tract,
}

/// Where onnxruntime computes. What it cannot have, it replaces by the CPU, with a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// TensorRT, CUDA, CPU: the first that works, without a report.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU through CUDA.
    Cuda,
    /// An NVIDIA GPU through TensorRT.
    Tensorrt,
}

/// How a model is to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Which backend is wanted.
    pub backend: BackendChoice,
    /// Where onnxruntime computes.
    pub device: Device,
    /// Threads that one run may use; tract always uses one.
    pub threads: usize,
    /// The onnxruntime library, if it is to be this file and no other.
    pub onnxruntime: Option<PathBuf>,
    /// The cache directory, where a fetched onnxruntime library and fetched models lie.
    pub cache_dir: PathBuf,
    /// Replaces the manifest's confidence threshold.
    pub confidence: Option<f32>,
    /// Replaces the manifest's overlap threshold.
    pub iou: Option<f32>,
    /// Replaces the manifest's unknown threshold.
    pub unknown: Option<f32>,
    /// Replaces the manifest's thresholds of single classes, by name.
    pub class_thresholds: BTreeMap<String, f32>,
}

impl Settings {
    /// Returns settings that follow the manifest: one thread, the best backend and device there is.
    #[must_use]
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            backend: BackendChoice::Auto,
            device: Device::Auto,
            threads: 1,
            onnxruntime: None,
            cache_dir: cache_dir.into(),
            confidence: None,
            iou: None,
            unknown: None,
            class_thresholds: BTreeMap::new(),
        }
    }

    /// Returns the backends to try, in order.
    pub(crate) fn candidates(&self, allowed: &[Backend]) -> Vec<Backend> {
        let wanted = match self.backend {
            BackendChoice::Auto => None,
            BackendChoice::Onnxruntime => Some(Backend::Onnxruntime),
            BackendChoice::Tract => Some(Backend::Tract),
        };
        let mut order: Vec<_> = wanted.into_iter().filter(|backend| allowed.contains(backend)).collect();
        order.extend(allowed.iter().copied().filter(|backend| Some(*backend) != wanted));
        order
    }
}

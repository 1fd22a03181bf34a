//! How a model is to be run: what the operator configures.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::decode::Floors;
use crate::manifest::{Backend, Manifest};

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

/// How exactly the operator wants models computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrecisionChoice {
    /// 8 bits where the model has a copy that passed its gate and the processor gains from it, else floats.
    #[default]
    Auto,
    /// Floats.
    Float,
    /// 8 bits wherever there is such a copy, whatever the processor gains.
    Int8,
}

/// How a model is to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Which backend is wanted.
    pub backend: BackendChoice,
    /// Where onnxruntime computes.
    pub device: Device,
    /// How exactly a [`Pool`](crate::Pool) computes. What is loaded by itself is what the file holds.
    pub precision: PrecisionChoice,
    /// The side of the input of a model that leaves it open.
    pub image_size: u32,
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
            precision: PrecisionChoice::Auto,
            image_size: 640,
            threads: 1,
            onnxruntime: None,
            cache_dir: cache_dir.into(),
            confidence: None,
            iou: None,
            unknown: None,
            class_thresholds: BTreeMap::new(),
        }
    }

    /// Returns the backend that was asked for by name.
    pub(crate) fn wanted(&self) -> Option<Backend> {
        match self.backend {
            BackendChoice::Auto => None,
            BackendChoice::Onnxruntime => Some(Backend::Onnxruntime),
            BackendChoice::Tract => Some(Backend::Tract),
        }
    }

    /// Tells whether the backend that was asked for by name, if one was, is among the allowed ones.
    pub(crate) fn allows_first_choice(&self, allowed: &[Backend]) -> bool {
        self.wanted().is_none_or(|wanted| allowed.contains(&wanted))
    }

    /// Returns the backends to try, in order: the one asked for by name, then the others that are allowed.
    pub(crate) fn candidates(&self, allowed: &[Backend]) -> Vec<Backend> {
        let wanted = self.wanted().filter(|wanted| allowed.contains(wanted));
        wanted.into_iter().chain(allowed.iter().copied().filter(|backend| Some(*backend) != wanted)).collect()
    }

    /// Returns what each class's confidence must exceed: what is set for the class counts before what is set for all, and the
    /// operator's word before the manifest's.
    pub(crate) fn floors(&self, manifest: &Manifest) -> Floors {
        let general = self.confidence.unwrap_or(manifest.thresholds.confidence);
        let floor = |label: &Arc<str>| {
            let set = self.class_thresholds.get(&**label).or_else(|| manifest.thresholds.classes.get(&**label));
            set.copied().unwrap_or(general)
        };
        Floors::new(manifest.labels.iter().map(floor).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shapes_manifest;

    #[test]
    fn the_backend_asked_for_comes_first_if_it_is_allowed() {
        let settings = |backend| Settings { backend, ..Settings::new("/cache") };
        let (both, one) = ([Backend::Onnxruntime, Backend::Tract], [Backend::Tract]);
        assert_eq!(settings(BackendChoice::Auto).candidates(&both), both);
        assert_eq!(settings(BackendChoice::Tract).candidates(&both), [Backend::Tract, Backend::Onnxruntime]);
        assert_eq!(settings(BackendChoice::Onnxruntime).candidates(&one), one);
        assert!(!settings(BackendChoice::Onnxruntime).allows_first_choice(&one));
    }

    #[test]
    fn a_class_of_its_own_and_the_operator_come_first() {
        let mut manifest = shapes_manifest();
        manifest.thresholds.confidence = 0.3;
        manifest.thresholds.classes = [("pine".to_owned(), 0.5), ("worker".to_owned(), 0.6)].into();
        let class_thresholds = [("worker".to_owned(), 0.2)].into();
        let settings = Settings { class_thresholds, ..Settings::new("/cache") };
        assert_eq!(settings.floors(&manifest), Floors::new(vec![0.3, 0.5, 0.2]));
        let settings = Settings { confidence: Some(0.1), ..settings };
        assert_eq!(settings.floors(&manifest), Floors::new(vec![0.1, 0.5, 0.2]));
    }
}

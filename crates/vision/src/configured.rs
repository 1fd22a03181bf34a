//! From what an operator writes in `services.yaml` to what a pool needs: the same for every service that detects.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::services::{self, InferenceSettings};

use crate::active::ActiveModel;
use crate::models::Models;
use crate::pool::{ModelSource, PoolSettings};
use crate::settings::{BackendChoice, Device, PrecisionChoice, Settings};

/// The model that runs until another one is chosen.
pub const DEFAULT_MODEL: &str = "yolov4-tiny";

/// Where a service finds and keeps its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The manifests.
    pub models_dir: PathBuf,
    /// What was fetched.
    pub cache_dir: PathBuf,
    /// What the services remember.
    pub data_dir: PathBuf,
}

/// Returns how a pool is to work and where its model comes from. The thresholds of the file count before the manifest's; the
/// manifest's thresholds of single classes count unless the file names the class.
#[must_use]
pub fn configured(inference: &InferenceSettings, places: &Places, cores: usize) -> (PoolSettings, ModelSource) {
    let Places { models_dir, cache_dir, data_dir } = places;
    let detector = Settings {
        backend: match inference.backend {
            services::Backend::Auto => BackendChoice::Auto,
            services::Backend::Onnxruntime => BackendChoice::Onnxruntime,
            services::Backend::Tract => BackendChoice::Tract,
        },
        device: match inference.device {
            services::Device::Auto => Device::Auto,
            services::Device::Cuda => Device::Cuda,
            // No backend computes on an Apple GPU.
            services::Device::Cpu | services::Device::Mps => Device::Cpu,
        },
        precision: match inference.precision {
            services::Precision::Auto => PrecisionChoice::Auto,
            services::Precision::Float => PrecisionChoice::Float,
            services::Precision::Int8 => PrecisionChoice::Int8,
        },
        image_size: inference.image_size,
        confidence: Some(inference.confidence),
        iou: Some(inference.iou_threshold),
        unknown: Some(inference.unknown_threshold),
        class_thresholds: inference.class_thresholds.clone(),
        ..Settings::new(cache_dir)
    };
    let pool = PoolSettings {
        queue_capacity: inference.queue_capacity,
        batch: (inference.batch_size > 1).then_some(inference.batch_size),
        batch_wait: Duration::from_millis(inference.batch_wait_ms),
        // A backend prepares itself with its first picture, so one is always shown to it.
        warm_up: inference.warmup_iterations.max(1),
        ..PoolSettings::new(detector, inference.threads.map_or(cores, usize::from))
    };
    let source = ModelSource {
        models: Models::new(models_dir, cache_dir),
        active: ActiveModel::path(data_dir),
        default: inference.model_path.as_deref().map_or_else(|| DEFAULT_MODEL.to_owned(), model_name),
    };
    (pool, source)
}

/// Returns the model that `inference.model_path` means: a name, or the directory of a model file.
fn model_name(path: &str) -> String {
    let named = Path::new(path);
    let directory = named.parent().and_then(Path::file_name).filter(|_| named.extension().is_some());
    directory.or(named.file_name()).map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inference(yaml: &str) -> InferenceSettings {
        let file: services::ServicesFile = serde_yaml::from_str(yaml).expect("it is YAML");
        file.check(&|_| None).expect("it is good").inference
    }

    fn of(yaml: &str) -> (PoolSettings, ModelSource) {
        let places = Places { models_dir: "m".into(), cache_dir: "c".into(), data_dir: "d".into() };
        configured(&inference(yaml), &places, 4)
    }

    #[test]
    fn without_a_word_every_core_runs_the_default_model() {
        let (pool, source) = of("{}");
        assert_eq!((pool.workers, pool.batch, pool.detector.threads), (4, None, 1));
        assert_eq!(pool.detector.backend, BackendChoice::Auto);
        let active = PathBuf::from("d/models/active.json");
        assert_eq!(source, ModelSource { models: Models::new("m", "c"), active, default: DEFAULT_MODEL.to_owned() });
    }

    #[test]
    fn what_the_operator_writes_reaches_the_detector() {
        let (pool, _) = of("inference: { backend: tract, device: mps, threads: 3, confidence: 0.6, batch_size: 8, \
             queue_capacity: 9, class_thresholds: { person: 0.7 }, \
             precision: float, image_size: 512, warmup_iterations: 0 }");
        let detector = &pool.detector;
        assert_eq!(
            (detector.backend, detector.device, detector.confidence),
            (BackendChoice::Tract, Device::Cpu, Some(0.6))
        );
        assert_eq!(detector.class_thresholds, [("person".to_owned(), 0.7)].into());
        assert_eq!((pool.workers, pool.batch, pool.queue_capacity), (3, Some(8), 9));
        assert_eq!((detector.precision, detector.image_size, pool.warm_up), (PrecisionChoice::Float, 512, 1));
    }

    #[test]
    fn a_model_is_named_by_its_name_or_by_its_file() {
        assert_eq!(model_name("yolov4-tiny"), "yolov4-tiny");
        assert_eq!(model_name("models/site-b"), "site-b");
        assert_eq!(model_name("/app/models/site-b/model.onnx"), "site-b");
        assert_eq!(model_name("best.pt"), "best.pt");
    }
}

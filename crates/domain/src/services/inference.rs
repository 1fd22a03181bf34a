//! The section `inference`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use serde::Serialize;

use crate::detection::DEFAULT_UNKNOWN_THRESHOLD;
use crate::entry::{Entry, Lookup, Problem, Reader};

/// Which library runs the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The best one that is there.
    #[default]
    Auto,
    /// onnxruntime, loaded at run time.
    Onnxruntime,
    /// tract, always there.
    Tract,
}

/// What the model runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The best one that is there.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA graphics card.
    Cuda,
    /// An Apple graphics card.
    Mps,
}

/// How exactly the model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 8 bits where a model has a copy that passed its accuracy gate and the processor gains from it, else floats.
    #[default]
    Auto,
    /// Always floats.
    Float,
    /// 8 bits wherever there is such a copy, whatever the processor gains.
    Int8,
}

/// How things are detected.
#[derive(Debug, Clone, PartialEq)]
pub struct InferenceSettings {
    /// The model file of the reference's configuration; the active model of the catalogue is used if it is absent.
    pub model_path: Option<String>,
    /// The smallest confidence that counts, from 0 to 1.
    pub confidence: f32,
    /// The overlap from which two boxes of a class are one thing, from 0 to 1.
    pub iou_threshold: f32,
    /// What the model runs on.
    pub device: Device,
    /// The most pictures that are detected at once.
    pub batch_size: usize,
    /// How many empty pictures are detected before the first real one.
    pub warmup_iterations: u32,
    /// The side of the model's input if its manifest leaves it open.
    pub image_size: u32,
    /// The confidence below which a thing is called unknown.
    pub unknown_threshold: f32,
    /// Which library runs the model.
    pub backend: Backend,
    /// How exactly the model computes.
    pub precision: Precision,
    /// How many threads detect; nothing for as many as the machine is good for.
    pub threads: Option<NonZeroUsize>,
    /// How many pictures may wait for a free thread.
    pub queue_capacity: usize,
    /// For how many milliseconds a batch waits to be filled.
    pub batch_wait_ms: u64,
    /// The smallest confidence that counts, for classes that need another one.
    pub class_thresholds: BTreeMap<String, f32>,
}

impl InferenceSettings {
    pub(super) fn read(entry: &Entry, env: Lookup<'_>) -> (Self, Vec<Problem>) {
        let mut reader = Reader::new(entry, "inference.").overridden_by(env, "INFERENCE");
        let devices = [("cuda", Device::Cuda), ("cpu", Device::Cpu), ("mps", Device::Mps), ("auto", Device::Auto)];
        let backends = [("auto", Backend::Auto), ("onnxruntime", Backend::Onnxruntime), ("tract", Backend::Tract)];
        let precisions = [("auto", Precision::Auto), ("float", Precision::Float), ("int8", Precision::Int8)];
        let settings = Self {
            model_path: reader
                .defaulting("the active model of the catalogue")
                .text("model_path")
                .filter(|path| !path.is_empty()),
            confidence: reader.number_or("confidence", 0.0..=1.0, 0.25) as f32,
            iou_threshold: reader.defaulting(0.45).number_named("iou_threshold", "iou", 0.0..=1.0).unwrap_or(0.45)
                as f32,
            device: reader.choice_or("device", &devices, Device::default()),
            batch_size: reader.count_or("batch_size", 1..=32, 1),
            warmup_iterations: reader.count_or("warmup_iterations", 0..=10_000, 5),
            image_size: reader.count_or("image_size", 320..=1280, 640),
            unknown_threshold: reader
                .defaulting(DEFAULT_UNKNOWN_THRESHOLD)
                .number("unknown_threshold", 0.0..=1.0)
                .map_or(DEFAULT_UNKNOWN_THRESHOLD, |threshold| threshold as f32),
            backend: reader.choice_or("backend", &backends, Backend::default()),
            precision: reader.choice_or("precision", &precisions, Precision::default()),
            threads: reader.defaulting(0).count("threads", 0..=256).and_then(NonZeroUsize::new),
            queue_capacity: reader.count_or("queue_capacity", 1..=10_000, 64),
            batch_wait_ms: reader.count_or("batch_wait_ms", 0..=1000, 2),
            class_thresholds: class_thresholds(&mut reader),
        };
        (settings, reader.finish())
    }
}

fn class_thresholds(reader: &mut Reader<'_>) -> BTreeMap<String, f32> {
    let expected = "a mapping of class names to numbers from 0 to 1";
    let thresholds = reader.defaulting("{}").parsed("class_thresholds", expected, |value| {
        let map = value.as_object()?;
        let threshold = |value: &serde_json::Value| value.as_f64().filter(|number| (0.0..=1.0).contains(number));
        map.iter().map(|(class, value)| Some((class.clone(), threshold(value)? as f32))).collect()
    });
    thresholds.unwrap_or_default()
}

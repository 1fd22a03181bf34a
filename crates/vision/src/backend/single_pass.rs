//! A detector that needs one run for each picture: letterbox, run, decode, suppress, map back.

use std::sync::Arc;

use domain::detection::Detection;

use super::engine::{Engine, Shape};
use crate::decode::{Candidate, Decoder, Floors, Sink};
use crate::detector::{DetectError, Detector, Input, ModelInfo};
use crate::letterbox::Letterbox;
use crate::manifest::{InputSpec, Manifest};
use crate::nms::nms;
use crate::sample::Sampler;
use crate::settings::Settings;

/// A model with everything that is kept from picture to picture.
pub(super) struct SinglePass {
    engine: Box<dyn Engine>,
    info: ModelInfo,
    input: InputSpec,
    decoder: Decoder,
    floors: Floors,
    iou: f32,
    unknown: f32,
    sampler: Sampler,
    candidates: Vec<Candidate>,
}

impl SinglePass {
    pub(super) fn new(engine: Box<dyn Engine>, manifest: &Manifest, settings: &Settings) -> Self {
        let stride = manifest.input.stride.unwrap_or(1);
        let info = ModelInfo {
            model: manifest.model_ref(),
            precision: manifest.precision,
            backend: engine.backend(),
            device: engine.device(),
            threads: engine.threads(),
            input: manifest.input.size,
            region_step: manifest.input.stride.map(|stride| stride * engine.strides_per_step()),
            stride,
            batch: manifest.batch,
            labels: manifest.labels.clone().into(),
        };
        Self {
            engine,
            info,
            input: manifest.input.clone(),
            decoder: Decoder::new(manifest.output.clone()),
            floors: settings.floors(manifest),
            iou: settings.iou.unwrap_or(manifest.thresholds.iou),
            unknown: settings.unknown.unwrap_or(manifest.thresholds.unknown),
            sampler: Sampler::new(manifest.input.clone()),
            candidates: Vec::new(),
        }
    }

    /// Looks at inputs whose canvases are the same, in one run.
    fn pass(&mut self, inputs: &[Input<'_>], letterboxes: &[Letterbox]) -> Result<Vec<Vec<Detection>>, DetectError> {
        let Self { engine, info, decoder, floors, iou, unknown, sampler, candidates, .. } = self;
        let canvas = letterboxes[0].canvas();
        let shape = Shape { batch: inputs.len(), canvas };
        let mut fill = |numbers: &mut [f32]| {
            let planes = numbers.chunks_exact_mut(shape.numbers() / shape.batch);
            for ((input, letterbox), planes) in inputs.iter().zip(letterboxes).zip(planes) {
                sampler.fill(input.picture, letterbox, planes);
            }
        };
        let mut lists = Vec::with_capacity(inputs.len());
        let mut read = |outputs: &[crate::decode::Tensor<'_>]| {
            for (index, (input, letterbox)) in inputs.iter().zip(letterboxes).enumerate() {
                let uniform = input.min_confidence.map(|floor| Floors::uniform(floor, floors.classes()));
                candidates.clear();
                let mut sink = Sink { canvas, floors: uniform.as_ref().unwrap_or(floors), candidates };
                decoder.decode(outputs, index, &mut sink).map_err(|reason| DetectError::Output { reason })?;
                nms(candidates, *iou);
                lists.push(detections(candidates, letterbox, &info.labels, *unknown));
            }
            Ok(())
        };
        engine.run(shape, &mut fill, &mut read)?;
        Ok(lists)
    }
}

impl Detector for SinglePass {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn detect(&mut self, inputs: &[Input<'_>]) -> Result<Vec<Vec<Detection>>, DetectError> {
        let step = self.info.region_step.unwrap_or(1);
        let plan = |input: &Input<'_>| {
            Letterbox::plan(&self.input, step, input.picture.size(), input.region).ok_or(DetectError::EmptyRegion)
        };
        let letterboxes = inputs.iter().map(plan).collect::<Result<Vec<_>, _>>()?;
        let mut lists = Vec::with_capacity(inputs.len());
        let mut begin = 0;
        for same in letterboxes.chunk_by(|a, b| a.canvas() == b.canvas()) {
            for letterboxes in same.chunks(self.info.batch) {
                let end = begin + letterboxes.len();
                lists.extend(self.pass(&inputs[begin..end], letterboxes)?);
                begin = end;
            }
        }
        Ok(lists)
    }
}

/// Maps what was found to the picture's pixels. What lies wholly outside the picture, on the grey, is dropped.
fn detections(found: &[Candidate], letterbox: &Letterbox, labels: &[Arc<str>], unknown: f32) -> Vec<Detection> {
    let detection = |candidate: &Candidate| {
        let bbox = letterbox.to_picture(candidate.bbox).clip(letterbox.picture());
        let detection = Detection {
            class_id: candidate.class,
            class_name: Arc::clone(&labels[candidate.class as usize]),
            confidence: candidate.confidence,
            bbox,
            is_unknown: false,
        };
        (bbox.area() > 0.0).then(|| detection.with_unknown_below(unknown))
    };
    found.iter().filter_map(detection).collect()
}

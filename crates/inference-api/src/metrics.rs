//! What the inference API counts. What its detector does is shown by `vision`.

use std::time::Duration;

use chassis::metrics::prometheus::{HistogramVec, IntCounterVec, IntGauge};
use chassis::metrics::{LATENCY_SECONDS, counters, gauge, histograms};
use vision::Outcome;

use crate::fault::Fault;

/// Every stage of an image.
const STAGES: [&str; 5] = ["upload", "decode", "wait", "detect", "draw"];
/// Every route that answers with detections.
const ROUTES: [&str; 4] = ["/infer", "/api/detect", "/v1/vision/detection", "/v1/vision/custom/{model}"];

/// Handles on the metrics of this service.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    stages: HistogramVec,
    images: IntCounterVec,
    rejects: IntCounterVec,
    detections: IntCounterVec,
    pub(crate) in_work: IntGauge,
    capacity: IntGauge,
}

impl Metrics {
    /// Returns the metrics of this process; what is known before the first image is there at zero.
    pub(crate) fn new() -> Self {
        let metrics = Self {
            stages: histograms(
                "ronda_inference_stage_seconds",
                "Time of one image in each stage: upload, decode, wait, detect, draw.",
                &["stage"],
                LATENCY_SECONDS,
            ),
            images: counters("ronda_inference_images_total", "Images answered with detections.", &["route"]),
            rejects: counters("ronda_inference_rejects_total", "Requests not served, by reason.", &["reason"]),
            detections: counters("ronda_inference_detections_total", "Things found, by class.", &["class"]),
            in_work: gauge("ronda_inference_in_work", "Requests that hold one of the places of the queue."),
            capacity: gauge("ronda_inference_capacity", "Places of the queue; one more request is refused."),
        };
        STAGES.into_iter().for_each(|stage| drop(metrics.stages.with_label_values(&[stage])));
        ROUTES.into_iter().for_each(|route| drop(metrics.images.with_label_values(&[route])));
        Fault::CODES.into_iter().for_each(|code| drop(metrics.rejects.with_label_values(&[code])));
        metrics
    }

    pub(crate) fn stage(&self, stage: &str, took: Duration) {
        self.stages.with_label_values(&[stage]).observe(took.as_secs_f64());
    }

    pub(crate) fn rejected(&self, fault: &Fault) {
        self.rejects.with_label_values(&[fault.code()]).inc();
    }

    pub(crate) fn answered(&self, route: &str) {
        self.images.with_label_values(&[route]).inc();
    }

    pub(crate) fn detected(&self, outcome: &Outcome) {
        self.stage("wait", Duration::from_secs_f64(outcome.waited_ms.max(0.0) / 1e3));
        self.stage("detect", Duration::from_secs_f64(outcome.inference_ms.max(0.0) / 1e3));
        for detection in &outcome.detections {
            self.detections.with_label_values(&[&*detection.class_name]).inc();
        }
    }

    pub(crate) fn capacity(&self, places: usize) {
        self.capacity.set(i64::try_from(places).unwrap_or(i64::MAX));
    }
}

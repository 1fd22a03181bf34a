//! What the inference API counts.

use std::time::Duration;

use chassis::metrics::prometheus::{HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};
use chassis::metrics::{LATENCY_SECONDS, counters, gauge, gauges, histograms};
use vision::{Outcome, PoolStatus};

use crate::fault::Fault;

/// Handles on the metrics of this service.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    stages: HistogramVec,
    images: IntCounterVec,
    rejects: IntCounterVec,
    detections: IntCounterVec,
    pub(crate) in_work: IntGauge,
    capacity: IntGauge,
    model: IntGaugeVec,
    fallback: IntGauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
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
            model: gauges(
                "ronda_inference_model_info",
                "Always 1; the labels tell which model answers and what runs it.",
                &["model", "version", "sha256", "backend", "device"],
            ),
            fallback: gauge("ronda_inference_fallback", "1 if the backend or device is not the one that was wanted."),
        }
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

    /// Shows which model answers; a model that answered before is no longer shown.
    pub(crate) fn serving(&self, status: &PoolStatus) {
        let info = &status.info;
        self.model.reset();
        let labels =
            [&*info.model.name, &*info.model.version, &*info.model.sha256, &info.backend.to_string(), info.device];
        self.model.with_label_values(&labels).set(1);
        self.fallback.set(status.fallback.is_some().into());
    }
}

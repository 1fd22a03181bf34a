//! What a detector pool shows, the same in every process that has one.

use chassis::metrics::{gauge, gauges, refreshed};

use crate::{Pool, PoolStatus};

/// Shows which model answers, what runs it and how many questions wait, as of each look at the figures. A process has one
/// pool; of several the last one is shown.
pub fn describe(pool: &Pool) {
    let pool = pool.clone();
    refreshed("ronda_inference", move || show(&pool.status()));
}

fn show(status: &PoolStatus) {
    let model = gauges(
        "ronda_inference_model_info",
        "Always 1; the labels tell which model answers and what runs it.",
        &["model", "version", "sha256", "backend", "device"],
    );
    let info = &status.info;
    // A model that answered before is no longer shown.
    model.reset();
    let labels = [&*info.model.name, &*info.model.version, &*info.model.sha256, &info.backend.to_string(), info.device];
    model.with_label_values(&labels).set(1);
    gauge("ronda_inference_fallback", "1 if the backend, device or precision is not the one that was wanted.")
        .set(status.fallback.is_some().into());
    let count = |name, help, count: usize| gauge(name, help).set(count.try_into().unwrap_or(i64::MAX));
    count("ronda_inference_queue_length", "Questions that wait for the detector.", status.waiting);
    count("ronda_inference_queue_capacity", "Questions that may wait.", status.queue_capacity);
    count("ronda_inference_workers", "Threads that run the model.", status.workers);
}

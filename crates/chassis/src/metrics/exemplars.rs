//! Exemplars: for each bucket of a histogram the trace of the last observation that fell into it, so that a slow one can
//! be looked up in the logs.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jiff::Timestamp;
use prometheus::Histogram;
use prometheus::core::{Collector, Metric};
use prometheus::proto::LabelPair;

use super::locked;
use crate::Trace;

/// One observation and its trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exemplar {
    pub(super) trace: Trace,
    pub(super) value: f64,
    pub(super) at: Timestamp,
}

/// The exemplars of each histogram, one place for each bucket, the last for what is beyond all of them.
static KEPT: LazyLock<Mutex<HashMap<String, Vec<Option<Exemplar>>>>> = LazyLock::new(Mutex::default);

/// Observes a value, and keeps the trace that it belongs to, if it belongs to one, for OpenMetrics to show.
pub fn observe_traced(histogram: &Histogram, value: f64, trace: Option<Trace>) {
    histogram.observe(value);
    let Some(trace) = trace else { return };
    let now = histogram.metric();
    let name = histogram.desc().first().map_or_else(String::new, |desc| desc.fq_name.clone());
    let buckets = now.get_histogram().get_bucket();
    let bucket = buckets.iter().position(|bucket| value <= bucket.upper_bound()).unwrap_or(buckets.len());
    let mut kept = locked(&KEPT);
    let places = kept.entry(series(&name, now.get_label())).or_insert_with(|| vec![None; buckets.len() + 1]);
    places[bucket] = Some(Exemplar { trace, value, at: Timestamp::now() });
}

/// Returns the exemplar of a bucket, counted from 0.
pub(super) fn of(name: &str, labels: &[LabelPair], bucket: usize) -> Option<Exemplar> {
    locked(&KEPT).get(&series(name, labels)).and_then(|places| *places.get(bucket)?)
}

/// Returns what tells a series from all others.
fn series(name: &str, labels: &[LabelPair]) -> String {
    let mut labels: Vec<_> = labels.iter().map(|label| (label.name(), label.value())).collect();
    labels.sort_unstable();
    format!("{name}{labels:?}")
}

#[cfg(test)]
mod tests {
    use prometheus::HistogramVec;

    use super::*;
    use crate::metrics::histograms;

    fn made(name: &str) -> HistogramVec {
        histograms(name, "Seconds.", &["route"], &[0.1, 1.0])
    }

    #[test]
    fn each_bucket_keeps_its_last_trace() {
        let slow = made("ronda_test_slow_seconds");
        let [first, second, third] = std::array::from_fn(|_| Trace::begin());
        observe_traced(&slow.with_label_values(&["/a"]), 0.05, Some(first));
        observe_traced(&slow.with_label_values(&["/a"]), 0.1, Some(second));
        observe_traced(&slow.with_label_values(&["/a"]), 7.0, Some(third));
        observe_traced(&slow.with_label_values(&["/a"]), 0.5, None);
        let kept = |route: &str, bucket| {
            let labels = slow.with_label_values(&[route]).metric().take_label();
            of("ronda_test_slow_seconds", &labels, bucket).map(|exemplar| (exemplar.trace, exemplar.value))
        };
        assert_eq!([0, 1, 2].map(|bucket| kept("/a", bucket)), [Some((second, 0.1)), None, Some((third, 7.0))]);
        assert_eq!(kept("/b", 0), None);
        assert_eq!(slow.with_label_values(&["/a"]).get_sample_count(), 4);
    }
}

//! What the process counts: one registry, filled by all parts, shown at `/metrics`.
//!
//! Names are `ronda_<thing>_<unit>[_total]`; labels come from a short known list. Each crate keeps
//! its names in its own `metrics.rs`.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

pub use prometheus;

/// Seconds from half a millisecond to ten: where latencies of this system lie.
pub const LATENCY_SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::new);

/// Every metric made here by its name, so that asking again gives the same one.
static KNOWN: LazyLock<Mutex<HashMap<String, Box<dyn Any + Send>>>> = LazyLock::new(Mutex::default);

/// Returns the counter of this name.
pub fn counter(name: &str, help: &str) -> IntCounter {
    known(name, || IntCounter::new(name, help))
}

/// Returns the counters of this name, one for each combination of label values.
pub fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    known(name, || IntCounterVec::new(Opts::new(name, help), labels))
}

/// Returns the gauge of this name.
pub fn gauge(name: &str, help: &str) -> IntGauge {
    known(name, || IntGauge::new(name, help))
}

/// Returns the gauges of this name, one for each combination of label values.
pub fn gauges(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    known(name, || IntGaugeVec::new(Opts::new(name, help), labels))
}

/// Returns the gauge of fractions of this name.
pub fn float_gauge(name: &str, help: &str) -> Gauge {
    known(name, || Gauge::new(name, help))
}

/// Returns the gauges of fractions of this name, one for each combination of label values.
pub fn float_gauges(name: &str, help: &str, labels: &[&str]) -> GaugeVec {
    known(name, || GaugeVec::new(Opts::new(name, help), labels))
}

/// Returns the histogram of this name with the upper bounds of its buckets.
pub fn histogram(name: &str, help: &str, buckets: &[f64]) -> Histogram {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    known(name, || Histogram::with_opts(options))
}

/// Returns the histograms of this name, one for each combination of label values.
pub fn histograms(name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    known(name, || HistogramVec::new(options, labels))
}

/// Returns everything that is counted, in Prometheus' text format.
pub fn text() -> String {
    TextEncoder::new().encode_to_string(&REGISTRY.gather()).unwrap_or_else(|error| {
        // Only a metric without a name or help can do this, and a test would have shown it.
        format!("# the metrics cannot be shown: {error}\n")
    })
}

/// Begins to count what is the same for every process: its memory, CPU time, open files, version.
pub(crate) fn describe_process(service: &str) {
    let process = ProcessCollector::for_self();
    // Fails only if it is there already.
    let _ = REGISTRY.register(Box::new(process));
    gauges("ronda_build_info", "Always 1; the labels tell what runs.", &["service", "version"])
        .with_label_values(&[service, env!("CARGO_PKG_VERSION")])
        .set(1);
}

/// Counts the end of an attempt of a restarted task.
pub(crate) fn task_restarted() {
    counter("ronda_task_restarts_total", "Attempts of restarted tasks that ended.").inc();
}

fn known<M>(name: &str, make: impl FnOnce() -> prometheus::Result<M>) -> M
where
    M: Collector + Clone + 'static,
{
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(metric) = known.get(name) {
        return metric.downcast_ref::<M>().expect("a name is used for one kind of metric").clone();
    }
    let metric = make().expect("metric names and labels are literals of the right form");
    REGISTRY.register(Box::new(metric.clone())).expect("names are unique, or they would be known");
    known.insert(name.to_owned(), Box::new(metric.clone()));
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_again_gives_the_same_metric() {
        counters("ronda_test_things_total", "Things.", &["kind"]).with_label_values(&["a"]).inc();
        counters("ronda_test_things_total", "Things.", &["kind"]).with_label_values(&["a"]).inc();
        assert!(text().contains("ronda_test_things_total{kind=\"a\"} 2\n"), "{}", text());
    }

    #[test]
    fn the_process_tells_its_version_and_its_resources() {
        describe_process("test");
        describe_process("test");
        let text = text();
        let version = env!("CARGO_PKG_VERSION");
        let info = format!("ronda_build_info{{service=\"test\",version=\"{version}\"}} 1\n");
        for wanted in [&info, "process_resident_memory_bytes ", "process_cpu_seconds_total ", "process_open_fds "] {
            assert!(text.contains(wanted), "{wanted} is missing in {text}");
        }
    }
}

//! What the process counts: one registry, filled by all parts, shown at `/metrics` in Prometheus' text format and in
//! OpenMetrics.
//!
//! Names are `ronda_<thing>_<unit>[_total]`; labels come from a short known list. Each crate keeps
//! its names in its own `metrics.rs`; `docs/metrics.md` lists them all.

mod bounded;
mod disk;
mod exemplars;
mod format;
mod machine;
mod openmetrics;
mod process;
mod responsiveness;

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use prometheus::core::Collector;
use prometheus::proto::{LabelPair, MetricFamily};
use prometheus::{
    CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::config::Env;

pub use bounded::Bounded;
pub use exemplars::observe_traced;
pub use machine::describe_machine;
pub use prometheus;

pub(crate) use format::Format;
pub(crate) use responsiveness::watch_event_loop;

/// Seconds from half a millisecond to ten: where latencies of this system lie.
pub const LATENCY_SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::new);

/// Every metric made here by its name, so that asking again gives the same one.
static KNOWN: LazyLock<Mutex<HashMap<String, Box<dyn Any + Send>>>> = LazyLock::new(Mutex::default);

/// Brings a figure up to date.
type Refresh = Box<dyn Fn() + Send>;

/// What brings figures up to date before they are shown, by name.
static REFRESHED: Mutex<BTreeMap<&'static str, Refresh>> = Mutex::new(BTreeMap::new());

/// The labels of every metric of this process.
static COMMON: Mutex<BTreeMap<&'static str, String>> = Mutex::new(BTreeMap::new());

/// Returns the counter of this name.
pub fn counter(name: &str, help: &str) -> IntCounter {
    known(name, || IntCounter::new(name, help))
}

/// Returns the counters of this name, one for each combination of label values.
pub fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    known(name, || IntCounterVec::new(Opts::new(name, help), labels))
}

/// Returns the counters of fractions of this name, one for each combination of label values.
pub fn float_counters(name: &str, help: &str, labels: &[&str]) -> CounterVec {
    known(name, || CounterVec::new(Opts::new(name, help), labels))
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

/// Gives every metric of this process a label, as the robot that it belongs to.
pub fn label_process(name: &'static str, value: &str) {
    locked(&COMMON).insert(name, value.to_owned());
}

/// Does something each time before figures are shown: for those that are looked up rather than counted. `name` is the
/// figure's; what was to be done under the same name before is not done any more.
pub fn refreshed(name: &'static str, refresh: impl Fn() + Send + 'static) {
    locked(&REFRESHED).insert(name, Box::new(refresh));
}

/// Returns everything that is counted, in Prometheus' text format.
pub fn text() -> String {
    rendered(Format::Text)
}

/// Returns everything that is counted. May wait for a disk.
pub(crate) fn rendered(format: Format) -> String {
    let families = gathered();
    match format {
        Format::OpenMetrics => {
            openmetrics::render(&families, &|name, labels, bucket| exemplars::of(name, &without_common(labels), bucket))
        }
        Format::Text => TextEncoder::new().encode_to_string(&families).unwrap_or_else(|error| {
            // Only a metric without a name or help can do this, and a test would have shown it.
            format!("# the metrics cannot be shown: {error}\n")
        }),
    }
}

/// Returns all figures of this moment, with the labels that all have.
fn gathered() -> Vec<MetricFamily> {
    locked(&REFRESHED).values().for_each(|refresh| refresh());
    let mut families = REGISTRY.gather();
    let common = locked(&COMMON);
    if common.is_empty() {
        return families;
    }
    for metric in families.iter_mut().flat_map(MetricFamily::mut_metric) {
        let mut labels = metric.take_label();
        labels.extend(common.iter().map(|(name, value)| {
            let mut label = LabelPair::default();
            label.set_name((*name).to_owned());
            label.set_value(value.clone());
            label
        }));
        labels.sort_by(|one, other| one.name().cmp(other.name()));
        metric.set_label(labels);
    }
    families
}

fn without_common(labels: &[LabelPair]) -> Vec<LabelPair> {
    let common = locked(&COMMON);
    labels.iter().filter(|label| !common.contains_key(label.name())).cloned().collect()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to show what is the same for every process: its memory, processor time, open files, disk, clock and version.
pub(crate) fn describe_process(service: &str, env: &Env) {
    process::describe();
    disk::describe(env.data_dir());
    task_restarts();
    let clock = float_gauge("ronda_clock_seconds", "The process's clock, as Unix time, when it was asked.");
    refreshed("ronda_clock_seconds", move || clock.set(jiff::Timestamp::now().as_duration().as_secs_f64()));
    gauges("ronda_build_info", "Always 1; the labels tell what runs.", &["service", "version"])
        .with_label_values(&[service, env!("CARGO_PKG_VERSION")])
        .set(1);
}

/// Counts the end of an attempt of a restarted task.
pub(crate) fn task_restarted() {
    task_restarts().inc();
}

fn task_restarts() -> IntCounter {
    counter("ronda_task_restarts_total", "Attempts of restarted tasks that ended.")
}

fn known<M>(name: &str, make: impl FnOnce() -> prometheus::Result<M>) -> M
where
    M: Collector + Clone + 'static,
{
    let mut known = locked(&KNOWN);
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
    fn the_process_tells_its_version_its_resources_and_its_clock() {
        let env = Env::of([("DATA_DIR", "/tmp")]);
        describe_process("test", &env);
        describe_process("test", &env);
        let text = text();
        let version = env!("CARGO_PKG_VERSION");
        let info = format!("ronda_build_info{{service=\"test\",version=\"{version}\"}} 1\n");
        let clock = text.lines().find_map(|line| line.strip_prefix("ronda_clock_seconds "));
        assert!(clock.and_then(|clock| clock.parse::<f64>().ok()).is_some_and(|clock| clock > 1.7e9), "{text}");
        for wanted in [
            &info,
            "ronda_task_restarts_total 0\n",
            "process_resident_memory_bytes ",
            "process_cpu_seconds_total ",
            "process_open_fds ",
            "ronda_disk_available_bytes{directory=\"data\"} ",
        ] {
            assert!(text.contains(wanted), "{wanted} is missing in {text}");
        }
    }

    #[test]
    fn a_label_of_the_process_is_on_every_metric_and_in_order() {
        counters("ronda_test_rounds_total", "Rounds.", &["kind"]).with_label_values(&["a"]).inc();
        counter("ronda_test_bare_total", "Bare.").inc();
        label_process("robot_id", "robot-a");
        for wanted in [
            "ronda_test_rounds_total{kind=\"a\",robot_id=\"robot-a\"} 1\n",
            "ronda_test_bare_total{robot_id=\"robot-a\"} 1\n",
        ] {
            assert!(text().contains(wanted), "{wanted} is missing in {}", text());
        }
    }

    #[test]
    fn what_is_looked_up_is_as_of_now() {
        let looks = gauge("ronda_test_looks", "Looks.");
        refreshed("ronda_test_looks", move || looks.inc());
        assert!(text().contains("ronda_test_looks 1\n") && text().contains("ronda_test_looks 2\n"));
    }
}

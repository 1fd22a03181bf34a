//! The figures as OpenMetrics 1.0 text, from the same families as Prometheus' own format.
//!
//! What differs: a counter's family has no `_total` and its sample has; families have units; `*_info` are of a type of
//! their own; bounds are written as fractions; buckets may show an exemplar; the end is marked.

use std::fmt::Write as _;

use prometheus::proto::{Histogram, LabelPair, Metric, MetricFamily, MetricType};

use super::exemplars::Exemplar;

/// The units that our names end in.
const UNITS: [&str; 5] = ["seconds", "bytes", "ratio", "celsius", "dollars"];

/// Tells the exemplar of a bucket by the family's name, the metric's labels and the bucket's place.
type Exemplars<'a> = dyn Fn(&str, &[LabelPair], usize) -> Option<Exemplar> + 'a;

/// What a family is in OpenMetrics.
struct Form<'a> {
    kind: &'static str,
    /// The family's name.
    name: &'a str,
    /// What follows it in the name of its one sample.
    suffix: &'static str,
}

impl<'a> Form<'a> {
    fn of(family: &'a MetricFamily) -> Self {
        let name = family.name();
        let form = |kind, name, suffix| Self { kind, name, suffix };
        match family.get_field_type() {
            MetricType::COUNTER => match name.strip_suffix("_total") {
                Some(stem) => form("counter", stem, "_total"),
                None => form("unknown", name, ""),
            },
            MetricType::GAUGE => match name.strip_suffix("_info") {
                Some(stem) => form("info", stem, "_info"),
                None => form("gauge", name, ""),
            },
            MetricType::HISTOGRAM => form("histogram", name, ""),
            // Nobody here makes any.
            MetricType::SUMMARY | MetricType::UNTYPED => form("unknown", name, ""),
        }
    }

    fn unit(&self) -> Option<&'static str> {
        UNITS.into_iter().find(|unit| self.name.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_')))
    }
}

/// Returns the families as OpenMetrics text.
pub(super) fn render(families: &[MetricFamily], exemplars: &Exemplars<'_>) -> String {
    let mut text = String::new();
    for family in families {
        let form = Form::of(family);
        let _ = writeln!(text, "# HELP {} {}", form.name, escaped(family.help()));
        let _ = writeln!(text, "# TYPE {} {}", form.name, form.kind);
        if let Some(unit) = form.unit() {
            let _ = writeln!(text, "# UNIT {} {unit}", form.name);
        }
        for metric in family.get_metric() {
            let labels = metric.get_label();
            match family.get_field_type() {
                MetricType::HISTOGRAM => {
                    let of_bucket = |bucket| exemplars(form.name, labels, bucket);
                    histogram(&mut text, form.name, labels, metric.get_histogram(), &of_bucket);
                }
                kind => sample(&mut text, form.name, form.suffix, labels, None, &number(value(kind, metric))),
            }
        }
    }
    text.push_str("# EOF\n");
    text
}

fn value(kind: MetricType, metric: &Metric) -> f64 {
    match kind {
        MetricType::COUNTER => metric.get_counter().get_value(),
        _ => metric.get_gauge().get_value(),
    }
}

fn histogram(
    text: &mut String,
    name: &str,
    labels: &[LabelPair],
    histogram: &Histogram,
    exemplar: &dyn Fn(usize) -> Option<Exemplar>,
) {
    let finite = histogram.get_bucket().iter().filter(|bucket| bucket.upper_bound().is_finite());
    let bounds = finite.map(|bucket| (bound(bucket.upper_bound()), bucket.cumulative_count()));
    let all = [("+Inf".to_owned(), histogram.get_sample_count())];
    for (place, (bound, count)) in bounds.chain(all).enumerate() {
        let exemplar = exemplar(place).map(|exemplar| format!(" # {}", shown(&exemplar)));
        let value = format!("{count}{}", exemplar.unwrap_or_default());
        sample(text, name, "_bucket", labels, Some(("le", &bound)), &value);
    }
    sample(text, name, "_count", labels, None, &histogram.get_sample_count().to_string());
    sample(text, name, "_sum", labels, None, &number(histogram.get_sample_sum()));
}

fn shown(exemplar: &Exemplar) -> String {
    let seconds = exemplar.at.as_duration().as_secs_f64();
    format!("{{trace_id=\"{}\"}} {} {seconds:.3}", exemplar.trace.id(), number(exemplar.value))
}

fn sample(text: &mut String, name: &str, suffix: &str, labels: &[LabelPair], more: Option<(&str, &str)>, value: &str) {
    let labels = labels.iter().map(|label| (label.name(), label.value())).chain(more);
    let labels: Vec<String> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{name}{suffix}{labels} {value}");
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"")
}

fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

/// A bound is always a fraction: `1.0`, so that it is the same text whoever wrote it.
fn bound(value: f64) -> String {
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use prometheus::core::Collector;
    use prometheus::{CounterVec, GaugeVec, HistogramOpts, HistogramVec, Opts};

    use super::*;
    use crate::Trace;

    fn none(_: &str, _: &[LabelPair], _: usize) -> Option<Exemplar> {
        None
    }

    #[test]
    fn a_counter_has_its_suffix_on_the_sample_alone_and_its_unit() {
        let spent = CounterVec::new(Opts::new("ronda_cost_dollars_total", "Say \"what\"\nit cost \\ all."), &["model"]);
        let spent = spent.expect("is right");
        spent.with_label_values(&["a \"b\" \\ c\n"]).inc_by(0.25);
        let expected = concat!(
            "# HELP ronda_cost_dollars Say \\\"what\\\"\\nit cost \\\\ all.\n",
            "# TYPE ronda_cost_dollars counter\n",
            "# UNIT ronda_cost_dollars dollars\n",
            "ronda_cost_dollars_total{model=\"a \\\"b\\\" \\\\ c\\n\"} 0.25\n",
            "# EOF\n",
        );
        assert_eq!(render(&spent.collect(), &none), expected);
    }

    #[test]
    fn an_info_is_of_its_own_type_and_a_gauge_keeps_its_name() {
        let made = |name: &str| GaugeVec::new(Opts::new(name, "Help."), &["version"]).expect("is right");
        let (info, gauge) = (made("ronda_build_info"), made("ronda_seconds_left"));
        info.with_label_values(&["1"]).set(1.0);
        gauge.with_label_values(&["1"]).set(f64::INFINITY);
        let families: Vec<_> = info.collect().into_iter().chain(gauge.collect()).collect();
        let expected = concat!(
            "# HELP ronda_build Help.\n# TYPE ronda_build info\nronda_build_info{version=\"1\"} 1\n",
            "# HELP ronda_seconds_left Help.\n# TYPE ronda_seconds_left gauge\nronda_seconds_left{version=\"1\"} +Inf\n",
            "# EOF\n",
        );
        assert_eq!(render(&families, &none), expected);
    }

    #[test]
    fn a_histogram_has_fractions_as_bounds_and_exemplars_where_there_are_some() {
        let options = HistogramOpts::new("ronda_wait_seconds", "Waits.").buckets(vec![0.5, 1.0]);
        let waits = HistogramVec::new(options, &["route"]).expect("is right");
        [0.2, 0.3, 4.0].into_iter().for_each(|value| waits.with_label_values(&["/a"]).observe(value));
        let trace: Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().expect("is one");
        let exemplar = |name: &str, labels: &[LabelPair], bucket: usize| {
            assert_eq!((name, labels[0].value()), ("ronda_wait_seconds", "/a"));
            let at = "2026-11-20T08:00:00.5Z".parse().expect("a time");
            (bucket == 2).then_some(Exemplar { trace, value: 4.0, at })
        };
        let expected = concat!(
            "# HELP ronda_wait_seconds Waits.\n# TYPE ronda_wait_seconds histogram\n# UNIT ronda_wait_seconds seconds\n",
            "ronda_wait_seconds_bucket{route=\"/a\",le=\"0.5\"} 2\n",
            "ronda_wait_seconds_bucket{route=\"/a\",le=\"1.0\"} 2\n",
            "ronda_wait_seconds_bucket{route=\"/a\",le=\"+Inf\"} 3 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 4 1795161600.500\n",
            "ronda_wait_seconds_count{route=\"/a\"} 3\n",
            "ronda_wait_seconds_sum{route=\"/a\"} 4.5\n",
            "# EOF\n",
        );
        assert_eq!(render(&waits.collect(), &exemplar), expected);
    }
}

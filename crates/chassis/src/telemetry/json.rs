//! One JSON object a line: what every line has (`timestamp level target message service`), the trace it belongs to, and
//! the event's facts under their own names.

use std::fmt;

use jiff::{Timestamp, Unit};
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The names that belong to the line; a fact of the same name is written with `_` behind.
const TAKEN: [&str; 4] = ["timestamp", "level", "target", "service"];

/// Writes lines of the process `service`. The fields of spans must be formatted as JSON.
#[derive(Debug)]
pub(super) struct JsonLines {
    pub(super) service: &'static str,
}

#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'a str,
    target: &'a str,
    message: Value,
    service: &'a str,
    #[serde(flatten)]
    facts: Map<String, Value>,
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut facts = Map::new();
        for span in context.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<N>>().map(|fields| fields.fields.as_str());
            // Inner spans come last, and their facts win.
            facts.extend(fields.and_then(|fields| serde_json::from_str::<Map<_, _>>(fields).ok()).unwrap_or_default());
        }
        event.record(&mut Facts(&mut facts));
        // Lines of libraries that use the crate `log` say so in fields.
        let of_log = facts.remove("log.target");
        ["log.module_path", "log.file", "log.line"].into_iter().for_each(|name| drop(facts.remove(name)));
        let line = Line {
            timestamp: now(),
            level: event.metadata().level().as_str(),
            target: of_log.as_ref().and_then(Value::as_str).unwrap_or(event.metadata().target()),
            message: facts.remove("message").unwrap_or_default(),
            service: self.service,
            facts,
        };
        writeln!(writer, "{}", serde_json::to_string(&line).map_err(|_| fmt::Error)?)
    }
}

/// Returns the time as every line has it: to the microsecond, in UTC.
fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Microsecond).unwrap_or(now).strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// Takes in the fields of an event.
struct Facts<'a>(&'a mut Map<String, Value>);

impl Facts<'_> {
    fn note(&mut self, field: &Field, value: impl Into<Value>) {
        let name = field.name();
        let name = if TAKEN.contains(&name) { format!("{name}_") } else { name.to_owned() };
        self.0.insert(name, value.into());
    }
}

impl Visit for Facts<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.note(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.note(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.note(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.note(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.note(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.note(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    use serde_json::json;
    use tracing::{info, info_span, warn};
    use tracing_subscriber::fmt::format::JsonFields;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::Trace;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns what is logged meanwhile, without its time.
    fn logged(work: impl FnOnce()) -> Vec<Value> {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines { service: "gatekeeper" });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), work);
        let text = String::from_utf8(kept.0.lock().expect("nobody panicked").clone()).expect("is text");
        let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
        for line in &mut lines {
            let time = line.as_object_mut().and_then(|line| line.remove("timestamp")).expect("has a time");
            let time = time.as_str().expect("is text").to_owned();
            assert!(time.len() == 27 && time.parse::<Timestamp>().is_ok(), "{time}");
        }
        lines
    }

    #[test]
    fn a_line_has_its_message_and_its_facts_each_under_its_name() {
        let lines =
            logged(|| warn!(camera = "gate", pause_secs = 1.5, tries = 3_u32, first = true, "is \"silent\"\nnow"));
        let expected = json!({
            "level": "WARN", "target": "chassis::telemetry::json::tests", "message": "is \"silent\"\nnow",
            "service": "gatekeeper", "camera": "gate", "pause_secs": 1.5, "tries": 3, "first": true,
        });
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn a_fact_takes_no_name_of_the_line() {
        let lines = logged(|| info!(service = "another", level = 7, "seen"));
        assert_eq!((&lines[0]["service"], &lines[0]["service_"]), (&json!("gatekeeper"), &json!("another")));
        assert_eq!((&lines[0]["level"], &lines[0]["level_"]), (&json!("INFO"), &json!(7)));
    }

    #[test]
    fn what_surrounds_an_event_is_in_its_line_and_the_nearest_wins() {
        let lines = logged(|| {
            info_span!("outer", run = 1, trace_id = "a").in_scope(|| {
                info_span!("inner", trace_id = "b").in_scope(|| info!(point = "gate", "arrived"));
                info!("left");
            });
        });
        let facts = |line: &Value| (line["run"].clone(), line["trace_id"].clone(), line["point"].clone());
        assert_eq!(facts(&lines[0]), (json!(1), json!("b"), json!("gate")));
        assert_eq!(facts(&lines[1]), (json!(1), json!("a"), Value::Null));
    }

    #[test]
    fn work_that_follows_a_trace_logs_its_id() {
        let trace = Trace::begin();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let lines = logged(|| runtime.block_on(trace.follow(async { info!("done") })));
        assert_eq!(lines[0]["trace_id"], json!(trace.id()));
    }
}

//! Counts the log lines that somebody should look at.

use prometheus::IntCounter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::metrics;

/// A layer that counts warnings and errors.
#[derive(Debug)]
pub(super) struct Count {
    errors: IntCounter,
    warnings: IntCounter,
}

impl Count {
    /// Shows both at zero.
    pub(super) fn begin() -> Self {
        let events = metrics::counters("ronda_log_events_total", "Log lines written, by level.", &["level"]);
        Self { errors: events.with_label_values(&["error"]), warnings: events.with_label_values(&["warn"]) }
    }
}

impl<S: Subscriber> Layer<S> for Count {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        match *event.metadata().level() {
            Level::ERROR => self.errors.inc(),
            Level::WARN => self.warnings.inc(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::{error, info, warn};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn warnings_and_errors_are_counted_and_nothing_else() {
        let count = Count::begin();
        let (errors, warnings) = (count.errors.clone(), count.warnings.clone());
        let before = (errors.get(), warnings.get());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(count), || {
            error!("one");
            warn!("one");
            warn!("two");
            info!("none");
        });
        assert_eq!((errors.get() - before.0, warnings.get() - before.1), (1, 2));
    }
}

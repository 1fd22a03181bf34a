//! Which work belongs together: W3C Trace Context, from the frame to the delivery of its alert, in logs, over Redis and
//! over HTTP. Nothing is sent anywhere; whoever has the log finds all lines of one cause by its trace id.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use tracing::{Instrument, error_span};

tokio::task_local! {
    static CURRENT: Trace;
}

/// A place in a trace: what one cause led to, and which part of it this is. Written as the header `traceparent` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trace {
    id: NonZeroU128,
    part: NonZeroU64,
    is_sampled: bool,
}

/// A text is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 00-<32 hexadecimal digits>-<16 hexadecimal digits>-<2 hexadecimal digits>")]
pub struct TraceError;

impl Trace {
    /// The name of the header, and of the field in a message.
    pub const HEADER: &str = "traceparent";

    /// Begins a trace.
    #[must_use]
    pub fn begin() -> Self {
        Self { id: random_id(), part: random_part(), is_sampled: true }
    }

    /// Returns a new part of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { part: random_part(), ..self }
    }

    /// Returns the id that all parts have in common: 32 hexadecimal digits.
    pub fn id(self) -> String {
        format!("{:032x}", self.id)
    }

    /// Returns the trace that the task works for, if it does so under [`follow`](Self::follow).
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|trace| *trace).ok()
    }

    /// Does work as part of this trace: its log lines have the trace's id, and what it publishes or sends carries it on.
    /// Tasks that the work spawns are on their own.
    pub async fn follow<F: Future>(self, work: F) -> F::Output {
        // As a span of the gravest level it is there whatever is logged.
        let span = error_span!("trace", trace_id = self.id());
        CURRENT.scope(self, work.instrument(span)).await
    }
}

fn random_id() -> NonZeroU128 {
    NonZeroU128::new(fastrand::u128(1..)).expect("the range begins at 1")
}

fn random_part() -> NonZeroU64 {
    NonZeroU64::new(fastrand::u64(1..)).expect("the range begins at 1")
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.id, self.part, u8::from(self.is_sampled))
    }
}

impl FromStr for Trace {
    type Err = TraceError;

    /// Reads a `traceparent`. Of a version that is not known yet the part that all versions have is read.
    fn from_str(text: &str) -> Result<Self, TraceError> {
        let mut parts = text.splitn(5, '-');
        let mut digits = |count: usize| {
            let is_hex = |text: &&str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            parts.next().filter(|part| part.len() == count).filter(is_hex).ok_or(TraceError)
        };
        let (version, id, part, flags) = (digits(2)?, digits(32)?, digits(16)?, digits(2)?);
        let has_more = parts.next().is_some();
        if version == "ff" || (version == "00" && has_more) {
            return Err(TraceError);
        }
        let id = u128::from_str_radix(id, 16).ok().and_then(NonZeroU128::new);
        let part = u64::from_str_radix(part, 16).ok().and_then(NonZeroU64::new);
        let flags = u8::from_str_radix(flags, 16).map_err(|_| TraceError)?;
        Ok(Self { id: id.ok_or(TraceError)?, part: part.ok_or(TraceError)?, is_sampled: flags & 1 == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_standard_is_read_and_written() {
        let trace: Trace = EXAMPLE.parse().expect("is one");
        assert_eq!(trace.id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace.to_string(), EXAMPLE);
        let unsampled = EXAMPLE.replace("-01", "-00");
        assert_eq!(unsampled.parse::<Trace>().expect("is one").to_string(), unsampled);
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        for wrong in [
            "",
            "00",
            &EXAMPLE.to_uppercase(),
            &EXAMPLE[..54],
            &format!("{EXAMPLE}-more"),
            &EXAMPLE.replacen("00", "ff", 1),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        ] {
            assert_eq!(wrong.parse::<Trace>(), Err(TraceError), "{wrong}");
        }
    }

    #[test]
    fn a_later_version_may_have_more_behind() {
        let later = format!("{}-what-comes-then", EXAMPLE.replacen("00", "cc", 1));
        assert_eq!(later.parse::<Trace>().expect("is one").to_string(), EXAMPLE);
    }

    #[tokio::test]
    async fn work_knows_its_trace_and_a_part_keeps_the_id() {
        assert_eq!(Trace::current(), None);
        let trace = Trace::begin();
        let (outer, inner) = trace
            .follow(async {
                let inner = trace.child().follow(async { Trace::current() }).await;
                (Trace::current(), inner.expect("follows"))
            })
            .await;
        assert_eq!(outer, Some(trace));
        assert!(inner.id() == trace.id() && inner != trace, "{inner}");
        assert_eq!(Trace::current(), None);
    }
}

//! In which form a caller wants the figures: what the header `Accept` says, as RFC 9110 has it.

/// A form in which the figures can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus' text format 0.0.4.
    Text,
}

/// How exactly a part of the header names a form; the more exact one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exactness {
    Anything,
    Type,
    Subtype,
    Version,
}

impl Format {
    /// Chooses by the values of `Accept`. What is not understood is not heeded, and a caller who accepts nothing that
    /// there is gets the text format: a look at the figures is worth more than a refusal.
    pub(crate) fn wanted<'a>(accept: impl IntoIterator<Item = &'a str>) -> Self {
        let ranges: Vec<Range<'_>> =
            accept.into_iter().flat_map(|value| value.split(',')).filter_map(Range::read).collect();
        let open = Self::OpenMetrics.weight(&ranges);
        let text = Self::Text.weight(&ranges);
        // Of two that are wanted alike, the one that was named beats the one that is merely not excluded.
        match (open, text) {
            (Some(open), text) if open.0 > 0.0 && text.is_none_or(|text| open > text) => Self::OpenMetrics,
            _ => Self::Text,
        }
    }

    /// Returns what `Content-Type` says of it.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::OpenMetrics => ("application", "openmetrics-text", "1.0.0"),
            Self::Text => ("text", "plain", "0.0.4"),
        }
    }

    /// Returns how much this form is wanted, by the range that names it most exactly; `None` if none does.
    fn weight(self, ranges: &[Range<'_>]) -> Option<(f64, Exactness)> {
        let fitting = ranges.iter().filter_map(|range| Some((range.exactness(self)?, range.quality)));
        let (exactness, quality) = fitting.max_by(|one, other| one.0.cmp(&other.0))?;
        Some((quality, exactness))
    }
}

/// One media range: what is accepted and how gladly.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    version: Option<&'a str>,
    quality: f64,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut range = Self { kind: kind.trim(), subtype: subtype.trim(), version: None, quality: 1.0 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("q") {
                range.quality = value.parse().ok().filter(|quality| (0.0..=1.0).contains(quality))?;
            } else if name.eq_ignore_ascii_case("version") {
                range.version = Some(value);
            }
        }
        Some(range)
    }

    /// Returns how exactly this names a form; `None` if it does not.
    fn exactness(&self, format: Format) -> Option<Exactness> {
        let (kind, subtype, version) = format.parts();
        let is = |name: &str, value: &str| name.eq_ignore_ascii_case(value);
        match (self.kind, self.subtype, self.version) {
            ("*", "*", _) => Some(Exactness::Anything),
            (range, "*", _) if is(range, kind) => Some(Exactness::Type),
            (range, name, None) if is(range, kind) && is(name, subtype) => Some(Exactness::Subtype),
            (range, name, Some(wanted)) if is(range, kind) && is(name, subtype) && wanted == version => {
                Some(Exactness::Version)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &str) -> Format {
        Format::wanted([accept])
    }

    #[test]
    fn prometheus_gets_openmetrics() {
        let of_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                    text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let of_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                    application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                    text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        assert_eq!((wanted(of_2), wanted(of_3)), (Format::OpenMetrics, Format::OpenMetrics));
    }

    #[test]
    fn who_asks_for_nothing_or_anything_gets_text() {
        assert_eq!(Format::wanted([]), Format::Text);
        for accept in ["", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "text/*", "image/png"] {
            assert_eq!(wanted(accept), Format::Text, "{accept}");
        }
    }

    #[test]
    fn weights_decide_and_zero_excludes() {
        for (accept, expected) in [
            ("application/openmetrics-text;q=0.4, text/plain;q=0.5", Format::Text),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.4", Format::OpenMetrics),
            ("application/openmetrics-text; version=\"1.0.0\"", Format::OpenMetrics),
            ("Application/OpenMetrics-Text", Format::OpenMetrics),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=0, */*", Format::Text),
            ("application/*", Format::OpenMetrics),
            ("text/plain;q=0, */*", Format::OpenMetrics),
            // Alike: the one that is named more exactly, else text.
            ("application/openmetrics-text;version=1.0.0, text/plain", Format::OpenMetrics),
            ("application/openmetrics-text, text/plain", Format::Text),
        ] {
            assert_eq!(wanted(accept), expected, "{accept}");
        }
    }

    #[test]
    fn a_version_that_there_is_not_is_not_given() {
        assert_eq!(wanted("application/openmetrics-text;version=2.0.0"), Format::Text);
        assert_eq!(wanted("application/openmetrics-text;version=0.0.1;q=0.9, text/plain;q=0.1"), Format::Text);
    }

    #[test]
    fn what_cannot_be_read_is_not_heeded() {
        for accept in ["nonsense", "application/openmetrics-text;q=high", "application/openmetrics-text;q=2", ";;,,="] {
            assert_eq!(wanted(accept), Format::Text, "{accept}");
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        let accept = ["text/plain;q=0.2", "application/openmetrics-text"];
        assert_eq!(Format::wanted(accept), Format::OpenMetrics);
    }
}

//! Which compressed form of a file a client takes.

/// A form in which a text file is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The forms from the smallest to the largest.
    pub(crate) const ALL: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Identity];

    /// Returns its name in HTTP; the plain form has none.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// Returns what its file's name ends with.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }

    /// Returns whether a client that sends this `Accept-Encoding` takes this form. The plain form is always taken.
    pub(crate) fn is_taken(self, accept: &str) -> bool {
        let Some(name) = self.name() else { return true };
        let mut any = false;
        for part in accept.split(',') {
            let (coding, parameters) = part.split_once(';').unwrap_or((part, ""));
            let refused = quality(parameters) == Some(0.0);
            match coding.trim() {
                coding if coding.eq_ignore_ascii_case(name) => return !refused,
                "*" => any = !refused,
                _ => {}
            }
        }
        any
    }
}

fn quality(parameters: &str) -> Option<f32> {
    parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q=")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_when_it_is_named_and_not_refused() {
        let cases = [
            ("gzip, deflate, br, zstd", true, true),
            ("gzip", false, true),
            ("BR;q=0.5", true, false),
            ("br;q=0, gzip;q=0.1", false, true),
            ("br; q=0.0", false, false),
            ("*", true, true),
            ("*;q=0", false, false),
            ("*, gzip;q=0", true, false),
            ("", false, false),
            ("brotli, x-gzip", false, false),
        ];
        for (accept, brotli, gzip) in cases {
            assert_eq!(Encoding::Brotli.is_taken(accept), brotli, "br in `{accept}`");
            assert_eq!(Encoding::Gzip.is_taken(accept), gzip, "gzip in `{accept}`");
            assert!(Encoding::Identity.is_taken(accept));
        }
    }
}

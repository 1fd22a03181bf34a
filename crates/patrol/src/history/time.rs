//! Times in the database: microseconds since 1970 in our columns, naive local texts in the reference's.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Returns a time as our columns hold it.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Reads a time from one of our columns.
pub(super) fn time(micros: i64) -> Timestamp {
    // Only what came out of a timestamp is ever written.
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Returns a time as the reference writes it: `YYYY-MM-DD HH:MM:SS` on the clocks of a zone.
pub(super) fn naive(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Reads a time that the reference wrote on the clocks of a zone.
///
/// An hour that the clocks showed twice is taken for the first one, as nothing tells which it was.
pub(super) fn from_naive(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let local: DateTime = text.trim().parse().ok()?;
    local.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

/// Returns the name a zone is recorded by.
pub(super) fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("is a zone")
    }

    #[test]
    fn w41_a_naive_text_is_the_same_moment_when_read_in_its_zone() {
        let at: Timestamp = "2026-11-20T16:30:05Z".parse().expect("a time");
        let taipei = zone("Asia/Taipei");
        assert_eq!(naive(at, &taipei), "2026-11-21 00:30:05");
        assert_eq!(from_naive("2026-11-21 00:30:05", &taipei), Some(at));
    }

    #[test]
    fn a_local_time_that_is_skipped_or_doubled_still_is_a_moment() {
        let berlin = zone("Europe/Berlin");
        let read = |text| from_naive(text, &berlin).map(|at| at.to_string());
        assert_eq!(read("2026-03-29 02:30:00").as_deref(), Some("2026-03-29T01:30:00Z"));
        assert_eq!(read("2026-10-25 02:30:00").as_deref(), Some("2026-10-25T00:30:00Z"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "yesterday", "2026-13-01 00:00:00"] {
            assert_eq!(from_naive(text, &TimeZone::UTC), None, "{text:?}");
        }
    }
}

//! From what a clock on the wall shows to the moment when it shows it.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::ScheduleError;

/// Returns the moment at which the clock of the zone shows this: the first one, if it shows it twice; the first one
/// after the gap, if it skips it. Nothing, if the calendar ends before.
pub(super) fn moment(zone: &TimeZone, shown: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(shown);
    let AmbiguousOffset::Gap { after, .. } = ambiguous.offset() else { return ambiguous.compatible().ok() };
    // Read with the later offset, what the clock skips lies before the gap: the next change of the clock is its end.
    let before_gap = after.to_timestamp(shown).ok()?;
    zone.following(before_gap).next().map(|change| change.timestamp())
}

/// Returns when a day begins and when it ends. A day that the zone skipped as a whole (Samoa, 30 December 2011) is
/// none.
pub(super) fn bounds(zone: &TimeZone, day: Date) -> Option<(Timestamp, Timestamp)> {
    let start = moment(zone, day.to_datetime(Time::midnight()))?;
    let end = moment(zone, day.checked_add(1.day()).ok()?.to_datetime(Time::midnight()))?;
    (start < end).then_some((start, end))
}

/// Reads a time of the day as the reference writes it. `8:05` is five past eight, too: the reference accepts it and
/// then never follows it.
pub(super) fn parse(text: &str) -> Result<Time, ScheduleError> {
    let part = |digits: &str, shortest: usize| {
        let is_number = (shortest..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| digits.parse::<i8>().ok()).flatten()
    };
    let time = text.trim().split_once(':').and_then(|(hour, minute)| {
        let (hour, minute) = (part(hour, 1)?, part(minute, 2)?);
        Time::new(hour, minute, 0, 0).ok()
    });
    time.ok_or_else(|| ScheduleError::Time(text.to_owned()))
}

/// Writes a time of the day as the reference reads it.
pub(super) fn write(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

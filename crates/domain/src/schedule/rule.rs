//! The three ways to say when on a day something happens.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::sun::{self, SunEvent};
use super::{ScheduleError, Site, clock};

/// The furthest that a moment can be from an event of the sun.
pub(super) const LONGEST_OFFSET_MINUTES: i64 = 12 * 60;

const MINUTES_PER_DAY: i64 = 24 * 60;

/// When on a day something happens.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// At times of the day.
    Times(Times),
    /// At an interval.
    Interval(Interval),
    /// With the sun.
    Sun(Sun),
}

/// One or more times of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times(BTreeSet<Time>);

impl Times {
    /// Returns these times of the day.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn new(times: impl IntoIterator<Item = Time>) -> Result<Self, ScheduleError> {
        let times: BTreeSet<_> = times.into_iter().collect();
        if times.is_empty() { Err(ScheduleError::NoTimes) } else { Ok(Self(times)) }
    }

    /// Returns the times, earliest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Time> {
        self.0.iter().copied()
    }
}

/// A time that passes between one moment and the next, from a time of the day on. Between two moments always passes
/// the same time, whatever the clock on the wall does meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    every_minutes: i64,
    from: Time,
    to: Option<Time>,
}

impl Interval {
    /// Returns a moment every so many minutes, the first at `from`; the last one at `to` or before it, or on the same
    /// day if there is no such time. If `to` is before `from`, it is on the next day: a night belongs to the day on
    /// which it begins.
    ///
    /// # Errors
    ///
    /// If the interval is shorter than a minute or longer than a day, or if it ends when it begins.
    pub fn new(every_minutes: i64, from: Time, to: Option<Time>) -> Result<Self, ScheduleError> {
        if !(1..=MINUTES_PER_DAY).contains(&every_minutes) {
            return Err(ScheduleError::Every(every_minutes));
        }
        if to == Some(from) {
            return Err(ScheduleError::EmptySpan);
        }
        Ok(Self { every_minutes, from, to })
    }

    /// Returns how many minutes pass between two moments.
    #[must_use]
    pub fn every_minutes(&self) -> i64 {
        self.every_minutes
    }

    /// Returns when it begins.
    #[must_use]
    pub fn from(&self) -> Time {
        self.from
    }

    /// Returns when it ends; nothing stands for the end of the day.
    #[must_use]
    pub fn to(&self) -> Option<Time> {
        self.to
    }
}

/// An event of the sun, or a time before or after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sun {
    event: SunEvent,
    offset_minutes: i64,
}

impl Sun {
    /// Returns so many minutes after the event; before it, if they are negative.
    ///
    /// # Errors
    ///
    /// If that is more than twelve hours away from it.
    pub fn new(event: SunEvent, offset_minutes: i64) -> Result<Self, ScheduleError> {
        if (-LONGEST_OFFSET_MINUTES..=LONGEST_OFFSET_MINUTES).contains(&offset_minutes) {
            Ok(Self { event, offset_minutes })
        } else {
            Err(ScheduleError::Offset(offset_minutes))
        }
    }

    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> SunEvent {
        self.event
    }

    /// Returns how many minutes after the event.
    #[must_use]
    pub fn offset_minutes(&self) -> i64 {
        self.offset_minutes
    }
}

impl When {
    /// Returns the moments that belong to a day. Those of a night that begins on it may lie on the next day, those
    /// around an event of the sun on the day before or after. Two times in one gap of the clock are one moment.
    pub(super) fn moments(&self, site: &Site, day: Date) -> BTreeSet<Timestamp> {
        match clock::bounds(&site.zone, day) {
            None => BTreeSet::new(),
            Some(bounds) => match self {
                Self::Times(times) => {
                    times.iter().filter_map(|time| clock::moment(&site.zone, day.to_datetime(time))).collect()
                }
                Self::Interval(interval) => interval.moments(site, day, bounds),
                Self::Sun(sun) => sun.moments(site, bounds),
            },
        }
    }
}

impl Interval {
    fn moments(&self, site: &Site, day: Date, (_, end_of_day): (Timestamp, Timestamp)) -> BTreeSet<Timestamp> {
        let at = |day: Date, time: Time| clock::moment(&site.zone, day.to_datetime(time));
        let Some(first) = at(day, self.from) else { return BTreeSet::new() };
        let last = match self.to {
            None => end_of_day.checked_sub(1.nanosecond()).ok(),
            Some(to) if to > self.from => at(day, to),
            Some(to) => day.tomorrow().ok().and_then(|tomorrow| at(tomorrow, to)),
        };
        let Some(last) = last else { return BTreeSet::new() };
        let step = SignedDuration::from_mins(self.every_minutes);
        let later = |at: &Timestamp| at.checked_add(step).ok();
        std::iter::successors(Some(first), later).take_while(|at| *at <= last).collect()
    }
}

impl Sun {
    fn moments(&self, site: &Site, (start, end): (Timestamp, Timestamp)) -> BTreeSet<Timestamp> {
        let Some(place) = site.place else { return BTreeSet::new() };
        let offset = SignedDuration::from_mins(self.offset_minutes);
        sun::moments(self.event, place, start, end).into_iter().filter_map(|at| at.checked_add(offset).ok()).collect()
    }
}

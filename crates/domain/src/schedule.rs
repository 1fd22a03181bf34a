//! When something is to happen again and again: at times of the day, at an interval, or with the sun; and what becomes
//! of a moment that was missed.
//!
//! A schedule stands for a set of moments. They follow from the calendar of the site's time zone, so a change of the
//! clock has an exact answer: a time that the clock skips happens at the first moment after the gap, a time that it
//! shows twice happens the first time only. Nothing here remembers anything: who asks says from when on.

mod clock;
mod due;
mod firings;
mod form;
mod rule;
mod sun;
#[cfg(test)]
mod tests;
mod weekdays;

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use due::{Due, LOOK_BACK, Missed, ON_TIME, Verdict, due};
pub use firings::{Firing, Firings, next_after, upcoming};
pub use form::{EveryForm, Form, SunForm};
pub use rule::{Interval, Sun, Times, When};
pub use sun::SunEvent;
pub use weekdays::Weekdays;

/// Names one schedule: in the reference, the first eight characters of a UUID.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(String);

impl Id {
    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Id {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() { Err(ScheduleError::NoId) } else { Ok(Self(text)) }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// When something is to happen again and again. Written and read as a [`Form`]; the items of the reference's
/// `patrol_schedule.json` are read unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Schedule {
    /// Its name.
    pub id: Id,
    /// Whether it is followed. One that is not has no moments.
    pub enabled: bool,
    /// When, on a day.
    pub when: When,
    /// On which days of the week.
    pub days: Weekdays,
    /// What becomes of a moment that was missed.
    pub misfire: Misfire,
    /// The named route to walk; nothing stands for all enabled waypoints.
    pub route: Option<String>,
}

impl Schedule {
    /// Returns whether the schedule can be followed only where the site's place on the globe is known.
    #[must_use]
    pub fn needs_place(&self) -> bool {
        matches!(self.when, When::Sun(_))
    }
}

/// What becomes of a moment at which nothing could be started: the process was down, or busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Misfire {
    /// It is recorded as missed.
    #[default]
    Skip,
    /// It is made up for within this time, and recorded as missed after it.
    RunLate {
        /// For how long after its moment it may still begin.
        within: Duration,
    },
}

/// Where the site is: what makes the moments of a schedule out of its times of the day.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// The site's time zone.
    pub zone: TimeZone,
    /// The site's place on the globe, if it is known.
    pub place: Option<Place>,
}

/// A place on the globe, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    latitude: f64,
    longitude: f64,
}

impl Place {
    /// Returns the place with this latitude (north is positive) and longitude (east is positive).
    ///
    /// # Errors
    ///
    /// If there is no such place.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, ScheduleError> {
        let is_place = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        if is_place { Ok(Self { latitude, longitude }) } else { Err(ScheduleError::NoSuchPlace) }
    }

    /// Returns the latitude, north is positive.
    #[must_use]
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// Returns the longitude, east is positive.
    #[must_use]
    pub fn longitude(self) -> f64 {
        self.longitude
    }
}

/// Why something is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// It has no name.
    #[error("id must not be empty")]
    NoId,
    /// It has no rule.
    #[error("one of time, times, every and sun is needed")]
    NoRule,
    /// It has several rules.
    #[error("only one of time, times, every and sun is possible, not {0}")]
    SeveralRules(String),
    /// It has no time of the day.
    #[error("times must name at least one time of the day, like 08:05")]
    NoTimes,
    /// A time of the day is none.
    #[error("a time of the day is written HH:MM, like 08:05, not {0:?}")]
    Time(String),
    /// It has no day of the week.
    #[error("days must name at least one day, from 0 (Monday) to 6 (Sunday); leave it out for every day")]
    NoDays,
    /// A day of the week is none.
    #[error("a day is a number from 0 (Monday) to 6 (Sunday), not {0}")]
    Day(i64),
    /// An interval is too short or too long.
    #[error("every.minutes is a number from 1 to 1440, not {0}")]
    Every(i64),
    /// An interval ends when it begins.
    #[error("every.from and every.to must differ; leave them out for the whole day")]
    EmptySpan,
    /// The distance from an event of the sun is too long.
    #[error("sun.offset_minutes is a number from -720 to 720, not {0}")]
    Offset(i64),
    /// The time within which a missed moment is made up for is too long.
    #[error("run_late_minutes is a number from 0 to 1440, not {0}")]
    RunLate(i64),
    /// The coordinates are none.
    #[error("a latitude is a number from -90 to 90 and a longitude one from -180 to 180")]
    NoSuchPlace,
}

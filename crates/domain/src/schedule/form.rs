//! Schedules as they are written in files and sent in requests.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::sun::SunEvent;
use super::{Id, Interval, Misfire, Schedule, ScheduleError, Sun, Times, Weekdays, When, clock};

const LONGEST_DELAY_MINUTES: i64 = 24 * 60;

/// A schedule as it is written in a file or sent in a request. Everything may be missing: what a new schedule lacks
/// has a default or is asked for, what a change lacks stays as it is.
///
/// A file of the reference has `id`, `time`, `days` and `enabled`, and a schedule that needs no more is written so.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Form {
    /// The name; a new schedule gets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A time of the day, `HH:MM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Several times of the day, each `HH:MM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Vec<String>>,
    /// An interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<EveryForm>,
    /// An event of the sun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sun: Option<SunForm>,
    /// Days of the week, from 0 (Monday) to 6 (Sunday); every day if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<i64>>,
    /// Whether it is followed; yes if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// For how many minutes after its time a missed run may still begin; 0, or missing: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_late_minutes: Option<i64>,
    /// The named route to walk; empty, or missing: all enabled waypoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
}

/// An interval, from a time of the day on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct EveryForm {
    /// How many minutes pass between two moments.
    pub minutes: i64,
    /// The first moment of the day, `HH:MM`; midnight if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The end, `HH:MM`: on the next day, if it is before the beginning; the end of the day if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A time relative to an event of the sun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SunForm {
    /// The event.
    pub event: SunEvent,
    /// How many minutes after it; negative: before it.
    #[serde(default)]
    pub offset_minutes: i64,
}

impl Form {
    /// Returns a new schedule of this name.
    ///
    /// # Errors
    ///
    /// If something is wrong, or if no rule is given.
    pub fn schedule(&self, id: Id) -> Result<Schedule, ScheduleError> {
        Ok(Schedule {
            id,
            enabled: self.enabled.unwrap_or(true),
            when: self.when()?.ok_or(ScheduleError::NoRule)?,
            days: self.days()?.unwrap_or_default(),
            misfire: self.misfire()?.unwrap_or_default(),
            route: self.route().unwrap_or_default(),
        })
    }

    /// Returns the schedule with what is given here changed. Its name stays.
    ///
    /// # Errors
    ///
    /// If something is wrong.
    pub fn changed(&self, schedule: Schedule) -> Result<Schedule, ScheduleError> {
        Ok(Schedule {
            id: schedule.id,
            enabled: self.enabled.unwrap_or(schedule.enabled),
            when: self.when()?.unwrap_or(schedule.when),
            days: self.days()?.unwrap_or(schedule.days),
            misfire: self.misfire()?.unwrap_or(schedule.misfire),
            route: self.route().unwrap_or(schedule.route),
        })
    }

    fn when(&self) -> Result<Option<When>, ScheduleError> {
        let given = [
            ("time", self.time.is_some()),
            ("times", self.times.is_some()),
            ("every", self.every.is_some()),
            ("sun", self.sun.is_some()),
        ];
        let given: Vec<_> = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
        if given.len() > 1 {
            return Err(ScheduleError::SeveralRules(given.join(" and ")));
        }
        if let Some(time) = &self.time {
            return Times::new([clock::parse(time)?]).map(|times| Some(When::Times(times)));
        }
        if let Some(times) = &self.times {
            let times = times.iter().map(|time| clock::parse(time)).collect::<Result<Vec<_>, _>>()?;
            return Times::new(times).map(|times| Some(When::Times(times)));
        }
        if let Some(EveryForm { minutes, from, to }) = &self.every {
            let from = from.as_deref().map(clock::parse).transpose()?.unwrap_or_default();
            let to = to.as_deref().map(clock::parse).transpose()?;
            return Interval::new(*minutes, from, to).map(|interval| Some(When::Interval(interval)));
        }
        if let Some(SunForm { event, offset_minutes }) = self.sun {
            return Sun::new(event, offset_minutes).map(|sun| Some(When::Sun(sun)));
        }
        Ok(None)
    }

    fn days(&self) -> Result<Option<Weekdays>, ScheduleError> {
        self.days.as_ref().map(|days| Weekdays::new(days.iter().copied())).transpose()
    }

    fn misfire(&self) -> Result<Option<Misfire>, ScheduleError> {
        let Some(minutes) = self.run_late_minutes else { return Ok(None) };
        match u64::try_from(minutes) {
            Ok(0) => Ok(Some(Misfire::Skip)),
            Ok(late) if minutes <= LONGEST_DELAY_MINUTES => {
                Ok(Some(Misfire::RunLate { within: Duration::from_secs(late * 60) }))
            }
            _ => Err(ScheduleError::RunLate(minutes)),
        }
    }

    fn route(&self) -> Option<Option<String>> {
        self.route.as_ref().map(|route| Some(route.clone()).filter(|route| !route.is_empty()))
    }
}

impl TryFrom<Form> for Schedule {
    type Error = ScheduleError;

    fn try_from(form: Form) -> Result<Self, Self::Error> {
        let id = Id::try_from(form.id.clone().unwrap_or_default())?;
        form.schedule(id)
    }
}

impl From<Schedule> for Form {
    fn from(schedule: Schedule) -> Self {
        let run_late_minutes = match schedule.misfire {
            Misfire::Skip => None,
            Misfire::RunLate { within } => i64::try_from(within.as_secs() / 60).ok(),
        };
        let mut form = Self {
            id: Some(schedule.id.to_string()),
            days: Some(schedule.days.numbers().collect()),
            enabled: Some(schedule.enabled),
            run_late_minutes,
            route: schedule.route,
            ..Self::default()
        };
        match schedule.when {
            When::Times(times) if times.iter().len() == 1 => form.time = times.iter().next().map(clock::write),
            When::Times(times) => form.times = Some(times.iter().map(clock::write).collect()),
            When::Interval(interval) => {
                form.every = Some(EveryForm {
                    minutes: interval.every_minutes(),
                    from: Some(clock::write(interval.from())),
                    to: interval.to().map(clock::write),
                });
            }
            When::Sun(sun) => {
                form.sun = Some(SunForm { event: sun.event(), offset_minutes: sun.offset_minutes() });
            }
        }
        form
    }
}

impl PartialSchema for Schedule {
    fn schema() -> RefOr<Schema> {
        Form::schema()
    }
}

impl ToSchema for Schedule {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Form::schemas(schemas);
    }
}

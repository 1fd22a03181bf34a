//! The moments of schedules, in order.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::rule::LONGEST_OFFSET_MINUTES;
use super::{Id, Schedule, Site, clock};

/// How many days after the last moment the next one is looked for. A year is the longest that the sun makes anybody
/// wait.
const LOOK_AHEAD_DAYS: i64 = 400;

/// The moments of one schedule after a given one, in order, each once.
#[derive(Debug)]
pub struct Firings<'a> {
    schedule: &'a Schedule,
    site: &'a Site,
    after: Timestamp,
    /// The first day that was not looked at, and the last that will be.
    days: Option<(Date, Date)>,
    /// Moments that were found and not returned.
    found: BTreeSet<Timestamp>,
}

impl<'a> Firings<'a> {
    /// Returns the moments after this one. A schedule that is not enabled has none.
    #[must_use]
    pub fn new(schedule: &'a Schedule, site: &'a Site, after: Timestamp) -> Self {
        let today = site.zone.to_datetime(after).date();
        // A night that began the day before yesterday is over, even if the clock was set back in it.
        let first = today.checked_sub(2.days()).unwrap_or(Date::MIN);
        let days = schedule.enabled.then(|| (first, last_day(today)));
        Self { schedule, site, after, days, found: BTreeSet::new() }
    }

    /// Returns the earliest moment that was found, if no day that was not looked at can have an earlier one.
    fn settled(&mut self) -> Option<Timestamp> {
        let Some((day, _)) = self.days else { return self.found.pop_first() };
        let start = clock::moment(&self.site.zone, day.to_datetime(Time::midnight()))?;
        let earliest_to_come = start.checked_sub(SignedDuration::from_mins(LONGEST_OFFSET_MINUTES)).ok()?;
        if *self.found.first()? < earliest_to_come { self.found.pop_first() } else { None }
    }

    fn look_at(&mut self, day: Date) {
        if self.schedule.days.contains(day.weekday()) {
            let moments = self.schedule.when.moments(self.site, day);
            self.found.extend(moments.into_iter().filter(|at| *at > self.after));
        }
    }
}

impl Iterator for Firings<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        loop {
            if let Some(at) = self.settled() {
                let today = self.site.zone.to_datetime(at).date();
                self.days = self.days.map(|(day, _)| (day, last_day(today)));
                return Some(at);
            }
            let (day, last) = self.days?;
            self.look_at(day);
            self.days = day.tomorrow().ok().filter(|day| *day <= last).map(|day| (day, last));
        }
    }
}

fn last_day(today: Date) -> Date {
    today.checked_add(LOOK_AHEAD_DAYS.days()).unwrap_or(Date::MAX)
}

/// Returns the first moment of a schedule after this one; nothing if there is none, or none within a year.
#[must_use]
pub fn next_after(schedule: &Schedule, site: &Site, after: Timestamp) -> Option<Timestamp> {
    Firings::new(schedule, site, after).next()
}

/// One moment of one of several schedules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// When.
    pub at: Timestamp,
    /// Which schedule.
    pub schedule_id: Id,
    /// The named route to walk; nothing stands for all enabled waypoints.
    pub route: Option<String>,
}

/// Returns the first `count` moments of all these schedules after this one, in order; those of one moment in the
/// order of the schedules.
#[must_use]
pub fn upcoming(schedules: &[Schedule], site: &Site, after: Timestamp, count: usize) -> Vec<Firing> {
    let mut firings = Vec::new();
    for schedule in schedules {
        let firing = |at| Firing { at, schedule_id: schedule.id.clone(), route: schedule.route.clone() };
        firings.extend(Firings::new(schedule, site, after).take(count).map(firing));
    }
    firings.sort_by_key(|firing| firing.at);
    firings.truncate(count);
    firings
}

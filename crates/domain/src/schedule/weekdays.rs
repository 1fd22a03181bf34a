//! Days of the week, numbered as in the reference: 0 is Monday.

use jiff::civil::Weekday;

use super::ScheduleError;

/// One or more days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);

    /// Returns the days with these numbers, from 0 (Monday) to 6 (Sunday).
    ///
    /// # Errors
    ///
    /// If there is none, or if a number is no day.
    pub fn new(numbers: impl IntoIterator<Item = i64>) -> Result<Self, ScheduleError> {
        let mut days = 0;
        for number in numbers {
            let day = u8::try_from(number).ok().filter(|day| *day < 7).ok_or(ScheduleError::Day(number))?;
            days |= 1 << day;
        }
        if days == 0 { Err(ScheduleError::NoDays) } else { Ok(Self(days)) }
    }

    /// Returns whether a day is one of them.
    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }

    /// Returns the numbers of the days, Monday first.
    pub fn numbers(self) -> impl Iterator<Item = i64> {
        (0..7).filter(move |day| self.0 & (1 << day) != 0)
    }
}

impl Default for Weekdays {
    fn default() -> Self {
        Self::ALL
    }
}

//! Rows whose columns depend on who made the table.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};

use crate::Tokens;

/// A row of which every column may be missing.
pub(super) struct Row(pub(super) SqliteRow);

impl Row {
    /// Returns a column; nothing if it is null, or if the table has none of this name.
    ///
    /// SQLite keeps in a column whatever was put there: a number that stands there as a text is read as a number.
    fn column<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(&'r self, name: &str) -> Option<T> {
        self.0.try_get_unchecked::<Option<T>, _>(name).ok().flatten()
    }

    /// Returns a text that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.column::<String>(name).filter(|text| !text.trim().is_empty())
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.column(name)
    }

    pub(super) fn real(&self, name: &str) -> Option<f64> {
        self.column(name)
    }

    /// Returns how many tokens three columns hold.
    pub(super) fn tokens(&self, prefix: &str) -> Tokens {
        let count =
            |kind: &str| self.number(&format!("{prefix}{kind}_tokens")).and_then(|count| u64::try_from(count).ok());
        let (input, output) = (count("input").unwrap_or(0), count("output").unwrap_or(0));
        Tokens { input, output, total: count("total").unwrap_or(input + output) }
    }

    /// Returns the zone of the site when the row was written.
    pub(super) fn zone(&self, otherwise: &TimeZone) -> TimeZone {
        let recorded = self.text("zone").and_then(|name| TimeZone::get(&name).ok());
        recorded.unwrap_or_else(|| otherwise.clone())
    }

    /// Returns a moment: from our column, or from the reference's, which holds what the clocks of the site showed.
    pub(super) fn moment(&self, ours: &str, theirs: &str, zone: &TimeZone) -> Option<Zoned> {
        if let Some(micros) = self.number(ours) {
            return Timestamp::from_microsecond(micros).ok().map(|at| at.to_zoned(zone.clone()));
        }
        let shown: DateTime = self.text(theirs)?.trim().parse().ok()?;
        shown.to_zoned(zone.clone()).ok()
    }
}

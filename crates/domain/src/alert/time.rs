//! Times on the wire: written in UTC with a `Z` and at most six digits of fraction, which every reader understands;
//! read with any offset, and with none as UTC, as the reference writes them.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

/// A time that shows itself as on the wire.
pub(super) struct Wire(pub(super) Timestamp);

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounding = jiff::TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Trunc);
        let time = self.0.round(rounding).unwrap_or(self.0);
        write!(f, "{time}")
    }
}

pub(super) fn write<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Wire(*time))
}

pub(super) fn write_optional<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => write(time, serializer),
        None => serializer.serialize_none(),
    }
}

pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(|error| D::Error::custom(format!("{text:?} is no time: {error}")))
}

pub(super) fn read_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let parsed = text.as_deref().map(parse).transpose();
    parsed.map_err(|error| D::Error::custom(format!("{text:?} is no time: {error}")))
}

fn parse(text: &str) -> Result<Timestamp, jiff::Error> {
    text.parse::<Timestamp>().or_else(|_| {
        let naive: DateTime = text.parse()?;
        Ok(naive.to_zoned(TimeZone::UTC)?.timestamp())
    })
}

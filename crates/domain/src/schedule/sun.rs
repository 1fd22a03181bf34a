//! When the sun rises and sets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use solar_positioning::{Horizon, Location, SolarEvents, delta_t};
use utoipa::ToSchema;

use super::Place;

/// The Julian date of 1 January 1970, midnight.
const JULIAN_EPOCH: f64 = 2_440_587.5;
const SECONDS_PER_DAY: f64 = 86_400.0;

/// What the sun does, every day or almost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SunEvent {
    /// Civil twilight begins: the sun is 6° below the horizon and rises.
    Dawn,
    /// The upper edge of the sun appears.
    Sunrise,
    /// The upper edge of the sun disappears.
    Sunset,
    /// Civil twilight ends: the sun is 6° below the horizon and sinks.
    Dusk,
}

/// Returns the moments from `start` on and before `end` at which it happens, to the second: usually one a day, in the
/// far north and south sometimes none or two. None either for the far past and future, of which the turning of the
/// Earth is not known.
pub(super) fn moments(event: SunEvent, place: Place, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let horizon = match event {
        SunEvent::Sunrise | SunEvent::Sunset => Horizon::SunriseSunset,
        SunEvent::Dawn | SunEvent::Dusk => Horizon::CivilTwilight,
    };
    let location = Location { latitude: place.latitude(), longitude: place.longitude() };
    let found = delta_t::estimate(decimal_year(start)).and_then(|delta_t| {
        SolarEvents::new().for_interval_from_julian(julian(start), julian(end), location, delta_t, horizon)
    });
    // The place was checked when it was made, and the interval is not empty: what is left are years out of range.
    let Ok(found) = found else { return Vec::new() };
    let crossings = match event {
        SunEvent::Sunrise | SunEvent::Dawn => found.rises,
        SunEvent::Sunset | SunEvent::Dusk => found.sets,
    };
    crossings.into_iter().filter_map(timestamp).filter(|at| (start..end).contains(at)).collect()
}

fn julian(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64() / SECONDS_PER_DAY + JULIAN_EPOCH
}

fn timestamp(julian: f64) -> Option<Timestamp> {
    let seconds = ((julian - JULIAN_EPOCH) * SECONDS_PER_DAY).round();
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds; what a timestamp cannot hold is refused")]
    Timestamp::from_second(seconds as i64).ok()
}

fn decimal_year(at: Timestamp) -> f64 {
    1970.0 + at.as_duration().as_secs_f64() / (365.2425 * SECONDS_PER_DAY)
}

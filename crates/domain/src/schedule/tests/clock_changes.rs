//! What happens when the clock is set forward or back.

use serde_json::json;

use super::{shown, site};

#[test]
fn a_time_that_the_clock_skips_comes_at_the_first_moment_after_the_gap() {
    let madrid = shown(json!({ "time": "02:30" }), &site("Europe/Madrid"), "2026-03-27T12:00:00Z", 3);
    let expected =
        ["Sat 2026-03-28 02:30:00 +01:00", "Sun 2026-03-29 03:00:00 +02:00", "Mon 2026-03-30 02:30:00 +02:00"];
    assert_eq!(madrid, expected);
    let new_york = shown(json!({ "time": "02:30" }), &site("America/New_York"), "2026-03-08T00:00:00Z", 1);
    assert_eq!(new_york, ["Sun 2026-03-08 03:00:00 -04:00"]);
}

#[test]
fn the_edges_of_a_gap_are_exact() {
    let times = json!({ "times": ["01:59", "02:00", "02:59", "03:00", "03:01"] });
    let expected =
        ["Sun 2026-03-29 01:59:00 +01:00", "Sun 2026-03-29 03:00:00 +02:00", "Sun 2026-03-29 03:01:00 +02:00"];
    assert_eq!(shown(times, &site("Europe/Madrid"), "2026-03-28T12:00:00Z", 3), expected);
}

#[test]
fn a_gap_of_half_an_hour_is_no_more_than_that() {
    let lord_howe =
        shown(json!({ "times": ["02:15", "02:30"] }), &site("Australia/Lord_Howe"), "2026-10-03T12:00:00Z", 2);
    assert_eq!(lord_howe, ["Sun 2026-10-04 02:30:00 +11:00", "Mon 2026-10-05 02:15:00 +11:00"]);
}

#[test]
fn a_day_that_begins_with_a_gap_still_has_its_midnight() {
    let midnight = shown(json!({ "time": "00:00" }), &site("America/Santiago"), "2026-09-05T12:00:00Z", 2);
    assert_eq!(midnight, ["Sun 2026-09-06 01:00:00 -03:00", "Mon 2026-09-07 00:00:00 -03:00"]);
}

#[test]
fn a_time_that_the_clock_shows_twice_comes_the_first_time_only() {
    let madrid = shown(json!({ "time": "02:30" }), &site("Europe/Madrid"), "2026-10-24T12:00:00Z", 2);
    assert_eq!(madrid, ["Sun 2026-10-25 02:30:00 +02:00", "Mon 2026-10-26 02:30:00 +01:00"]);
    let between = shown(json!({ "time": "01:30" }), &site("America/New_York"), "2026-11-01T05:45:00Z", 1);
    assert_eq!(between, ["Mon 2026-11-02 01:30:00 -05:00"]);
}

#[test]
fn an_interval_keeps_its_distance_whatever_the_clock_does() {
    let forward = json!({ "every": { "minutes": 60, "from": "00:30", "to": "04:30" }, "days": [6] });
    let expected = [
        "Sun 2026-03-29 00:30:00 +01:00",
        "Sun 2026-03-29 01:30:00 +01:00",
        "Sun 2026-03-29 03:30:00 +02:00",
        "Sun 2026-03-29 04:30:00 +02:00",
        "Sun 2026-04-05 00:30:00 +02:00",
    ];
    assert_eq!(shown(forward.clone(), &site("Europe/Madrid"), "2026-03-28T12:00:00Z", 5), expected);
    let back = shown(forward, &site("Europe/Madrid"), "2026-10-24T12:00:00Z", 6);
    let expected = [
        "Sun 2026-10-25 00:30:00 +02:00",
        "Sun 2026-10-25 01:30:00 +02:00",
        "Sun 2026-10-25 02:30:00 +02:00",
        "Sun 2026-10-25 02:30:00 +01:00",
        "Sun 2026-10-25 03:30:00 +01:00",
        "Sun 2026-10-25 04:30:00 +01:00",
    ];
    assert_eq!(back, expected);
}

#[test]
fn a_day_that_the_zone_skipped_has_no_moments() {
    let apia = shown(json!({ "time": "12:00" }), &site("Pacific/Apia"), "2011-12-29T12:00:00Z", 2);
    assert_eq!(apia, ["Thu 2011-12-29 12:00:00 -10:00", "Sat 2011-12-31 12:00:00 +14:00"]);
}

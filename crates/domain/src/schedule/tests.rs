//! When schedules fire: clocks, intervals, changes of the clock, and what the older form says.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;

mod almanac;
mod clock_changes;
mod forms;
mod laws;
mod misfires;

fn site(zone: &str) -> Site {
    Site { zone: TimeZone::get(zone).expect("a known zone"), place: None }
}

fn site_at(zone: &str, latitude: f64, longitude: f64) -> Site {
    Site { place: Some(Place::new(latitude, longitude).expect("a place")), ..site(zone) }
}

fn schedule(form: Value) -> Schedule {
    let form: Form = serde_json::from_value(form).expect("a form");
    form.schedule(Id("s1".into())).expect("a schedule")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Returns the first moments after a time, as the clock of the site shows them.
fn shown(form: Value, site: &Site, after: &str, count: usize) -> Vec<String> {
    let schedule = schedule(form);
    let zoned = |at: Timestamp| at.to_zoned(site.zone.clone()).strftime("%a %F %T %:z").to_string();
    Firings::new(&schedule, site, at(after)).take(count).map(zoned).collect()
}

#[test]
fn a_time_of_the_day_comes_every_day_of_its_days() {
    let workdays = json!({ "time": "08:05", "days": [0, 1, 2, 3, 4] });
    let expected = [
        "Thu 2026-11-19 08:05:00 +08:00",
        "Fri 2026-11-20 08:05:00 +08:00",
        "Mon 2026-11-23 08:05:00 +08:00",
        "Tue 2026-11-24 08:05:00 +08:00",
    ];
    assert_eq!(shown(workdays, &site("Asia/Taipei"), "2026-11-18T00:05:00Z", 4), expected);
}

#[test]
fn several_times_come_in_order_whatever_order_they_were_written_in() {
    let times = json!({ "times": ["20:00", "6:30", "06:30"] });
    let expected =
        ["Fri 2026-11-20 06:30:00 +00:00", "Fri 2026-11-20 20:00:00 +00:00", "Sat 2026-11-21 06:30:00 +00:00"];
    assert_eq!(shown(times, &site("UTC"), "2026-11-20T00:00:00Z", 3), expected);
}

#[test]
fn an_interval_ends_with_its_window_and_begins_anew_the_next_day() {
    let office = json!({ "every": { "minutes": 90, "from": "16:00", "to": "19:00" }, "days": [4, 5] });
    let expected = [
        "Fri 2026-11-20 16:00:00 +00:00",
        "Fri 2026-11-20 17:30:00 +00:00",
        "Fri 2026-11-20 19:00:00 +00:00",
        "Sat 2026-11-21 16:00:00 +00:00",
    ];
    assert_eq!(shown(office, &site("UTC"), "2026-11-20T12:00:00Z", 4), expected);
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    let friday_night = json!({ "every": { "minutes": 240, "from": "22:00", "to": "06:00" }, "days": [4] });
    let expected = [
        "Sat 2026-11-21 02:00:00 +00:00",
        "Sat 2026-11-21 06:00:00 +00:00",
        "Fri 2026-11-27 22:00:00 +00:00",
        "Sat 2026-11-28 02:00:00 +00:00",
    ];
    assert_eq!(shown(friday_night, &site("UTC"), "2026-11-20T22:00:00Z", 4), expected);
}

#[test]
fn an_interval_without_a_window_lasts_the_whole_day() {
    let expected = ["Fri 2026-11-20 21:00:00 +00:00", "Sat 2026-11-21 00:00:00 +00:00"];
    assert_eq!(shown(json!({ "every": { "minutes": 420 } }), &site("UTC"), "2026-11-20T14:00:00Z", 2), expected);
}

#[test]
fn a_schedule_that_is_not_enabled_never_comes() {
    let off = schedule(json!({ "time": "08:05", "enabled": false }));
    assert_eq!(next_after(&off, &site("UTC"), at("2026-11-20T00:00:00Z")), None);
    assert_eq!(upcoming(&[off], &site("UTC"), at("2026-11-20T00:00:00Z"), 10), []);
}

#[test]
fn the_calendar_ends_without_a_fault() {
    let daily = schedule(json!({ "time": "08:05" }));
    assert_eq!(next_after(&daily, &site("Asia/Taipei"), Timestamp::MAX), None);
    assert!(next_after(&daily, &site("Asia/Taipei"), Timestamp::MIN).is_some());
    let sunny = schedule(json!({ "sun": { "event": "sunrise" } }));
    assert_eq!(next_after(&sunny, &site_at("UTC", 50.0, 8.0), Timestamp::MIN), None);
}

#[test]
fn the_next_ten_of_several_schedules_are_merged_in_order() {
    let named = |id: &str, form: Value| Schedule { id: Id(id.into()), ..schedule(form) };
    let schedules = [
        named("night", json!({ "time": "22:00", "route": "outside" })),
        named("hourly", json!({ "every": { "minutes": 60, "from": "20:00", "to": "22:00" } })),
    ];
    let next: Vec<_> = upcoming(&schedules, &site("UTC"), at("2026-11-20T20:30:00Z"), 4)
        .into_iter()
        .map(|firing| format!("{} {} {:?}", firing.at, firing.schedule_id, firing.route))
        .collect();
    let expected = [
        "2026-11-20T21:00:00Z hourly None",
        r#"2026-11-20T22:00:00Z night Some("outside")"#,
        "2026-11-20T22:00:00Z hourly None",
        "2026-11-21T20:00:00Z hourly None",
    ];
    assert_eq!(next, expected);
}

#[test]
fn the_zones_are_compiled_in() {
    for name in ["Asia/Taipei", "Europe/Madrid", "America/New_York"] {
        let bundled = TimeZoneDatabase::bundled().get(name).expect("compiled in");
        let moment = at("2026-07-01T00:00:00Z");
        assert_eq!(bundled.to_offset(moment), TimeZone::get(name).expect("known").to_offset(moment));
    }
}

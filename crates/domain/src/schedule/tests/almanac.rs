//! Times of the sun as they are published.

use jiff::ToSpan;
use serde_json::json;

use super::*;

/// The United States Naval Observatory's "complete sun data for one day" (in the public domain), in universal time.
/// What does not happen on a day is `-`.
const ALMANAC: [(&str, f64, f64, &str, [&str; 4]); 28] = [
    // name, latitude, longitude, date: begin of civil twilight, sunrise, sunset, end of civil twilight
    ("Tromsø", 69.6489, 18.95508, "2026-01-25", ["07:26", "09:03", "12:51", "14:28"]),
    ("Tromsø", 69.6489, 18.95508, "2026-03-20", ["03:44", "04:44", "17:02", "18:02"]),
    ("Tromsø", 69.6489, 18.95508, "2026-06-21", ["-", "-", "-", "-"]),
    ("Tromsø", 69.6489, 18.95508, "2026-09-23", ["03:27", "04:28", "16:43", "17:43"]),
    ("Tromsø", 69.6489, 18.95508, "2026-12-21", ["08:31", "-", "-", "12:53"]),
    ("Reykjavík", 64.13548, -21.89541, "2026-01-03", ["10:02", "11:17", "15:48", "17:03"]),
    ("Reykjavík", 64.13548, -21.89541, "2026-06-01", ["-", "03:23", "23:30", "-"]),
    ("Reykjavík", 64.13548, -21.89541, "2026-06-21", ["-", "02:55", "00:03", "-"]),
    ("Reykjavík", 64.13548, -21.89541, "2050-06-21", ["-", "02:56", "00:03", "-"]),
    ("Reykjavík", 64.13548, -21.89541, "2026-12-24", ["10:04", "11:23", "15:32", "16:51"]),
    ("Stockholm", 59.32938, 18.06871, "2026-01-18", ["06:36", "07:26", "14:31", "15:21"]),
    ("Shanghai", 31.22222, 121.45806, "2026-01-10", ["22:27", "22:54", "09:09", "09:36"]),
    ("Shanghai", 31.22222, 121.45806, "2026-03-20", ["21:33", "21:57", "10:05", "10:30"]),
    ("Shanghai", 31.22222, 121.45806, "2026-06-21", ["20:23", "20:51", "11:01", "11:29"]),
    ("Shanghai", 31.22222, 121.45806, "1950-06-21", ["20:22", "20:50", "11:01", "11:29"]),
    ("Shanghai", 31.22222, 121.45806, "2026-12-21", ["22:22", "22:49", "08:56", "09:22"]),
    ("Bogotá", 4.60971, -74.08175, "2026-01-03", ["10:42", "11:05", "22:57", "23:19"]),
    ("Bogotá", 4.60971, -74.08175, "2026-07-06", ["10:27", "10:50", "23:12", "23:35"]),
    ("Bogotá", 4.60971, -74.08175, "2050-06-21", ["10:24", "10:47", "23:10", "23:33"]),
    ("Ushuaia", -54.81084, -68.31591, "2026-01-03", ["07:08", "08:03", "01:12", "02:08"]),
    ("Ushuaia", -54.81084, -68.31591, "2026-03-20", ["09:58", "10:35", "22:46", "23:22"]),
    ("Ushuaia", -54.81084, -68.31591, "2026-06-21", ["12:14", "12:59", "20:11", "20:57"]),
    ("Ushuaia", -54.81084, -68.31591, "2026-12-24", ["06:56", "07:53", "01:12", "02:10"]),
    ("McMurdo", -77.846, 166.676, "2026-01-03", ["-", "-", "-", "-"]),
    ("McMurdo", -77.846, 166.676, "2026-03-20", ["17:02", "18:46", "07:19", "09:02"]),
    ("McMurdo", -77.846, 166.676, "2026-06-21", ["-", "-", "-", "-"]),
    ("McMurdo", -77.846, 166.676, "2026-09-23", ["16:41", "18:24", "07:04", "08:48"]),
    // Published in local time, an hour ahead.
    ("Tromsø", 69.5, 19.0, "2014-04-01", ["02:46", "03:50", "17:49", "18:53"]),
];

const EVENTS: [SunEvent; 4] = [SunEvent::Dawn, SunEvent::Sunrise, SunEvent::Sunset, SunEvent::Dusk];

#[test]
fn the_sun_keeps_to_the_almanac_within_a_minute() {
    for (name, latitude, longitude, date, published) in ALMANAC {
        let start = at(&format!("{date}T00:00:00Z"));
        let place = Place::new(latitude, longitude).expect("a place");
        for (event, published) in EVENTS.into_iter().zip(published) {
            let found = sun::moments(event, place, start, start + 24.hours());
            let told = || format!("{event:?} at {name} on {date}: {published} published, {found:?} found");
            match published {
                "-" => assert_eq!(found, [], "{}", told()),
                time => {
                    let published = at(&format!("{date}T{time}:00Z"));
                    assert_eq!(found.len(), 1, "{}", told());
                    // Published times are rounded to the minute.
                    let apart = found[0].duration_since(published).as_secs().abs();
                    assert!(apart <= 60, "{}", told());
                }
            }
        }
    }
}

/// The worked example of the algorithm's paper (Reda and Andreas, NREL/TP-560-34302, table A5.1). It reckons with the
/// day in universal time, so its sunset is that of the evening before.
#[test]
fn the_published_example_of_the_algorithm_is_met() {
    let golden = site_at("Etc/GMT+7", 39.742476, -105.1786);
    for (event, published) in [("sunrise", "2003-10-17T06:12:43-07:00"), ("sunset", "2003-10-16T17:20:19-07:00")] {
        let (schedule, published) = (schedule(json!({ "sun": { "event": event } })), at(published));
        let found = next_after(&schedule, &golden, published - 1.hour()).expect("it happens every day");
        assert!(found.duration_since(published).as_secs().abs() <= 2, "{event}: {found}");
    }
}

/// The Naval Observatory's tables for 19° E, 69.5° N: on 18 May 2014 the sun rises at 00:13, and sets again 69 days later,
/// on 25 July at 23:20, an hour ahead of universal time. So low a sun is minutes more or less above the horizon with
/// every hundredth of a degree.
#[test]
fn the_midnight_sun_stays_as_long_as_published() {
    let tromso = site_at("Etc/GMT-1", 69.5, 19.0);
    let next = |event: &str, after: &str| shown(json!({ "sun": { "event": event } }), &tromso, after, 1).remove(0);
    assert!(next("sunrise", "2014-05-17T22:30:00Z").starts_with("Sun 2014-05-18 00:1"));
    assert!(next("sunset", "2014-05-17T23:30:00Z").starts_with("Fri 2014-07-25 23:2"));
}

#[test]
fn a_time_before_sunrise_follows_the_sun_through_the_year() {
    let before = json!({ "sun": { "event": "sunrise", "offset_minutes": -30 } });
    let reykjavik = site_at("Atlantic/Reykjavik", 64.13548, -21.89541);
    assert!(shown(before.clone(), &reykjavik, "2026-01-03T00:00:00Z", 1)[0].starts_with("Sat 2026-01-03 10:4"));
    assert!(shown(before, &reykjavik, "2026-07-06T00:00:00Z", 1)[0].starts_with("Mon 2026-07-06 02:4"));
}

#[test]
fn a_day_without_a_sunrise_has_none_and_the_next_one_is_found() {
    let tromso = site_at("Europe/Oslo", 69.6489, 18.95508);
    let sunrise = shown(json!({ "sun": { "event": "sunrise" } }), &tromso, "2026-12-01T12:00:00Z", 1);
    assert!(sunrise[0].contains("2027-01-1"), "the sun returns in the middle of January: {sunrise:?}");
    let monday = shown(json!({ "sun": { "event": "sunset" }, "days": [0] }), &tromso, "2026-05-20T12:00:00Z", 1);
    assert!(monday[0].starts_with("Mon 2026-07-27"), "no night before the end of July: {monday:?}");
}

/// On 21 June the sun of Reykjavík sets three minutes after midnight, and not again before the next one.
#[test]
fn the_weekday_is_that_of_the_event_itself() {
    let reykjavik = site_at("Atlantic/Reykjavik", 64.13548, -21.89541);
    let sunday = json!({ "sun": { "event": "sunset", "offset_minutes": -60 }, "days": [6] });
    let shown = shown(sunday, &reykjavik, "2026-06-20T12:00:00Z", 1);
    assert!(shown[0].starts_with("Sat 2026-06-20 23:0"), "an hour before Sunday's sunset is Saturday: {shown:?}");
}

#[test]
fn without_a_place_the_sun_is_unknown() {
    let sunny = schedule(json!({ "sun": { "event": "sunrise" } }));
    assert!(sunny.needs_place());
    assert_eq!(next_after(&sunny, &site("UTC"), at("2026-11-20T00:00:00Z")), None);
}

//! Schedules as they are written.

use serde_json::json;

use super::*;

fn refused(form: Value) -> String {
    serde_json::from_value::<Schedule>(form).expect_err("something is wrong").to_string()
}

#[test]
fn an_item_of_the_reference_is_read_and_written_unchanged() {
    let item = json!({ "id": "3f1c09ab", "time": "08:05", "days": [0, 2, 6], "enabled": false });
    let read: Schedule = serde_json::from_value(item.clone()).expect("a schedule");
    assert_eq!((read.id.as_str(), read.enabled, read.route.as_deref()), ("3f1c09ab", false, None));
    assert_eq!(serde_json::to_value(&read).expect("can be written"), item);
}

#[test]
fn what_the_reference_leaves_out_has_its_default() {
    let read: Schedule = serde_json::from_value(json!({ "id": "a", "time": "23:59" })).expect("a schedule");
    assert_eq!((read.enabled, read.days, read.misfire), (true, Weekdays::ALL, Misfire::Skip));
}

/// Spec, section 5: the reference accepts "8:05" and compares it with "08:05" for ever.
#[test]
fn w26_five_past_eight_needs_no_leading_zero_to_be_followed() {
    let short = schedule(json!({ "time": "8:05" }));
    assert_eq!(next_after(&short, &site("UTC"), at("2026-11-20T00:00:00Z")), Some(at("2026-11-20T08:05:00Z")));
    assert_eq!(serde_json::to_value(&short).expect("can be written")["time"], "08:05");
}

#[test]
fn no_days_are_refused_in_a_sentence() {
    let said = "days must name at least one day, from 0 (Monday) to 6 (Sunday); leave it out for every day";
    assert_eq!(refused(json!({ "id": "a", "time": "08:05", "days": [] })), said);
    let said = "a day is a number from 0 (Monday) to 6 (Sunday), not 7";
    assert_eq!(refused(json!({ "id": "a", "time": "08:05", "days": [0, 7] })), said);
    assert!(refused(json!({ "id": "a", "time": "08:05", "days": [-1] })).ends_with("not -1"));
}

#[test]
fn what_is_no_time_of_the_day_is_refused() {
    for text in ["24:00", "8:5", "8", "08:60", "+8:05", "08:05:00", "008:05", "ocho", "", "０８:０５"] {
        let said = format!("a time of the day is written HH:MM, like 08:05, not {text:?}");
        assert_eq!(refused(json!({ "id": "a", "time": text })), said);
    }
}

#[test]
fn what_is_missing_or_too_much_is_refused() {
    assert_eq!(refused(json!({ "id": "a" })), "one of time, times, every and sun is needed");
    assert_eq!(refused(json!({ "time": "08:05" })), "id must not be empty");
    let said = refused(json!({ "id": "a", "time": "08:05", "sun": { "event": "dusk" } }));
    assert_eq!(said, "only one of time, times, every and sun is possible, not time and sun");
    let said = "times must name at least one time of the day, like 08:05";
    assert_eq!(refused(json!({ "id": "a", "times": [] })), said);
    let said = refused(json!({ "id": "a", "every": { "minutes": 0 } }));
    assert_eq!(said, "every.minutes is a number from 1 to 1440, not 0");
    let said = refused(json!({ "id": "a", "every": { "minutes": 5, "from": "08:00", "to": "8:00" } }));
    assert_eq!(said, "every.from and every.to must differ; leave them out for the whole day");
    let said = refused(json!({ "id": "a", "sun": { "event": "sunset", "offset_minutes": 721 } }));
    assert_eq!(said, "sun.offset_minutes is a number from -720 to 720, not 721");
    assert!(refused(json!({ "id": "a", "time": "08:05", "run_late_minutes": -1 })).ends_with("not -1"));
}

#[test]
fn every_kind_of_schedule_is_written_as_it_is_read() {
    for form in [
        json!({ "id": "a", "times": ["06:00", "18:00"], "days": [0], "enabled": true, "route": "outside" }),
        json!({ "id": "b", "every": { "minutes": 45, "from": "22:00", "to": "06:00" }, "days": [5, 6], "enabled": true }),
        json!({ "id": "c", "sun": { "event": "dusk", "offset_minutes": -15 }, "days": [1], "enabled": false,
                "run_late_minutes": 20 }),
    ] {
        let read: Schedule = serde_json::from_value(form.clone()).expect("a schedule");
        assert_eq!(serde_json::to_value(read).expect("can be written"), form);
    }
}

#[test]
fn a_change_changes_what_it_names_and_nothing_else() {
    let before = schedule(json!({ "time": "08:05", "days": [0], "run_late_minutes": 5, "route": "outside" }));
    let changed = |form| serde_json::from_value::<Form>(form).expect("a form").changed(before.clone());
    assert_eq!(changed(json!({})), Ok(before.clone()));
    assert_eq!(changed(json!({ "enabled": false })), Ok(Schedule { enabled: false, ..before.clone() }));
    let without = Schedule { misfire: Misfire::Skip, route: None, ..before.clone() };
    assert_eq!(changed(json!({ "run_late_minutes": 0, "route": "" })), Ok(without));
    let at_dusk = changed(json!({ "id": "other", "sun": { "event": "dusk" } })).expect("a schedule");
    assert!(at_dusk.needs_place() && at_dusk.id == before.id && at_dusk.days == before.days);
    assert_eq!(changed(json!({ "days": [] })), Err(ScheduleError::NoDays));
}

#[test]
fn a_place_is_on_the_globe() {
    assert!(Place::new(25.03, 121.56).is_ok() && Place::new(-90.0, -180.0).is_ok());
    for (latitude, longitude) in [(90.1, 0.0), (0.0, 180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
        assert_eq!(Place::new(latitude, longitude), Err(ScheduleError::NoSuchPlace));
    }
}

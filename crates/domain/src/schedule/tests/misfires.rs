//! Moments that were missed.

use serde_json::json;

use super::*;

fn verdicts(form: Value, last_checked: &str, now: &str) -> Vec<(String, Verdict)> {
    let due = due(&schedule(form), &site("UTC"), at(last_checked), at(now));
    due.into_iter().map(|due| (due.at.to_string(), due.verdict)).collect()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

#[test]
fn a_moment_that_has_just_come_is_begun_and_only_once() {
    let daily = json!({ "time": "08:00" });
    let fired = [("2026-11-20T08:00:00Z".to_owned(), Verdict::Fire)];
    assert_eq!(verdicts(daily.clone(), "2026-11-20T07:59:59.9Z", "2026-11-20T08:00:00Z"), fired);
    assert_eq!(verdicts(daily.clone(), "2026-11-20T08:00:00Z", "2026-11-20T08:00:01Z"), []);
    assert_eq!(verdicts(daily, "2026-11-20T07:00:00Z", "2026-11-20T07:59:59Z"), []);
}

#[test]
fn a_moment_noticed_too_late_is_missed() {
    let missed = Missed::TooLate { by: minutes(12) };
    let expected = [("2026-11-20T08:00:00Z".to_owned(), Verdict::Missed(missed))];
    assert_eq!(verdicts(json!({ "time": "08:00" }), "2026-11-20T07:00:00Z", "2026-11-20T08:12:00Z"), expected);
    assert_eq!(missed.to_string(), "noticed 12 min too late to begin");
}

#[test]
fn a_missed_moment_is_made_up_for_within_its_time_and_not_after_it() {
    let patient = json!({ "time": "08:00", "run_late_minutes": 30 });
    let verdict = |now| verdicts(patient.clone(), "2026-11-20T07:00:00Z", now).remove(0).1;
    assert_eq!(verdict("2026-11-20T08:01:00Z"), Verdict::Fire);
    assert_eq!(verdict("2026-11-20T08:01:01Z"), Verdict::FireLate);
    assert_eq!(verdict("2026-11-20T08:30:00Z"), Verdict::FireLate);
    let too_late = Missed::TooLate { by: Duration::from_secs(30 * 60 + 1) };
    assert_eq!(verdict("2026-11-20T08:30:01Z"), Verdict::Missed(too_late));
}

#[test]
fn whoever_slept_through_several_moments_begins_once() {
    let half_hourly = json!({ "every": { "minutes": 30 }, "run_late_minutes": 120 });
    let due = verdicts(half_hourly, "2026-11-20T06:00:00Z", "2026-11-20T09:10:00Z");
    let kinds: Vec<_> = due.iter().map(|(_, verdict)| *verdict).collect();
    let too_late = Verdict::Missed(Missed::TooLate { by: minutes(160) });
    let also = Verdict::Missed(Missed::TooLate { by: minutes(130) });
    let superseded = Verdict::Missed(Missed::Superseded);
    assert_eq!(kinds, [too_late, also, superseded, superseded, superseded, Verdict::FireLate]);
}

#[test]
fn a_clock_that_was_set_back_repeats_nothing() {
    assert_eq!(verdicts(json!({ "time": "08:00" }), "2026-11-20T08:30:00Z", "2026-11-20T07:30:00Z"), []);
}

#[test]
fn a_long_absence_is_looked_back_at_for_a_week() {
    let due = verdicts(json!({ "time": "08:00" }), "2020-01-01T00:00:00Z", "2026-11-20T12:00:00Z");
    assert_eq!(due.len(), 7);
    assert_eq!(due[0].0, "2026-11-14T08:00:00Z");
}

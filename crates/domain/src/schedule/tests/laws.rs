//! What is true of every schedule.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const ZONES: [&str; 8] = [
    "UTC",
    "Asia/Taipei",
    "Europe/Madrid",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
];

fn time() -> impl Strategy<Value = String> {
    (0..24, 0..60).prop_map(|(hour, minute)| format!("{hour}:{minute:02}"))
}

fn rules() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::collection::vec(time(), 1..5).prop_map(|times| json!({ "times": times })),
        (20..=1440, time(), prop::option::of(time())).prop_filter_map("no time passes", |(minutes, from, to)| {
            (to.as_ref() != Some(&from)).then(|| json!({ "every": { "minutes": minutes, "from": from, "to": to } }))
        }),
        (prop::sample::select(vec!["dawn", "sunrise", "sunset", "dusk"]), -720..=720)
            .prop_map(|(event, offset_minutes)| json!({ "sun": { "event": event, "offset_minutes": offset_minutes } })),
    ]
}

fn schedules() -> impl Strategy<Value = Schedule> {
    (rules(), prop::collection::vec(0..7, 1..8)).prop_map(|(mut form, days)| {
        form["days"] = json!(days);
        schedule(form)
    })
}

fn sites() -> impl Strategy<Value = Site> {
    (prop::sample::select(&ZONES[..]), -66.0..66.0, -180.0..180.0)
        .prop_map(|(zone, latitude, longitude)| site_at(zone, latitude, longitude))
}

/// From 2005 to 2035, so that Samoa's missing day is among them.
fn moments() -> impl Strategy<Value = Timestamp> {
    (1_104_537_600..2_051_222_400_i64).prop_map(|second| Timestamp::from_second(second).expect("in range"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_next_moment_is_later_and_a_later_question_has_no_earlier_answer(
        schedule in schedules(), site in sites(), after in moments(), wait in 0..2_000_000_i64,
    ) {
        let next = next_after(&schedule, &site, after).expect("this far from the poles there is one every week");
        prop_assert!(next > after);
        let asked_later = after + SignedDuration::from_secs(wait);
        let later = next_after(&schedule, &site, asked_later).expect("there is always one");
        prop_assert!(later >= next);
        prop_assert_eq!(later == next, asked_later < next);
    }

    #[test]
    fn the_moments_are_sorted_differ_and_are_those_found_one_by_one(
        schedule in schedules(), site in sites(), after in moments(),
    ) {
        let moments: Vec<_> = Firings::new(&schedule, &site, after).take(8).collect();
        prop_assert_eq!(moments.len(), 8);
        prop_assert!(moments.is_sorted_by(|a, b| a < b));
        let mut found = after;
        for moment in &moments {
            found = next_after(&schedule, &site, found).expect("there is always one");
            prop_assert_eq!(*moment, found);
        }
    }

    #[test]
    fn checking_often_or_seldom_finds_the_same_moments(
        schedule in schedules(), site in sites(), after in moments(), steps in prop::collection::vec(1..40_000_i64, 1..12),
    ) {
        let (mut checked, mut found) = (after, Vec::new());
        for step in steps {
            let now = checked + SignedDuration::from_secs(step);
            found.extend(due(&schedule, &site, checked, now).into_iter().map(|due| due.at));
            checked = now;
        }
        let at_once: Vec<_> = due(&schedule, &site, after, checked).into_iter().map(|due| due.at).collect();
        prop_assert_eq!(found, at_once);
    }

    #[test]
    fn at_most_the_last_moment_is_begun(
        schedule in schedules(), site in sites(), after in moments(), seconds in 0..600_000_i64,
    ) {
        let due = due(&schedule, &site, after, after + SignedDuration::from_secs(seconds));
        let begun = |due: &Due| !matches!(due.verdict, Verdict::Missed(_));
        prop_assert!(due.iter().rev().skip(1).all(|due| !begun(due)));
    }

    #[test]
    fn a_time_of_the_day_is_what_the_clock_shows_unless_it_skips_it(
        hour in 0..24_i8, minute in 0..60_i8, zone in prop::sample::select(&ZONES[..]), after in moments(),
    ) {
        let site = site(zone);
        let daily = schedule(json!({ "time": format!("{hour}:{minute:02}") }));
        let next = next_after(&daily, &site, after).expect("there is always one").to_zoned(site.zone.clone());
        let shown = next.datetime();
        let is_shown = (shown.hour(), shown.minute()) == (hour, minute);
        let after_gap = site.zone.preceding(next.timestamp() + SignedDuration::from_secs(1)).next()
            .is_some_and(|change| change.timestamp() == next.timestamp());
        prop_assert!(is_shown || after_gap, "{next} for {hour}:{minute:02}");
    }
}

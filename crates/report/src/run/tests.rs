//! What stands in the report of a run.

use bytes::Bytes;

use super::*;

fn at(text: &str) -> Zoned {
    text.parse().expect("a time")
}

fn inspection(point: &str, verdict: Option<Verdict>) -> Inspection {
    Inspection {
        point: point.into(),
        place: (1.0, 2.0),
        round: 1,
        at: None,
        verdict,
        prompt: String::new(),
        description: String::new(),
        trouble: None,
        photo: None,
        more_photos: Vec::new(),
        previous: None,
        difference: None,
        difference_score: None,
        attempts: 0,
    }
}

fn report(inspections: Vec<Inspection>) -> RunReport {
    RunReport {
        number: 7,
        robot: Robot { id: "robot-a".into(), name: String::new(), serial: None },
        route: None,
        started: at("2026-03-29T01:30:00+01:00[Europe/Madrid]"),
        ended: Some(at("2026-03-29T04:00:05+02:00[Europe/Madrid]")),
        outcome: Outcome::Completed,
        reason: None,
        dry_run: false,
        model: None,
        summary: None,
        video_analysis: None,
        map: None,
        way: Vec::new(),
        inspections,
        alerts: Vec::new(),
        expenses: Vec::new(),
        negative_control: None,
        made: at("2026-03-29T05:00:00+02:00[Europe/Madrid]"),
    }
}

fn view(report: &RunReport) -> serde_json::Value {
    let mut pictures = Pictures::default();
    let draft = view::Draft::new(report, &mut pictures);
    draft.view(&pictures.look())
}

#[test]
fn w09_the_verdict_is_the_stored_one_whatever_the_text_says() {
    let unreachable = Inspection { description: "Move Failed".into(), ..inspection("a", Some(Verdict::Unreachable)) };
    let praised = Inspection { description: "nothing is wrong".into(), ..inspection("b", Some(Verdict::Ok)) };
    let view = view(&report(vec![unreachable, praised, inspection("c", None)]));
    let verdicts: Vec<_> = view["points"].as_array().into_iter().flatten().map(|point| &point["verdict"]).collect();
    assert_eq!(verdicts, ["UNREACHABLE", "OK", "PENDING"]);
    let counts = serde_json::json!([["OK", 1], ["NG", 0], ["UNREACHABLE", 1], ["PENDING", 1]]);
    assert_eq!(view["counts"], counts);
    let concerns: Vec<_> = view["attention"].as_array().into_iter().flatten().map(|point| &point["name"]).collect();
    assert_eq!(concerns, ["a", "c"]);
}

#[test]
fn a_duration_is_what_passed_and_not_what_the_clocks_show() {
    let view = view(&report(Vec::new()));
    let fact = |name: &str| {
        let facts = view["facts"].as_array().into_iter().flatten();
        facts.into_iter().find(|fact| fact[0] == name).map(|fact| fact[1].clone())
    };
    assert_eq!(fact("Duration"), Some("1 h 30 min 5 s".into()));
    assert_eq!(fact("Started"), Some("2026-03-29 01:30:00".into()));
    assert_eq!(fact("Time zone"), Some("Europe/Madrid".into()));
    assert_eq!(fact("Robot"), Some("robot-a".into()));
}

#[test]
fn a_waypoint_keeps_its_number_in_every_loop_and_shows_its_worst_verdict_on_the_map() {
    let again = Inspection { round: 2, ..inspection("a", Some(Verdict::Ng)) };
    let third = Inspection { round: 3, ..inspection("a", Some(Verdict::Ok)) };
    let mut report = report(vec![inspection("a", Some(Verdict::Ok)), inspection("b", Some(Verdict::Ok)), again, third]);
    let png = Bytes::from_static(include_bytes!("../../tests/data/map.png"));
    report.map = Some(Map { png, resolution: 0.1, width: 40, height: 30, origin: (0.0, 0.0, 0.0) });
    let view = view(&report);
    let numbers: Vec<_> = view["points"].as_array().into_iter().flatten().map(|point| &point["number"]).collect();
    assert_eq!(numbers, [1, 2, 1, 1]);
    let marks: Vec<_> = view["map"]["marks"].as_array().into_iter().flatten().map(|mark| &mark["verdict"]).collect();
    assert_eq!(marks, ["NG", "OK"]);
}

#[test]
fn what_was_used_is_added_up_and_an_unknown_price_is_not_taken_for_nothing() {
    let expense =
        |purpose, total, cost| Expense { purpose, tokens: Tokens { input: total - 20, output: 20, total }, cost };
    let priced = [
        expense(Purpose::Inspection, 1_000, Some(0.25)),
        expense(Purpose::Message, 500, Some(0.5)),
        Expense { purpose: Purpose::Video, tokens: Tokens::default(), cost: None },
    ];
    let lines = expenses(&priced);
    assert_eq!(lines.len(), 3, "what used nothing has no line: {lines:?}");
    assert_eq!(lines[2], serde_json::json!({ "name": "Total", "tokens": ["1,460", "40", "1,500"], "cost": "$0.7500" }));
    let unknown = [priced[0], expense(Purpose::Report, 100, None)];
    assert_eq!(expenses(&unknown)[2]["cost"], "–");
}

#[test]
fn every_photo_of_a_waypoint_is_shown_and_numbered() {
    let png = Bytes::from_static(include_bytes!("../../tests/data/map.png"));
    let photo = |taken| Photo { picture: png.clone(), taken };
    let taken = at("2026-03-29T03:00:00+02:00[Europe/Madrid]");
    let look = Inspection {
        photo: Some(photo(Some(taken))),
        more_photos: vec![photo(None), photo(None)],
        previous: Some(photo(None)),
        ..inspection("a", Some(Verdict::Ng))
    };
    let view = view(&report(vec![look]));
    let photos = view["points"][0]["photos"].as_array().cloned().unwrap_or_default();
    let captions: Vec<_> = photos.iter().map(|photo| photo["caption"].clone()).collect();
    assert_eq!(captions, ["Photo 1 · 2026-03-29 03:00:00", "Photo 2", "Photo 3", "Before"]);
    assert!(photos.iter().all(|photo| photo["picture"].is_object()), "{photos:?}");
}

#[test]
fn a_photo_that_was_lost_is_said_to_be() {
    let lost = Photo { picture: Bytes::new(), taken: None };
    let view = view(&report(vec![Inspection { photo: Some(lost), ..inspection("a", Some(Verdict::Ok)) }]));
    let photo = &view["points"][0]["photos"][0];
    assert_eq!(photo["picture"], serde_json::Value::Null);
    assert!(photo["caption"].as_str().is_some_and(|caption| caption.contains("lost or broken")), "{photo}");
}

//! `ronda annotate`, `ronda zones` and `ronda infer` as an operator runs them: the real command on a film of shapes whose
//! places are known, with the detector for tests.

mod scene;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::alert::Alert;
use domain::picture::Picture;
use serde_json::Value;

use scene::{Bench, FPS, SIZE};

/// How far a box may be from the truth, in pixels: the detector's own error, and that of the film's compression.
const TOLERANCE: f64 = 4.0;

#[test]
fn an_annotated_film_has_every_frame_and_a_line_for_each() {
    let bench = Bench::new();
    let film = bench.film("street.mp4", 80);
    let run = bench.ronda(&["annotate", &film, "-o", "out.mp4", "--jsonl", "out.jsonl", "--camera", "yard"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.err.contains("out.mp4: 80 frames, 2 tracks, 1 alerts"), "{}", run.err);

    let frames = bench.frames("out.mp4");
    assert_eq!((frames.len(), frames[0].size()), (80, SIZE));
    let lines = bench.lines("out.jsonl");
    assert_eq!(lines.len(), 80);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["camera_id"], "yard");
        assert_eq!(line["image_size"], serde_json::json!([SIZE.width, SIZE.height]));
        assert!((line["position_seconds"].as_f64().expect("a number") - index as f64 / FPS).abs() < 0.001, "{line}");
        assert_near(&seen(line, "object")["bbox"], scene::object_at(index));
        assert_near(&seen(line, "pine")["bbox"], scene::PINE);
    }
}

#[test]
fn a_thing_keeps_its_number_through_the_film() {
    let bench = Bench::new();
    let film = bench.film("street.mp4", 60);
    assert_eq!(bench.ronda(&["annotate", &film, "-o", "out.mp4", "--jsonl", "out.jsonl"]).code, 0);
    let numbers = |class: &str| -> BTreeSet<u64> {
        bench.lines("out.jsonl").iter().filter_map(|line| seen(line, class)["tracking_id"].as_u64()).collect()
    };
    let (objects, pines) = (numbers("object"), numbers("pine"));
    assert_eq!((objects.len(), pines.len()), (1, 1));
    assert_ne!(objects, pines);
}

#[test]
fn what_breaks_a_rule_is_marked_in_red_and_its_zone_is_drawn() {
    let bench = Bench::new();
    let film = bench.film("street.mp4", 80);
    let run = bench.ronda(&["annotate", &film, "-o", "out.mp4", "--camera", "yard"]);
    assert_eq!(run.code, 0, "{run:?}");
    let frames = bench.frames("out.mp4");
    let is_orange = |[red, green, blue]: [u8; 3]| red > 180 && (110..210).contains(&green) && blue < 90;
    let is_red = |[red, green, blue]: [u8; 3]| red > 140 && green < 80 && blue < 80;
    assert!(share_over_object(&frames, 10, is_orange) > 0.5, "its class's colour before the zone");
    assert!(share_over_object(&frames, 70, is_red) > 0.5, "red in the zone");
    assert!(share_over_object(&frames, 10, is_red) < 0.1, "and not before");

    let [red, _, blue] = scene::colour(&frames[0], 300, 240);
    assert!(red > blue + 20, "the zone is tinted");
    let [red, _, blue] = scene::colour(&frames[0], 100, 240);
    assert!(red.abs_diff(blue) < 12, "and nothing else is");
}

#[test]
fn a_film_can_be_cut_short_and_thinned_out() {
    let bench = Bench::new();
    let film = bench.film("street.mp4", 80);
    let run = bench.ronda(&["annotate", &film, "-o", "out.mp4", "--fps", "5", "--max-seconds", "1.9"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(bench.frames("out.mp4").len(), 10);
}

#[test]
fn an_interrupt_completes_the_film_and_its_sidecar() {
    let bench = Bench::new();
    let film = bench.film("long.mp4", 1500);
    let child = bench.start(&["annotate", &film, "-o", "out.mp4", "--jsonl", "out.jsonl"]);
    // The sidecar is written in blocks: when one has arrived, the film is well under way.
    bench.wait_until("the film is under way", || bench.bytes_of_hidden_files() > 16_000);
    child.interrupt();
    let run = child.finished();
    assert_eq!(run.code, 0, "{run:?}");
    let (frames, lines) = (bench.frames("out.mp4").len(), bench.lines("out.jsonl").len());
    assert!(frames == lines && (1..1500).contains(&frames), "{frames} frames, {lines} lines");
    assert_eq!(bench.bytes_of_hidden_files(), 0, "nothing unfinished is left");
}

#[test]
fn a_stream_is_recorded_for_as_long_as_it_is_asked_for() {
    let bench = Bench::new();
    let camera = bench.camera("yard");
    let run = bench.ronda(&["annotate", &camera.url("yard"), "-o", "out.mp4", "--fps", "10", "--max-seconds", "2"]);
    assert_eq!(run.code, 0, "{run:?}");
    let frames = bench.frames("out.mp4").len();
    assert!((15..=22).contains(&frames), "{frames} frames of 2 s at 10 fps");
}

#[test]
fn what_was_recorded_of_a_stream_that_ends_is_kept() {
    let bench = Bench::new();
    let camera = bench.camera("yard");
    let child = bench.start(&["annotate", &camera.url("yard"), "-o", "out.mp4", "--jsonl", "out.jsonl"]);
    bench.wait_until("the film is under way", || bench.bytes_of_hidden_files() > 16_000);
    camera.stop_mount("yard").expect("is mounted");
    let run = child.finished();
    // Whether the camera's goodbye or the end of its connection arrives first is chance, and told as it was.
    assert_eq!(run.code, i32::from(run.err.contains("ronda: the film ends early: ")), "{run:?}");
    let (frames, lines) = (bench.frames("out.mp4").len(), bench.lines("out.jsonl").len());
    assert!(frames == lines && frames > 0, "{frames} frames, {lines} lines");
}

#[test]
fn what_can_be_read_of_a_damaged_film_is_kept_and_the_damage_is_reported() {
    let bench = Bench::new();
    let film = bench.film("street.mp4", 160);
    bench.cut_in_half("street.mp4");
    let run = bench.ronda(&["annotate", &film, "-o", "out.mp4", "--jsonl", "out.jsonl"]);
    assert_eq!(run.code, 1, "{run:?}");
    let last = run.err.lines().last().unwrap_or_default();
    assert!(last.starts_with("ronda: the film ends early: there is nothing after "), "{last}");
    let (frames, lines) = (bench.frames("out.mp4").len(), bench.lines("out.jsonl").len());
    assert!((1..160).contains(&frames) && (1..160).contains(&lines), "{frames} frames, {lines} lines");
}

#[test]
fn the_zones_of_a_camera_raise_the_alerts_that_they_must() {
    let bench = Bench::new();
    let film = bench.film("street.mp4", 80);
    let run = bench.ronda(&["zones", &film, "--camera", "yard"]);
    assert_eq!(run.code, 0, "{run:?}");
    let alerts: Vec<Alert> = run.out.lines().map(|line| serde_json::from_str(line).expect("an alert")).collect();
    let [alert] = &alerts[..] else { panic!("one alert, not {}", run.out) };
    assert_eq!((alert.camera_id.as_str(), alert.roi_name.as_deref()), ("yard", Some("east")));
    assert_eq!((&*alert.detection.class_name, alert.image_size), ("object", Some(SIZE)));
    assert_eq!(alert.model.as_ref().map(|model| model.name.as_str()), Some("shapes"));
    let entered = (0..80).position(|index| scene::is_in_the_east(scene::object_at(index))).expect("it crosses");
    let raised = alert.captured_at.expect("a time").as_millisecond() as f64 / 1e3;
    assert!((raised - entered as f64 / FPS).abs() < 0.1, "raised at {raised} s, entered in frame {entered}");
    let truth = scene::object_at((raised * FPS).round() as usize);
    assert_near(&serde_json::json!(alert.detection.bbox), truth);
}

#[test]
fn the_same_film_gives_the_same_alert_ids() {
    let bench = Bench::new();
    let film = bench.film("street.mp4", 60);
    let run = || bench.ronda(&["zones", &film, "--camera", "yard"]).out;
    let (first, second) = (run(), run());
    assert!(!first.is_empty());
    assert_eq!(first, second);
}

#[test]
fn zones_of_a_camera_that_has_none_are_refused_with_those_that_are_there() {
    let bench = Bench::new();
    let film = bench.film("street.mp4", 5);
    let run = bench.ronda(&["zones", &film, "--camera", "gate"]);
    assert_eq!(run.code, 1);
    let expected = "ronda: configs/rois.yaml has no entry for camera gate, only for yard\n";
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", expected));
}

#[test]
fn a_picture_is_looked_at_and_marked() {
    let bench = Bench::new();
    bench.picture("shapes.jpg", 30);
    let run = bench.ronda(&["infer", "shapes.jpg", "-o", "marked.jpg"]);
    assert_eq!(run.code, 0, "{run:?}");
    let answer: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!((&answer["image_size"], &answer["model"]["name"]), (&serde_json::json!([416, 256]), &"shapes".into()));
    assert_near(&seen(&answer, "object")["bbox"], scene::object_at(30));
    assert_near(&seen(&answer, "pine")["bbox"], scene::PINE);
    assert_eq!(answer["detections"].as_array().map(Vec::len), Some(2));
    assert!(bench.difference("shapes.jpg", "marked.jpg") > 100, "boxes are drawn");
}

#[test]
fn a_confidence_that_nothing_reaches_finds_nothing() {
    let bench = Bench::new();
    bench.picture("shapes.jpg", 30);
    let run = bench.ronda(&["infer", "shapes.jpg", "--conf", "1"]);
    let answer: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(answer["detections"], serde_json::json!([]));
}

#[test]
fn whatever_cannot_be_used_is_named_in_one_sentence_and_nothing_is_left_behind() {
    let bench = Bench::new();
    let film = bench.film("street.mp4", 5);
    bench.write("words.jpg", "no picture");
    let cases: [(&[&str], &str); 6] = [
        (
            &["infer", "words.jpg"],
            "ronda: cannot use words.jpg: something that is no picture is not read, only JPEG, PNG and WebP",
        ),
        (&["infer", "gone.jpg"], "ronda: cannot read gone.jpg: No such file or directory (os error 2)"),
        (
            &["annotate", "gone.mp4", "-o", "out.mp4"],
            "ronda: cannot read gone.mp4: No such file or directory (os error 2)",
        ),
        (&["annotate", &film, "-o", "out.mp4", "--model", "nobody"], "ronda: there is no model named \"nobody\" in"),
        (&["annotate", "words.jpg", "-o", "out.mp4"], "ronda: "),
        (&["annotate", "rtsp://127.0.0.1:9/none", "-o", "out.mp4"], "ronda: cannot connect to rtsp://127.0.0.1:9/none"),
    ];
    for (args, sentence) in cases {
        let begun = Instant::now();
        let run = bench.ronda(args);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{args:?} {run:?}");
        let last = run.err.lines().last().unwrap_or_default();
        assert!(last.starts_with(sentence), "{args:?}: {last}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{args:?}");
    }
    assert!(!bench.path("out.mp4").exists());
    assert_eq!(bench.bytes_of_hidden_files(), 0);
}

#[test]
fn a_bad_configuration_is_not_passed_over_in_silence() {
    let bench = Bench::new();
    let film = bench.film("street.mp4", 5);
    bench.write("configs/services.yaml", "inference: {confidence: 7}\n");
    let run = bench.ronda(&["annotate", &film, "-o", "out.mp4"]);
    let expected = "ronda: configs/services.yaml:1: inference.confidence: must be a number from 0 to 1, not 7\n";
    assert_eq!((run.code, run.err.as_str()), (1, expected));
}

/// Returns the one thing of a class among the detections of a line.
fn seen<'l>(line: &'l Value, class: &str) -> &'l Value {
    let all = line["detections"].as_array().expect("a list");
    let of_class: Vec<_> = all.iter().filter(|detection| detection["class_name"] == class).collect();
    assert_eq!(of_class.len(), 1, "one {class} in {line}");
    of_class[0]
}

fn assert_near(bbox: &Value, truth: [f64; 4]) {
    let found: [f64; 4] = serde_json::from_value(bbox.clone()).expect("four numbers");
    let is_near = found.iter().zip(truth).all(|(found, truth)| (found - truth).abs() <= TOLERANCE);
    assert!(is_near, "{found:?} is not {truth:?}");
}

/// Returns the share of the pixels with a colour in the place of the label over the object.
fn share_over_object(frames: &[Picture], index: usize, is_meant: impl Fn([u8; 3]) -> bool) -> f64 {
    let [left, top, ..] = scene::object_at(index).map(|edge| edge as u32);
    let places: Vec<_> = (left..left + 50).flat_map(|x| (top - 12..top - 2).map(move |y| (x, y))).collect();
    let meant = places.iter().filter(|(x, y)| is_meant(scene::colour(&frames[index], *x, *y))).count();
    meant as f64 / places.len() as f64
}

/// The films lie in the bench's own directory, which commands run in.
#[test]
fn a_relative_path_is_found_from_the_working_directory() {
    let bench = Bench::new();
    bench.film("street.mp4", 5);
    assert!(Path::new("street.mp4").is_relative());
    assert_eq!(bench.ronda(&["zones", "street.mp4", "--camera", "yard"]).code, 0);
}

//! What `rois.yaml` may say, and what is written back.

use super::*;
use crate::zone::AlertPlan;

fn file(yaml: &str) -> RoisFile {
    serde_yaml::from_str(yaml).expect("valid YAML")
}

fn check(yaml: &str) -> (Vec<CameraZones>, Vec<String>) {
    let (zones, problems) = file(yaml).check();
    (zones, problems.iter().map(ToString::to_string).collect())
}

fn good(yaml: &str) -> CameraZones {
    let (mut zones, problems) = check(yaml);
    assert_eq!(problems, Vec::<String>::new());
    zones.pop().expect("one camera")
}

const SITE: &str = "cameras:
- camera_id: cam_nave3_hornos_b_cam3
  forbidden_rois:
  - name: left
    points: [[441, 1429], [484, 834], [855, 807], [980, 1422]]
  - points: [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
  allowed_classes: [pine, worker]
";

#[test]
fn the_keys_of_the_reference_are_enough() {
    let zones = good("cameras: [{camera_id: gate}]");
    assert_eq!(zones, CameraZones::none("gate".parse().expect("an id")));
    assert_eq!(texts(&zones.allowed_classes), ["pine", "worker"]);
    assert_eq!((texts(&zones.alert_classes), zones.strict_mode), (vec!["object".to_owned()], true));
}

#[test]
fn a_zone_without_a_name_is_numbered() {
    let zones = good(SITE);
    assert_eq!(zones.zones.iter().map(|zone| &*zone.name).collect::<Vec<_>>(), ["left", "roi_2"]);
}

#[test]
fn corners_within_one_are_parts_of_the_picture_and_others_are_pixels() {
    let zones = good(SITE);
    let spaces: Vec<_> = zones.zones.iter().map(|zone| zone.space).collect();
    assert_eq!((spaces, zones.depends_on_resolution()), (vec![Space::Pixels, Space::Relative], true));
}

#[test]
fn a_reference_size_scales_pixels_and_leaves_parts_alone() {
    let zones = good(&format!("{SITE}  reference_size: [2560, 1440]\n"));
    let corners: Vec<Point> =
        zones.polygons_in(Size::new(1280, 720)).map(|(_, polygon)| polygon.corners()[0]).collect();
    assert_eq!(corners, [Point::new(220.5, 714.5), Point::new(128.0, 72.0)]);
    assert!(!zones.depends_on_resolution());
}

#[test]
fn the_oldest_form_with_bare_corners_is_understood() {
    let zones = good("cameras: [{id: gate, forbidden_rois: [[[0, 0], [9, 0], [9, 9]], [[5, 5], [9, 5], [9, 9]]]}]");
    let names: Vec<_> = zones.zones.iter().map(|zone| &*zone.name).collect();
    assert_eq!((zones.camera_id.as_str(), names), ("gate", vec!["roi_1", "roi_2"]));
}

#[test]
fn what_stands_at_the_entry_holds_for_its_zones_unless_they_say_otherwise() {
    let zones = good(
        "cameras:
- camera_id: gate
  anchor: bottom_center
  n_of_m: {n: 2, m: 3}
  dwell_seconds: 1.5
  repeat_seconds: 0
  severity: critical
  forbidden_rois:
  - {name: a, points: [[0, 0], [9, 0], [9, 9]]}
  - {name: b, points: [[0, 0], [9, 0], [9, 9]], anchor: any_overlap, severity: info, classes: [person], n_of_m: {n: 1, m: 1}}
",
    );
    let [a, b] = &zones.zones[..] else { panic!("two zones") };
    let plan = AlertPlan {
        n_of_m: NOfM::new(2, 3).expect("2 of 3"),
        dwell_seconds: 1.5,
        repeat_seconds: 0.0,
        severity: Severity::Critical,
    };
    assert_eq!((a.anchor, a.plan, &a.classes), (Anchor::BottomCenter, plan, &None));
    assert_eq!(b.plan, AlertPlan { n_of_m: NOfM::default(), severity: Severity::Info, ..plan });
    assert_eq!((b.anchor, b.classes.as_ref().map(texts)), (Anchor::AnyOverlap, Some(vec!["person".to_owned()])));
}

#[test]
fn a_bad_entry_is_named_and_does_not_hide_the_good_ones() {
    let (zones, problems) = check(
        "cameras:
- camera_id: a
  forbidden_rois:
  - {name: two, points: [[0, 0], [1, 1]]}
  - {name: odd, points: [[0, 0], [1, x], [2, 2]], anchor: top}
  - {points: [[0, 0], [9, 0], [9, 9]], n_of_m: {n: 4, m: 3}}
  - 7
- camera_id: b
  forbidden_rois: [{name: z, points: [[0, 0], [9, 0], [9, 9]]}, {name: z, points: [[0, 0], [9, 0], [9, 9]]}]
- {camera_id: c, strict_mode: perhaps, allowed_clases: [pine], reference_size: [0, 5]}
- {camera_id: d}
- {camera_id: d}
- {forbidden_rois: []}
",
    );
    assert_eq!(zones.iter().map(|z| z.camera_id.as_str()).collect::<Vec<_>>(), ["d"]);
    let expected = [
        "entry 1 (a): forbidden_rois[0].points: a polygon has at least 3 points, not 2",
        "entry 1 (a): forbidden_rois[1].points: must be a list of points [x, y], not [[0,0],[1,\"x\"],[2,2]]",
        "entry 1 (a): forbidden_rois[1].anchor: must be one of center, bottom_center, any_overlap, not \"top\"",
        "entry 1 (a): forbidden_rois[2].n_of_m: must be {n, m} with 1 ≤ n ≤ m ≤ 64, not {\"m\":3,\"n\":4}",
        "entry 1 (a): forbidden_rois[3]: must be a mapping of keys to values, not a number",
        "entry 2 (b): forbidden_rois[1].name: \"z\" is the name of another zone of this camera already",
        "entry 3 (c): reference_size: must be [width, height] in pixels, not [0,5]",
        "entry 3 (c): strict_mode: must be true or false, not \"perhaps\"",
        "entry 3 (c): allowed_clases: is no known key, did you mean allowed_classes?",
        "entry 5 (d): camera_id: has an entry already",
        "entry 6: camera_id: is missing: the id of a camera of cameras.yaml",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn an_entry_that_was_written_is_read_back_as_the_same_zones() {
    let yaml = format!("{SITE}  reference_size: [2560, 1440]\n  dwell_seconds: 2.5\n  n_of_m: {{n: 2, m: 5}}\n");
    let zones = good(&yaml);
    let mut file = RoisFile::default();
    file.replace(&zones);
    let written = serde_yaml::to_string(&file).expect("a file can be written");
    assert_eq!(good(&written), zones);
}

#[test]
fn an_unchanged_zone_of_the_reference_keeps_its_keys_and_whole_pixels() {
    let entry = good(SITE).to_entry();
    let roi = serde_json::to_value(&entry.forbidden_rois[0]).expect("a zone can be written");
    assert_eq!(roi["points"], serde_json::json!([[441, 1429], [484, 834], [855, 807], [980, 1422]]));
    let json = serde_json::to_value(&entry).expect("an entry can be written");
    let keys: Vec<_> = json.as_object().expect("a mapping").keys().cloned().collect();
    assert_eq!(keys, ["alert_classes", "allowed_classes", "camera_id", "forbidden_rois", "strict_mode"]);
}

#[test]
fn replacing_one_entry_leaves_the_others_as_they_were_even_bad_ones() {
    let mut file = file("cameras:\n- camera_id: bad\n  zebra: 1\n  alpha: 2\n- camera_id: gate\n- camera_id: last\n");
    let untouched = (file.cameras[0].clone(), file.cameras[2].clone());
    let zones =
        CameraZones::check(&serde_json::from_str(r#"{"camera_id": "gate", "strict_mode": false}"#).expect("JSON"));
    file.replace(&zones.expect("a good entry"));
    assert_eq!((file.cameras[0].clone(), file.cameras[2].clone()), untouched);
    let gate = "gate".parse().expect("an id");
    assert_eq!(file.entry(&gate).and_then(|entry| entry.value("strict_mode")), Some(&serde_json::json!(false)));
}

#[test]
fn a_camera_named_by_a_number_is_replaced_and_not_doubled() {
    let mut file = file("cameras: [{camera_id: 7, strict_mode: false}]");
    file.replace(&CameraZones::none("7".parse().expect("an id")));
    assert_eq!(file.check(), (vec![CameraZones::none("7".parse().expect("an id"))], vec![]));
}

#[test]
fn a_zone_over_the_whole_picture_fits_every_picture() {
    let zones = good("cameras: [{camera_id: gate, forbidden_rois: [{points: [[0,0],[1,0],[1,1],[0,1]]}]}]");
    let misfits: Vec<_> = (1..2000).filter(|side| !zones.misfits(Size::new(*side, *side)).is_empty()).collect();
    assert_eq!(misfits, Vec::<u32>::new());
}

#[test]
fn replacing_an_entry_that_is_not_there_adds_it() {
    let mut file = file("cameras: []");
    file.replace(&CameraZones::none("gate".parse().expect("an id")));
    assert_eq!(file.check().0, [CameraZones::none("gate".parse().expect("an id"))]);
}

#[test]
fn zones_that_reach_over_the_picture_are_named() {
    let zones = good(SITE);
    assert_eq!(zones.misfits(Size::new(2560, 1440)), Vec::<&str>::new());
    assert_eq!(zones.misfits(Size::new(1280, 720)), ["left"]);
}

#[test]
fn the_keys_of_a_zone_are_told_too() {
    let keys = RoisFile::keys();
    let key = |path: &str| keys.iter().find(|key| key.path == path).unwrap_or_else(|| panic!("{path}: {keys:?}"));
    assert!(key("cameras[].camera_id").is_required && key("cameras[].forbidden_rois[].points").is_required);
    assert_eq!(key("cameras[].anchor").default.as_deref(), Some("center"));
    assert_eq!(key("cameras[].forbidden_rois[].severity").default.as_deref(), Some("that of the camera"));
    assert_eq!(key("cameras[].allowed_classes").default.as_deref(), Some("[pine, worker]"));
}

//! The rule of the reference, and what is new in it.

use super::*;
use crate::entry::Entry;

const PICTURE: Size = Size::new(1000, 500);

fn zones(yaml: &str) -> CameraZones {
    let entry: Entry = serde_yaml::from_str(yaml).expect("valid YAML");
    CameraZones::check(&entry).expect("a good entry")
}

/// A square from 0 to 100 with the defaults of the reference.
fn square(more: &str) -> CameraZones {
    zones(&format!(
        "{{camera_id: gate, forbidden_rois: [{{name: pit, points: [[0,0],[100,0],[100,100],[0,100]]}}], {more}}}"
    ))
}

fn seen(class: &str, bbox: [f32; 4]) -> Detection {
    Detection { class_id: 0, class_name: class.into(), confidence: 0.9, bbox: bbox.into(), is_unknown: false }
}

fn inside(class: &str) -> Detection {
    seen(class, [40.0, 40.0, 60.0, 60.0])
}

fn zone_hit(zones: &CameraZones, detection: &Detection) -> Option<String> {
    zones.violation(detection, PICTURE).map(|violation| violation.zone.name.to_string())
}

fn is_hit(zones: &CameraZones, detection: &Detection) -> bool {
    zone_hit(zones, detection).is_some()
}

#[test]
fn in_strict_mode_everything_but_the_allowed_classes_alerts() {
    let zones = square("strict_mode: true");
    for class in ["object", "truck", "unknown_pine", "unknown_object", "unknown", "Pine"] {
        assert!(is_hit(&zones, &inside(class)), "{class}");
    }
    for class in ["pine", "worker"] {
        assert!(!is_hit(&zones, &inside(class)), "{class}");
    }
}

#[test]
fn otherwise_only_the_alert_classes_do() {
    let zones = square("strict_mode: false");
    for class in ["truck", "unknown_pine", "unknown_object", "unknown", "Pine", "pine", "worker"] {
        assert!(!is_hit(&zones, &inside(class)), "{class}");
    }
    assert!(is_hit(&zones, &inside("object")));
}

#[test]
fn what_is_allowed_does_not_alert_even_if_it_is_listed_as_alerting() {
    assert!(!is_hit(&square("strict_mode: false, allowed_classes: [object]"), &inside("object")));
}

#[test]
fn what_is_outside_does_not_alert() {
    assert!(!is_hit(&square(""), &seen("object", [140.0, 40.0, 160.0, 60.0])));
}

#[test]
fn a_camera_without_zones_never_alerts() {
    assert!(!is_hit(&zones("{camera_id: gate}"), &inside("object")));
}

#[test]
fn the_first_zone_that_is_hit_counts() {
    let zones = zones(
        "camera_id: gate
forbidden_rois:
- {name: far, points: [[500,0],[600,0],[600,100]]}
- {name: first, points: [[0,0],[100,0],[100,100],[0,100]]}
- {name: second, points: [[0,0],[200,0],[200,200],[0,200]]}
",
    );
    assert_eq!(zone_hit(&zones, &inside("object")).as_deref(), Some("first"));
}

#[test]
fn a_zone_is_blind_for_classes_that_it_does_not_look_at() {
    let zones = zones(
        "camera_id: gate
forbidden_rois:
- {name: cars, points: [[0,0],[100,0],[100,100],[0,100]], classes: [car]}
- {name: all, points: [[0,0],[100,0],[100,100],[0,100]]}
",
    );
    let hits = ["car", "person", "worker"].map(|class| zone_hit(&zones, &inside(class)));
    assert_eq!(hits, [Some("cars".to_owned()), Some("all".to_owned()), None]);
}

#[test]
fn the_anchor_says_which_part_of_the_box_counts() {
    let (standing_in, middle_in, touching) =
        ([40.0, -200.0, 60.0, 90.0], [40.0, 20.0, 60.0, 150.0], [95.0, 95.0, 300.0, 300.0]);
    let answers = |anchor: &str| {
        let zones = square(&format!("anchor: {anchor}"));
        [standing_in, middle_in, touching].map(|bbox| is_hit(&zones, &seen("object", bbox)))
    };
    assert_eq!(answers("center"), [false, true, false]);
    assert_eq!(answers("bottom_center"), [true, false, false]);
    assert_eq!(answers("any_overlap"), [true, true, true]);
}

#[test]
fn a_zone_in_parts_of_the_picture_follows_its_size() {
    let zones = zones("{camera_id: gate, forbidden_rois: [{points: [[0.5,0],[1,0],[1,1],[0.5,1]]}]}");
    let detection = seen("object", [590.0, 90.0, 610.0, 110.0]);
    assert!(zones.violation(&detection, Size::new(1000, 500)).is_some());
    assert!(zones.violation(&detection, Size::new(2000, 500)).is_none());
}

#[test]
fn a_zone_over_the_whole_picture_holds_its_edges() {
    let zones = zones("{camera_id: gate, forbidden_rois: [{points: [[0,0],[1,0],[1,1],[0,1]]}]}");
    for bbox in [[0.0, 0.0, 0.0, 0.0], [1000.0, 500.0, 1000.0, 500.0], [999.0, 0.0, 1000.0, 1.0]] {
        assert!(is_hit(&zones, &seen("object", bbox)), "{bbox:?}");
    }
}

#[test]
fn a_zone_drawn_on_a_larger_picture_is_scaled_to_the_stream() {
    let zones = square("reference_size: [2000, 1000]");
    assert!(is_hit(&zones, &seen("object", [40.0, 40.0, 50.0, 50.0])));
    assert!(!is_hit(&zones, &seen("object", [50.0, 50.0, 60.0, 60.0])));
}

#[test]
fn the_kind_of_violation_says_how_sure_the_model_was() {
    let zones = square("");
    let kind = |class: &str, confidence: f32| {
        let detection = Detection { confidence, ..inside(class) }.with_unknown_below(0.15);
        zones.violation(&detection, PICTURE).map(|violation| violation.violation_type)
    };
    assert_eq!(kind("object", 0.9), Some(ViolationType::ForbiddenClass));
    assert_eq!(kind("object", 0.1), Some(ViolationType::UnknownObject));
    assert_eq!(kind("pine", 0.1), Some(ViolationType::LowConfidence));
    assert_eq!(kind("pine", 0.9), None);
}

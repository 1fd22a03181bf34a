//! Both backends find what is in a picture, and say why they are not there.
//!
//! onnxruntime's library is found as the product finds it. On a developer's machine without it the tests of it are skipped with a
//! message; where `CI` is set they fail.

use domain::detection::Detection;
use domain::geometry::{BBox, Size};

use super::*;
use crate::detector::{DetectError, Input};
use crate::settings::{BackendChoice, Device};
use crate::testing::{BLUE, GREEN, RED, cache_dir, scene, shapes_manifest, shapes_model, skipped};

const VGA: Size = Size::new(640, 480);

fn settings(backend: BackendChoice) -> Settings {
    Settings { backend, device: Device::Cpu, ..Settings::new(cache_dir()) }
}

fn shapes(backend: BackendChoice) -> Loaded {
    load(&shapes_manifest(), &shapes_model(), &settings(backend)).expect("one of the backends is always there")
}

/// Returns the shapes detector on both backends, or on tract alone where onnxruntime is not installed.
fn both() -> Vec<Box<dyn Detector>> {
    let mut detectors = vec![shapes(BackendChoice::Tract).detector];
    let other = shapes(BackendChoice::Onnxruntime);
    match other.fallback {
        None => detectors.push(other.detector),
        Some(reason) => skipped(&reason),
    }
    detectors
}

fn found(detector: &mut dyn Detector, input: Input<'_>) -> Vec<Detection> {
    detector.detect(&[input]).expect("the detector runs").pop().expect("one list for one input")
}

/// Asserts names and boxes; each side of a box may be a part of its length off.
fn assert_found(detections: &[Detection], expected: &[(&str, BBox)]) {
    let mut detections: Vec<_> = detections.iter().collect();
    detections.sort_by(|a, b| a.bbox.x1.total_cmp(&b.bbox.x1));
    let names: Vec<_> = detections.iter().map(|d| &*d.class_name).collect();
    assert_eq!(names, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (detection, (name, bbox)) in detections.iter().zip(expected) {
        assert!(detection.bbox.iou(bbox) > 0.9, "{name}: {:?} is not {bbox:?}", detection.bbox);
        let (is, want) = (detection.bbox.center(), bbox.center());
        assert!((is.x - want.x).abs() < 2.0 && (is.y - want.y).abs() < 2.0, "{name}: {is:?} is not {want:?}");
    }
}

#[test]
fn both_backends_find_every_shape_where_it_is() {
    let picture = scene(VGA, &[(40, 60, 120, 200, RED), (260, 300, 340, 380, GREEN), (500, 100, 600, 160, BLUE)]);
    let expected = [
        ("object", BBox::new(40.0, 60.0, 120.0, 200.0)),
        ("pine", BBox::new(260.0, 300.0, 340.0, 380.0)),
        ("worker", BBox::new(500.0, 100.0, 600.0, 160.0)),
    ];
    for mut detector in both() {
        assert_found(&found(detector.as_mut(), Input::whole(&picture)), &expected);
    }
}

#[test]
fn an_empty_scene_holds_nothing() {
    for mut detector in both() {
        assert_eq!(found(detector.as_mut(), Input::whole(&scene(VGA, &[]))), []);
    }
}

#[test]
fn pictures_of_any_shape_have_their_boxes_in_their_own_pixels() {
    for mut detector in both() {
        for size in [Size::new(1920, 1080), Size::new(480, 640), Size::new(333, 333), Size::new(2000, 300)] {
            let at = |share: f32, side: u32| (share * side as f32) as u32;
            let (x, y) = (at(0.4, size.width), at(0.3, size.height));
            let side = size.width.min(size.height) / 4;
            let picture = scene(size, &[(x, y, x + side, y + side, RED)]);
            let bbox = BBox::new(x as f32, y as f32, (x + side) as f32, (y + side) as f32);
            let seen = found(detector.as_mut(), Input::whole(&picture));
            assert_eq!(seen.len(), 1, "{size}: {seen:?}");
            assert!(seen[0].bbox.iou(&bbox) > 0.85, "{size}: {:?} is not {bbox:?}", seen[0].bbox);
        }
    }
}

#[test]
fn a_region_is_seen_at_the_scale_of_the_whole_and_without_the_rest() {
    let picture = scene(Size::new(1280, 720), &[(200, 200, 300, 280, RED), (1100, 600, 1200, 680, GREEN)]);
    let red = [("object", BBox::new(200.0, 200.0, 300.0, 280.0))];
    for mut detector in both() {
        let input = Input { region: Some(BBox::new(150.0, 150.0, 350.0, 330.0)), ..Input::whole(&picture) };
        assert_found(&found(detector.as_mut(), input), &red);
    }
}

#[test]
fn a_region_outside_the_picture_is_refused() {
    let picture = scene(VGA, &[]);
    let input = Input { region: Some(BBox::new(700.0, 0.0, 800.0, 50.0)), ..Input::whole(&picture) };
    assert_eq!(shapes(BackendChoice::Tract).detector.detect(&[input]), Err(DetectError::EmptyRegion));
}

#[test]
fn a_batch_answers_in_order_whatever_the_shapes_of_its_pictures() {
    let wide = Size::new(640, 360);
    let pictures = [
        scene(wide, &[(40, 60, 120, 160, RED)]),
        scene(wide, &[(240, 60, 320, 160, GREEN)]),
        scene(VGA, &[(40, 60, 120, 160, BLUE)]),
        scene(wide, &[]),
    ];
    let inputs: Vec<_> = pictures.iter().map(Input::whole).collect();
    for mut detector in both() {
        let lists = detector.detect(&inputs).expect("the detector runs");
        let names: Vec<Vec<_>> = lists.iter().map(|list| list.iter().map(|d| &*d.class_name).collect()).collect();
        assert_eq!(names, [vec!["object"], vec!["pine"], vec!["worker"], vec![]]);
        assert_eq!(detector.detect(&[]), Ok(Vec::new()));
    }
}

#[test]
fn a_callers_confidence_replaces_every_threshold() {
    let picture = scene(VGA, &[(40, 60, 120, 200, RED)]);
    let strict = Settings { confidence: Some(0.99), ..settings(BackendChoice::Tract) };
    let mut detector = load(&shapes_manifest(), &shapes_model(), &strict).expect("tract is always there").detector;
    assert_eq!(found(detector.as_mut(), Input::whole(&picture)), []);
    let lenient = Input { min_confidence: Some(0.5), ..Input::whole(&picture) };
    assert_eq!(found(detector.as_mut(), lenient).len(), 1);
    let bare = Settings { unknown: Some(0.99), ..settings(BackendChoice::Tract) };
    let mut detector = load(&shapes_manifest(), &shapes_model(), &bare).expect("tract is always there").detector;
    let unsure = found(detector.as_mut(), Input::whole(&picture));
    assert_eq!((&*unsure[0].class_name, unsure[0].is_unknown), ("unknown_object", true));
}

#[test]
fn a_backend_that_the_manifest_forbids_is_reported() {
    let mut manifest = shapes_manifest();
    manifest.backends = vec![Backend::Tract];
    let loaded = load(&manifest, &shapes_model(), &settings(BackendChoice::Onnxruntime)).expect("tract is allowed");
    assert_eq!(loaded.detector.info().backend, Backend::Tract);
    assert_eq!(loaded.fallback.as_deref(), Some("onnxruntime: the manifest does not allow it"));
}

#[test]
fn a_file_that_is_no_model_is_refused_by_every_backend() {
    let error = load(&shapes_manifest(), b"not a model", &settings(BackendChoice::Auto)).err().expect("it is no model");
    let LoadError::NoBackend { model, refusals } = error;
    assert_eq!(model, "shapes");
    assert_eq!(
        refusals.iter().map(|(backend, _)| *backend).collect::<Vec<_>>(),
        [Backend::Onnxruntime, Backend::Tract]
    );
}

#[test]
fn a_model_that_is_not_its_manifests_says_so() {
    let mut manifest = shapes_manifest();
    manifest.labels.push("extra".into());
    for choice in [BackendChoice::Tract, BackendChoice::Onnxruntime] {
        let mut loaded = load(&manifest, &shapes_model(), &settings(choice)).expect("the graph itself is good");
        let error = loaded.detector.detect(&[Input::whole(&scene(VGA, &[]))]);
        assert!(matches!(error, Err(DetectError::Output { .. })), "{error:?}");
    }
}

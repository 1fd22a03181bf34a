//! The default model itself, on both backends. It runs where the model and onnxruntime were fetched; where `CI` is set they must be.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use domain::detection::Detection;
use domain::geometry::Size;
use domain::picture::Picture;
use vision::{BackendChoice, Detector, Device, Input, Loaded, Models, Settings};

fn cache_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("RONDA_CACHE_DIR")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("ronda")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/ronda")))
        .expect("a machine that tests has a home")
}

/// Returns the default model on a backend; says why not, and fails where `CI` is set.
fn detector(backend: BackendChoice) -> Option<Box<dyn Detector>> {
    let models = Models::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models"), cache_dir());
    let manifest = models.manifest("yolov4-tiny").expect("the repository's manifest is good");
    let settings = Settings { backend, device: Device::Cpu, ..Settings::new(cache_dir()) };
    let loaded = models.read(&manifest).map_err(|error| error.to_string()).and_then(|model| {
        let Loaded { detector, fallback } = vision::load(&manifest, &model, &settings).expect("tract loads it");
        fallback.map_or(Ok(detector), Err)
    });
    loaded
        .inspect_err(|reason| {
            let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
            assert!(!in_ci, "in CI nothing may be missing: {reason}");
            eprintln!("not tested: {reason}");
        })
        .ok()
}

/// A street at dusk, roughly: bands, boxes and a little noise, always the same.
fn street() -> Picture {
    let size = Size::new(1280, 720);
    let mut noise = 1_u32;
    let mut pixels = Vec::with_capacity(1280 * 720 * 3);
    for y in 0..size.height {
        for x in 0..size.width {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (noise >> 28) as u8;
            let ground = if y < 300 { [150, 170, 190] } else { [90, 90, 95] };
            let car = (400..700).contains(&x) && (380..480).contains(&y);
            let wheel = |cx: u32| (x.abs_diff(cx)).pow(2) + y.abs_diff(480).pow(2) < 900;
            let window = (450..650).contains(&x) && (330..380).contains(&y);
            let person = (900..940).contains(&x) && (340..520).contains(&y);
            let head = x.abs_diff(920).pow(2) + y.abs_diff(322).pow(2) < 400;
            let colour = if wheel(460) || wheel(640) {
                [20, 20, 20]
            } else if car {
                [160, 30, 30]
            } else if window {
                [60, 80, 100]
            } else if person {
                [40, 50, 90]
            } else if head {
                [200, 160, 130]
            } else {
                ground
            };
            pixels.extend(colour.map(|level: u8| level.saturating_add(grain)));
        }
    }
    Picture::rgb(size, 1280 * 3, Bytes::from(pixels)).expect("every pixel is there")
}

fn detect(detector: &mut dyn Detector, picture: &Picture) -> Vec<Detection> {
    // So low that even a drawing is taken for something.
    let input = Input { min_confidence: Some(0.001), ..Input::whole(picture) };
    detector.detect(&[input]).expect("the model runs").pop().expect("one list for one input")
}

#[test]
fn both_backends_see_the_same() {
    let (Some(mut tract), Some(mut onnxruntime)) =
        (detector(BackendChoice::Tract), detector(BackendChoice::Onnxruntime))
    else {
        return;
    };
    let picture = street();
    let (one, other) = (detect(tract.as_mut(), &picture), detect(onnxruntime.as_mut(), &picture));
    assert!(!one.is_empty(), "a drawing of a street is taken for something");
    assert_eq!(one.len(), other.len());
    for (a, b) in one.iter().zip(&other) {
        assert_eq!(a.class_name, b.class_name);
        assert!((a.confidence - b.confidence).abs() < 1e-4, "{a:?} is not {b:?}");
        assert!(a.bbox.iou(&b.bbox) > 0.99, "{a:?} is not {b:?}");
    }
}

#[test]
fn the_model_has_the_eighty_classes_of_coco() {
    let Some(detector) = detector(BackendChoice::Tract) else { return };
    let labels = &detector.info().labels;
    assert_eq!((labels.len(), &*labels[0], &*labels[2], &*labels[79]), (80, "person", "car", "toothbrush"));
}

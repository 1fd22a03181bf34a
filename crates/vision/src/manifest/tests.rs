//! A manifest is refused with the key that is wrong, or is good for ever.

use super::*;

const GOOD: &str = "
name: site-b
version: '1.2.0'
licence: proprietary
sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
input: { size: [640, 384], stride: 32 }
output: { layout: yolov8 }
labels: [object, pine, worker]
thresholds: { confidence: 0.3, classes: { worker: 0.4 } }
";

fn parse(text: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse(text, Path::new("m.yaml"))
}

#[test]
fn what_is_left_out_has_a_default() {
    let manifest = parse(GOOD).expect("the manifest is good");
    assert_eq!(manifest.backends, [Backend::Onnxruntime, Backend::Tract]);
    assert_eq!((manifest.batch, manifest.output), (1, Layout::Yolov8));
    let input = InputSpec {
        size: Size::new(640, 384),
        stride: Some(32),
        order: ColourOrder::Rgb,
        padding: 114,
        mean: [0.0; 3],
        std: [255.0; 3],
    };
    assert_eq!(manifest.input, input);
    let thresholds =
        Thresholds { confidence: 0.3, iou: 0.45, unknown: 0.15, classes: [("worker".to_owned(), 0.4)].into() };
    assert_eq!(manifest.thresholds, thresholds);
}

#[test]
fn a_wrong_value_is_refused_with_its_key() {
    let cases = [
        ("name: site-b", "name: ../up", "name: 1 to 64 letters, digits, dots, dashes and underscores"),
        ("9f86", "9F86", "sha256: 64 lower-case hexadecimal digits"),
        ("[640, 384]", "[640, 8]", "input.size: sides of 16 to 4096 pixels"),
        ("stride: 32", "stride: 100", "input.stride: a number that divides both sides of input.size"),
        ("stride: 32", "std: [0, 1, 1]", "input.std: finite numbers that are not zero"),
        ("[object, pine, worker]", "[]", "labels: at least one class name"),
        ("confidence: 0.3", "confidence: 1.5", "thresholds: numbers from 0 to 1"),
        ("worker: 0.4", "truck: 0.4", "thresholds.classes: names from labels, not \"truck\""),
        ("labels", "batch: 0\nlabels", "batch: a number from 1 to 64"),
        ("labels", "backends: []\nlabels", "backends: at least one of onnxruntime, tract"),
        ("layout: yolov8", "layout: yolox, strides: []", "output: strides: at least one, none of them zero"),
    ];
    for (good, bad, message) in cases {
        let error = parse(&GOOD.replace(good, bad)).expect_err(bad);
        assert_eq!(error.to_string(), format!("m.yaml: {message}"));
    }
}

#[test]
fn an_unknown_key_or_word_is_refused_with_its_line() {
    for (good, bad) in
        [("version", "versoin"), ("yolov8", "yolov99"), ("stride", "strid"), ("labels", "backends: [cpu]\nlabels")]
    {
        let error = parse(&GOOD.replace(good, bad)).expect_err(bad);
        assert!(matches!(error, ManifestError::Syntax { .. }), "{error}");
    }
}

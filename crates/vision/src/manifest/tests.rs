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

const INT8_HASH: &str = "int8.sha256: 64 lower-case hexadecimal digits";

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
        ("[640, 384]", "[640, 8]", "input.size: sides of 16 to 4096 pixels, or no size but a stride"),
        (
            "size: [640, 384], stride: 32",
            "order: rgb",
            "input.size: sides of 16 to 4096 pixels, or no size but a stride",
        ),
        ("stride: 32", "stride: 100", "input.stride: a number that divides both sides of input.size"),
        ("stride: 32", "std: [0, 1, 1]", "input.std: finite numbers that are not zero"),
        ("[object, pine, worker]", "[]", "labels: at least one class name"),
        ("confidence: 0.3", "confidence: 1.5", "thresholds: numbers from 0 to 1"),
        ("worker: 0.4", "truck: 0.4", "thresholds.classes: names from labels, not \"truck\""),
        ("labels", "batch: 0\nlabels", "batch: a number from 1 to 64"),
        ("labels", "backends: []\nlabels", "backends: at least one of onnxruntime, tract"),
        ("labels", "int8: { sha256: ab, gate: { labels: l, things: 1, ap50: [1, 1], ap: [1, 1] } }\nlabels", INT8_HASH),
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

#[test]
fn a_size_that_is_left_open_is_the_operators_in_whole_strides() {
    let manifest = parse(&GOOD.replace("size: [640, 384], ", "")).expect("the manifest is good");
    assert_eq!(manifest.input.clone().sized(700).size, Size::new(672, 672));
    assert_eq!(manifest.input.clone().sized(10).size, Size::new(32, 32));
    let fixed = parse(GOOD).expect("the manifest is good").input;
    assert_eq!(fixed.clone().sized(320), fixed);
}

#[test]
fn an_8_bit_copy_is_the_model_in_all_but_version_hash_and_backend() {
    let (hash, gate) = ("ab".repeat(32), "{ labels: l, things: 9, ap50: [0.5, 0.5], ap: [0.3, 0.3] }");
    let text = format!("{GOOD}int8: {{ sha256: {hash}, float_convolutions: 2, gate: {gate} }}\n");
    let manifest = parse(&text).expect("the manifest is good");
    let copy = manifest.int8_copy().expect("it has one");
    assert_eq!((copy.version.as_str(), copy.sha256.as_str(), copy.precision), ("1.2.0+int8", &*hash, Precision::Int8));
    assert_eq!(copy.backends, [Backend::Onnxruntime]);
    assert_eq!((copy.name, copy.labels, copy.int8), (manifest.name.clone(), manifest.labels.clone(), None));
    let error = parse(&text.replace("labels: [object", "backends: [tract]\nlabels: [object")).expect_err("tract");
    assert!(error.to_string().starts_with("m.yaml: int8: a model that onnxruntime runs"), "{error}");
    let without_gate = parse(&text.replace(&format!(", gate: {gate}"), ""));
    assert!(matches!(without_gate, Err(ManifestError::Syntax { .. })), "a copy without a gate is none");
}

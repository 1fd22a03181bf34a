//! Packages made for the tests, and the catalogue that names them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{RUNTIME, repository_models};

const DARKNET_CFG: &str = "\
[net]\nwidth=32\nheight=32\nchannels=3\n\n\
[convolutional]\nfilters=4\nsize=3\nstride=2\npad=1\nactivation=leaky\n\n\
[convolutional]\nfilters=6\nsize=1\nstride=1\npad=1\nactivation=linear\n\n\
[yolo]\nmask=0\nanchors=8,8\nclasses=1\nnum=1\n";

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The tiny detector of the repository.
pub(crate) fn shapes_model() -> Vec<u8> {
    model_convert::shapes::model()
}

pub(crate) fn darknet_model() -> Vec<u8> {
    let shape = model_convert::InputShape { batch: Some(1), size: Some((32, 32)) };
    model_convert::darknet_to_onnx(DARKNET_CFG, &darknet_weights(), shape).expect("is converted")
}

/// The ranges that the tiny network's 8-bit copy is made with.
const RANGES: &str = "images: [0.0, 1.0]\nconv_0: [-2.0, 40.0]\nleakyrelu_1: [-0.2, 40.0]\n";

/// The tiny network with 8 bits.
pub(crate) fn int8_model() -> Vec<u8> {
    let range = |low, high| model_convert::Range::new(low, high).expect("is a range");
    let ranges = [("images", range(0.0, 1.0)), ("conv_0", range(-2.0, 40.0)), ("leakyrelu_1", range(-0.2, 40.0))];
    let ranges = ranges.map(|(name, range)| (name.to_owned(), range)).into();
    model_convert::eight_bits(&darknet_model(), &ranges, 0).expect("is copied")
}

/// Where the tiny network is cut short.
pub(crate) const CUT_AT: &str = "leakyrelu_1";

pub(crate) fn short_model() -> Vec<u8> {
    model_convert::cut(&darknet_model(), &[CUT_AT]).expect("is cut")
}

/// A header and one number for each weight: 3·4·9 + 4, 4·6 + 6.
fn darknet_weights() -> Vec<u8> {
    let header = [0i32, 2, 5].map(i32::to_le_bytes).concat();
    let seen = 0u64.to_le_bytes();
    let numbers = (0..3 * 4 * 9 + 4 + 4 * 6 + 6).flat_map(|n| (0.01 * n as f32).to_le_bytes());
    header.into_iter().chain(seen).chain(numbers).collect()
}

/// Writes every wheel.
pub(crate) fn write_wheels(dir: &Path) {
    wheel(dir, "shapes_weights", "shapes-weights", "1.0", &[("model.onnx", &shapes_model())]);
    let weights = darknet_weights();
    wheel(
        dir,
        "tiny_darknet",
        "tiny-darknet",
        "1.0",
        &[("tiny.cfg", DARKNET_CFG.as_bytes()), ("tiny.weights", &weights)],
    );
    wheel(dir, "tiny_onnx", "tiny-onnx", "1.0", &[("model.onnx", &darknet_model())]);
    wheel(dir, "runtime", "runtime", "9.9.9", &[("capi/libonnxruntime.so.9.9.9", RUNTIME)]);
}

fn wheel(dir: &Path, module: &str, name: &str, version: &str, files: &[(&str, &[u8])]) {
    let info = format!("{module}-{version}.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    let kind = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let path = dir.join(wheel_name(module, version));
    let mut zip = zip::ZipWriter::new(File::create(path).expect("is created"));
    let (metadata_path, kind_path, record) =
        (format!("{info}/METADATA"), format!("{info}/WHEEL"), format!("{info}/RECORD"));
    let about: [(&str, &[u8]); 3] =
        [(&metadata_path, metadata.as_bytes()), (&kind_path, kind.as_bytes()), (&record, b"")];
    for (name, content) in files.iter().copied().chain(about) {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("is begun");
        zip.write_all(content).expect("is written");
    }
    zip.finish().expect("is finished");
}

fn wheel_name(module: &str, version: &str) -> String {
    format!("{module}-{version}-py3-none-any.whl")
}

/// The archive of the npm package.
pub(crate) fn npm_archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let manifest = json!({ "name": "shapes-weights-npm", "version": "1.0.0" }).to_string();
    for (name, content) in [("package/package.json", manifest.as_bytes()), ("package/model.onnx", &shapes_model())] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content).expect("is appended");
    }
    tar.into_inner().expect("is finished").finish().expect("is finished")
}

/// Writes the catalogue and a manifest for each of its models. YAML is a superset of JSON.
pub(crate) fn write_models(models: &Path, wheels: &Path) {
    let package = |name: &str, module: &str, version: &str| {
        let archive = fs::read(wheels.join(wheel_name(module, version))).expect("is there");
        json!({ "registry": "pypi", "name": name, "version": version, "sha256": sha256(&archive), "bytes": archive.len() })
    };
    let npm = npm_archive();
    let shapes = package("shapes-weights", "shapes_weights", "1.0");
    let model = json!([{ "path": "model.onnx", "sha256": sha256(&shapes_model()) }]);
    let entry = |package: &Value, files: &Value| json!({ "package": package, "files": files, "convert": "none" });
    let mut tampered = shapes.clone();
    tampered["sha256"] = sha256(b"another wheel").into();
    let darknet_files = json!([
        { "path": "tiny.cfg", "sha256": sha256(DARKNET_CFG.as_bytes()) },
        { "path": "tiny.weights", "sha256": sha256(&darknet_weights()) },
    ]);
    let npm_package = json!({
        "registry": "npm", "name": "shapes-weights-npm", "version": "1.0.0", "sha256": sha256(&npm), "bytes": npm.len(),
    });
    let library = json!({
        "package": package("runtime", "runtime", "9.9.9"),
        "file": { "path": "capi/libonnxruntime.so.9.9.9", "sha256": sha256(RUNTIME) },
    });
    let darknet = json!({
        "package": package("tiny-darknet", "tiny_darknet", "1.0"),
        "files": darknet_files, "convert": "darknet", "fixed_size": [32, 32],
    });
    let whole = json!([{ "path": "model.onnx", "sha256": sha256(&darknet_model()) }]);
    let mut short = entry(&package("tiny-onnx", "tiny_onnx", "1.0"), &whole);
    short["convert"] = "cut".into();
    short["outputs"] = json!([CUT_AT]);
    let catalogue = json!({
        "default": "shapes",
        "models": {
            "shapes": entry(&shapes, &model),
            "copyleft": entry(&shapes, &model),
            "wrong-package": entry(&tampered, &model),
            "wrong-file": entry(&shapes, &json!([{ "path": "model.onnx", "sha256": sha256(b"another file") }])),
            "wrong-model": entry(&shapes, &model),
            "from-npm": entry(&npm_package, &json!([{ "path": "package/model.onnx", "sha256": sha256(&shapes_model()) }])),
            "cut-short": short,
            "tiny-darknet": darknet,
            "tiny-int8": darknet,
            "wrong-int8": darknet,
        },
        "runtimes": { "onnxruntime": { std::env::consts::ARCH: library } },
    });
    for name in catalogue["models"].as_object().expect("is an object").keys() {
        write_manifest(models, name);
    }
    fs::write(models.join("catalogue.yaml"), catalogue.to_string()).expect("is written");
}

/// The committed manifest of the tiny detector with another name, and another hash or licence where the model asks for it.
fn write_manifest(models: &Path, name: &str) {
    let committed = fs::read_to_string(repository_models().join("shapes/manifest.yaml")).expect("is committed");
    let copy = match name {
        "tiny-int8" => Some(sha256(&int8_model())),
        "wrong-int8" => Some(sha256(b"another copy")),
        _ => None,
    };
    let (sha256, licence) = match name {
        "tiny-darknet" | "tiny-int8" | "wrong-int8" => (sha256(&darknet_model()), "Apache-2.0"),
        "cut-short" => (sha256(&short_model()), "Apache-2.0"),
        "wrong-model" => (sha256(b"another model"), "Apache-2.0"),
        "copyleft" => (sha256(&shapes_model()), "AGPL-3.0"),
        _ => (sha256(&shapes_model()), "Apache-2.0"),
    };
    let mut text = String::new();
    for line in committed.lines() {
        let replaced = match line.split_once(':').map(|(key, _)| key) {
            Some("name") => format!("name: {name}"),
            Some("version") => "version: 1.0.0".to_owned(),
            Some("sha256") => format!("sha256: {sha256}"),
            Some("licence") => format!("licence: {licence}"),
            _ => line.to_owned(),
        };
        writeln!(text, "{replaced}").expect("a string takes everything");
    }
    let dir = models.join(name);
    fs::create_dir_all(&dir).expect("is made");
    if let Some(hash) = copy {
        let gate = "{ labels: none, things: 1, ap50: [0.5, 0.5], ap: [0.3, 0.3] }";
        writeln!(text, "int8: {{ sha256: {hash}, gate: {gate} }}").expect("a string takes everything");
        fs::write(dir.join("int8-ranges.yaml"), RANGES).expect("is written");
    }
    fs::write(dir.join("manifest.yaml"), text).expect("is written");
}

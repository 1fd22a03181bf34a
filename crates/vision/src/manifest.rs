//! `manifest.yaml`: what a model file is, whence it comes, and how its numbers are read.
//!
//! A manifest is checked once, here; afterwards nothing asks again whether labels and layout agree.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::alert::ModelRef;
use domain::geometry::Size;
use serde::Deserialize;

use crate::decode::Layout;
use crate::precision::Precision;

/// One thing that runs a model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Microsoft's runtime, loaded from a shared library if one is found.
    Onnxruntime,
    /// Pure Rust, always there.
    Tract,
}

impl std::fmt::Display for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Onnxruntime => "onnxruntime",
            Self::Tract => "tract",
        })
    }
}

/// A checked `manifest.yaml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The model's name, which is also its directory.
    pub name: String,
    /// The model's version, shown in every alert.
    pub version: String,
    /// One sentence for people.
    pub description: String,
    /// The licence of the weights, as an SPDX expression where there is one.
    pub licence: String,
    /// Where the weights come from.
    pub source: String,
    /// The SHA-256 of the ONNX file, lower-case hexadecimal.
    pub sha256: String,
    /// How a picture becomes the model's input.
    pub input: InputSpec,
    /// How the model's output becomes boxes.
    pub output: Layout,
    /// Class names by class id.
    pub labels: Vec<Arc<str>>,
    /// When a box counts.
    pub thresholds: Thresholds,
    /// The most pictures one run may take; 1 where the file fixes the batch.
    pub batch: usize,
    /// The backends that can run the file, the preferred one first.
    pub backends: Vec<Backend>,
    /// How exactly the file computes.
    pub precision: Precision,
    /// The 8-bit copy, if there is one that passed its gate.
    pub int8: Option<Int8>,
}

/// An 8-bit copy of a model: made on this machine from the model and the ranges of its inner values, so its hash is known beforehand.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Int8 {
    /// The SHA-256 of the copy.
    pub sha256: String,
    /// How many of the first convolutions stay floats.
    #[serde(default)]
    pub float_convolutions: usize,
    /// What the accuracy gate measured; a copy without it is never used.
    pub gate: Passed,
}

/// What the accuracy gate measured when a copy passed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passed {
    /// The file in `models/labels` without its ending.
    pub labels: String,
    /// How many things are labelled there.
    pub things: usize,
    /// The average precision at an overlap of a half: the model's and the copy's.
    pub ap50: [f64; 2],
    /// The mean of it over overlaps from 0.5 to 0.95: the model's and the copy's.
    pub ap: [f64; 2],
}

/// How a picture becomes the model's input: letterboxed planes of 32-bit floats, `[N, 3, height, width]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// The largest width and height that a picture is scaled to. A manifest without it, and with a stride, leaves it to the operator;
    /// it is [`InputSpec::OPEN`] until [`InputSpec::sized`] was asked.
    #[serde(default = "InputSpec::open")]
    pub size: Size,
    /// Sides may be any multiple of this; absent where the file fixes both.
    #[serde(default)]
    pub stride: Option<u32>,
    /// The order of the three colour planes.
    #[serde(default)]
    pub order: ColourOrder,
    /// The grey level, 0 to 255, of the bars around a picture.
    #[serde(default = "InputSpec::grey")]
    pub padding: u8,
    /// What is subtracted from a level of 0 to 255, per plane.
    #[serde(default)]
    pub mean: [f32; 3],
    /// What the difference is divided by, per plane.
    #[serde(default = "InputSpec::full_scale")]
    pub std: [f32; 3],
}

impl InputSpec {
    /// The size of a model that does as well at others.
    pub const OPEN: Size = Size::new(0, 0);

    /// Returns the input with the operator's side in whole strides, if the manifest leaves it open.
    #[must_use]
    pub fn sized(mut self, side: u32) -> Self {
        if let (Self::OPEN, Some(stride)) = (self.size, self.stride) {
            let side = (side / stride).max(1) * stride;
            self.size = Size::new(side, side);
        }
        self
    }

    fn open() -> Size {
        Self::OPEN
    }

    fn grey() -> u8 {
        114
    }

    fn full_scale() -> [f32; 3] {
        [255.0; 3]
    }
}

/// The order of the three colour planes of a model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourOrder {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// When a box counts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// A box counts if its confidence is above this.
    pub confidence: f32,
    /// Of two boxes of one class that overlap more than this, the weaker one goes.
    pub iou: f32,
    /// A box below this confidence is called unknown.
    pub unknown: f32,
    /// The confidence for single classes, by name.
    pub classes: BTreeMap<String, f32>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { confidence: 0.25, iou: 0.45, unknown: 0.15, classes: BTreeMap::new() }
    }
}

/// Why a manifest was refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The manifest.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not a manifest.
    #[error("{}: not a model manifest", .path.display())]
    Syntax {
        /// The manifest.
        path: PathBuf,
        /// Which line and key.
        source: serde_yaml::Error,
    },
    /// A value is out of its range, or two values contradict each other.
    #[error("{}: {key}: {expectation}", .path.display())]
    Value {
        /// The manifest.
        path: PathBuf,
        /// The key, dotted.
        key: &'static str,
        /// What is wanted there.
        expectation: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    version: String,
    #[serde(default)]
    description: String,
    licence: String,
    #[serde(default)]
    source: String,
    sha256: String,
    input: InputSpec,
    output: Layout,
    labels: Vec<Arc<str>>,
    #[serde(default)]
    thresholds: Thresholds,
    #[serde(default = "Raw::one")]
    batch: usize,
    #[serde(default = "Raw::all_backends")]
    backends: Vec<Backend>,
    #[serde(default = "Raw::float")]
    precision: Precision,
    #[serde(default)]
    int8: Option<Int8>,
}

impl Raw {
    fn one() -> usize {
        1
    }

    fn float() -> Precision {
        Precision::Float
    }

    fn all_backends() -> Vec<Backend> {
        vec![Backend::Onnxruntime, Backend::Tract]
    }
}

impl Manifest {
    /// Returns which model it is.
    #[must_use]
    pub fn model_ref(&self) -> ModelRef {
        ModelRef { name: self.name.clone(), version: self.version.clone(), sha256: self.sha256.clone() }
    }

    /// Returns the manifest of the 8-bit copy, if there is one.
    #[must_use]
    pub fn int8_copy(&self) -> Option<Self> {
        let copy = self.int8.as_ref()?;
        Some(Self {
            version: format!("{}+int8", self.version),
            sha256: copy.sha256.clone(),
            backends: vec![Backend::Onnxruntime],
            precision: Precision::Int8,
            int8: None,
            ..self.clone()
        })
    }

    /// Reads and checks a manifest file.
    ///
    /// # Errors
    /// [`ManifestError`], which names file, key and expectation.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let text = fs::read_to_string(path).map_err(|source| ManifestError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Checks the text of a manifest; `path` is only named in errors.
    ///
    /// # Errors
    /// [`ManifestError`], which names file, key and expectation.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        let raw: Raw =
            serde_yaml::from_str(text).map_err(|source| ManifestError::Syntax { path: path.to_owned(), source })?;
        let refuse = |key, expectation: &str| {
            Err(ManifestError::Value { path: path.to_owned(), key, expectation: expectation.to_owned() })
        };
        if !is_name(&raw.name) {
            return refuse("name", "1 to 64 letters, digits, dots, dashes and underscores");
        }
        if !is_sha256(&raw.sha256) {
            return refuse("sha256", "64 lower-case hexadecimal digits");
        }
        if raw.int8.as_ref().is_some_and(|copy| !is_sha256(&copy.sha256)) {
            return refuse("int8.sha256", "64 lower-case hexadecimal digits");
        }
        if raw.int8.is_some() && !raw.backends.contains(&Backend::Onnxruntime) {
            return refuse("int8", "a model that onnxruntime runs: no other backend gains from 8 bits");
        }
        if raw.labels.is_empty() {
            return refuse("labels", "at least one class name");
        }
        let Size { width, height } = raw.input.size;
        let is_open =
            raw.input.size == InputSpec::OPEN && raw.input.stride.is_some_and(|stride| (1..=128).contains(&stride));
        if !is_open && (!(16..=4096).contains(&width) || !(16..=4096).contains(&height)) {
            return refuse("input.size", "sides of 16 to 4096 pixels, or no size but a stride");
        }
        if let Some(stride) = raw.input.stride
            && (stride == 0 || width % stride != 0 || height % stride != 0)
        {
            return refuse("input.stride", "a number that divides both sides of input.size");
        }
        if raw.input.std.iter().any(|s| !s.is_finite() || *s == 0.0) || raw.input.mean.iter().any(|m| !m.is_finite()) {
            return refuse("input.std", "finite numbers that are not zero");
        }
        let thresholds = &raw.thresholds;
        let mut levels = [thresholds.confidence, thresholds.iou, thresholds.unknown]
            .into_iter()
            .chain(thresholds.classes.values().copied());
        if levels.any(|level| !(0.0..=1.0).contains(&level)) {
            return refuse("thresholds", "numbers from 0 to 1");
        }
        if let Some(class) = thresholds.classes.keys().find(|class| !raw.labels.iter().any(|label| **label == ***class))
        {
            return refuse("thresholds.classes", &format!("names from labels, not {class:?}"));
        }
        if !(1..=64).contains(&raw.batch) {
            return refuse("batch", "a number from 1 to 64");
        }
        if raw.backends.is_empty() {
            return refuse("backends", "at least one of onnxruntime, tract");
        }
        if let Err(expectation) = raw.output.check() {
            return refuse("output", &expectation);
        }
        Ok(Self {
            name: raw.name,
            version: raw.version,
            description: raw.description,
            licence: raw.licence,
            source: raw.source,
            sha256: raw.sha256,
            input: raw.input,
            output: raw.output,
            labels: raw.labels,
            thresholds: raw.thresholds,
            batch: raw.batch,
            backends: raw.backends,
            precision: raw.precision,
            int8: raw.int8,
        })
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Tells whether a text can be a model's name, and so a directory's.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !text.starts_with('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests;

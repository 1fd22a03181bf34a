//! The models on this machine: manifests in one directory, model files beside them or in the cache.

use std::fs;
use std::io;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::manifest::{Manifest, ManifestError, is_name};

/// Where models are looked for.
///
/// A model is `<manifests>/<name>/manifest.yaml`; its file is `model.onnx` beside the manifest (a user's own) or
/// `<cache>/models/<name>/model.onnx` (fetched).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Models {
    manifests: PathBuf,
    cache: PathBuf,
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// There is no manifest for this name.
    #[error("there is no model named {name:?} in {}", .directory.display())]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// The manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The model file is not on this machine.
    #[error("model {name} is not on this machine, fetch it first: `ronda model fetch {name}`")]
    NotFetched {
        /// The model.
        name: String,
    },
    /// The model has no 8-bit copy on this machine.
    #[error("the 8-bit copy of {name} is not on this machine, make it: `ronda model fetch {name}`")]
    NoCopy {
        /// The model.
        name: String,
    },
    /// The model file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The model file is not the one that the manifest describes.
    #[error("{} has SHA-256 {found}, its manifest says {expected}", .path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// What the manifest says.
        expected: String,
        /// What the file has.
        found: String,
    },
}

impl Models {
    /// Returns the models whose manifests lie in one directory and whose fetched files lie in the cache.
    #[must_use]
    pub fn new(manifests: impl Into<PathBuf>, cache: impl Into<PathBuf>) -> Self {
        Self { manifests: manifests.into(), cache: cache.into() }
    }

    /// Returns the names of all models that have a manifest, sorted.
    ///
    /// # Errors
    /// What the system says when the directory cannot be listed.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.manifests)? {
            let entry = entry?;
            if entry.path().join("manifest.yaml").is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Reads a model's manifest.
    ///
    /// # Errors
    /// [`ModelError::Unknown`] or [`ModelError::Manifest`].
    pub fn manifest(&self, name: &str) -> Result<Manifest, ModelError> {
        let path = self.manifests.join(name).join("manifest.yaml");
        if !is_name(name) || !path.is_file() {
            return Err(ModelError::Unknown { name: name.to_owned(), directory: self.manifests.clone() });
        }
        Ok(Manifest::read(&path)?)
    }

    /// Returns where a model's file lies, or would lie once fetched.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        let own = self.manifests.join(name).join("model.onnx");
        if own.is_file() { own } else { self.fetched(name) }
    }

    /// Returns where a fetched model's file belongs.
    #[must_use]
    pub fn fetched(&self, name: &str) -> PathBuf {
        self.cache.join("models").join(name).join("model.onnx")
    }

    /// Returns where a model's 8-bit copy belongs: it is made on this machine, so always in the cache.
    #[must_use]
    pub fn int8(&self, name: &str) -> PathBuf {
        self.cache.join("models").join(name).join("model-int8.onnx")
    }

    /// Returns where the ranges of a model's inner values are written, which its 8-bit copy is made with.
    #[must_use]
    pub fn int8_ranges(&self, name: &str) -> PathBuf {
        self.manifests.join(name).join("int8-ranges.yaml")
    }

    /// Reads a model's file and checks it against the manifest's hash.
    ///
    /// # Errors
    /// [`ModelError::NotFetched`], [`ModelError::Read`] or [`ModelError::Hash`].
    pub fn read(&self, manifest: &Manifest) -> Result<Vec<u8>, ModelError> {
        let missing = || ModelError::NotFetched { name: manifest.name.clone() };
        checked(self.file(&manifest.name), &manifest.sha256, missing)
    }

    /// Reads a model's 8-bit copy and checks it against the manifest's hash.
    ///
    /// # Errors
    /// [`ModelError::NoCopy`], [`ModelError::Read`] or [`ModelError::Hash`].
    pub fn read_int8(&self, manifest: &Manifest) -> Result<Vec<u8>, ModelError> {
        let missing = || ModelError::NoCopy { name: manifest.name.clone() };
        let copy = manifest.int8.as_ref().ok_or_else(missing)?;
        checked(self.int8(&manifest.name), &copy.sha256, missing)
    }
}

fn checked(path: PathBuf, sha256: &str, missing: impl FnOnce() -> ModelError) -> Result<Vec<u8>, ModelError> {
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(missing()),
        Err(source) => return Err(ModelError::Read { path, source }),
    };
    let found = hex::encode(Sha256::digest(&bytes));
    if found != sha256 {
        return Err(ModelError::Hash { path, expected: sha256.to_owned(), found });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::testing::{models, models_dir};

    /// The shapes detector's manifest in a directory of its own, without its file.
    fn unfetched() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("the system has a directory to give");
        let model = dir.path().join("models/shapes");
        fs::create_dir_all(&model).expect("the directory is writable");
        copy("manifest.yaml", &model);
        dir
    }

    fn copy(file: &str, to: &Path) {
        fs::create_dir_all(to).expect("the directory is writable");
        fs::copy(models_dir().join("shapes").join(file), to.join(file)).expect("the repository has the file");
    }

    fn models_in(dir: &tempfile::TempDir) -> Models {
        Models::new(dir.path().join("models"), dir.path().join("cache"))
    }

    #[test]
    fn every_model_of_the_repository_has_a_good_manifest() {
        let names = models().names().expect("the directory can be listed");
        assert!(names.contains(&"shapes".to_owned()) && names.contains(&"yolov4-tiny".to_owned()), "{names:?}");
        for name in names {
            let manifest = models().manifest(&name).expect("the manifest is good");
            assert_eq!(manifest.name, name, "a model is named as its directory");
        }
    }

    #[test]
    fn a_file_beside_the_manifest_counts_before_a_fetched_one() {
        let dir = unfetched();
        let models = models_in(&dir);
        let manifest = models.manifest("shapes").expect("the manifest is good");
        assert!(matches!(models.read(&manifest), Err(ModelError::NotFetched { .. })));
        copy("model.onnx", &dir.path().join("cache/models/shapes"));
        assert_eq!(models.file("shapes"), models.fetched("shapes"));
        assert!(models.read(&manifest).is_ok());
        fs::write(dir.path().join("models/shapes/model.onnx"), b"my own").expect("the directory is writable");
        assert!(matches!(models.read(&manifest), Err(ModelError::Hash { .. })));
    }

    #[test]
    fn a_name_that_leaves_the_directory_is_unknown() {
        for name in ["", "..", "../shapes", "shapes/../shapes", "nothing"] {
            assert!(matches!(models().manifest(name), Err(ModelError::Unknown { .. })), "{name}");
        }
    }
}

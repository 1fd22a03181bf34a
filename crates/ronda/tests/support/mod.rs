//! A models directory with a catalogue of made-up packages, a Python package directory and an npm registry on loopback.

mod npm;
mod packages;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;

pub(crate) use packages::{darknet_model, int8_model, sha256, shapes_model, short_model};

/// What stands for the onnxruntime library.
pub(crate) const RUNTIME: &[u8] = b"\x7fELF and so on";

/// One machine: directories of its own, and registries that only it reaches.
pub(crate) struct Site {
    dir: TempDir,
    npm: npm::Registry,
    registries: Mutex<Vec<(&'static str, String)>>,
}

/// What a run of the command left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Site {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let wheels = dir.path().join("wheels");
        fs::create_dir(&wheels).expect("is made");
        let npm = npm::Registry::start(packages::npm_archive());
        packages::write_wheels(&wheels);
        packages::write_models(&dir.path().join("models"), &wheels);
        let registries = vec![
            ("PIP_NO_INDEX", "1".to_owned()),
            ("PIP_FIND_LINKS", wheels.display().to_string()),
            ("npm_config_registry", npm.url()),
        ];
        Self { dir, npm, registries: Mutex::new(registries) }
    }

    /// Makes both registries unreachable.
    pub(crate) fn cut_off(&self) {
        let nobody = "http://127.0.0.1:9";
        *self.registries.lock().expect("no test panics here") = vec![
            ("PIP_INDEX_URL", format!("{nobody}/simple")),
            ("npm_config_registry", nobody.to_owned()),
            ("npm_config_fetch_retry_mintimeout", "10".to_owned()),
        ];
    }

    /// Empties both registries.
    pub(crate) fn forget_packages(&self) {
        fs::remove_dir_all(self.dir.path().join("wheels")).expect("is removed");
        self.npm.empty();
    }

    pub(crate) fn ronda(&self, arguments: &[&str]) -> Run {
        self.ronda_with(arguments, &[])
    }

    pub(crate) fn ronda_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ronda"));
        command.args(arguments);
        // The machine's own proxies and caches have no say.
        for name in [
            "http_proxy",
            "https_proxy",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "PIP_INDEX_URL",
            "PIP_EXTRA_INDEX_URL",
        ] {
            command.env_remove(name);
        }
        command.env("PIP_NO_CACHE_DIR", "1").env("PIP_CONFIG_FILE", "/dev/null");
        command.env("npm_config_cache", self.dir.path().join("npm-cache"));
        command.env("MODELS_DIR", self.dir.path().join("models"));
        command.env("RONDA_CACHE_DIR", self.cache()).env("DATA_DIR", self.data());
        command.envs(self.registries.lock().expect("no test panics here").iter().map(|(name, value)| (name, value)));
        let output = command.envs(variables.iter().copied()).output().expect("runs");
        Run {
            code: output.status.code().expect("was not killed"),
            out: String::from_utf8(output.stdout).expect("is UTF-8"),
            err: String::from_utf8(output.stderr).expect("is UTF-8"),
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.cache().join(file).exists()
    }

    pub(crate) fn cached(&self, file: &str) -> Vec<u8> {
        fs::read(self.cache().join(file)).expect("is in the cache")
    }

    pub(crate) fn damage(&self, file: &str) {
        fs::write(self.cache().join(file), b"half a mod").expect("is written");
    }
}

pub(crate) fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

/// The committed models of this repository.
fn repository_models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

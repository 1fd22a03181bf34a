//! `ronda model check`: is each model the one it claims to be, and does it run here?

use std::io::Write;
use std::time::Instant;

use anyhow::{Context as _, bail};
use vision::{Backend, BackendChoice, Input, Manifest, Settings};

use super::Places;
use super::progress::Step;
use crate::detector::grey_picture;

/// What came of one model on one backend.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// It ran; milliseconds of the second run.
    Ran { ms: f64 },
    /// The backend is not there, or does not take this model.
    Unavailable { reason: String },
    /// It should have run and did not.
    Failed { reason: String },
}

/// Checks these models, or all whose files are on this machine. A wrong hash, or a model that no backend runs, is an error.
pub(super) fn check(places: &Places, names: &[String], out: &mut dyn Write) -> anyhow::Result<()> {
    let models = places.models();
    let here = || -> anyhow::Result<Vec<String>> {
        let names = models.names().with_context(|| format!("cannot list {}", places.manifests.display()))?;
        Ok(names.into_iter().filter(|name| models.file(name).is_file()).collect())
    };
    let names = if names.is_empty() { here()? } else { names.to_vec() };
    if names.is_empty() {
        bail!("no model is on this machine: fetch one with `ronda model fetch`");
    }
    let mut bad = Vec::new();
    for name in &names {
        if let Err(error) = check_one(places, name, out) {
            writeln!(out, "{name}: {error:#}")?;
            bad.push(name.as_str());
        }
    }
    if !bad.is_empty() {
        bail!("{} of {} models cannot be used: {}", bad.len(), names.len(), bad.join(", "));
    }
    Ok(())
}

fn check_one(places: &Places, name: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let models = places.models();
    let manifest = models.manifest(name)?;
    models.read(&manifest)?;
    writeln!(out, "{name} {}: SHA-256 as its manifest says", manifest.version)?;
    let mut ran = 0;
    for backend in &manifest.backends {
        let outcome = try_backend(places, &manifest, *backend);
        ran += usize::from(matches!(outcome, Outcome::Ran { .. }));
        let said = match outcome {
            Outcome::Ran { ms } => format!("{backend} runs it in {ms:.1} ms"),
            Outcome::Unavailable { reason } => format!("{backend} is not available: {reason}"),
            Outcome::Failed { reason } => bail!("{reason}"),
        };
        writeln!(out, "{name} {}: {said}", manifest.version)?;
    }
    if ran == 0 {
        bail!("no backend on this machine runs it");
    }
    Ok(())
}

fn try_backend(places: &Places, manifest: &Manifest, backend: Backend) -> Outcome {
    let _step = Step::begin(format!("running {} on {backend}", manifest.name));
    let choice = match backend {
        Backend::Onnxruntime => BackendChoice::Onnxruntime,
        Backend::Tract => BackendChoice::Tract,
    };
    let settings = Settings { backend: choice, ..Settings::new(&places.cache) };
    let run = || -> anyhow::Result<Outcome> {
        let mut loaded = vision::load(manifest, &places.models().read(manifest)?, &settings)?;
        if loaded.detector.info().backend != backend {
            return Ok(Outcome::Unavailable { reason: loaded.fallback.unwrap_or_default() });
        }
        let picture = grey_picture(manifest.input.size)?;
        let inputs = [Input::whole(&picture)];
        // The first run allocates and optimises; the second one is what a service sees.
        loaded.detector.detect(&inputs)?;
        let start = Instant::now();
        loaded.detector.detect(&inputs)?;
        Ok(Outcome::Ran { ms: start.elapsed().as_secs_f64() * 1e3 })
    };
    run().unwrap_or_else(|error| Outcome::Failed { reason: format!("{error:#}") })
}

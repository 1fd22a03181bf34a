//! `ronda model gate`: how well a model and its 8-bit copy find what people see in a labelled film, and whether the copy may stand in.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::picture::Picture;
use serde_json::json;
use vision::accuracy::{Accuracy, Gate, Labels, Scores};
use vision::{BackendChoice, Device, Input, Loaded, Manifest, Settings};

use super::progress::Step;
use super::{Places, hash};
use crate::reel::{self, Reel};

/// So low that the whole curve of precision and recall is seen.
const LEAST_CONFIDENCE: f32 = 0.01;

/// Which pictures, and what people see in them.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Args {
    /// The labels [default: those of the street film].
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// The film that is labelled [default: the one that the simulated site plays].
    #[arg(long, value_name = "FILE")]
    film: Option<PathBuf>,
}

/// A film with labels.
pub(super) struct Lesson {
    /// The name of the labels.
    pub(super) name: String,
    pub(super) labels: Labels,
    /// Every frame of the film.
    pub(super) frames: Vec<Picture>,
}

impl Lesson {
    /// Reads the labels and the film, which must be the one that was labelled.
    pub(super) fn read(args: &Args, places: &Places) -> anyhow::Result<Self> {
        let path = args.labels.clone().unwrap_or_else(|| places.manifests.join("labels").join("street.yaml"));
        let film = args.film.clone().unwrap_or_else(|| places.cache.join("footage").join("bikes.mp4"));
        let labels = Labels::read(&path)?;
        let found = hash::of_file(&film)
            .with_context(|| format!("cannot read {}, fetch it with `sim fetch`", film.display()))?;
        if found != labels.film.sha256 {
            bail!("{} has SHA-256 {found}, the labelled film {}", film.display(), labels.film.sha256);
        }
        let _step = Step::begin("reading the film");
        let frames = frames(&film)?;
        if frames.len() != labels.film.frames || frames.iter().any(|frame| frame.size() != labels.film.size) {
            bail!("{} has other frames than the labelled film", film.display());
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, labels, frames })
    }

    /// Returns the frames that are not labelled.
    pub(super) fn others(&self) -> impl Iterator<Item = Picture> {
        let is_labelled = |index: usize| self.labels.pictures.iter().any(|picture| picture.frame == index);
        let frames = self.frames.iter().enumerate().filter(move |(index, _)| !is_labelled(*index));
        frames.map(|(_, frame)| frame.clone())
    }
}

fn frames(film: &Path) -> anyhow::Result<Vec<Picture>> {
    let mut reel = Reel::open(&reel::Args { source: film.display().to_string(), fps: None, max_seconds: None })?;
    let mut frames = Vec::new();
    while let Some(shot) = reel.next()? {
        frames.push(shot.frame.picture);
    }
    Ok(frames)
}

/// Returns settings that compute as the services do on a CPU.
pub(super) fn settings(places: &Places) -> Settings {
    Settings { backend: BackendChoice::Onnxruntime, device: Device::Cpu, threads: 2, ..Settings::new(&places.cache) }
}

/// Measures one model file.
pub(super) fn measure(
    manifest: &Manifest,
    model: &[u8],
    lesson: &Lesson,
    settings: &Settings,
) -> anyhow::Result<Accuracy> {
    let Loaded { mut detector, fallback } = vision::load(manifest, model, settings)?;
    if let Some(reason) = fallback {
        bail!("onnxruntime does not run {}: {reason}", manifest.name);
    }
    let _step = Step::begin(format!("measuring {} {}", manifest.name, manifest.version));
    let mut scores = Scores::new(&lesson.labels.classes, manifest.thresholds.confidence);
    for truth in &lesson.labels.pictures {
        let input = Input { min_confidence: Some(LEAST_CONFIDENCE), ..Input::whole(&lesson.frames[truth.frame]) };
        let found = detector.detect(&[input])?.pop().unwrap_or_default();
        scores.add(&found, truth);
    }
    scores.accuracy().context("nothing is labelled")
}

/// Prints both measurements as JSON lines.
pub(super) fn report(name: &str, float: &Accuracy, int8: &Accuracy, out: &mut dyn Write) -> anyhow::Result<()> {
    for (precision, accuracy) in [("float", float), ("int8", int8)] {
        let mut line = serde_json::to_value(accuracy)?;
        line["model"] = json!(name);
        line["precision"] = json!(precision);
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Tells whether a copy may stand in for its model.
pub(super) fn judge(float: &Accuracy, int8: &Accuracy) -> anyhow::Result<()> {
    Gate::default().judge(float, int8).map_err(|refusals| {
        let refusals: Vec<_> = refusals.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the 8-bit copy does not pass: {}", refusals.join("; "))
    })
}

/// Measures a model and its copy and fails unless the copy passes.
pub(super) fn gate(places: &Places, name: &str, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let models = places.models();
    let manifest = models.manifest(name)?;
    let copy = manifest.int8_copy().with_context(|| format!("model {name} has no 8-bit copy"))?;
    let (model, small) = (models.read(&manifest)?, models.read_int8(&manifest)?);
    let lesson = Lesson::read(args, places)?;
    let settings = settings(places);
    let float = measure(&manifest, &model, &lesson, &settings)?;
    let int8 = measure(&copy, &small, &lesson, &settings)?;
    report(name, &float, &int8, out)?;
    judge(&float, &int8)?;
    Ok(writeln!(out, "the 8-bit copy of {name} passes")?)
}

//! The detector that a command uses: which model, with which thresholds.

use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;
use chassis::Env;
use domain::geometry::Size;
use domain::picture::Picture;
use domain::services::{Backend, Device, InferenceSettings};
use serde::Deserialize;
use vision::{ActiveModel, BackendChoice, Loaded, Models, Settings};

/// Which detector is used, and how.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// A model of `ronda model list` [default: the active one].
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The smallest confidence that counts, 0 to 1 [default: that of services.yaml, else of the model].
    #[arg(long, value_name = "CONFIDENCE", value_parser = confidence)]
    conf: Option<f32>,
    /// What runs the model [default: that of services.yaml, else the best one that is there].
    #[arg(long, value_enum)]
    backend: Option<BackendName>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum BackendName {
    Auto,
    Onnxruntime,
    Tract,
}

fn confidence(text: &str) -> Result<f32, String> {
    let number: f32 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    if (0.0..=1.0).contains(&number) { Ok(number) } else { Err(format!("{text} is not from 0 to 1")) }
}

/// A detector that is ready, with the thresholds that it was given.
pub(crate) struct Ready {
    pub(crate) detector: Box<dyn vision::Detector>,
    pub(crate) settings: Settings,
    /// The smallest confidence of a detection that counts, unless its class has one of its own.
    pub(crate) confidence: f32,
}

/// Loads the detector. `configured` is what `services.yaml` says, if there is one.
pub(crate) fn load(args: &Args, configured: Option<&InferenceSettings>, env: &Env) -> anyhow::Result<Ready> {
    let models = Models::new(env.models_dir(), env.cache_dir());
    let name = match &args.model {
        Some(name) => name.clone(),
        None => active_model(env)?,
    };
    let manifest = models.manifest(&name)?;
    let settings = settings(args, configured, env);
    let confidence = settings.confidence.unwrap_or(manifest.thresholds.confidence);
    let Loaded { detector, fallback } = vision::load(&manifest, &models.read(&manifest)?, &settings)?;
    if let Some(reason) = fallback {
        eprintln!("ronda: {name} runs on {}: {reason}", detector.info().backend);
    }
    Ok(Ready { detector, settings, confidence })
}

/// Returns the name of the model that the services run: the one activated last, else the catalogue's default.
pub(crate) fn active_model(env: &Env) -> anyhow::Result<String> {
    if let Some(active) = ActiveModel::read(&ActiveModel::path(&env.data_dir()))? {
        return Ok(active.model.name);
    }
    default_model(&env.models_dir().join("catalogue.yaml"))
}

/// Reads only what is needed of the catalogue; `ronda model` reads the rest.
fn default_model(catalogue: &Path) -> anyhow::Result<String> {
    #[derive(Deserialize)]
    struct Catalogue {
        default: String,
    }
    let text = std::fs::read_to_string(catalogue).with_context(|| format!("cannot read {}", catalogue.display()))?;
    let catalogue: Catalogue =
        serde_yaml::from_str(&text).with_context(|| format!("{} names no default model", catalogue.display()))?;
    Ok(catalogue.default)
}

/// Returns the settings of a detector of which the command line says nothing.
pub(crate) fn usual_settings(configured: Option<&InferenceSettings>, env: &Env) -> Settings {
    settings(&Args { model: None, conf: None, backend: None }, configured, env)
}

/// Returns a picture of nothing, to try a model with.
pub(crate) fn grey_picture(size: Size) -> anyhow::Result<Picture> {
    let stride = size.width as usize * 3;
    let pixels = vec![114; stride * size.height as usize];
    Ok(Picture::rgb(size, stride, Bytes::from(pixels))?)
}

fn settings(args: &Args, configured: Option<&InferenceSettings>, env: &Env) -> Settings {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut settings = Settings { threads: cores, ..Settings::new(env.cache_dir()) };
    if let Some(configured) = configured {
        settings.backend = match configured.backend {
            Backend::Auto => BackendChoice::Auto,
            Backend::Onnxruntime => BackendChoice::Onnxruntime,
            Backend::Tract => BackendChoice::Tract,
        };
        settings.device = match configured.device {
            Device::Auto => vision::Device::Auto,
            Device::Cuda => vision::Device::Cuda,
            // Apple's graphics cards are not supported; the processor does the same work.
            Device::Cpu | Device::Mps => vision::Device::Cpu,
        };
        settings.threads = configured.threads.map_or(cores, NonZeroUsize::get);
        settings.confidence = Some(configured.confidence);
        settings.iou = Some(configured.iou_threshold);
        settings.unknown = Some(configured.unknown_threshold);
        settings.class_thresholds = configured.class_thresholds.clone();
    }
    if let Some(confidence) = args.conf {
        settings.confidence = Some(confidence);
        settings.class_thresholds.clear();
    }
    match args.backend {
        None => {}
        Some(BackendName::Auto) => settings.backend = BackendChoice::Auto,
        Some(BackendName::Onnxruntime) => settings.backend = BackendChoice::Onnxruntime,
        Some(BackendName::Tract) => settings.backend = BackendChoice::Tract,
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_is_a_number_from_0_to_1() {
        assert_eq!(confidence("0.5"), Ok(0.5));
        assert_eq!(confidence("7"), Err("7 is not from 0 to 1".to_owned()));
        assert_eq!(confidence("high"), Err("\"high\" is not a number".to_owned()));
        assert!(confidence("NaN").is_err());
    }

    #[test]
    fn the_command_line_wins_over_the_file_and_its_class_thresholds() {
        let args = Args { model: None, conf: Some(0.6), backend: Some(BackendName::Tract) };
        let yaml = "inference: {confidence: 0.3, backend: onnxruntime, class_thresholds: {car: 0.1}, threads: 3}";
        let file: domain::services::ServicesFile = serde_yaml::from_str(yaml).expect("valid YAML");
        let services = file.check(&|_| None).expect("good settings");
        let settings = settings(&args, Some(&services.inference), &Env::default());
        assert_eq!((settings.confidence, settings.backend, settings.threads), (Some(0.6), BackendChoice::Tract, 3));
        assert!(settings.class_thresholds.is_empty());
    }

    #[test]
    fn without_a_file_the_model_decides() {
        let args = Args { model: None, conf: None, backend: None };
        let settings = settings(&args, None, &Env::default());
        assert_eq!((settings.confidence, settings.iou, settings.unknown), (None, None, None));
    }
}

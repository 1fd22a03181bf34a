//! `ronda model list`: the catalogue and the models directory, joined with what is on this machine.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::Context as _;
use serde::Serialize;
use vision::ActiveModel;

use super::Places;
use super::catalogue::{Catalogue, Speed};

/// One line of the list.
#[derive(Debug, PartialEq, Serialize)]
struct Line {
    name: String,
    version: String,
    licence: String,
    /// `[width, height]`.
    input: domain::geometry::Size,
    classes: usize,
    installed: bool,
    active: bool,
    default: bool,
    speed: Vec<Speed>,
    description: String,
}

/// Prints the list as a table, or as `{"models": […]}`.
pub(super) fn list(places: &Places, json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let lines = lines(places)?;
    if json {
        serde_json::to_writer(&mut *out, &serde_json::json!({ "models": lines }))?;
        return Ok(writeln!(out)?);
    }
    writeln!(out, "{:<24} {:<10} {:<16} {:<16} {:<9} speed", "model", "version", "here", "licence", "input")?;
    for line in &lines {
        let here = match (line.installed, line.active) {
            (true, true) => "active",
            (false, true) => "active, not here",
            (true, false) => "yes",
            (false, false) => "no",
        };
        let input = format!("{}x{}", line.input.width, line.input.height);
        let speed = describe_speed(&line.speed);
        writeln!(out, "{:<24} {:<10} {here:<16} {:<16} {input:<9} {speed}", line.name, line.version, line.licence)?;
    }
    Ok(())
}

fn lines(places: &Places) -> anyhow::Result<Vec<Line>> {
    let catalogue = Catalogue::read(&places.manifests)?;
    let models = places.models();
    let active = ActiveModel::read(&ActiveModel::path(&places.data))?.map(|active| active.model.name);
    let own = models.names().with_context(|| format!("cannot list {}", places.manifests.display()))?;
    let names: BTreeSet<&str> = own.iter().chain(catalogue.models.keys()).map(String::as_str).collect();
    let line = |name: &str| -> anyhow::Result<Line> {
        let manifest = models.manifest(name)?;
        Ok(Line {
            name: name.to_owned(),
            version: manifest.version,
            licence: manifest.licence,
            input: manifest.input.size,
            classes: manifest.labels.len(),
            installed: models.file(name).is_file(),
            active: active.as_deref().unwrap_or(&catalogue.default) == name,
            default: catalogue.default == name,
            speed: catalogue.models.get(name).map(|entry| entry.speed.clone()).unwrap_or_default(),
            description: manifest.description,
        })
    };
    names.into_iter().map(line).collect()
}

/// The fastest figure of each backend, in milliseconds.
fn describe_speed(speed: &[Speed]) -> String {
    let figure = |speed: &Speed| {
        format!(
            "{}{} {} ms ({} thread{})",
            speed.backend,
            if speed.precision == vision::Precision::Int8 { " int8" } else { "" },
            speed.ms,
            speed.threads,
            if speed.threads == 1 { "" } else { "s" }
        )
    };
    speed.iter().map(figure).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_told_per_backend() {
        let (float, int8) = (vision::Precision::Float, vision::Precision::Int8);
        let one = Speed { backend: vision::Backend::Onnxruntime, precision: int8, threads: 1, ms: 30.0 };
        let two = Speed { backend: vision::Backend::Tract, precision: float, threads: 2, ms: 32.5 };
        assert_eq!(describe_speed(&[one, two]), "onnxruntime int8 30 ms (1 thread), tract 32.5 ms (2 threads)");
        assert_eq!(describe_speed(&[]), "");
    }
}

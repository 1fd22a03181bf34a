//! `ronda model use`: writes the file that every running detector watches.

use std::io::Write;

use vision::{ActiveModel, ModelRef};

use super::Places;

/// Makes a model the active one, if its file is here and is the one that its manifest describes.
pub(super) fn activate(places: &Places, name: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let models = places.models();
    let manifest = models.manifest(name)?;
    models.read(&manifest)?;
    let model = ModelRef { name: manifest.name, version: manifest.version, sha256: manifest.sha256 };
    ActiveModel { model, activated_at: jiff::Timestamp::now() }.write(&ActiveModel::path(&places.data))?;
    Ok(writeln!(out, "{name} is the active model: running services switch to it within seconds")?)
}

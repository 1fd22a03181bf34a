//! A model's 8-bit copy: made on this machine from the model and the ranges that were measured once, so it comes out as its manifest says.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, bail};
use model_convert::Range;
use vision::Manifest;

use super::install::Workshop;
use super::progress::Step;
use super::{Places, hash};

/// The ranges of a model's inner values, by name.
pub(super) type Ranges = BTreeMap<String, Range>;

/// Makes the copy of a model that is here, if it has one and that is not here yet. A copy that cannot be made is no reason to do
/// without the model: it is said, and the model computes with floats.
pub(super) fn ensure(places: &Places, manifest: &Manifest, out: &mut dyn Write) -> anyhow::Result<()> {
    if manifest.int8.is_none() || places.models().read_int8(manifest).is_ok() {
        return Ok(());
    }
    let (name, version) = (&manifest.name, &manifest.version);
    match make(places, manifest) {
        Ok(()) => writeln!(out, "{name} {version} has its 8-bit copy")?,
        Err(error) => writeln!(out, "{name} {version} computes with floats, its 8-bit copy cannot be made: {error:#}")?,
    }
    Ok(())
}

fn make(places: &Places, manifest: &Manifest) -> anyhow::Result<()> {
    let models = places.models();
    let int8 = manifest.int8.as_ref().context("the manifest names none")?;
    let ranges = read_ranges(&models.int8_ranges(&manifest.name))?;
    let model = models.read(manifest)?;
    let copy = {
        let _step = Step::begin("making the 8-bit copy");
        model_convert::eight_bits(&model, &ranges, int8.float_convolutions)?
    };
    let found = hash::of(&copy);
    if found != int8.sha256 {
        bail!("it has SHA-256 {found}, the manifest says {}", int8.sha256);
    }
    Workshop::open(&places.cache)?.install(&copy, &models.int8(&manifest.name))
}

/// Reads ranges as `write_ranges` writes them.
pub(super) fn read_ranges(path: &Path) -> anyhow::Result<Ranges> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let pairs: BTreeMap<String, [f32; 2]> =
        serde_yaml::from_str(&text).with_context(|| format!("{} does not hold ranges", path.display()))?;
    let checked = |(name, [low, high]): (String, [f32; 2])| {
        let range = Range::new(low, high).with_context(|| format!("{}: {name} has no range", path.display()))?;
        Ok((name, range))
    };
    pairs.into_iter().map(checked).collect()
}

/// Returns the file that holds these ranges.
pub(super) fn ranges_text(ranges: &BTreeMap<String, [f32; 2]>) -> String {
    let mut text = String::from(
        "# How small and how large the model's inner values get: what its 8-bit copy is made with. Measured by\n# `ronda model quantise`; a change here changes the copy and its hash.\n",
    );
    for (name, [low, high]) in ranges {
        text.push_str(&format!("{name}: [{low:?}, {high:?}]\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_exactly_as_they_were_written() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("int8-ranges.yaml");
        let pairs = BTreeMap::from([("conv_1".to_owned(), [-0.1_f32, 3.000_000_2]), ("images".to_owned(), [0.0, 1.0])]);
        std::fs::write(&path, ranges_text(&pairs)).expect("is written");
        let expected = pairs.into_iter().map(|(name, [low, high])| (name, Range::new(low, high).expect("is a range")));
        assert_eq!(read_ranges(&path).expect("are read"), expected.collect());
    }

    #[test]
    fn what_is_no_range_is_refused_by_name() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("int8-ranges.yaml");
        std::fs::write(&path, "conv_1: [3.0, 1.0]\n").expect("is written");
        let error = read_ranges(&path).expect_err("is the wrong way round");
        assert!(error.to_string().ends_with("conv_1 has no range"), "{error}");
    }
}

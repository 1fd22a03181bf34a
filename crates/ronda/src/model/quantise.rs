//! `ronda model quantise`: measures the ranges that an 8-bit copy needs, makes it, and keeps it only if it passes the gate.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context as _;
use model_convert::Range;
use vision::Manifest;
use vision::accuracy::Accuracy;

use super::copy::{Ranges, ranges_text};
use super::gate::{self, Lesson};
use super::install::Workshop;
use super::progress::Step;
use super::{Places, hash};

/// Of the frames that are not labelled, one in so many is looked at for ranges: the ones between are nearly the same.
const ONE_IN: usize = 3;

/// How a copy is made.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    film: gate::Args,
    /// How many of the first convolutions stay floats.
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    float_convolutions: usize,
}

/// A copy, and what the gate measured.
struct Copy {
    bytes: Vec<u8>,
    float: Accuracy,
    int8: Accuracy,
}

/// Makes and judges the copy of a model that is here; writes it, its ranges and its part of the manifest only if it passes.
pub(super) fn quantise(places: &Places, name: &str, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let models = places.models();
    let manifest = models.manifest(name)?;
    let model = models.read(&manifest)?;
    let lesson = Lesson::read(&args.film, places)?;
    let pairs = ranges(places, &manifest, &model, &lesson)?;
    let copy = copied(places, &manifest, &model, &lesson, &checked(&pairs)?, args.float_convolutions)?;
    gate::report(name, &copy.float, &copy.int8, out)?;
    gate::judge(&copy.float, &copy.int8)?;
    Workshop::open(&places.cache)?.install(&copy.bytes, &models.int8(name))?;
    let path = models.int8_ranges(name);
    std::fs::write(&path, ranges_text(&pairs)).with_context(|| format!("cannot write {}", path.display()))?;
    let path = places.manifests.join(name).join("manifest.yaml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = with_section(&text, &section(&copy, &lesson, args.float_convolutions));
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(writeln!(out, "the 8-bit copy of {name} passes: it is in the cache, its ranges and hash beside the manifest")?)
}

/// Measures the ranges of a model's inner values on the frames that are not labelled.
fn ranges(
    places: &Places,
    manifest: &Manifest,
    model: &[u8],
    lesson: &Lesson,
) -> anyhow::Result<BTreeMap<String, [f32; 2]>> {
    let tapped = model_convert::tapped(model)?;
    let _step = Step::begin("measuring the ranges of the model's values");
    let seen = vision::value_ranges(manifest, &tapped.onnx, &gate::settings(places), lesson.others().step_by(ONE_IN))?;
    Ok(tapped.values.into_iter().zip(seen).collect())
}

fn checked(pairs: &BTreeMap<String, [f32; 2]>) -> anyhow::Result<Ranges> {
    let range = |(name, [low, high]): (&String, &[f32; 2])| {
        Ok((name.clone(), Range::new(*low, *high).with_context(|| format!("{name} has no range"))?))
    };
    pairs.iter().map(range).collect()
}

fn copied(
    places: &Places,
    manifest: &Manifest,
    model: &[u8],
    lesson: &Lesson,
    ranges: &Ranges,
    float_convolutions: usize,
) -> anyhow::Result<Copy> {
    let bytes = model_convert::eight_bits(model, ranges, float_convolutions)?;
    let settings = gate::settings(places);
    let float = gate::measure(manifest, model, lesson, &settings)?;
    let int8 = gate::measure(manifest, &bytes, lesson, &settings)?;
    Ok(Copy { bytes, float, int8 })
}

fn section(copy: &Copy, lesson: &Lesson, float_convolutions: usize) -> String {
    let Copy { bytes, float, int8 } = copy;
    format!(
        "int8: # made by `ronda model quantise`\n  sha256: {}\n  float_convolutions: {float_convolutions}\n  gate: {{ labels: {}, things: {}, \
         ap50: [{:.4}, {:.4}], ap: [{:.4}, {:.4}] }}\n",
        hash::of(bytes),
        lesson.name,
        float.things,
        float.ap50,
        int8.ap50,
        float.ap,
        int8.ap
    )
}

/// Puts the section at the end of a manifest, in place of the one that is there.
fn with_section(manifest: &str, section: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for line in manifest.lines() {
        let is_nested = line.starts_with(' ') || line.is_empty();
        inside = line.starts_with("int8:") || (inside && is_nested);
        if !inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    text + section
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> Places {
        let home = std::env::var_os("HOME").map(std::path::PathBuf::from).unwrap_or_default();
        let cache = std::env::var_os("RONDA_CACHE_DIR").map_or_else(|| home.join(".cache/ronda"), Into::into);
        let manifests = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models").into();
        Places { manifests, cache, data: "/nonexistent".into() }
    }

    /// Returns the labelled film, or says why nothing is tested; where `CI` is set everything must be there.
    fn lesson(places: &Places) -> Option<Lesson> {
        let read = || -> anyhow::Result<Lesson> {
            places.models().read(&places.models().manifest("yolov4-tiny")?)?;
            Lesson::read(&gate::Args::default(), places)
        };
        read()
            .inspect_err(|reason| {
                let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
                assert!(!in_ci, "in CI nothing may be missing: {reason:#}");
                eprintln!("not tested: {reason:#}");
            })
            .ok()
    }

    #[test]
    fn the_copy_that_is_shipped_passes_as_its_manifest_says() {
        let places = repository();
        let Some(lesson) = lesson(&places) else { return };
        let manifest = places.models().manifest("yolov4-tiny").expect("is good");
        let model = places.models().read(&manifest).expect("is here");
        let int8 = manifest.int8.clone().expect("has a copy");
        let ranges = super::super::copy::read_ranges(&places.models().int8_ranges("yolov4-tiny")).expect("are there");
        let copy = copied(&places, &manifest, &model, &lesson, &ranges, int8.float_convolutions).expect("is made");
        assert_eq!(hash::of(&copy.bytes), int8.sha256, "the same bytes on every machine");
        gate::judge(&copy.float, &copy.int8).expect("passes");
        assert_eq!(int8.gate.things, copy.float.things);
        let pairs =
            [(int8.gate.ap50, [copy.float.ap50, copy.int8.ap50]), (int8.gate.ap, [copy.float.ap, copy.int8.ap])];
        for (written, measured) in pairs {
            for (written, measured) in written.iter().zip(measured) {
                // Another processor rounds otherwise, which may turn a box or two.
                assert!((written - measured).abs() < 0.02, "{written} is not {measured}");
            }
        }
    }

    #[test]
    fn a_copy_with_broken_ranges_is_refused() {
        let places = repository();
        let Some(lesson) = lesson(&places) else { return };
        let manifest = places.models().manifest("yolov4-tiny").expect("is good");
        let model = places.models().read(&manifest).expect("is here");
        let whole = super::super::copy::read_ranges(&places.models().int8_ranges("yolov4-tiny")).expect("are there");
        // Everything above a small part of the range is cut off.
        let cut = |range: &Range| Range::new(range.low() / 20.0, range.high() / 20.0).expect("is a range");
        let broken: Ranges = whole.iter().map(|(name, range)| (name.clone(), cut(range))).collect();
        let copy = copied(&places, &manifest, &model, &lesson, &broken, 1).expect("is made");
        let refusal = gate::judge(&copy.float, &copy.int8).expect_err("finds hardly anything").to_string();
        assert!(refusal.starts_with("the 8-bit copy does not pass: AP50 falls from"), "{refusal}");
    }

    #[test]
    fn a_section_replaces_the_one_before_it_and_nothing_else() {
        let manifest = "name: a\nint8:\n  sha256: old\n  gate: { x: 1 }\nlabels: [b,\n  c]\n";
        let expected = "name: a\nlabels: [b,\n  c]\nint8:\n  sha256: new\n";
        assert_eq!(with_section(manifest, "int8:\n  sha256: new\n"), expected);
        assert_eq!(with_section(expected, "int8:\n  sha256: new\n"), expected);
    }
}

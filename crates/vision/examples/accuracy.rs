//! Measures a detector on labelled pictures, through the same letterbox, decoding and suppression as the product:
//! `cargo run --release -p vision --example accuracy -- MANIFEST.yaml MODEL.onnx PICTURES LABELS`.
//!
//! For each `PICTURES/x.jpg` there is a `LABELS/x.txt` with a line `class x y width height` for each thing, the class as the model numbers
//! it, the centre and sides as parts of the picture. Prints the mean over classes of the average precision at an overlap of one half.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use domain::detection::Detection;
use domain::geometry::{BBox, Size};
use domain::picture::Picture;
use vision::{BackendChoice, Device, Input, Loaded, Manifest, Settings};

/// The overlap from which a found box is a labelled one.
const OVERLAP: f32 = 0.5;
/// Low enough that the whole curve of precision and recall is seen.
const LEAST_CONFIDENCE: f32 = 0.01;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [manifest, model, pictures, labels] = &arguments[..] else {
        eprintln!("usage: accuracy MANIFEST.yaml MODEL.onnx PICTURES LABELS");
        return ExitCode::from(2);
    };
    match measure(manifest, model, pictures, labels) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(manifest: &Path, model: &Path, pictures: &Path, labels: &Path) -> Result<(), Box<dyn Error>> {
    let manifest = Manifest::read(manifest)?;
    let settings = Settings { backend: BackendChoice::Onnxruntime, device: Device::Cpu, ..Settings::new(cache_dir()) };
    let Loaded { mut detector, fallback } = vision::load(&manifest, &fs::read(model)?, &settings)?;
    if let Some(reason) = fallback {
        return Err(reason.into());
    }
    let mut classes: BTreeMap<u32, Class> = BTreeMap::new();
    let mut count = 0;
    let mut paths: Vec<_> = fs::read_dir(pictures)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "jpg")) {
        let picture = decode(&fs::read(path)?)?;
        let file = labels.join(path.file_stem().unwrap_or_default()).with_extension("txt");
        let labelled = parse(&fs::read_to_string(&file)?, picture.size())
            .ok_or_else(|| format!("{}: expected lines of class x y width height", file.display()))?;
        let input = Input { min_confidence: Some(LEAST_CONFIDENCE), ..Input::whole(&picture) };
        let found = detector.detect(&[input])?.pop().unwrap_or_default();
        compare(&found, &labelled, &mut classes);
        count += 1;
    }
    let things: usize = classes.values().map(|class| class.labelled).sum();
    let precisions: Vec<f64> = classes.values().filter_map(Class::average_precision).collect();
    if precisions.is_empty() {
        return Err("there is no labelled thing in these pictures".into());
    }
    print("accuracy.pictures", f64::from(count), "pictures");
    print("accuracy.things", things as f64, "things");
    print("accuracy.ap50", precisions.iter().sum::<f64>() / precisions.len() as f64, "ratio");
    Ok(())
}

/// What was found of one class: confidences, and whether each is a labelled thing.
#[derive(Debug, Default, PartialEq)]
struct Class {
    labelled: usize,
    found: Vec<(f32, bool)>,
}

impl Class {
    /// The area under the curve of precision over recall; `None` if nothing of this class is labelled.
    fn average_precision(&self) -> Option<f64> {
        if self.labelled == 0 {
            return None;
        }
        let mut found = self.found.clone();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut hits = 0;
        let mut curve = Vec::with_capacity(found.len());
        for (index, (_, hit)) in found.iter().enumerate() {
            hits += usize::from(*hit);
            curve.push((hits as f64 / self.labelled as f64, hits as f64 / (index + 1) as f64));
        }
        // At each recall the best precision at that recall or a higher one counts.
        let (mut area, mut best, mut right) = (0.0, 0.0_f64, curve.last().map_or(0.0, |point| point.0));
        for (recall, precision) in curve.into_iter().rev() {
            area += (right - recall) * best;
            right = recall;
            best = best.max(precision);
        }
        Some(area + right * best)
    }
}

/// Matches what was found with what is labelled, strongest first, each label once.
fn compare(found: &[Detection], labelled: &[(u32, BBox)], classes: &mut BTreeMap<u32, Class>) {
    let mut taken = vec![false; labelled.len()];
    for (class, _) in labelled {
        classes.entry(*class).or_default().labelled += 1;
    }
    for detection in found {
        let overlap = |index: &usize| detection.bbox.iou(&labelled[*index].1);
        let same = (0..labelled.len()).filter(|i| !taken[*i] && labelled[*i].0 == detection.class_id);
        let nearest = same.max_by(|a, b| overlap(a).total_cmp(&overlap(b))).filter(|i| overlap(i) >= OVERLAP);
        if let Some(index) = nearest {
            taken[index] = true;
        }
        classes.entry(detection.class_id).or_default().found.push((detection.confidence, nearest.is_some()));
    }
}

fn parse(text: &str, size: Size) -> Option<Vec<(u32, BBox)>> {
    let line = |line: &str| {
        let (class, place) = line.trim().split_once(' ')?;
        let numbers: Vec<f32> = place.split_whitespace().map(|n| n.parse().ok()).collect::<Option<_>>()?;
        let [x, y, w, h] = numbers[..] else { return None };
        let bbox = BBox::new(x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0);
        Some((class.parse().ok()?, bbox.scale(size.width as f32, size.height as f32)))
    };
    text.lines().filter(|text| !text.trim().is_empty()).map(line).collect()
}

fn decode(jpeg: &[u8]) -> Result<Picture, Box<dyn Error>> {
    let image = turbojpeg::decompress(jpeg, turbojpeg::PixelFormat::RGB)?;
    let size = Size::new(u32::try_from(image.width)?, u32::try_from(image.height)?);
    Ok(Picture::rgb(size, image.pitch, image.pixels.into())?)
}

#[expect(clippy::print_stdout, reason = "the figures are the program's output")]
fn print(name: &str, value: f64, unit: &str) {
    println!("{}", serde_json::json!({ "name": name, "value": (value * 1e4).round() / 1e4, "unit": unit }));
}

fn cache_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || set("XDG_CACHE_HOME").map(|dir| dir.join("ronda"));
    let home = || set("HOME").map(|dir| dir.join(".cache/ronda"));
    set("RONDA_CACHE_DIR").or_else(cache).or_else(home).unwrap_or_else(|| "cache".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(labelled: usize, found: &[(f32, bool)]) -> Class {
        Class { labelled, found: found.to_vec() }
    }

    #[test]
    fn finding_everything_and_nothing_else_is_one() {
        assert_eq!(class(2, &[(0.9, true), (0.8, true)]).average_precision(), Some(1.0));
        assert_eq!(class(2, &[]).average_precision(), Some(0.0));
        assert_eq!(class(0, &[(0.9, false)]).average_precision(), None);
    }

    #[test]
    fn a_false_box_costs_only_below_its_own_confidence() {
        // Recall a half at precision 1, then 1 at two thirds.
        let found = [(0.9, true), (0.8, false), (0.7, true)];
        let area = class(2, &found).average_precision().expect("two are labelled");
        assert!((area - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-9, "{area}");
        assert_eq!(class(2, &[(0.9, true), (0.1, false)]).average_precision(), Some(0.5));
    }

    #[test]
    fn a_label_is_matched_once_and_by_its_own_class() {
        let label = (3, BBox::new(0.0, 0.0, 10.0, 10.0));
        let found = |class_id, confidence| Detection {
            class_id,
            class_name: "x".into(),
            confidence,
            bbox: label.1,
            is_unknown: false,
        };
        let mut classes = BTreeMap::new();
        compare(&[found(3, 0.9), found(3, 0.8), found(4, 0.7)], &[label], &mut classes);
        let expected = [(3, class(1, &[(0.9, true), (0.8, false)])), (4, class(0, &[(0.7, false)]))];
        assert_eq!(classes, expected.into());
    }

    #[test]
    fn labels_are_parts_of_the_picture() {
        let parsed = parse("2 0.5 0.5 0.5 1.0\n\n", Size::new(100, 40));
        assert_eq!(parsed, Some(vec![(2, BBox::new(25.0, 0.0, 75.0, 40.0))]));
        assert_eq!(parse("2 0.5 0.5 0.5", Size::new(100, 40)), None);
        assert_eq!(parse("person 0 0 1 1", Size::new(100, 40)), None);
    }
}

//! Reads one entry of `rois.yaml`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::{DEFAULT_ALERT_CLASSES, DEFAULT_ALLOWED_CLASSES, DEFAULT_REPEAT_SECONDS};
use crate::alert::Severity;
use crate::entry::{Entry, Problem, Reader, nested};
use crate::geometry::{Point, Polygon, Size};
use crate::id::{CameraId, IdError};
use crate::zone::{AlertPlan, Anchor, CameraZones, NOfM, Space, Zone};

/// The longest time that a dwell or a repetition may take: a day.
const LONGEST_SECONDS: f64 = 86_400.0;

/// The most zones that one camera may have.
const MOST_ZONES: usize = 100;

impl CameraZones {
    /// Checks one entry of `rois.yaml`, or the same as JSON.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(entry: &Entry) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(entry, "");
        let camera_id = camera_id(&mut reader);
        let defaults = Choices::read(&mut reader, Choices::usual);
        let reference_size = reference_size(&mut reader);
        let zones = zones(&mut reader, &defaults, reference_size);
        let allowed_classes = classes_or(&mut reader, "allowed_classes", &DEFAULT_ALLOWED_CLASSES);
        let alert_classes = classes_or(&mut reader, "alert_classes", &DEFAULT_ALERT_CLASSES);
        let strict_mode = reader.flag_or("strict_mode", true);
        let problems = reader.finish();
        match camera_id {
            Some(camera_id) if problems.is_empty() => {
                Ok(Self { camera_id, zones, allowed_classes, alert_classes, strict_mode, reference_size })
            }
            _ => Err(problems),
        }
    }
}

/// What may stand at a zone, and at the entry for all of its zones.
struct Choices {
    anchor: Option<Anchor>,
    n_of_m: Option<NOfM>,
    dwell_seconds: Option<f64>,
    repeat_seconds: Option<f64>,
    severity: Option<Severity>,
}

impl Choices {
    /// Reads the choices; `default` names what each is if it is absent, for the reference.
    fn read(reader: &mut Reader<'_>, default: impl Fn(&str) -> String) -> Self {
        Self {
            anchor: reader.defaulting(default("anchor")).choice("anchor", &Anchor::ALL),
            n_of_m: reader.defaulting(default("n_of_m")).parsed("n_of_m", "{n, m} with 1 ≤ n ≤ m ≤ 64", n_of_m),
            dwell_seconds: reader.defaulting(default("dwell_seconds")).number("dwell_seconds", 0.0..=LONGEST_SECONDS),
            repeat_seconds: reader
                .defaulting(default("repeat_seconds"))
                .number("repeat_seconds", 0.0..=LONGEST_SECONDS),
            severity: reader.defaulting(default("severity")).choice("severity", &Severity::ALL),
        }
    }

    /// Names what a choice is that neither the zone nor its camera makes.
    fn usual(key: &str) -> String {
        let n_of_m = NOfM::default();
        match key {
            "anchor" => name_of(&Anchor::ALL, Anchor::default()).to_owned(),
            "n_of_m" => format!("{{n: {}, m: {}}}", n_of_m.n(), n_of_m.m()),
            "repeat_seconds" => DEFAULT_REPEAT_SECONDS.to_string(),
            "severity" => name_of(&Severity::ALL, Severity::default()).to_owned(),
            _ => "0".to_owned(),
        }
    }

    fn plan(&self, defaults: &Self) -> AlertPlan {
        AlertPlan {
            n_of_m: self.n_of_m.or(defaults.n_of_m).unwrap_or_default(),
            dwell_seconds: self.dwell_seconds.or(defaults.dwell_seconds).unwrap_or_default(),
            repeat_seconds: self.repeat_seconds.or(defaults.repeat_seconds).unwrap_or(DEFAULT_REPEAT_SECONDS),
            severity: self.severity.or(defaults.severity).unwrap_or_default(),
        }
    }
}

fn name_of<T: Copy + PartialEq>(choices: &[(&'static str, T)], wanted: T) -> &'static str {
    choices.iter().find(|(_, choice)| *choice == wanted).map_or("", |(name, _)| name)
}

fn n_of_m(value: &Value) -> Option<NOfM> {
    let map = value.as_object().filter(|map| map.len() == 2)?;
    let number = |key: &str| map.get(key)?.as_u64().and_then(|n| u32::try_from(n).ok());
    NOfM::new(number("n")?, number("m")?)
}

/// Reads `camera_id`, or `id` as the oldest form calls it.
fn camera_id(reader: &mut Reader<'_>) -> Option<CameraId> {
    let text = match reader.raw("camera_id") {
        None if reader.raw("id").is_some() => reader.text("id"),
        _ => {
            let text = reader.text("camera_id");
            reader.required("camera_id", "the id of a camera of cameras.yaml", text)
        }
    }?;
    text.parse().map_err(|error: IdError| reader.problem("camera_id", error.to_string())).ok()
}

fn reference_size(reader: &mut Reader<'_>) -> Option<Size> {
    reader.parsed("reference_size", "[width, height] in pixels", |value| {
        serde_json::from_value::<Size>(value.clone()).ok().filter(|size| !size.is_empty())
    })
}

fn classes(reader: &mut Reader<'_>, key: &'static str) -> Option<BTreeSet<Arc<str>>> {
    let names = reader.texts(key)?;
    Some(names.into_iter().map(Arc::from).collect())
}

fn classes_or(reader: &mut Reader<'_>, key: &'static str, default: &[&str]) -> BTreeSet<Arc<str>> {
    reader.defaulting(format!("[{}]", default.join(", ")));
    classes(reader, key).unwrap_or_else(|| set(default))
}

fn set(classes: &[&str]) -> BTreeSet<Arc<str>> {
    classes.iter().map(|class| Arc::from(*class)).collect()
}

fn zones(reader: &mut Reader<'_>, defaults: &Choices, reference: Option<Size>) -> Vec<Zone> {
    let expected = format!("a list of at most {MOST_ZONES} zones");
    let list = reader
        .parsed("forbidden_rois", &expected, |value| value.as_array().filter(|list| list.len() <= MOST_ZONES).cloned());
    if let Some(entry) = reader.asking() {
        // What is wrong with a zone that nobody wrote concerns nobody.
        let _ = read_zone(0, &entry, "forbidden_rois[].".to_owned(), defaults, reference);
    }
    let mut zones: Vec<Zone> = Vec::new();
    for (index, value) in list.unwrap_or_default().iter().enumerate() {
        match zone(index, value, defaults, reference) {
            Ok(zone) if zones.iter().any(|other| other.name == zone.name) => {
                let message = format!("{:?} is the name of another zone of this camera already", zone.name);
                reader.problem(&format!("forbidden_rois[{index}].name"), message);
            }
            Ok(zone) => zones.push(zone),
            Err(problems) => reader.problems(problems),
        }
    }
    zones
}

fn zone(index: usize, value: &Value, defaults: &Choices, reference: Option<Size>) -> Result<Zone, Vec<Problem>> {
    // In the oldest form a zone is nothing but its corners.
    let bare = value.is_array().then(|| serde_json::json!({ "points": value }));
    let entry = nested(bare.as_ref().unwrap_or(value));
    read_zone(index, &entry, format!("forbidden_rois[{index}]."), defaults, reference)
}

fn read_zone(
    index: usize,
    entry: &Entry,
    prefix: String,
    defaults: &Choices,
    reference: Option<Size>,
) -> Result<Zone, Vec<Problem>> {
    let mut reader = Reader::new(entry, prefix);
    let name = reader.defaulting("roi_1 and so on").text("name").filter(|name| !name.trim().is_empty());
    let outline = outline(&mut reader);
    reader.defaulting("all");
    let classes = classes(&mut reader, "classes");
    let own = Choices::read(&mut reader, |_| "that of the camera".to_owned());
    let problems = reader.finish();
    let Some(outline) = outline.filter(|_| problems.is_empty()) else { return Err(problems) };
    Ok(Zone {
        is_named: name.is_some(),
        name: name.unwrap_or_else(|| format!("roi_{}", index + 1)).into(),
        space: space(&outline, reference),
        outline,
        anchor: own.anchor.or(defaults.anchor).unwrap_or_default(),
        classes,
        plan: own.plan(defaults),
    })
}

fn outline(reader: &mut Reader<'_>) -> Option<Polygon> {
    let points = reader
        .parsed("points", "a list of points [x, y]", |value| serde_json::from_value::<Vec<Point>>(value.clone()).ok());
    let points = reader.required("points", "the corners of the zone, at least 3", points)?;
    Polygon::try_from(points).map_err(|error| reader.problem("points", error.to_string())).ok()
}

/// Corners that all lie within 0 to 1 are parts of the picture: as pixels they would enclose next to nothing.
fn space(outline: &Polygon, reference: Option<Size>) -> Space {
    let is_part = |n: f64| (0.0..=1.0).contains(&n);
    if outline.corners().iter().all(|p| is_part(p.x) && is_part(p.y)) {
        Space::Relative
    } else {
        reference.map_or(Space::Pixels, Space::PixelsOf)
    }
}

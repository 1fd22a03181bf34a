//! Reads one entry of `rois.yaml`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::{DEFAULT_ALERT_CLASSES, DEFAULT_ALLOWED_CLASSES, DEFAULT_REPEAT_SECONDS};
use crate::alert::Severity;
use crate::entry::{Entry, Problem, Reader, choice, nested};
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
        let defaults = Choices::read(&mut reader);
        let reference_size = reference_size(&mut reader);
        let zones = zones(&mut reader, &defaults, reference_size);
        let allowed_classes = classes(&mut reader, "allowed_classes").unwrap_or_else(|| set(&DEFAULT_ALLOWED_CLASSES));
        let alert_classes = classes(&mut reader, "alert_classes").unwrap_or_else(|| set(&DEFAULT_ALERT_CLASSES));
        let strict_mode = reader.flag("strict_mode").unwrap_or(true);
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
    fn read(reader: &mut Reader<'_>) -> Self {
        let (anchors, anchor) = choice(&Anchor::ALL);
        let (severities, severity) = choice(&Severity::ALL);
        Self {
            anchor: reader.parsed("anchor", &anchors, anchor),
            n_of_m: reader.parsed("n_of_m", "{n, m} with 1 ≤ n ≤ m ≤ 64", n_of_m),
            dwell_seconds: reader.number("dwell_seconds", 0.0..=LONGEST_SECONDS),
            repeat_seconds: reader.number("repeat_seconds", 0.0..=LONGEST_SECONDS),
            severity: reader.parsed("severity", &severities, severity),
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

fn set(classes: &[&str]) -> BTreeSet<Arc<str>> {
    classes.iter().map(|class| Arc::from(*class)).collect()
}

fn zones(reader: &mut Reader<'_>, defaults: &Choices, reference: Option<Size>) -> Vec<Zone> {
    let expected = format!("a list of at most {MOST_ZONES} zones");
    let list = reader
        .parsed("forbidden_rois", &expected, |value| value.as_array().filter(|list| list.len() <= MOST_ZONES).cloned());
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
    let mut reader = Reader::new(&entry, format!("forbidden_rois[{index}]."));
    let name = reader.text("name").filter(|name| !name.trim().is_empty());
    let outline = outline(&mut reader);
    let classes = classes(&mut reader, "classes");
    let own = Choices::read(&mut reader);
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

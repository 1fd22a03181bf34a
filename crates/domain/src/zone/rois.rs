//! Reads and writes `rois.yaml`: the zones of each camera.

mod read;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::alert::Severity;
use crate::entry::{Entry, EntryProblem, Key, Problem};
use crate::geometry::{Point, Size};
use crate::id::CameraId;
use crate::zone::{Anchor, CameraZones, NOfM, Space, Zone};

/// What is allowed in a zone unless the file says otherwise, as in the reference.
pub const DEFAULT_ALLOWED_CLASSES: [&str; 2] = ["pine", "worker"];

/// What must not be in a zone unless the file says otherwise; only used when the mode is not strict.
pub const DEFAULT_ALERT_CLASSES: [&str; 1] = ["object"];

/// After how many seconds an alert is raised again while it lasts, unless the file says otherwise.
pub const DEFAULT_REPEAT_SECONDS: f64 = 60.0;

/// `rois.yaml` as it was written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoisFile {
    /// The entries, one for each camera.
    #[serde(deserialize_with = "crate::entry::list")]
    pub cameras: Vec<Entry>,
}

impl RoisFile {
    /// Returns the zones of the cameras whose entries are good, and what is wrong with the others.
    #[must_use]
    pub fn check(&self) -> (Vec<CameraZones>, Vec<EntryProblem>) {
        let (mut good, mut problems) = (Vec::new(), Vec::new());
        let mut ids = BTreeSet::new();
        for (index, entry) in self.cameras.iter().enumerate() {
            let outcome = CameraZones::check(entry).and_then(|zones| {
                if ids.insert(zones.camera_id.clone()) {
                    return Ok(zones);
                }
                Err(vec![Problem { key: "camera_id".into(), message: "has an entry already".into() }])
            });
            match outcome {
                Ok(zones) => good.push(zones),
                Err(found) => {
                    let id = camera_of(entry);
                    problems.extend(found.into_iter().map(|problem| EntryProblem::new(index, id.clone(), problem)));
                }
            }
        }
        (good, problems)
    }

    /// Returns every key that the file may hold.
    #[must_use]
    pub fn keys() -> Vec<Key> {
        Entry::inquire("cameras[].", |entry| Self { cameras: vec![entry] }.check())
    }

    /// Returns the entry of a camera as it was written.
    #[must_use]
    pub fn entry(&self, camera: &CameraId) -> Option<&Entry> {
        self.cameras.iter().find(|entry| camera_of(entry).as_deref() == Some(camera.as_str()))
    }

    /// Replaces the entry of these zones' camera, or adds one. The other entries stay as they were written, good or
    /// bad.
    pub fn replace(&mut self, zones: &CameraZones) {
        let camera = zones.camera_id.as_str();
        let written = zones.to_entry().into_raw();
        let mut places = (0..self.cameras.len()).filter(|i| camera_of(&self.cameras[*i]).as_deref() == Some(camera));
        match places.next() {
            Some(place) => self.cameras[place] = written,
            None => self.cameras.push(written),
        }
    }
}

/// Returns the camera that an entry is about: `camera_id`, or `id` in the oldest form.
fn camera_of(entry: &Entry) -> Option<String> {
    entry.text("camera_id").or_else(|| entry.text("id"))
}

/// One entry of `rois.yaml` with every default filled in: what the zone editor reads, and what is written for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoiEntry {
    /// The camera.
    pub camera_id: CameraId,
    /// Its zones.
    pub forbidden_rois: Vec<Roi>,
    /// The classes that may be in the zones.
    pub allowed_classes: Vec<String>,
    /// The classes that must not be in the zones if the mode is not strict.
    pub alert_classes: Vec<String>,
    /// Whether everything that is not allowed is forbidden.
    pub strict_mode: bool,
    /// The size of the picture on which the zones were drawn; absent if they are in pixels of whatever the camera
    /// sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_size: Option<Size>,
}

/// One zone of an entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Roi {
    /// Its name.
    pub name: Option<String>,
    /// Its corners: pixels, or parts of the width and height if all of them are within 0 to 1.
    #[serde(serialize_with = "whole_if_possible")]
    pub points: Vec<Point>,
    /// Which part of a box must be in it.
    #[serde(default)]
    pub anchor: Anchor,
    /// The only classes it looks at; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// In how many of the latest frames the rule must be broken.
    pub n_of_m: NOfM,
    /// For how many seconds it must have been broken.
    pub dwell_seconds: f64,
    /// After how many seconds the alert is raised again while it lasts; zero for never.
    pub repeat_seconds: f64,
    /// How grave the alert is.
    #[serde(default)]
    pub severity: Severity,
}

impl RoiEntry {
    /// Returns the entry with its values as they stand in the file.
    fn into_raw(self) -> Entry {
        let written = serde_json::to_string(&self).and_then(|text| serde_json::from_str(&text));
        written.expect("an entry of texts and finite numbers can be written and read")
    }
}

impl CameraZones {
    /// Returns the zones as an entry of `rois.yaml`.
    #[must_use]
    pub fn to_entry(&self) -> RoiEntry {
        RoiEntry {
            camera_id: self.camera_id.clone(),
            forbidden_rois: self.zones.iter().map(to_roi).collect(),
            allowed_classes: texts(&self.allowed_classes),
            alert_classes: texts(&self.alert_classes),
            strict_mode: self.strict_mode,
            reference_size: self.reference_size,
        }
    }

    /// Returns the entry of a camera for which none was written: no zones, and the defaults.
    #[must_use]
    pub fn none(camera_id: CameraId) -> Self {
        let set = |classes: &[&str]| classes.iter().map(|class| Arc::from(*class)).collect();
        Self {
            camera_id,
            zones: Vec::new(),
            allowed_classes: set(&DEFAULT_ALLOWED_CLASSES),
            alert_classes: set(&DEFAULT_ALERT_CLASSES),
            strict_mode: true,
            reference_size: None,
        }
    }

    /// Returns the names of the zones that do not fit a picture of this size.
    #[must_use]
    pub fn misfits(&self, picture: Size) -> Vec<&str> {
        self.zones.iter().filter(|zone| !zone.fits(picture)).map(|zone| &*zone.name).collect()
    }

    /// Returns whether any zone is drawn in pixels of whatever the camera sends, and so depends on its resolution.
    #[must_use]
    pub fn depends_on_resolution(&self) -> bool {
        self.zones.iter().any(|zone| zone.space == Space::Pixels)
    }
}

fn to_roi(zone: &Zone) -> Roi {
    Roi {
        name: zone.is_named.then(|| zone.name.to_string()),
        points: zone.outline.corners().to_vec(),
        anchor: zone.anchor,
        classes: zone.classes.as_ref().map(texts),
        n_of_m: zone.plan.n_of_m,
        dwell_seconds: zone.plan.dwell_seconds,
        repeat_seconds: zone.plan.repeat_seconds,
        severity: zone.plan.severity,
    }
}

fn texts(classes: &BTreeSet<Arc<str>>) -> Vec<String> {
    classes.iter().map(ToString::to_string).collect()
}

/// Writes corners of whole pixels as whole numbers, which is all that the reference reads.
fn whole_if_possible<S: Serializer>(points: &[Point], serializer: S) -> Result<S::Ok, S::Error> {
    let is_whole = |n: f64| n.fract() == 0.0 && n.abs() < 1e9;
    if points.iter().all(|p| is_whole(p.x) && is_whole(p.y)) {
        serializer.collect_seq(points.iter().map(|p| [p.x as i64, p.y as i64]))
    } else {
        serializer.collect_seq(points)
    }
}

#[cfg(test)]
mod tests;

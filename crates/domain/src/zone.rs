//! The zones of a camera, the rule that decides whether a detection breaks them, and the file that lists them.

mod rois;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alert::{Severity, ViolationType};
use crate::detection::Detection;
use crate::geometry::{BBox, Point, Polygon, Size};
use crate::id::CameraId;

pub use rois::{DEFAULT_ALERT_CLASSES, DEFAULT_ALLOWED_CLASSES, DEFAULT_REPEAT_SECONDS, Roi, RoiEntry, RoisFile};

/// Which part of a box must be in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The middle, as in the reference.
    #[default]
    Center,
    /// The middle of the bottom edge: where a person or a vehicle touches the ground.
    BottomCenter,
    /// Any part of the box.
    AnyOverlap,
}

impl Anchor {
    /// Every anchor with its name.
    pub const ALL: [(&'static str, Self); 3] =
        [("center", Self::Center), ("bottom_center", Self::BottomCenter), ("any_overlap", Self::AnyOverlap)];
}

/// In how many of the latest frames a track must break the rule: `n` of `m`, with `1 ≤ n ≤ m ≤ 64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "Pair")]
pub struct NOfM {
    n: u32,
    m: u32,
}

/// The two numbers before they are checked.
#[derive(Deserialize)]
struct Pair {
    n: u32,
    m: u32,
}

impl TryFrom<Pair> for NOfM {
    type Error = &'static str;

    fn try_from(pair: Pair) -> Result<Self, Self::Error> {
        Self::new(pair.n, pair.m).ok_or("1 ≤ n ≤ m ≤ 64 does not hold")
    }
}

impl NOfM {
    /// The most frames that are remembered.
    pub const MAX: u32 = 64;

    /// Returns the pair, or nothing if it is not `1 ≤ n ≤ m ≤ 64`.
    #[must_use]
    pub fn new(n: u32, m: u32) -> Option<Self> {
        (1 <= n && n <= m && m <= Self::MAX).then_some(Self { n, m })
    }

    /// Returns in how many frames.
    #[must_use]
    pub fn n(self) -> u32 {
        self.n
    }

    /// Returns of how many frames.
    #[must_use]
    pub fn m(self) -> u32 {
        self.m
    }
}

impl Default for NOfM {
    fn default() -> Self {
        Self { n: 1, m: 1 }
    }
}

/// When and how a broken rule becomes an alert.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AlertPlan {
    /// In how many of the latest frames the rule must be broken.
    pub n_of_m: NOfM,
    /// For how many seconds it must have been broken.
    pub dwell_seconds: f64,
    /// After how many seconds the alert is raised again while it lasts; zero for never.
    pub repeat_seconds: f64,
    /// How grave the alert is.
    pub severity: Severity,
}

/// What the corners of a zone are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    /// Parts of the picture's width and height.
    Relative,
    /// Pixels of the picture, whatever its size.
    Pixels,
    /// Pixels of a picture of this size.
    PixelsOf(Size),
}

/// One zone of a camera, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Its name, different from that of the camera's other zones; `roi_<n>` if it was given none.
    pub name: Arc<str>,
    /// Whether the file gave it that name.
    is_named: bool,
    outline: Polygon,
    space: Space,
    /// Which part of a box must be in it.
    pub anchor: Anchor,
    /// The only classes it looks at, by their exact names (`unknown_car` is not `car`); nothing for all.
    pub classes: Option<BTreeSet<Arc<str>>>,
    /// When and how it raises alerts.
    pub plan: AlertPlan,
}

impl Zone {
    /// Returns the outline as it was written: in pixels, or in parts of the picture's width and height.
    #[must_use]
    pub fn outline(&self) -> &Polygon {
        &self.outline
    }

    /// Returns the outline in pixels of a picture of this size.
    #[must_use]
    pub fn polygon_in(&self, picture: Size) -> Polygon {
        let (width, height) = (f64::from(picture.width), f64::from(picture.height));
        match self.space {
            Space::Pixels => self.outline.clone(),
            Space::Relative => self.outline.scale(width, height),
            Space::PixelsOf(size) => self.outline.scale(width / f64::from(size.width), height / f64::from(size.height)),
        }
    }

    /// Returns whether the outline stays within a picture of this size.
    #[must_use]
    pub fn fits(&self, picture: Size) -> bool {
        // Half a pixel is the error of scaling and no mistake.
        let (right, bottom) = (f64::from(picture.width) + 0.5, f64::from(picture.height) + 0.5);
        let polygon = self.polygon_in(picture);
        polygon.corners().iter().all(|p| (-0.5..=right).contains(&p.x) && (-0.5..=bottom).contains(&p.y))
    }

    fn looks_at(&self, class: &str) -> bool {
        self.classes.as_ref().is_none_or(|classes| classes.contains(class))
    }

    fn is_hit(&self, bbox: &BBox, picture: Size) -> bool {
        let (x, y) = self.scale_from(picture);
        let here = |point: Point| Point::new(point.x * x, point.y * y);
        match self.anchor {
            Anchor::Center => self.outline.contains(here(bbox.center())),
            Anchor::BottomCenter => self.outline.contains(here(bbox.bottom_center())),
            Anchor::AnyOverlap => self.outline.overlaps(&bbox.scale(x as f32, y as f32)),
        }
    }

    /// Returns what turns a pixel of the picture into the zone's own measure: exactly 1 for plain pixels.
    fn scale_from(&self, picture: Size) -> (f64, f64) {
        let (width, height) = (f64::from(picture.width.max(1)), f64::from(picture.height.max(1)));
        match self.space {
            Space::Pixels => (1.0, 1.0),
            Space::Relative => (1.0 / width, 1.0 / height),
            Space::PixelsOf(size) => (f64::from(size.width) / width, f64::from(size.height) / height),
        }
    }
}

/// A detection that breaks the rule of a zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Violation<'z> {
    /// The first zone that it hit.
    pub zone: &'z Zone,
    /// What kind of rule was broken.
    pub violation_type: ViolationType,
}

/// The zones of one camera and what is allowed in them.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraZones {
    camera_id: CameraId,
    zones: Vec<Zone>,
    allowed_classes: BTreeSet<Arc<str>>,
    alert_classes: BTreeSet<Arc<str>>,
    strict_mode: bool,
    reference_size: Option<Size>,
}

impl CameraZones {
    /// Returns the camera whose zones these are.
    #[must_use]
    pub fn camera_id(&self) -> &CameraId {
        &self.camera_id
    }

    /// Returns the zones; the first one that is hit counts.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// Returns the classes that may be in the zones.
    #[must_use]
    pub fn allowed_classes(&self) -> &BTreeSet<Arc<str>> {
        &self.allowed_classes
    }

    /// Returns the classes that must not be in the zones if the mode is not strict.
    #[must_use]
    pub fn alert_classes(&self) -> &BTreeSet<Arc<str>> {
        &self.alert_classes
    }

    /// Returns whether everything that is not allowed is forbidden.
    #[must_use]
    pub fn strict_mode(&self) -> bool {
        self.strict_mode
    }

    /// Returns the size of the picture on which the zones were drawn, if it was written down.
    #[must_use]
    pub fn reference_size(&self) -> Option<Size> {
        self.reference_size
    }

    /// Yields the name and the outline of each zone in pixels of a picture of this size.
    pub fn polygons_in(&self, picture: Size) -> impl Iterator<Item = (&Arc<str>, Polygon)> {
        self.zones.iter().map(move |zone| (&zone.name, zone.polygon_in(picture)))
    }

    /// Applies the rule to one detection in a picture of this size.
    ///
    /// In strict mode every class breaks it that is not allowed; otherwise those that are listed as alerting and not
    /// as allowed. Names are compared exactly. The first zone that looks at the class and is hit counts; there is
    /// never more than one.
    #[must_use]
    pub fn violation(&self, detection: &Detection, picture: Size) -> Option<Violation<'_>> {
        let class = &*detection.class_name;
        let is_forbidden = self.strict_mode || self.alert_classes.contains(class);
        if !is_forbidden || self.allowed_classes.contains(class) {
            return None;
        }
        let zone = self.zones.iter().find(|zone| zone.looks_at(class) && zone.is_hit(&detection.bbox, picture))?;
        Some(Violation { zone, violation_type: self.violation_type(detection) })
    }

    fn violation_type(&self, detection: &Detection) -> ViolationType {
        if !detection.is_unknown {
            ViolationType::ForbiddenClass
        } else if self.allowed_classes.contains(detection.base_class()) {
            ViolationType::LowConfidence
        } else {
            ViolationType::UnknownObject
        }
    }
}

#[cfg(test)]
mod tests;

//! The alert: what is sent when a track broke the rule of a zone. Its JSON keeps every key of the reference system
//! and adds some.

mod time;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::detection::Detection;
use crate::geometry::Size;
use crate::id::{AlertId, CameraId, TrackId};

/// How grave an alert is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Someone should look.
    #[default]
    Warning,
    /// Someone must act.
    Critical,
}

impl Severity {
    /// Every severity with its name, the mildest first.
    pub const ALL: [(&'static str, Self); 3] =
        [("info", Self::Info), ("warning", Self::Warning), ("critical", Self::Critical)];

    /// Returns its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What kind of rule was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ViolationType {
    /// Something whose class must not be there, seen clearly.
    #[default]
    ForbiddenClass,
    /// Something that the model could not name.
    UnknownObject,
    /// Something that would be allowed if the model were sure of it.
    LowConfidence,
}

/// Which model saw it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ModelRef {
    /// Its name in the catalogue.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its file, in hexadecimal digits.
    pub sha256: String,
}

/// One alert. Reading it tolerates missing new keys, so that alerts of older writers are understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(from = "Wire")]
pub struct Alert {
    /// The camera that saw it.
    pub camera_id: CameraId,
    /// When it was raised.
    #[serde(serialize_with = "time::write")]
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// What was seen.
    pub detection: Detection,
    /// Whether it was in a zone; always true for alerts of ours.
    pub roi_hit: bool,
    /// The frame, unique per camera and connection.
    pub frame_id: Option<String>,
    /// The zone.
    #[schema(value_type = Option<String>)]
    pub roi_name: Option<Arc<str>>,
    /// What kind of rule was broken.
    pub violation_type: ViolationType,
    /// What would have been allowed there, sorted.
    #[schema(value_type = Option<Vec<String>>)]
    pub allowed_classes: Option<BTreeSet<Arc<str>>>,
    /// Whether everything that is not allowed is forbidden there.
    pub strict_mode: bool,
    /// The alert's id, computed from its cause.
    pub alert_id: AlertId,
    /// The track that caused it.
    pub track_id: Option<TrackId>,
    /// How grave it is.
    pub severity: Severity,
    /// Where the picture of it is served.
    pub snapshot: Option<String>,
    /// The model that saw it.
    pub model: Option<ModelRef>,
    /// The size of the picture in whose pixels the box is given.
    pub image_size: Option<Size>,
    /// When the camera took the picture.
    #[serde(serialize_with = "time::write_optional")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub captured_at: Option<Timestamp>,
}

impl fmt::Display for Alert {
    /// Writes one line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { camera_id, detection, .. } = self;
        let (class, percent) = (&detection.class_name, detection.confidence * 100.0);
        write!(f, "{} ALERT {camera_id}: {class} ({percent:.0} %)", time::Wire(self.timestamp))?;
        match &self.roi_name {
            Some(zone) => write!(f, " in {zone}"),
            None => Ok(()),
        }
    }
}

/// Computes an id from everything that makes a cause this one and no other.
///
/// It is the first half of the SHA-256 of the parts, each followed by a zero byte, so that parts cannot run into each
/// other.
#[must_use]
pub(crate) fn id_of_cause(parts: &[&str]) -> AlertId {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digits = hex::encode(&hash.finalize()[..16]);
    digits.parse().expect("32 hexadecimal digits are an id")
}

/// The JSON as it may arrive: the keys of the reference, and ours if the writer knew them.
#[derive(Deserialize)]
struct Wire {
    camera_id: CameraId,
    #[serde(deserialize_with = "time::read")]
    timestamp: Timestamp,
    detection: Detection,
    #[serde(default = "yes")]
    roi_hit: bool,
    frame_id: Option<String>,
    roi_name: Option<Arc<str>>,
    violation_type: Option<ViolationType>,
    allowed_classes: Option<BTreeSet<Arc<str>>>,
    strict_mode: Option<bool>,
    alert_id: Option<AlertId>,
    track_id: Option<TrackId>,
    severity: Option<Severity>,
    snapshot: Option<String>,
    model: Option<ModelRef>,
    image_size: Option<Size>,
    #[serde(default, deserialize_with = "time::read_optional")]
    captured_at: Option<Timestamp>,
}

fn yes() -> bool {
    true
}

impl Wire {
    /// Returns an id for an alert whose writer gave none: the same alert read twice has the same id.
    fn computed_id(&self) -> AlertId {
        let [x1, y1, x2, y2] = <[f32; 4]>::from(self.detection.bbox).map(|edge| edge.to_string());
        let zone = self.roi_name.as_deref().unwrap_or_default();
        let time = time::Wire(self.timestamp).to_string();
        id_of_cause(&["unnamed", self.camera_id.as_str(), &time, zone, &self.detection.class_name, &x1, &y1, &x2, &y2])
    }
}

impl From<Wire> for Alert {
    fn from(wire: Wire) -> Self {
        Self {
            alert_id: wire.alert_id.clone().unwrap_or_else(|| wire.computed_id()),
            camera_id: wire.camera_id,
            timestamp: wire.timestamp,
            detection: wire.detection,
            roi_hit: wire.roi_hit,
            frame_id: wire.frame_id,
            roi_name: wire.roi_name,
            violation_type: wire.violation_type.unwrap_or_default(),
            allowed_classes: wire.allowed_classes,
            strict_mode: wire.strict_mode.unwrap_or(true),
            track_id: wire.track_id,
            severity: wire.severity.unwrap_or_default(),
            snapshot: wire.snapshot,
            model: wire.model,
            image_size: wire.image_size,
            captured_at: wire.captured_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    fn alert() -> Alert {
        Alert {
            camera_id: "cam_nave3_hornos".parse().expect("an id"),
            timestamp: "2026-11-20T07:29:26.123456789Z".parse().expect("a time"),
            detection: Detection {
                class_id: 0,
                class_name: "object".into(),
                confidence: 0.85,
                bbox: BBox::new(100.0, 200.0, 300.5, 400.0),
                is_unknown: false,
            },
            roi_hit: true,
            frame_id: Some("cam_nave3_hornos_42".into()),
            roi_name: Some("dumper".into()),
            violation_type: ViolationType::ForbiddenClass,
            allowed_classes: Some(["worker".into(), "pine".into()].into()),
            strict_mode: true,
            alert_id: "0123456789abcdef0123456789abcdef".parse().expect("an id"),
            track_id: Some(TrackId(7)),
            severity: Severity::Critical,
            snapshot: Some("/streams/snapshots/0123456789abcdef0123456789abcdef.jpg".into()),
            model: Some(ModelRef { name: "yolov4-tiny".into(), version: "1".into(), sha256: "ab12".into() }),
            image_size: Some(Size::new(2560, 1440)),
            captured_at: Some("2026-11-20T07:29:26Z".parse().expect("a time")),
        }
    }

    const JSON: &str = concat!(
        r#"{"camera_id":"cam_nave3_hornos","timestamp":"2026-11-20T07:29:26.123456Z","#,
        r#""detection":{"class_id":0,"class_name":"object","confidence":0.85,"bbox":[100.0,200.0,300.5,400.0],"#,
        r#""center":[200.25,300.0],"is_unknown":false},"roi_hit":true,"frame_id":"cam_nave3_hornos_42","#,
        r#""roi_name":"dumper","violation_type":"forbidden_class","allowed_classes":["pine","worker"],"#,
        r#""strict_mode":true,"alert_id":"0123456789abcdef0123456789abcdef","track_id":7,"severity":"critical","#,
        r#""snapshot":"/streams/snapshots/0123456789abcdef0123456789abcdef.jpg","#,
        r#""model":{"name":"yolov4-tiny","version":"1","sha256":"ab12"},"image_size":[2560,1440],"#,
        r#""captured_at":"2026-11-20T07:29:26Z"}"#,
    );

    fn read(json: &str) -> Alert {
        serde_json::from_str(json).expect("an alert")
    }

    #[test]
    fn a_severity_has_one_name() {
        for (name, severity) in Severity::ALL {
            assert_eq!(severity.as_str(), name);
            assert_eq!(serde_json::to_value(severity).expect("can be written"), name);
        }
    }

    #[test]
    fn the_bytes_on_the_wire_are_these() {
        assert_eq!(serde_json::to_string(&alert()).expect("an alert can be written"), JSON);
    }

    #[test]
    fn what_was_written_is_read_back_to_the_microsecond() {
        let expected = Alert { timestamp: "2026-11-20T07:29:26.123456Z".parse().expect("a time"), ..alert() };
        assert_eq!(read(JSON), expected);
    }

    const REFERENCE: &str = concat!(
        r#"{"camera_id":"gate","timestamp":"2025-10-01T12:00:00.500000","detection":{"class_id":0,"#,
        r#""class_name":"object","confidence":0.9,"bbox":[1.0,2.0,3.0,4.0],"center":[2.0,3.0],"is_unknown":false},"#,
        r#""roi_hit":true,"frame_id":"gate_1","roi_name":null,"violation_type":"forbidden_class","#,
        r#""allowed_classes":null,"strict_mode":true}"#,
    );

    #[test]
    fn an_alert_of_the_reference_is_understood_and_its_time_is_utc() {
        let alert = read(REFERENCE);
        assert_eq!(alert.timestamp.to_string(), "2025-10-01T12:00:00.5Z");
        assert_eq!((alert.track_id, alert.severity, alert.captured_at), (None, Severity::Warning, None));
    }

    #[test]
    fn the_oldest_form_needs_only_camera_time_and_detection() {
        let json = r#"{"camera_id":"a","timestamp":"2025-10-01T12:00:00+02:00","detection":{"class_id":0,"class_name":"x","confidence":1,"bbox":[0,0,1,1]},"extra":1}"#;
        let alert = read(json);
        assert_eq!(alert.timestamp.to_string(), "2025-10-01T10:00:00Z");
        assert!(alert.roi_hit && alert.strict_mode);
    }

    #[test]
    fn an_alert_without_an_id_gets_the_same_one_each_time_and_another_than_its_neighbour() {
        let neighbour = REFERENCE.replace("[1.0,2.0,3.0,4.0]", "[1.0,2.0,3.0,5.0]");
        assert_eq!(read(REFERENCE).alert_id, read(REFERENCE).alert_id);
        assert_ne!(read(REFERENCE).alert_id, read(&neighbour).alert_id);
    }

    #[test]
    fn the_parts_of_a_cause_do_not_run_into_each_other() {
        assert_ne!(id_of_cause(&["ab", "c"]), id_of_cause(&["a", "bc"]));
        assert_eq!(id_of_cause(&["gate"]).as_str().len(), 32);
    }

    #[test]
    fn one_line_tells_a_person_what_happened() {
        let expected = "2026-11-20T07:29:26.123456Z ALERT cam_nave3_hornos: object (85 %) in dumper";
        assert_eq!(alert().to_string(), expected);
    }

    #[test]
    fn an_alert_with_an_impossible_time_is_refused() {
        assert!(serde_json::from_str::<Alert>(&REFERENCE.replace("2025-10", "2025-13")).is_err());
    }
}

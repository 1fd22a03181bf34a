//! One thing that a detector saw in one picture.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::geometry::{BBox, Point};

/// What the class name of an unsure detection begins with.
pub const UNKNOWN_PREFIX: &str = "unknown_";

/// The confidence below which a detection is called unknown, unless configured otherwise.
pub const DEFAULT_UNKNOWN_THRESHOLD: f32 = 0.15;

/// One thing seen in one picture. In JSON it also carries `center`, which is computed and therefore ignored when read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
pub struct Detection {
    /// The class as the model numbers it.
    pub class_id: u32,
    /// The class as the labels name it, with [`UNKNOWN_PREFIX`] if the detection is unsure.
    pub class_name: Arc<str>,
    /// How sure the model is, from 0 to 1.
    pub confidence: f32,
    /// Where it is, in pixels of the picture.
    pub bbox: BBox,
    /// Whether the model was too unsure to name it.
    pub is_unknown: bool,
}

impl Detection {
    /// Returns the middle of the box.
    #[must_use]
    pub fn center(&self) -> Point {
        self.bbox.center()
    }

    /// Marks the detection as unknown and prefixes its name if its confidence is below the threshold.
    #[must_use]
    pub fn with_unknown_below(mut self, threshold: f32) -> Self {
        if !self.is_unknown && self.confidence < threshold {
            self.is_unknown = true;
            self.class_name = format!("{UNKNOWN_PREFIX}{}", self.class_name).into();
        }
        self
    }

    /// Returns the name of the class without the mark of an unknown detection.
    #[must_use]
    pub fn base_class(&self) -> &str {
        if self.is_unknown {
            self.class_name.strip_prefix(UNKNOWN_PREFIX).unwrap_or(&self.class_name)
        } else {
            &self.class_name
        }
    }
}

/// The JSON form, keys in the order of the wire.
#[derive(Serialize, Deserialize)]
struct Wire {
    class_id: u32,
    class_name: Arc<str>,
    confidence: f32,
    bbox: BBox,
    #[serde(default, skip_deserializing)]
    center: Option<Point>,
    #[serde(default)]
    is_unknown: bool,
}

impl From<Wire> for Detection {
    fn from(wire: Wire) -> Self {
        Self {
            class_id: wire.class_id,
            class_name: wire.class_name,
            confidence: wire.confidence,
            bbox: wire.bbox,
            is_unknown: wire.is_unknown,
        }
    }
}

impl From<Detection> for Wire {
    fn from(detection: Detection) -> Self {
        Self {
            center: Some(detection.center()),
            class_id: detection.class_id,
            class_name: detection.class_name,
            confidence: detection.confidence,
            bbox: detection.bbox,
            is_unknown: detection.is_unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pine(confidence: f32) -> Detection {
        Detection {
            class_id: 1,
            class_name: "pine".into(),
            confidence,
            bbox: BBox::new(10.0, 20.0, 30.0, 60.5),
            is_unknown: false,
        }
    }

    #[test]
    fn below_the_threshold_the_name_says_unknown() {
        let unsure = pine(0.149).with_unknown_below(0.15);
        assert_eq!((&*unsure.class_name, unsure.is_unknown, unsure.base_class()), ("unknown_pine", true, "pine"));
    }

    #[test]
    fn at_the_threshold_nothing_changes() {
        assert_eq!(pine(0.15).with_unknown_below(0.15), pine(0.15));
    }

    #[test]
    fn an_unknown_detection_is_marked_once() {
        let once = pine(0.1).with_unknown_below(0.15);
        assert_eq!(once.clone().with_unknown_below(0.15), once);
    }

    #[test]
    fn the_json_has_the_keys_of_the_wire_in_their_order() {
        let json = serde_json::to_string(&pine(0.85)).expect("a detection can be written");
        let expected = r#"{"class_id":1,"class_name":"pine","confidence":0.85,"bbox":[10.0,20.0,30.0,60.5],"center":[20.0,40.25],"is_unknown":false}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Detection>(&json).expect("what was written"), pine(0.85));
    }
}

//! `POST /api/detect`: an image inside JSON, its detections and, for a known camera, the zones that they break.

use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::alert::ViolationType;
use domain::detection::Detection;
use domain::geometry::Size;
use domain::zone::CameraZones;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::fault::{Fault, FieldFault, Place};
use crate::upload::{self, Image};

/// What stands around the image in the body.
const MAX_AROUND_BYTES: usize = 64 << 10;

/// An image to look at.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DetectRequest {
    /// The image as base64, with or without `data:image/jpeg;base64,` in front.
    image: Option<String>,
    /// The camera whose zones apply; none if it is absent or has no zones.
    #[serde(default)]
    camera_id: Option<String>,
    /// Detections below this confidence are left out; by default the configured confidence.
    #[serde(default)]
    conf: Option<f64>,
}

/// What is in an image, and which rules it breaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Prediction {
    /// What was found, the most confident first; boxes in pixels of the image.
    pub detections: Vec<Detection>,
    /// One for each detection that breaks the rule of a zone.
    pub alerts: Vec<RoiAlert>,
    /// How long the model took.
    pub inference_time_ms: f64,
    /// When it was answered, RFC 3339 in UTC.
    pub timestamp: String,
    /// The camera that was named.
    pub camera_id: Option<String>,
    /// The image's width and height.
    pub image_size: Size,
    /// How many detections there are.
    pub num_detections: usize,
    /// How many alerts there are.
    pub num_alerts: usize,
}

/// A detection that breaks the rule of a zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RoiAlert {
    /// When it was seen, RFC 3339 in UTC.
    pub timestamp: String,
    /// The camera.
    pub camera_id: String,
    /// What was seen.
    pub detection: Detection,
    /// Always `roi_violation`.
    pub alert_type: String,
    /// A sentence for people.
    pub reason: String,
    /// The zone.
    pub roi_name: String,
    /// Which rule was broken.
    pub violation_type: ViolationType,
    /// Classes that may be in the zone, sorted.
    pub allowed_classes: Vec<String>,
    /// Whether every class that is not allowed breaks the rule.
    pub strict_mode: bool,
}

/// Finds things in an image and applies the zones of a camera to them.
#[utoipa::path(
    post, path = "/api/detect", tag = "detection",
    request_body = DetectRequest,
    responses(
        (status = 200, description = "What was found", body = Prediction),
        (status = 400, description = "The body is no JSON, or its image cannot be read", body = crate::openapi::Detail),
        (status = 413, description = "The image is too large", body = crate::openapi::Detail),
        (status = 422, description = "A field is missing or wrong", body = crate::openapi::FieldDetails),
        (status = 503, description = "The queue is full or the model is loading; see Retry-After", body = crate::openapi::Detail),
    ),
)]
pub(crate) async fn detect(State(app): State<App>, request: Request) -> Response {
    match predict(&app, request).await {
        Ok(prediction) => {
            app.metrics.answered("/api/detect");
            Json(prediction).into_response()
        }
        Err(fault) => app.refuse(&fault).as_detail(),
    }
}

async fn predict(app: &App, request: Request) -> Result<Prediction, Fault> {
    let limit = app.engine.max_upload_bytes().div_ceil(3) * 4 + MAX_AROUND_BYTES;
    let intake = app.engine.receive(request, limit).await?;
    let began = Instant::now();
    let (body, held) = upload::read_body(intake).await?;
    app.metrics.stage("upload", began.elapsed());
    let _place = app.engine.admit(held)?;
    let asked = Asked::read(&body)?;
    drop(body);
    let zones = match &asked.camera {
        Some(camera) => app.site.zones_of(camera)?,
        None => None,
    };
    let seen = app.engine.look(asked.image, asked.min_confidence).await?;
    let now = jiff::Timestamp::now().to_string();
    let size = seen.picture.size();
    let detections = seen.outcome.detections;
    let alerts = zones.map_or_else(Vec::new, |zones| alerts(&zones, &detections, size, &now));
    Ok(Prediction {
        num_detections: detections.len(),
        num_alerts: alerts.len(),
        detections,
        alerts,
        inference_time_ms: seen.outcome.inference_ms,
        timestamp: now,
        camera_id: asked.camera,
        image_size: size,
    })
}

/// A checked request.
#[derive(Debug)]
struct Asked {
    image: Image,
    camera: Option<String>,
    min_confidence: Option<f32>,
}

impl Asked {
    fn read(body: &[u8]) -> Result<Self, Fault> {
        let raw: DetectRequest = serde_json::from_slice(body).map_err(|error| Fault::Malformed(error.to_string()))?;
        let min_confidence = match raw.conf {
            Some(conf) => Some(crate::confidence::parse(Place::Body, "conf", &conf.to_string()).map_err(Fault::Field)?),
            None => None,
        };
        let image = raw.image.ok_or(Fault::Field(FieldFault::missing("image")))?;
        Ok(Self { image: image_of(&image)?, camera: raw.camera_id, min_confidence })
    }
}

fn image_of(text: &str) -> Result<Image, Fault> {
    let (declared, base64) = match text.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        Some((kind, base64)) => (kind.strip_suffix(";base64").map(str::to_ascii_lowercase), base64),
        None => (None, text),
    };
    let bytes = STANDARD.decode(base64.trim_ascii()).map_err(|error| {
        let start: String = base64.chars().take(32).collect();
        Fault::Field(FieldFault::invalid("image", &format!("not base64: {error}"), &start))
    })?;
    Ok(Image { bytes: Bytes::from(bytes), declared })
}

fn alerts(zones: &CameraZones, detections: &[Detection], size: Size, now: &str) -> Vec<RoiAlert> {
    let alert = |detection: &Detection| {
        let violation = zones.violation(detection, size)?;
        let zone = &violation.zone.name;
        Some(RoiAlert {
            timestamp: now.to_owned(),
            camera_id: zones.camera_id().to_string(),
            detection: detection.clone(),
            alert_type: "roi_violation".to_owned(),
            reason: format!("{} in the zone {zone}", detection.class_name),
            roi_name: zone.to_string(),
            violation_type: violation.violation_type,
            allowed_classes: zones.allowed_classes().iter().map(ToString::to_string).collect(),
            strict_mode: zones.strict_mode(),
        })
    };
    detections.iter().filter_map(alert).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(body: &str) -> Result<Asked, Fault> {
        Asked::read(body.as_bytes())
    }

    #[test]
    fn an_image_comes_with_or_without_a_data_url() {
        for (text, declared) in
            [("cGl4ZWxz", None), ("data:image/PNG;base64,cGl4ZWxz", Some("image/png")), (" cGl4ZWxz\n", None)]
        {
            let image = image_of(text).expect("is base64");
            assert_eq!((&image.bytes[..], image.declared.as_deref()), (&b"pixels"[..], declared), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let faults = [
            ("no JSON", "malformed_body"),
            ("[]", "malformed_body"),
            (r#"{"camera_id": "gate"}"#, "invalid_parameter"),
            (r#"{"image": "not base64!"}"#, "invalid_parameter"),
            (r#"{"image": "cGl4ZWxz", "conf": 7}"#, "invalid_parameter"),
        ];
        for (body, code) in faults {
            assert_eq!(asked(body).expect_err("is wrong").code(), code, "{body}");
        }
    }

    #[test]
    fn a_request_holds_what_was_asked() {
        let asked = asked(r#"{"image": "cGl4ZWxz", "camera_id": "gate", "conf": 0.5}"#).expect("is right");
        assert_eq!(&asked.image.bytes[..], b"pixels");
        assert_eq!((asked.camera.as_deref(), asked.min_confidence), (Some("gate"), Some(0.5)));
    }
}

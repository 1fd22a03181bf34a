//! The routes of DeepStack and CodeProject.AI, so that their clients (Blue Iris, Frigate, Home Assistant, Shinobi) need no change.
//!
//! Answers carry the fields of both. Predictions are sorted, the most confident first: Frigate stops reading at the first one
//! below 0.4. It also keeps 20 at most and fails at the 21st: `?compat=frigate` gives it what it can read.

use std::time::Instant;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use domain::detection::Detection;
use domain::geometry::Size;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::confidence;
use crate::engine::Seen;
use crate::fault::{Fault, FieldFault};
use crate::upload::{self, Names};

const FORM: Names = Names { file: "image", any_file: true, confidence: "min_confidence" };
/// What both servers take when a client names no confidence.
const DEFAULT_CONFIDENCE: f32 = 0.4;
/// The rows of Frigate's table of detections.
const FRIGATE_ROWS: usize = 20;
/// What CodeProject.AI calls the part of it that answers.
const MODULE_ID: &str = "Ronda";

/// What is in an image, as DeepStack and CodeProject.AI say it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Predictions {
    /// Always true; an error has another status and another body.
    pub success: bool,
    /// A sentence for people.
    pub message: String,
    /// What was found, the most confident first.
    pub predictions: Vec<Prediction>,
    /// How many were found.
    pub count: usize,
    /// Always `detect`.
    pub command: String,
    /// What answered.
    pub module_id: String,
    /// Where the model runs, `CPU` or `GPU`.
    pub execution_provider: String,
    /// Whether the model runs on a GPU.
    #[serde(rename = "canUseGPU")]
    pub can_use_gpu: bool,
    /// Milliseconds of the model.
    pub inference_ms: u64,
    /// Milliseconds from the upload's end to the answer.
    pub process_ms: u64,
    /// Milliseconds from the upload's begin to the answer.
    pub analysis_round_trip_ms: u64,
    /// Seconds from the upload's begin to the answer.
    pub duration: f64,
}

/// One thing found; the box in whole pixels of the uploaded image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Prediction {
    /// The class.
    pub label: String,
    /// How sure the model is, 0 to 1.
    pub confidence: f32,
    /// The left edge.
    pub x_min: u32,
    /// The top edge.
    pub y_min: u32,
    /// The right edge.
    pub x_max: u32,
    /// The bottom edge.
    pub y_max: u32,
}

/// The models that can be asked by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomModels {
    /// Always true.
    pub success: bool,
    /// Their names.
    pub models: Vec<String>,
    /// What answered.
    pub module_id: String,
    /// What answered, for people.
    pub module_name: String,
    /// Always `list-custom`.
    pub command: String,
    /// Where the model runs.
    pub inference_device: String,
    /// Milliseconds of the answer.
    pub analysis_round_trip_ms: u64,
}

/// The form of the detection routes.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document; the form itself is read part by part")]
pub(crate) struct DetectionForm {
    /// A JPEG, PNG or WebP image.
    #[schema(value_type = String, format = Binary)]
    image: Vec<u8>,
    /// Predictions below this are left out; 0.4 by default.
    min_confidence: Option<f32>,
    /// Ignored.
    api_key: Option<String>,
}

/// The parameters of the detection routes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Parameters {
    min_confidence: Option<String>,
    compat: Option<String>,
}

/// Finds things in an uploaded image.
#[utoipa::path(
    post, path = "/v1/vision/detection", tag = "deepstack",
    params(
        ("min_confidence" = Option<f32>, Query, minimum = 0.0, maximum = 1.0, description = "As the form field of this name."),
        ("compat" = Option<String>, Query, description = "`frigate`: at most 20 predictions, none below 0.4."),
    ),
    request_body(content = DetectionForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What was found", body = Predictions),
        (status = 400, description = "The image or a parameter is missing or wrong", body = crate::openapi::DeepstackError),
        (status = 413, description = "The upload or its picture is too large", body = crate::openapi::DeepstackError),
        (status = 503, description = "The queue is full or the model is loading; see Retry-After", body = crate::openapi::DeepstackError),
    ),
)]
pub(crate) async fn detection(
    State(app): State<App>,
    Query(parameters): Query<Parameters>,
    request: Request,
) -> Response {
    respond(&app, "/v1/vision/detection", predict(&app, &parameters, None, request).await)
}

/// Finds things in an uploaded image with the model of this name, which must be the active one.
#[utoipa::path(
    post, path = "/v1/vision/custom/{model}", tag = "deepstack",
    params(("model" = String, Path, description = "The name of the active model.")),
    request_body(content = DetectionForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What was found", body = Predictions),
        (status = 404, description = "Another model is active", body = crate::openapi::DeepstackError),
    ),
)]
pub(crate) async fn custom(
    State(app): State<App>,
    Path(model): Path<String>,
    Query(parameters): Query<Parameters>,
    request: Request,
) -> Response {
    respond(&app, "/v1/vision/custom/{model}", predict(&app, &parameters, Some(model), request).await)
}

/// Lists the models that can be asked by name.
#[utoipa::path(
    post, path = "/v1/vision/custom/list", tag = "deepstack",
    responses((status = 200, description = "The models", body = CustomModels)),
)]
pub(crate) async fn custom_list(State(app): State<App>) -> Response {
    let began = Instant::now();
    let status = match app.engine.pool() {
        Ok(pool) => pool.status(),
        Err(fault) => return app.refuse(&fault).as_deepstack(),
    };
    let list = CustomModels {
        success: true,
        models: vec![status.info.model.name],
        module_id: MODULE_ID.to_owned(),
        module_name: "Ronda object detection".to_owned(),
        command: "list-custom".to_owned(),
        inference_device: execution_provider(status.info.device).to_owned(),
        analysis_round_trip_ms: millis(began),
    };
    Json(list).into_response()
}

fn respond(app: &App, route: &str, predictions: Result<Predictions, Fault>) -> Response {
    match predictions {
        Ok(predictions) => {
            app.metrics.answered(route);
            Json(predictions).into_response()
        }
        Err(fault) => app.refuse(&fault).as_deepstack(),
    }
}

async fn predict(
    app: &App,
    parameters: &Parameters,
    model: Option<String>,
    request: Request,
) -> Result<Predictions, Fault> {
    let began = Instant::now();
    let limit = app.engine.max_upload_bytes();
    let intake = app.engine.receive(request, limit).await?;
    let (form, held) = upload::read_form(intake, FORM).await?;
    app.metrics.stage("upload", began.elapsed());
    let _place = app.engine.admit(held)?;
    if let Some(asked) = model {
        let active = app.engine.pool()?.status().info.model.name;
        if asked != active {
            return Err(Fault::NotActive { asked, active });
        }
    }
    let given = confidence::choose("min_confidence", parameters.min_confidence.as_deref(), form.confidence.as_deref());
    let given = given.map_err(Fault::Field)?;
    let for_frigate = parameters.compat.as_deref() == Some("frigate");
    let image = form.image.ok_or(Fault::Field(FieldFault::missing("image")))?;
    let seen = app.engine.look(image, Some(threshold(given, for_frigate))).await?;
    let most = if for_frigate { FRIGATE_ROWS } else { usize::MAX };
    Ok(answer(&seen, app.engine.pool()?.status().info.device, most, began))
}

/// The confidence below which nothing is told.
fn threshold(given: Option<f32>, for_frigate: bool) -> f32 {
    let wanted = given.unwrap_or(DEFAULT_CONFIDENCE);
    if for_frigate { wanted.max(DEFAULT_CONFIDENCE) } else { wanted }
}

fn answer(seen: &Seen, device: &str, most: usize, began: Instant) -> Predictions {
    let predictions = predictions(&seen.outcome.detections, seen.picture.size(), most);
    Predictions {
        success: true,
        message: message(&predictions),
        count: predictions.len(),
        predictions,
        command: "detect".to_owned(),
        module_id: MODULE_ID.to_owned(),
        execution_provider: execution_provider(device).to_owned(),
        can_use_gpu: device != "cpu",
        inference_ms: seen.outcome.inference_ms.round() as u64,
        process_ms: u64::try_from(seen.took.as_millis()).unwrap_or(u64::MAX),
        analysis_round_trip_ms: millis(began),
        duration: began.elapsed().as_secs_f64(),
    }
}

/// The strongest detections as predictions: whole pixels, inside the image.
fn predictions(detections: &[Detection], image: Size, most: usize) -> Vec<Prediction> {
    let mut sorted: Vec<&Detection> = detections.iter().collect();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let pixel = |edge: f32, side: u32| (edge.round().max(0.0) as u32).min(side);
    let prediction = |detection: &Detection| Prediction {
        label: detection.class_name.to_string(),
        confidence: detection.confidence,
        x_min: pixel(detection.bbox.x1, image.width),
        y_min: pixel(detection.bbox.y1, image.height),
        x_max: pixel(detection.bbox.x2, image.width),
        y_max: pixel(detection.bbox.y2, image.height),
    };
    sorted.into_iter().take(most).map(prediction).collect()
}

/// `Found car, person, person`: what Blue Iris writes into its log.
fn message(predictions: &[Prediction]) -> String {
    if predictions.is_empty() {
        return "No objects found".to_owned();
    }
    let labels: Vec<_> = predictions.iter().map(|prediction| prediction.label.as_str()).collect();
    format!("Found {}", labels.join(", "))
}

fn execution_provider(device: &str) -> &'static str {
    if device == "cpu" { "CPU" } else { "GPU" }
}

fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use domain::geometry::BBox;

    use super::*;

    fn detection(name: &str, confidence: f32, bbox: [f32; 4]) -> Detection {
        let [x1, y1, x2, y2] = bbox;
        let bbox = BBox { x1, y1, x2, y2 };
        Detection { class_id: 0, class_name: name.into(), confidence, bbox, is_unknown: false }
    }

    const IMAGE: Size = Size { width: 100, height: 50 };

    #[test]
    fn predictions_are_whole_pixels_inside_the_image_strongest_first() {
        let detections =
            [detection("car", 0.5, [-0.4, 10.5, 30.49, 50.7]), detection("person", 0.9, [1.0, 2.0, 100.6, 4.0])];
        let expected = [
            Prediction { label: "person".to_owned(), confidence: 0.9, x_min: 1, y_min: 2, x_max: 100, y_max: 4 },
            Prediction { label: "car".to_owned(), confidence: 0.5, x_min: 0, y_min: 11, x_max: 30, y_max: 50 },
        ];
        assert_eq!(predictions(&detections, IMAGE, usize::MAX), expected);
    }

    #[test]
    fn frigate_gets_no_more_than_it_can_hold_and_the_strongest() {
        let crowd: Vec<_> = (0..30u8).map(|n| detection("person", f32::from(n) / 30.0, [0.0; 4])).collect();
        let told = predictions(&crowd, IMAGE, FRIGATE_ROWS);
        assert_eq!(told.len(), 20);
        assert!(told.iter().all(|prediction| prediction.confidence >= 10.0 / 30.0));
    }

    #[test]
    fn frigate_is_told_nothing_that_would_stop_it() {
        assert!((threshold(None, false) - 0.4).abs() < f32::EPSILON);
        assert!((threshold(Some(0.1), false) - 0.1).abs() < f32::EPSILON);
        assert!((threshold(Some(0.1), true) - 0.4).abs() < f32::EPSILON);
        assert!((threshold(Some(0.7), true) - 0.7).abs() < f32::EPSILON);
    }

    #[test]
    fn the_message_names_what_was_found() {
        assert_eq!(message(&[]), "No objects found");
        let told = predictions(&[detection("car", 0.5, [0.0; 4]), detection("person", 0.9, [0.0; 4])], IMAGE, 9);
        assert_eq!(message(&told), "Found person, car");
    }

    #[test]
    fn the_fields_have_the_names_that_clients_read() {
        let seen = Predictions {
            success: true,
            message: String::new(),
            predictions: Vec::new(),
            count: 0,
            command: "detect".to_owned(),
            module_id: MODULE_ID.to_owned(),
            execution_provider: "CPU".to_owned(),
            can_use_gpu: false,
            inference_ms: 1,
            process_ms: 2,
            analysis_round_trip_ms: 3,
            duration: 0.003,
        };
        let json = serde_json::to_value(seen).expect("is JSON");
        let names: Vec<_> = json.as_object().expect("is an object").keys().map(String::as_str).collect();
        let mut wanted = [
            "success",
            "message",
            "predictions",
            "count",
            "command",
            "moduleId",
            "executionProvider",
            "canUseGPU",
            "inferenceMs",
            "processMs",
            "analysisRoundTripMs",
            "duration",
        ];
        wanted.sort_unstable();
        let mut names = names;
        names.sort_unstable();
        assert_eq!(names, wanted);
    }
}

//! `POST /infer`: the reference's route, an image in, its detections out, as numbers or drawn into the image.

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::detection::Detection;
use domain::geometry::Size;
use media::draw;
use serde::{Deserialize, Serialize};
use std::time::Instant;
use utoipa::ToSchema;

use crate::App;
use crate::accept::{self, Wanted};
use crate::confidence;
use crate::engine::Seen;
use crate::fault::{Fault, FieldFault};
use crate::upload::{self, Form, Names};

const FORM: Names = Names { file: "file", any_file: false, confidence: "conf" };
/// The quality of the annotated picture.
const JPEG_QUALITY: u8 = 85;

/// What is in an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Inference {
    /// What was found, the most confident first; boxes in pixels of the uploaded image, upright as its metadata says.
    pub detections: Vec<Detection>,
    /// How long the model took.
    pub inference_time_ms: f64,
    /// The image's width and height.
    pub image_size: Size,
}

/// The form of `POST /infer`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document; the form itself is read part by part")]
pub(crate) struct InferForm {
    /// A JPEG, PNG or WebP image.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// As the parameter of this name, which wins over it.
    conf: Option<f32>,
}

/// The parameters of `POST /infer`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Parameters {
    conf: Option<String>,
}

/// Finds things in an uploaded image.
#[utoipa::path(
    post, path = "/infer", tag = "detection",
    params(("conf" = Option<f32>, Query, minimum = 0.0, maximum = 1.0, description = "Detections below this confidence are left out; by default the configured confidence.")),
    request_body(content = InferForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What was found; with `Accept: image/jpeg` the image with the boxes drawn into it", content((Inference = "application/json"), (Vec<u8> = "image/jpeg"))),
        (status = 400, description = "The bytes are no image that can be read", body = crate::openapi::Detail),
        (status = 413, description = "The upload or its picture is too large", body = crate::openapi::Detail),
        (status = 422, description = "A parameter is missing or wrong", body = crate::openapi::FieldDetails),
        (status = 503, description = "The queue is full or the model is loading; see Retry-After", body = crate::openapi::Detail),
    ),
)]
pub(crate) async fn infer(State(app): State<App>, Query(parameters): Query<Parameters>, request: Request) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let wanted = accept::wanted(accept);
    match look(&app, &parameters, request).await {
        Ok(seen) => {
            app.metrics.answered("/infer");
            match wanted {
                Wanted::Json => Json(answer(seen)).into_response(),
                Wanted::Jpeg => match annotated(&app, seen).await {
                    Ok(jpeg) => jpeg,
                    Err(fault) => app.refuse(&fault).as_detail(),
                },
            }
        }
        Err(fault) => app.refuse(&fault).as_detail(),
    }
}

async fn look(app: &App, parameters: &Parameters, request: Request) -> Result<Seen, Fault> {
    let limit = app.engine.max_upload_bytes();
    let intake = app.engine.receive(request, limit).await?;
    let began = Instant::now();
    let (Form { image, confidence }, held) = upload::read_form(intake, FORM).await?;
    app.metrics.stage("upload", began.elapsed());
    let _place = app.engine.admit(held)?;
    let min_confidence = confidence::choose("conf", parameters.conf.as_deref(), confidence.as_deref());
    let min_confidence = min_confidence.map_err(Fault::Field)?;
    let image = image.ok_or(Fault::Field(FieldFault::missing("file")))?;
    app.engine.look(image, min_confidence).await
}

fn answer(seen: Seen) -> Inference {
    Inference {
        inference_time_ms: seen.outcome.inference_ms,
        image_size: seen.picture.size(),
        detections: seen.outcome.detections,
    }
}

async fn annotated(app: &App, seen: Seen) -> Result<Response, Fault> {
    let began = Instant::now();
    let drawing = tokio::task::spawn_blocking(move || {
        let mut canvas = draw::Canvas::new(&seen.picture);
        for detection in &seen.outcome.detections {
            canvas.boxed(&detection.bbox, Some(&label(detection)), draw::of_class(detection.base_class()));
        }
        media::jpeg::encode(&canvas.into_picture(), JPEG_QUALITY)
    });
    let jpeg = drawing.await.map_err(|panic| Fault::Internal(panic.into()))?;
    let jpeg = jpeg.map_err(|error| Fault::Internal(error.into()))?;
    app.metrics.stage("draw", began.elapsed());
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response())
}

/// What stands at a box: `person 87 %`.
fn label(detection: &Detection) -> String {
    format!("{} {:.0} %", detection.class_name, detection.confidence * 100.0)
}

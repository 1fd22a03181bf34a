//! `ronda infer`: what is in one picture.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use chassis::Env;
use domain::detection::Detection;
use domain::geometry::Size;
use domain::picture::Picture;
use media::draw::{Canvas, of_class};
use media::image::Limits;
use serde::Serialize;
use vision::Input;

use crate::{detector, site};

/// How good the annotated JPEG is, 1 to 100.
const QUALITY: u8 = 90;

/// Which picture, which detector.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A JPEG, PNG or WebP file.
    image: PathBuf,
    /// Also writes the picture with its boxes, as JPEG.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    site: site::Args,
    #[command(flatten)]
    detector: detector::Args,
}

/// The answer, with the keys of the inference API.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    detections: &'a [Detection],
    inference_time_ms: f64,
    image_size: Size,
    model: &'a vision::ModelRef,
}

/// Prints the detections as JSON.
pub(crate) fn run(args: &Args, env: &Env, out: &mut dyn Write) -> anyhow::Result<()> {
    let path = args.image.display();
    let bytes = std::fs::read(&args.image).with_context(|| format!("cannot read {path}"))?;
    let picture = media::image::decode_any(&bytes, Limits::default()).with_context(|| format!("cannot use {path}"))?;
    let mut ready = detector::load(&args.detector, args.site.inference(env)?.as_ref(), env)?;

    let begun = Instant::now();
    let detections = ready.detector.detect(&[Input::whole(&picture)])?.pop().unwrap_or_default();
    let inference_time_ms = begun.elapsed().as_secs_f64() * 1e3;

    let model = &ready.detector.info().model;
    let answer = Answer { detections: &detections, inference_time_ms, image_size: picture.size(), model };
    writeln!(out, "{}", serde_json::to_string_pretty(&answer)?)?;
    match &args.output {
        Some(output) => write_annotated(&picture, &detections, output),
        None => Ok(()),
    }
}

fn write_annotated(picture: &Picture, detections: &[Detection], output: &PathBuf) -> anyhow::Result<()> {
    let mut canvas = Canvas::new(picture);
    // The surest ones come first and are drawn last, on top.
    for detection in detections.iter().rev() {
        let class = &detection.class_name;
        let label = format!("{class} {:.0} %", detection.confidence * 100.0);
        canvas.boxed(&detection.bbox, Some(&label), of_class(class));
    }
    let jpeg = media::jpeg::encode(&canvas.into_picture(), QUALITY)?;
    std::fs::write(output, jpeg).with_context(|| format!("cannot write {}", output.display()))
}

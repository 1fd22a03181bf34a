//! The front of the pipeline for everything that is not a camera's RTSP: files of any kind that GStreamer can read, and
//! streams over HTTP. GStreamer finds out what it is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::fault::{Fault, report};
use super::outlet::Outlet;
use super::{Missing, decoder, element};
use crate::source::{Codec, Pace, SourceSettings};

/// Where the bytes come from.
pub(super) enum Origin<'a> {
    File(&'a str),
    Http(&'a str),
}

/// Builds the pipeline up to what finds out; the rest follows by itself.
pub(super) fn build(
    settings: &SourceSettings,
    origin: &Origin<'_>,
    outlet: &Arc<Outlet>,
) -> Result<gst::Pipeline, Missing> {
    let source = match origin {
        Origin::File(path) => {
            let source = element("filesrc")?;
            source.set_property("location", path);
            source
        }
        Origin::Http(url) => {
            let source = element("souphttpsrc")?;
            source.set_property("location", url);
            source.set_property("is-live", true);
            source.set_property("timeout", u32::try_from(settings.read_timeout.as_secs()).unwrap_or(u32::MAX).max(1));
            source
        }
    };
    let finder = element("decodebin")?;
    finder.set_property("caps", gst::Caps::builder("video/x-raw").any_features().build());
    finder.set_property("expose-all-streams", false);
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&source, &finder]).map_err(|error| error.to_string())?;
    source.link(&finder).map_err(|error| error.to_string())?;

    let found = Arc::new(Found::default());
    let pace = settings.pace;
    watch_elements(&finder, pace, &found);

    let pacer =
        if matches!(origin, Origin::File(_)) && pace == Pace::RealTime { Some(pacer(&pipeline)?) } else { None };
    let weak = pipeline.downgrade();
    let outlet = Arc::clone(outlet);
    let taken = AtomicBool::new(false);
    let seen = Arc::clone(&found);
    finder.connect_pad_added(move |finder, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        let is_video =
            pad.current_caps().and_then(|caps| caps.structure(0).map(|s| s.name() == "video/x-raw")).unwrap_or(false);
        if !is_video || taken.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Err(missing) = attach(&pipeline, pad, pacer.as_ref(), &outlet, &seen) {
            report(finder, Fault::System, &missing);
        }
    });
    finder.connect_no_more_pads(move |finder| {
        if finder.src_pads().is_empty() {
            report(finder, Fault::Unsupported, "no video");
        }
    });
    Ok(pipeline)
}

/// Adds what keeps a film to its own pace. It is there before the pipeline starts, so that the pipeline gives it the
/// clock before it lets the first frame through; added later it would run free until the clock comes.
fn pacer(pipeline: &gst::Pipeline) -> Result<gst::Element, Missing> {
    let pacer = element("clocksync")?;
    pipeline.add(&pacer).map_err(|error| error.to_string())?;
    Ok(pacer)
}

fn attach(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    pacer: Option<&gst::Element>,
    outlet: &Arc<Outlet>,
    found: &Found,
) -> Result<(), Missing> {
    let (codec, decoder) = found.what();
    let Some(pacer) = pacer else {
        return outlet.attach(pipeline, pad, pad, codec, &decoder);
    };
    let (entry, end) = (
        pacer.static_pad("sink").expect("clocksync has a sink pad"),
        pacer.static_pad("src").expect("clocksync has a source pad"),
    );
    outlet.attach(pipeline, &end, &end, codec, &decoder)?;
    pad.link(&entry).map_err(|error| error.to_string())?;
    Ok(())
}

/// What GStreamer put into the pipeline by itself.
#[derive(Default)]
struct Found {
    decoder: Mutex<Option<gst::Element>>,
}

impl Found {
    fn what(&self) -> (Codec, String) {
        let decoder = self.decoder.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(decoder) = decoder.as_ref() else {
            return (Codec::Other("raw video".to_owned()), "none".to_owned());
        };
        let name = decoder.factory().map(|factory| factory.name().to_string()).unwrap_or_default();
        let coded = decoder.static_pad("sink").and_then(|pad| pad.current_caps());
        let media =
            coded.as_ref().and_then(|caps| caps.structure(0)).map(|coded| coded.name().to_string()).unwrap_or_default();
        let codec = match media.as_str() {
            "video/x-h264" => Codec::H264,
            "video/x-h265" => Codec::H265,
            "image/jpeg" => Codec::Mjpeg,
            _ => Codec::Other(media),
        };
        (codec, name)
    }
}

/// Sets up the decoder that is found, and remembers it.
fn watch_elements(finder: &gst::Element, pace: Pace, found: &Arc<Found>) {
    let Some(bin) = finder.downcast_ref::<gst::Bin>() else { return };
    let found = Arc::clone(found);
    bin.connect_deep_element_added(move |_, _, element| {
        // A webcam sends one stream. Not knowing that, decodebin waits for others until its queues are full, and shows nothing.
        if element.factory().is_some_and(|factory| factory.name() == "multipartdemux") {
            element.set_property("single-stream", true);
        }
        let is_decoder_of =
            |media| element.factory().is_some_and(|factory| factory.has_type(gst::ElementFactoryType::DECODER | media));
        // Motion JPEG is decoded by what decodes single pictures.
        let is_video_decoder =
            is_decoder_of(gst::ElementFactoryType::MEDIA_VIDEO) || is_decoder_of(gst::ElementFactoryType::MEDIA_IMAGE);
        if is_video_decoder {
            decoder::tune(element, pace);
            *found.decoder.lock().unwrap_or_else(PoisonError::into_inner) = Some(element.clone());
        }
    });
}

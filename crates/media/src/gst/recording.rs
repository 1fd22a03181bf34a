//! The recorder's pipeline: JPEG pictures in, a fragmented MP4 file out, which can be read up to its last whole fragment
//! at any time.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use domain::geometry::Size;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;

use super::{Missing, element, encoder, initialise};

/// Pictures that may wait for the encoder; when they are this many, the writer waits.
const QUEUE: u64 = 4;
/// How much of a film is lost when the process is killed.
const FRAGMENT_MILLIS: u32 = 1000;
/// How many pictures a camera usually gives in a second.
const USUAL_RATE: i32 = 10;
/// How long the encoder may take for what it still has.
const FINISH_LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(20);

/// A pipeline that decodes, encodes and writes. Dropping it leaves a file that ends with its last whole fragment.
#[derive(Debug)]
pub(crate) struct Recording {
    pipeline: gst::Pipeline,
    source: AppSrc,
    bus: gst::Bus,
}

impl Recording {
    /// Begins a film of pictures of this size; an odd last row or column is cut off.
    pub(crate) fn start(path: &Path, size: Size) -> Result<Self, Missing> {
        initialise()?;
        // The rate is a hint: every picture has its own time. Without it the last picture would be shown for no time at
        // all, and players leave that out.
        let caps = gst::Caps::builder("image/jpeg").field("framerate", gst::Fraction::new(USUAL_RATE, 1)).build();
        let source =
            AppSrc::builder().caps(&caps).format(gst::Format::Time).block(true).max_buffers(QUEUE).max_bytes(0).build();
        let decoder = element("jpegdec")?;
        // A damaged picture is left out; it is no reason to end the film.
        decoder.set_property("max-errors", -1_i32);
        let crop = element("videocrop")?;
        // Colour has half the resolution of luma, so sides are even.
        crop.set_property("right", (size.width & 1) as i32);
        crop.set_property("bottom", (size.height & 1) as i32);
        let filter = element("capsfilter")?;
        filter.set_property("caps", gst::Caps::builder("video/x-raw").field("format", "I420").build());
        let muxer = element("mp4mux")?;
        muxer.set_property("fragment-duration", FRAGMENT_MILLIS);
        let sink = element("filesink")?;
        sink.set_property("location", path.to_string_lossy().as_ref());
        sink.set_property_from_str("buffer-mode", "unbuffered");

        let mut chain = vec![source.clone().upcast(), decoder, crop, element("videoconvert")?, filter];
        chain.extend(encoder::best()?.elements()?);
        chain.extend([element("h264parse")?, muxer, sink]);
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(&chain).map_err(|error| error.to_string())?;
        gst::Element::link_many(&chain).map_err(|error| error.to_string())?;
        let bus = pipeline.bus().expect("a pipeline has a bus");
        let recording = Self { pipeline, source, bus };
        if recording.pipeline.set_state(gst::State::Playing).is_err() {
            return Err(recording.failure().unwrap_or_else(|| "the encoder does not start".to_owned()));
        }
        Ok(recording)
    }

    /// Hands one picture over, waiting while the encoder is busy.
    pub(crate) fn write(&self, jpeg: &Bytes, pts: Duration) -> Result<(), String> {
        let mut buffer = gst::Buffer::from_slice(jpeg.clone());
        let pts = gst::ClockTime::try_from(pts).map_err(|_| "the film is too long".to_owned())?;
        buffer.get_mut().expect("nobody else holds a buffer that was just made").set_pts(pts);
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        self.source
            .push_buffer(buffer)
            .map(|_| ())
            .map_err(|flow| self.failure().unwrap_or_else(|| format!("the encoder takes no more pictures: {flow}")))
    }

    /// Writes what is still in the encoder.
    pub(crate) fn finish(&self) -> Result<(), String> {
        let ended = self.source.end_of_stream();
        ended.map_err(|flow| self.failure().unwrap_or_else(|| flow.to_string()))?;
        let last = self.bus.timed_pop_filtered(FINISH_LIMIT, &[gst::MessageType::Eos, gst::MessageType::Error]);
        match last.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Eos(_)) => Ok(()),
            Some(gst::MessageView::Error(error)) => Err(error.error().to_string()),
            _ => Err("the encoder does not finish".to_owned()),
        }
    }

    fn failure(&self) -> Option<String> {
        let message = self.bus.pop_filtered(&[gst::MessageType::Error])?;
        match message.view() {
            gst::MessageView::Error(error) => Some(error.error().to_string()),
            _ => None,
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // Nothing to do about a failure: what was written stays as it is.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

//! The recorder's pipeline: JPEG pictures in, a fragmented MP4 file out, which can be read up to its last whole fragment
//! at any time.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use domain::geometry::Size;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;

use super::feed::Feed;
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
    feed: Feed,
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
        Ok(Self { feed: Feed::start(source, &chain)? })
    }

    /// Hands one picture over, waiting while the encoder is busy.
    pub(crate) fn write(&self, jpeg: &Bytes, pts: Duration) -> Result<(), String> {
        let mut buffer = gst::Buffer::from_slice(jpeg.clone());
        let pts = gst::ClockTime::try_from(pts).map_err(|_| "the film is too long".to_owned())?;
        buffer.get_mut().expect("nobody else holds a buffer that was just made").set_pts(pts);
        if let Some(failure) = self.feed.failure() {
            return Err(failure);
        }
        self.feed.push(buffer)
    }

    /// Writes what is still in the encoder.
    pub(crate) fn finish(&self) -> Result<(), String> {
        self.feed.finish(FINISH_LIMIT)
    }
}

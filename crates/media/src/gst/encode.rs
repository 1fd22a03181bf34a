//! The film writer's pipeline: pictures in, an H.264 MP4 file out.

use std::path::Path;
use std::time::Duration;

use domain::geometry::Size;
use domain::picture::{Layout, Picture};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;
use gstreamer_video as video;

use super::feed::Feed;
use super::{Missing, element, initialise};
use crate::colour::to_rgb;

/// Pictures that may wait for the encoder; when they are this many, the writer waits.
const QUEUE: u64 = 4;
/// The encoder looks ahead over some seconds of film, so the last of them take a while.
const FINISH_LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(60);

/// A pipeline that encodes and writes. Dropping it leaves an unfinished file.
#[derive(Debug)]
pub(crate) struct FilmEncoder {
    feed: Feed,
    size: Size,
    /// How long a picture is shown that no other follows: without it players leave the last one out.
    shown: gst::ClockTime,
}

impl FilmEncoder {
    pub(crate) fn start(path: &Path, size: Size, fps: f64) -> Result<Self, Missing> {
        initialise()?;
        // Colour has half the resolution of luma, so sides are even; an odd picture loses its last row or column.
        let size = Size::new(size.width & !1, size.height & !1);
        let info = video::VideoInfo::builder(video::VideoFormat::Rgb, size.width, size.height)
            .fps(gst::Fraction::approximate_f64(fps).unwrap_or(gst::Fraction::new(25, 1)))
            .build()
            .map_err(|error| error.to_string())?;
        let caps = info.to_caps().map_err(|error| error.to_string())?;
        let source =
            AppSrc::builder().caps(&caps).format(gst::Format::Time).block(true).max_buffers(QUEUE).max_bytes(0).build();

        let encoder = element("x264enc")?;
        encoder.set_property_from_str("speed-preset", "veryfast");
        encoder.set_property_from_str("pass", "qual");
        encoder.set_property("quantizer", 23_u32);
        // The defaults cap quality mode at 2 Mbit/s.
        encoder.set_property("bitrate", 100_000_u32);
        encoder.set_property("vbv-buf-capacity", 2_000_u32);
        // Pictures that refer to later ones make the muxer shift irregular times.
        encoder.set_property("bframes", 0_u32);
        // RGB would otherwise become 4:4:4, which browsers do not play.
        let planar = gst::Caps::builder("video/x-raw").field("format", "I420").build();
        let filter = element("capsfilter")?;
        filter.set_property("caps", planar);
        let muxer = element("mp4mux")?;
        muxer.set_property("faststart", true);
        muxer.set_property("faststart-file", path.with_extension("moov").to_string_lossy().as_ref());
        let sink = element("filesink")?;
        sink.set_property("location", path.to_string_lossy().as_ref());

        let (convert, parse) = (element("videoconvert")?, element("h264parse")?);
        let chain = [source.clone().upcast(), convert, filter, encoder, parse, muxer, sink];
        let feed = Feed::start(source, &chain)?;
        Ok(Self { feed, size, shown: gst::ClockTime::from_seconds_f64(1.0 / fps) })
    }

    /// Hands one picture over, waiting while the encoder is busy. Its size must be the film's.
    pub(crate) fn write(&self, picture: &Picture, pts: Duration) -> Result<(), String> {
        let mut buffer = rgb_buffer(picture, self.size, pts)?;
        buffer.get_mut().expect("nobody else holds a buffer that was just made").set_duration(self.shown);
        self.feed.push(buffer)
    }

    /// Writes what is still in the encoder and the file's index.
    pub(crate) fn finish(&self) -> Result<(), String> {
        self.feed.finish(FINISH_LIMIT)
    }
}

/// Makes a buffer of the given size (the picture's, or a little less), each row padded to four bytes as GStreamer's RGB
/// wants it.
pub(super) fn rgb_buffer(picture: &Picture, size: Size, pts: Duration) -> Result<gst::Buffer, String> {
    let converted;
    let picture = match picture.layout() {
        Layout::Rgb8 => picture,
        Layout::I420 => {
            converted = to_rgb(picture);
            &converted
        }
    };
    let (pixels, stride) = picture.plane(0);
    let (row_bytes, rows) = (size.width as usize * 3, size.height as usize);
    let padded = row_bytes.next_multiple_of(4);
    let mut buffer = if stride == padded && pixels.len() == padded * rows {
        gst::Buffer::from_slice(picture.data().slice_ref(pixels))
    } else {
        let mut packed = vec![0; padded * rows];
        for (row, out) in packed.chunks_exact_mut(padded).enumerate() {
            out[..row_bytes].copy_from_slice(&pixels[row * stride..][..row_bytes]);
        }
        gst::Buffer::from_mut_slice(packed)
    };
    let pts = gst::ClockTime::try_from(pts).map_err(|_| "the film is too long".to_owned())?;
    buffer.get_mut().expect("nobody else holds a buffer that was just made").set_pts(pts);
    Ok(buffer)
}

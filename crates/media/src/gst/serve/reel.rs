//! Films for the server: coded pictures read from a file, or encoded from given ones.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::Picture;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};
use gstreamer_video as video;

use super::super::encode::rgb_buffer;
use super::super::{element, initialise};
use super::feeder::coded_caps;
use crate::serve::{Rate, Reel, Unit};
use crate::source::Codec;

/// Longest time for reading a film file: minutes of film are parsed in less than a second.
const READ_LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(30);
const ENCODE_LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(120);
/// Kilobits per second at a constant rate: clean pictures at 720p.
const BITRATE: u32 = 4_000;
/// The quantiser at a constant quality, and the rate that it may never pass, in kilobits per second.
const QUANTISER: u32 = 26;
const CEILING: u32 = 20_000;

/// Reads the coded pictures of a file without decoding them.
pub(crate) fn read(path: &Path) -> Result<Reel, String> {
    initialise()?;
    if !path.is_file() {
        return Err("there is no such file".to_owned());
    }
    let source = element("filesrc")?;
    source.set_property("location", path.to_string_lossy().as_ref());
    let parser = element("parsebin")?;
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&source, &parser]).map_err(|error| error.to_string())?;
    source.link(&parser).map_err(|error| error.to_string())?;

    let collector = Arc::new(Collector::default());
    let weak = pipeline.downgrade();
    let collecting = Arc::clone(&collector);
    parser.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let codec = match caps.structure(0).map(|coded| coded.name().as_str()) {
            Some("video/x-h264") => Codec::H264,
            Some("video/x-h265") => Codec::H265,
            _ => return,
        };
        let Some(pipeline) = weak.upgrade() else { return };
        if let Err(reason) = collect(&pipeline, pad, &codec, &collecting) {
            collecting.fail(reason);
        }
    });
    run(&pipeline, READ_LIMIT)?;
    collector.reel()
}

/// Encodes pictures, all of one size.
pub(crate) fn encode(
    size: Size,
    fps: u32,
    codec: &Codec,
    rate: Rate,
    pictures: impl IntoIterator<Item = Picture>,
) -> Result<Reel, String> {
    initialise()?;
    let info = video::VideoInfo::builder(video::VideoFormat::Rgb, size.width, size.height)
        .fps(gst::Fraction::new(i32::try_from(fps).map_err(|_| "too many frames per second")?, 1))
        .build()
        .map_err(|error| error.to_string())?;
    let source = AppSrc::builder()
        .caps(&info.to_caps().map_err(|error| error.to_string())?)
        .format(gst::Format::Time)
        .block(true)
        .max_buffers(4)
        .max_bytes(0)
        .build();
    let convert = element("videoconvert")?;
    let filter = element("capsfilter")?;
    filter.set_property("caps", gst::Caps::builder("video/x-raw").field("format", "I420").build());
    let encoder = encoder(codec, rate, fps)?;
    let pipeline = gst::Pipeline::new();
    let chain = [source.upcast_ref(), &convert, &filter, &encoder];
    pipeline.add_many(chain).map_err(|error| error.to_string())?;
    gst::Element::link_many(chain).map_err(|error| error.to_string())?;
    let collector = Arc::new(Collector::default());
    let coded = encoder.static_pad("src").expect("an encoder has a source pad");
    collect(&pipeline, &coded, codec, &collector)?;

    let playing = pipeline.set_state(gst::State::Playing);
    let mut fed = playing.map(|_| ()).map_err(|error| error.to_string());
    let mut count = 0;
    for picture in pictures {
        if fed.is_err() {
            break;
        }
        fed = (picture.size() == size)
            .then_some(())
            .ok_or_else(|| format!("a picture of {} does not fit a film of {size}", picture.size()))
            .and_then(|()| rgb_buffer(&picture, size, Duration::from_secs(count) / fps))
            .and_then(|buffer| source.push_buffer(buffer).map(|_| ()).map_err(|flow| flow.to_string()));
        count += 1;
    }
    // Ends the stream also after a failure, so that the pipeline comes to rest.
    let _ = source.end_of_stream();
    let finished = run(&pipeline, ENCODE_LIMIT);
    fed.and(finished)?;
    let mut reel = collector.reel()?;
    reel.length = Duration::from_secs(count) / fps;
    Ok(reel)
}

/// An encoder that has its pictures in the order they are shown.
fn encoder(codec: &Codec, rate: Rate, fps: u32) -> Result<gst::Element, String> {
    let key_frames = rate.key_frame_every(fps);
    match codec {
        Codec::H264 => {
            let encoder = element("x264enc")?;
            encoder.set_property_from_str("speed-preset", "veryfast");
            encoder.set_property("bframes", 0_u32);
            encoder.set_property("key-int-max", key_frames);
            match rate {
                Rate::Constant => encoder.set_property("bitrate", BITRATE),
                Rate::Variable => {
                    encoder.set_property_from_str("pass", "qual");
                    encoder.set_property("quantizer", QUANTISER);
                    encoder.set_property("bitrate", CEILING);
                }
            }
            Ok(encoder)
        }
        Codec::H265 => {
            let encoder = element("x265enc")?;
            encoder.set_property_from_str("speed-preset", "ultrafast");
            encoder.set_property("key-int-max", i32::try_from(key_frames).unwrap_or(25));
            let mut options = "bframes=0:repeat-headers=1:open-gop=0:log-level=error".to_owned();
            match rate {
                Rate::Constant => encoder.set_property("bitrate", BITRATE),
                Rate::Variable => options.push_str(&format!(":crf={QUANTISER}")),
            }
            encoder.set_property_from_str("option-string", &options);
            Ok(encoder)
        }
        other => Err(format!("there is no encoder for {other}")),
    }
}

/// Appends a parser and a sink that collects what comes out of a pad.
fn collect(pipeline: &gst::Pipeline, pad: &gst::Pad, codec: &Codec, collector: &Arc<Collector>) -> Result<(), String> {
    let parser = element(if *codec == Codec::H265 { "h265parse" } else { "h264parse" })?;
    parser.set_property("config-interval", -1);
    let caps = coded_caps(codec);
    let sink = AppSink::builder().caps(&caps).sync(false).build();
    collector.set_codec(codec.clone());
    let collecting = Arc::clone(collector);
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                collecting.take(&sample);
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    let sink = sink.upcast::<gst::Element>();
    let wiring = || -> Result<(), gst::glib::BoolError> {
        pipeline.add_many([&parser, &sink])?;
        parser.link(&sink)?;
        sink.sync_state_with_parent()?;
        parser.sync_state_with_parent()
    };
    wiring().map_err(|error| error.to_string())?;
    let entry = parser.static_pad("sink").expect("a parser has a sink pad");
    pad.link(&entry).map(|_| ()).map_err(|error| error.to_string())
}

/// Runs a pipeline to its end.
pub(super) fn run(pipeline: &gst::Pipeline, limit: gst::ClockTime) -> Result<(), String> {
    let bus = pipeline.bus().expect("a pipeline has a bus");
    // A failure to start is on the bus with its reason.
    let _ = pipeline.set_state(gst::State::Playing);
    let last = bus.timed_pop_filtered(limit, &[gst::MessageType::Eos, gst::MessageType::Error]);
    // Nothing to do about a failure: the pipeline is given up.
    let _ = pipeline.set_state(gst::State::Null);
    match last.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Eos(_)) => Ok(()),
        Some(gst::MessageView::Error(error)) => Err(error.error().to_string()),
        _ => Err("it takes too long".to_owned()),
    }
}

/// Gathers coded pictures.
#[derive(Default)]
struct Collector {
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    codec: Option<Codec>,
    units: Vec<Coded>,
    failure: Option<String>,
}

struct Coded {
    data: Bytes,
    pts: Option<gst::ClockTime>,
    dts: Option<gst::ClockTime>,
    duration: Option<gst::ClockTime>,
    key_frame: bool,
}

impl Collector {
    fn set_codec(&self, codec: Codec) {
        self.found().codec.get_or_insert(codec);
    }

    fn fail(&self, reason: String) {
        self.found().failure.get_or_insert(reason);
    }

    fn take(&self, sample: &gst::Sample) {
        let Some(buffer) = sample.buffer() else { return };
        match buffer.map_readable() {
            Ok(bytes) => self.found().units.push(Coded {
                data: Bytes::copy_from_slice(&bytes),
                pts: buffer.pts(),
                dts: buffer.dts(),
                duration: buffer.duration(),
                key_frame: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
            }),
            Err(error) => self.fail(error.to_string()),
        }
    }

    /// Puts the film's times in order, beginning at zero.
    fn reel(&self) -> Result<Reel, String> {
        let found = std::mem::take(&mut *self.found());
        if let Some(reason) = found.failure {
            return Err(reason);
        }
        let codec = found.codec.ok_or("there is no H.264 or H.265 in it")?;
        let first = found.units.first().ok_or("there are no pictures in it")?;
        let zero = first.dts.or(first.pts).unwrap_or_default();
        let gap = found.units.iter().find_map(|unit| unit.duration).map_or(Duration::from_millis(40), Duration::from);
        let mut last = None;
        let units: Vec<_> = found
            .units
            .into_iter()
            .map(|coded| {
                let from_zero = |time: gst::ClockTime| Duration::from(time.saturating_sub(zero));
                let next = last.map_or(Duration::ZERO, |last| last + gap);
                let dts = coded.dts.or(coded.pts).map_or(next, from_zero);
                last = Some(dts);
                Unit {
                    data: coded.data,
                    pts: coded.pts.map_or(dts, from_zero).max(dts),
                    dts,
                    key_frame: coded.key_frame,
                }
            })
            .collect();
        let length = last.unwrap_or_default() + gap;
        Ok(Reel { codec, units, length })
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures of a wall of bricks through a noisy sensor; the noise is the same in every run.
    fn wall(count: u32, size: Size) -> impl Iterator<Item = Picture> {
        let mut state = 1_u32;
        (0..count).map(move |_| {
            let bytes = (0..size.height).flat_map(|y| (0..size.width * 3).map(move |x| (x / 96 + y / 16) % 7 * 30));
            let noisy = bytes.map(|brick| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                20 + (brick + (state >> 30)) as u8
            });
            Picture::rgb(size, size.width as usize * 3, noisy.collect::<Vec<u8>>().into())
                .expect("as many bytes as its size asks for")
        })
    }

    fn key_frames(reel: &Reel) -> Vec<usize> {
        let numbered = reel.units.iter().enumerate();
        numbered.filter(|(_, unit)| unit.key_frame).map(|(number, _)| number).collect()
    }

    #[test]
    fn a_variable_rate_spends_little_on_a_still_scene() {
        let size = Size::new(320, 240);
        for codec in [Codec::H264, Codec::H265] {
            let [constant, variable] = [Rate::Constant, Rate::Variable]
                .map(|rate| encode(size, 25, &codec, rate, wall(100, size)).expect("the machine can encode"));
            let bytes = |reel: &Reel| reel.units.iter().map(|unit| unit.data.len()).sum::<usize>();

            assert!(bytes(&variable) * 2 < bytes(&constant), "{codec}: {} and {}", bytes(&variable), bytes(&constant));
            assert_eq!(key_frames(&variable), [0, 50], "{codec}");
            assert!(key_frames(&constant).windows(2).all(|pair| pair[1] - pair[0] <= 12), "{codec}");
        }
    }
}

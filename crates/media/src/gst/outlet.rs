//! The end of every pipeline: decoded pictures come in, frames go to the slot. Sampling happens first, on the decoder's
//! own buffer, so that a frame that nobody will look at is neither converted nor copied.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::geometry::Size;
use domain::picture::{Frame, Picture};
use domain::sampling::Sampler;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use gstreamer_video as video;
use jiff::Timestamp;

use super::{Missing, element, sample};
use crate::capture::{FilmClock, LiveClock, Rate};
use crate::slot::Slot;
use crate::source::{Codec, StreamInfo};

/// Seconds from 1900, where NTP begins, to 1970.
const NTP_TO_UNIX_SECS: i64 = 2_208_988_800;

/// Two different answers to "when was this captured?".
#[derive(Debug)]
pub(super) enum Timing {
    Live(LiveClock),
    Film(FilmClock),
}

/// The state of one source's frames, kept across repetitions of a film.
#[derive(Debug)]
pub(super) struct Outlet {
    slot: Arc<Slot>,
    watch: Mutex<Watch>,
}

#[derive(Debug)]
struct Watch {
    timing: Timing,
    sampler: Option<Sampler>,
    rate: Rate,
    /// The frame that is on its way from the probe to the sink.
    passing: Option<Passing>,
    /// The newest picture, which stands for the frames of a still scene that are not decoded.
    latest: Option<Picture>,
    /// Where on the pipeline's time line the newest of those frames was: decoded later, they are not new.
    rested_until: Option<Duration>,
    /// The next decoded frame shows how the still scene looks now, whether it is due or not.
    is_refreshing: bool,
    chosen: u64,
    /// When the newest frame came, by the monotonic clock: what silence is measured by.
    newest: std::time::Instant,
}

/// What a frame that passes is for.
#[derive(Debug, Clone, Copy)]
enum Passing {
    /// The reader gets it.
    Due { captured_at: Timestamp, sequence: u64 },
    /// It becomes the newest picture.
    Refresh,
}

impl Outlet {
    pub(super) fn new(slot: Arc<Slot>, timing: Timing, sampler: Option<Sampler>) -> Self {
        Self {
            slot,
            watch: Mutex::new(Watch {
                timing,
                sampler,
                rate: Rate::default(),
                passing: None,
                latest: None,
                rested_until: None,
                is_refreshing: false,
                chosen: 0,
                newest: std::time::Instant::now(),
            }),
        }
    }

    /// Returns for how long no frame came.
    pub(super) fn silence(&self) -> Duration {
        self.watch().newest.elapsed()
    }

    /// Notes that a film begins again.
    pub(super) fn begin_again(&self) {
        if let Timing::Film(clock) = &mut self.watch().timing {
            clock.begin_again();
        }
    }

    /// Samples on `decoded`, the first pad that gives raw video, and adds conversion and sink behind `end`, the last
    /// such pad (the same one unless pictures must first be fetched from the hardware).
    pub(super) fn attach(
        self: &Arc<Self>,
        pipeline: &gst::Pipeline,
        decoded: &gst::Pad,
        end: &gst::Pad,
        codec: Codec,
        decoder: &str,
    ) -> Result<(), Missing> {
        let convert = element("videoconvert")?;
        let caps = gst::Caps::builder("video/x-raw").field("format", "I420").build();
        let sink = AppSink::builder().caps(&caps).sync(false).max_buffers(1).enable_last_sample(false).build();
        let entry = sink.static_pad("sink").expect("an appsink has a sink pad");
        entry.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| answer_allocation(info));
        let outlet = Arc::clone(self);
        sink.set_callbacks(
            AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    outlet.deliver(sink, &sample)
                })
                .build(),
        );

        let outlet = Arc::clone(self);
        let decoder = decoder.to_owned();
        decoded.add_probe(gst::PadProbeType::BUFFER, move |pad, info| match info.buffer() {
            Some(buffer) if !outlet.admits(pad, buffer, &codec, &decoder) => gst::PadProbeReturn::Drop,
            _ => gst::PadProbeReturn::Ok,
        });

        let sink = sink.upcast::<gst::Element>();
        let wiring = || -> Result<(), gst::glib::BoolError> {
            pipeline.add_many([&convert, &sink])?;
            convert.link(&sink)?;
            sink.sync_state_with_parent()?;
            convert.sync_state_with_parent()
        };
        wiring().map_err(|error| error.to_string())?;
        let entry = convert.static_pad("sink").expect("videoconvert has a sink pad");
        end.link(&entry).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Stamps and counts a decoded frame and decides whether anybody wants it.
    fn admits(&self, pad: &gst::Pad, buffer: &gst::BufferRef, codec: &Codec, decoder: &str) -> bool {
        let mut watch = self.watch();
        if let Some(until) = watch.rested_until {
            if running_time(pad, buffer).is_some_and(|at| at <= until) {
                return false;
            }
            watch.rested_until = None;
        }
        let stamped = watch.stamp(pad, buffer);
        self.slot.count_received();
        self.describe(pad, codec, decoder, stamped.measured);
        let is_refreshing = std::mem::take(&mut watch.is_refreshing);
        let Some(sequence) = watch.choose(stamped.captured_at) else {
            watch.passing = is_refreshing.then_some(Passing::Refresh);
            return is_refreshing;
        };
        watch.passing = Some(Passing::Due { captured_at: stamped.captured_at, sequence });
        drop(watch);
        self.slot.count_due();
        true
    }

    /// Takes a frame that stays coded because the scene is still: if it is due, the newest picture stands for it.
    pub(super) fn rest(&self, pad: &gst::Pad, buffer: &gst::BufferRef) {
        self.slot.count_rested();
        let mut watch = self.watch();
        let stamped = watch.stamp(pad, buffer);
        watch.rested_until = running_time(pad, buffer);
        let Some(sequence) = watch.choose(stamped.captured_at) else { return };
        let Some(picture) = watch.latest.clone() else { return };
        drop(watch);
        self.slot.count_due();
        // A reader who has gone away is noticed at the next decoded frame.
        self.slot.put(Frame { sequence, captured_at: stamped.captured_at, picture });
    }

    /// The next decoded frame becomes the newest picture, even if it is not due.
    pub(super) fn refresh(&self) {
        self.watch().is_refreshing = true;
    }

    fn describe(&self, pad: &gst::Pad, codec: &Codec, decoder: &str, measured: Option<f64>) {
        let Some(info) = pad.current_caps().and_then(|caps| video::VideoInfo::from_caps(&caps).ok()) else {
            return;
        };
        let declared = (info.fps().numer() > 0).then(|| f64::from(info.fps().numer()) / f64::from(info.fps().denom()));
        let size = Size::new(info.width(), info.height());
        self.slot.describe(|known| match known {
            Some(known) => {
                known.size = size;
                known.fps = declared.or(measured);
            }
            None => {
                *known = Some(StreamInfo {
                    codec: codec.clone(),
                    size,
                    fps: declared,
                    duration: pad.query_duration::<gst::ClockTime>().map(Duration::from),
                    decoder: decoder.to_owned(),
                });
            }
        });
    }

    fn deliver(&self, sink: &AppSink, sample: &gst::Sample) -> Result<gst::FlowSuccess, gst::FlowError> {
        let passing = self.watch().passing.take();
        let Some(passing) = passing else {
            return Ok(gst::FlowSuccess::Ok);
        };
        let picture = sample::picture(sample).map_err(|reason| {
            gst::element_error!(sink, gst::StreamError::Format, ["{reason}"]);
            gst::FlowError::Error
        })?;
        self.watch().latest = Some(picture.clone());
        let Passing::Due { captured_at, sequence } = passing else {
            return Ok(gst::FlowSuccess::Ok);
        };
        let read = self.slot.put(Frame { sequence, captured_at, picture });
        // A reader of a film that takes its time is no silence.
        self.watch().newest = std::time::Instant::now();
        if read { Ok(gst::FlowSuccess::Ok) } else { Err(gst::FlowError::Eos) }
    }

    fn watch(&self) -> std::sync::MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a frame was captured, and how many come in a second as far as that is known.
struct Stamped {
    captured_at: Timestamp,
    measured: Option<f64>,
}

impl Watch {
    fn stamp(&mut self, pad: &gst::Pad, buffer: &gst::BufferRef) -> Stamped {
        self.newest = std::time::Instant::now();
        let captured_at = match &mut self.timing {
            Timing::Live(clock) => clock.stamp(arrival(pad, buffer), sender_time(buffer)),
            Timing::Film(clock) => clock.stamp(running_time(pad, buffer)),
        };
        Stamped { captured_at, measured: self.rate.observe(captured_at) }
    }

    /// Returns the number of a frame that is due.
    fn choose(&mut self, captured_at: Timestamp) -> Option<u64> {
        if self.sampler.as_mut().is_some_and(|sampler| !sampler.is_due(captured_at)) {
            return None;
        }
        self.chosen += 1;
        Some(self.chosen)
    }
}

/// Tells the decoder that padded planes are welcome; otherwise it would copy every frame to pack them.
fn answer_allocation(info: &mut gst::PadProbeInfo<'_>) -> gst::PadProbeReturn {
    let Some(query) = info.query_mut() else {
        return gst::PadProbeReturn::Ok;
    };
    match query.view_mut() {
        gst::QueryViewMut::Allocation(query) => {
            query.add_allocation_meta::<video::VideoMeta>(None);
            gst::PadProbeReturn::Handled
        }
        _ => gst::PadProbeReturn::Ok,
    }
}

/// Returns the place of a buffer on the pipeline's time line.
pub(super) fn running_time(pad: &gst::Pad, buffer: &gst::BufferRef) -> Option<Duration> {
    let pts = buffer.pts()?;
    let segment = pad.sticky_event::<gst::event::Segment>(0)?.segment().downcast_ref::<gst::ClockTime>()?.clone();
    segment.to_running_time(pts).map(Duration::from)
}

/// Returns how old a buffer is: the receiver stamps packets with the pipeline's time as they arrive, so the difference to
/// that time now is what the jitter buffer, the parser and the decoder took.
pub(super) fn age(pad: &gst::Pad, buffer: &gst::BufferRef) -> Duration {
    let now = pad.parent_element().and_then(|element| element.current_running_time());
    match (now, running_time(pad, buffer)) {
        (Some(now), Some(then)) => Duration::from(now).saturating_sub(then),
        _ => Duration::ZERO,
    }
}

fn arrival(pad: &gst::Pad, buffer: &gst::BufferRef) -> Timestamp {
    let now = Timestamp::now();
    now.checked_sub(age(pad, buffer)).unwrap_or(now)
}

/// Returns when the camera says it took the frame, once its RTCP reports have told how its clock relates to the stream.
fn sender_time(buffer: &gst::BufferRef) -> Option<Timestamp> {
    let meta = buffer
        .iter_meta::<gst::ReferenceTimestampMeta>()
        .find(|meta| meta.reference().structure(0).is_some_and(|s| s.name() == "timestamp/x-ntp"))?;
    let nanos = i128::from(meta.timestamp().nseconds()) - i128::from(NTP_TO_UNIX_SECS) * 1_000_000_000;
    Timestamp::from_nanosecond(nanos).ok()
}

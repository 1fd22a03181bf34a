//! Coded pictures put into a file as they are.

use std::path::Path;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;

use super::super::{element, initialise};
use super::feeder::{buffer, coded_caps};
use super::reel::run;
use crate::serve::Reel;
use crate::source::Codec;

/// Longest time for writing a film that is in memory already.
const LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(30);

/// Writes a film as MP4. The file is written aside and renamed.
pub(crate) fn store(reel: &Reel, path: &Path) -> Result<(), String> {
    initialise()?;
    let aside = path.with_extension("part");
    let source = AppSrc::builder().caps(&coded_caps(&reel.codec)).format(gst::Format::Time).max_bytes(0).build();
    let parser = element(if reel.codec == Codec::H265 { "h265parse" } else { "h264parse" })?;
    let muxer = element("mp4mux")?;
    let sink = element("filesink")?;
    sink.set_property("location", aside.to_string_lossy().as_ref());
    let pipeline = gst::Pipeline::new();
    let chain = [source.upcast_ref(), &parser, &muxer, &sink];
    pipeline.add_many(chain).map_err(|error| error.to_string())?;
    gst::Element::link_many(chain).map_err(|error| error.to_string())?;

    for (index, unit) in reel.units.iter().enumerate() {
        let mut coded = buffer(unit, unit.pts, unit.dts);
        // The last picture's length is known only from the film's.
        let end = reel.units.get(index + 1).map_or(reel.length, |next| next.dts);
        let fresh = coded.get_mut().expect("nobody else holds a buffer that was just made");
        fresh.set_duration(gst::ClockTime::try_from(end.saturating_sub(unit.dts)).ok());
        source.push_buffer(coded).map_err(|flow| flow.to_string())?;
    }
    source.end_of_stream().map_err(|flow| flow.to_string())?;
    let written = run(&pipeline, LIMIT).and_then(|()| std::fs::rename(&aside, path).map_err(|error| error.to_string()));
    if written.is_err() {
        // The failure is what matters; there may be nothing to remove.
        let _ = std::fs::remove_file(&aside);
    }
    written
}

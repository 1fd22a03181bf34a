//! The front of a camera's pipeline: RTSP, RTP, parser, decoder; built when the camera has said what it sends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::camera::Transport;
use gstreamer as gst;
use gstreamer::prelude::*;

use super::fault::{Fault, report};
use super::outlet::Outlet;
use super::{Missing, coded, decoder, element, set_if_known};
use crate::slot::Slot;
use crate::source::{Codec, Pace, SourceSettings};

/// How long packets may be held back to put them in order. TCP keeps their order itself.
const UDP_REORDER_MILLIS: u32 = 150;
const TCP_REORDER_MILLIS: u32 = 20;

/// Builds what can be built before the camera has answered; the rest follows by itself.
pub(super) fn build(
    settings: &SourceSettings,
    url: &str,
    outlet: &Arc<Outlet>,
    slot: &Arc<Slot>,
) -> Result<gst::Pipeline, Missing> {
    let source = element("rtspsrc")?;
    configure(&source, settings, url);
    let pipeline = gst::Pipeline::new();
    pipeline.add(&source).map_err(|error| error.to_string())?;

    // Only the first video stream that can be read is set up at all: no sound, no camera metadata.
    let chosen = Arc::new(AtomicBool::new(false));
    let offered = Arc::new(Mutex::new(Vec::new()));
    let (taken, offers) = (Arc::clone(&chosen), Arc::clone(&offered));
    source.connect("select-stream", false, move |values| {
        let wanted = values.get(2).and_then(|value| value.get::<gst::Caps>().ok()).is_some_and(|caps| {
            let Some((is_video, encoding)) = encoding(&caps) else {
                return false;
            };
            if is_video {
                offers.lock().unwrap_or_else(PoisonError::into_inner).push(encoding.clone());
            }
            is_video && codec(&encoding).is_some() && !taken.swap(true, Ordering::Relaxed)
        });
        Some(wanted.to_value())
    });

    source.connect("on-sdp", false, {
        let chosen = Arc::clone(&chosen);
        move |_| {
            chosen.store(false, Ordering::Relaxed);
            None
        }
    });

    let weak = pipeline.downgrade();
    let (outlet, slot) = (Arc::clone(outlet), Arc::clone(slot));
    source.connect_pad_added(move |source, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        let Some((true, encoding)) = pad.current_caps().as_ref().and_then(encoding) else {
            return;
        };
        let Some(codec) = codec(&encoding) else { return };
        if let Err(missing) = chain(&pipeline, pad, codec, &outlet, &slot) {
            report(source, Fault::System, &missing);
        }
    });

    source.connect_no_more_pads(move |source| {
        if !chosen.load(Ordering::Relaxed) {
            let offered = offered.lock().unwrap_or_else(PoisonError::into_inner);
            report(source, Fault::Unsupported, &unreadable(&offered));
        }
    });
    Ok(pipeline)
}

fn configure(source: &gst::Element, settings: &SourceSettings, url: &str) {
    let (protocols, reorder) = match settings.transport {
        Transport::Tcp => ("tcp", TCP_REORDER_MILLIS),
        Transport::Udp => ("udp", UDP_REORDER_MILLIS),
    };
    source.set_property("location", url);
    source.set_property_from_str("protocols", protocols);
    source.set_property("latency", reorder);
    source.set_property("do-rtsp-keep-alive", true);
    // Silence is ours to notice: these are later than we are, or would switch to TCP behind our back.
    source.set_property("tcp-timeout", micros(settings.read_timeout + Duration::from_secs(2)));
    source.set_property("timeout", 0_u64);
    source.set_property("udp-reconnect", false);
    source.set_property("teardown-timeout", gst::ClockTime::from_mseconds(200).nseconds());
    set_if_known(source, "add-reference-timestamp-meta", "true");
    set_if_known(source, "user-agent", "ronda");
}

/// Depayloader, parser, decoder, outlet, in that order, each playing before it gets data.
fn chain(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    codec: Codec,
    outlet: &Arc<Outlet>,
    slot: &Arc<Slot>,
) -> Result<(), Missing> {
    let (depay, parse) = match codec {
        Codec::H264 => ("rtph264depay", Some("h264parse")),
        Codec::H265 => ("rtph265depay", Some("h265parse")),
        _ => ("rtpjpegdepay", None),
    };
    let decoder = decoder::make(&codec, Pace::RealTime)?;
    let name = decoder.name;
    let mut elements = vec![element(depay)?];
    if let Some(parse) = parse {
        elements.push(element(parse)?);
    }
    let before = elements.last().and_then(|last| last.static_pad("src")).expect("what comes before has a source pad");
    coded::judge(&before, Arc::clone(outlet), Arc::clone(slot));
    elements.push(decoder.element.clone());
    // Hardware pictures are fetched behind the sampling, which therefore sits on the decoder itself.
    let decoded = decoder.element.static_pad("src").expect("a decoder has a source pad");
    if let Some(fetch) = decoder.fetch {
        elements.push(fetch);
    }
    pipeline.add_many(&elements).map_err(|error| error.to_string())?;
    gst::Element::link_many(&elements).map_err(|error| error.to_string())?;
    let last = elements.last().expect("the chain holds a depayloader at least");
    let end = last.static_pad("src").expect("every element of the chain has a source pad");
    outlet.attach(pipeline, &decoded, &end, codec, name)?;
    for element in elements.iter().rev() {
        element.sync_state_with_parent().map_err(|error| error.to_string())?;
    }
    let entry = elements[0].static_pad("sink").expect("a depayloader has a sink pad");
    pad.link(&entry).map_err(|error| error.to_string())?;
    Ok(())
}

/// Returns whether RTP caps are of video, and how that is encoded.
fn encoding(caps: &gst::Caps) -> Option<(bool, String)> {
    let rtp = caps.structure(0)?;
    let media = rtp.get::<&str>("media").ok()?;
    let encoding = rtp.get::<&str>("encoding-name").unwrap_or("an unnamed encoding");
    Some((media == "video", encoding.to_owned()))
}

fn codec(encoding: &str) -> Option<Codec> {
    match encoding {
        "H264" => Some(Codec::H264),
        "H265" => Some(Codec::H265),
        "JPEG" => Some(Codec::Mjpeg),
        _ => None,
    }
}

fn unreadable(offered: &[String]) -> String {
    if offered.is_empty() { "no video".to_owned() } else { offered.join(" and ") }
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}

//! Which H.264 encoder this machine has: the hardware's if there is one and it works, else a software one. That it is
//! installed says nothing, so each is tried once with a few pictures.

use std::sync::OnceLock;

use gstreamer as gst;
use gstreamer::prelude::*;
use tracing::{debug, info};

use super::{Missing, element, initialise, set_if_known};

/// Hardware encoders by preference, with what brings pictures into their memory.
const HARDWARE: &[Encoder] = &[
    Encoder { name: "nvv4l2h264enc", fetch: Some("nvvidconv") },
    Encoder { name: "nvh264enc", fetch: None },
    Encoder { name: "vah264enc", fetch: Some("vapostproc") },
    Encoder { name: "v4l2h264enc", fetch: None },
];
/// Software encoders by preference.
const SOFTWARE: &[Encoder] = &[Encoder { name: "x264enc", fetch: None }, Encoder { name: "openh264enc", fetch: None }];
/// How long an encoder may take for a few small pictures.
const PROBE_LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(5);

/// An encoder by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoder {
    pub(super) name: &'static str,
    fetch: Option<&'static str>,
}

impl Encoder {
    /// Makes the elements that take raw I420 pictures and give H.264, set up for pictures that come as they are taken.
    pub(super) fn elements(self) -> Result<Vec<gst::Element>, Missing> {
        let encoder = element(self.name)?;
        match self.name {
            "x264enc" => {
                encoder.set_property_from_str("speed-preset", "veryfast");
                encoder.set_property_from_str("tune", "zerolatency");
                encoder.set_property_from_str("pass", "qual");
                encoder.set_property("quantizer", 25_u32);
                // The defaults cap quality mode at 2 Mbit/s.
                encoder.set_property("bitrate", 100_000_u32);
                encoder.set_property("vbv-buf-capacity", 2_000_u32);
                // Pictures that refer to later ones make the muxer shift irregular times.
                encoder.set_property("bframes", 0_u32);
                encoder.set_property("key-int-max", 20_u32);
            }
            _ => {
                // What they are called differs from one to the next; bits per second for some, thousands for others.
                set_if_known(&encoder, "key-int-max", "20");
                set_if_known(&encoder, "iframeinterval", "20");
                set_if_known(&encoder, "gop-size", "20");
                set_if_known(&encoder, "b-frames", "0");
                set_if_known(&encoder, "bframes", "0");
            }
        }
        let fetch = self.fetch.map(element).transpose()?;
        Ok(fetch.into_iter().chain([encoder]).collect())
    }

    /// Returns whether the encoder turns a few pictures into something.
    fn works(self) -> bool {
        if gst::ElementFactory::find(self.name).is_none() {
            return false;
        }
        match self.probe() {
            Ok(()) => true,
            Err(reason) => {
                debug!(encoder = self.name, reason, "this encoder does not work here");
                false
            }
        }
    }

    fn probe(self) -> Result<(), Missing> {
        let pictures = element("videotestsrc")?;
        pictures.set_property("num-buffers", 5_i32);
        let size =
            gst::Caps::builder("video/x-raw").field("format", "I420").field("width", 320_i32).field("height", 240_i32);
        let filter = element("capsfilter")?;
        filter.set_property("caps", size.build());
        let mut chain = vec![pictures, filter];
        chain.extend(self.elements()?);
        chain.extend([element("h264parse")?, element("fakesink")?]);
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(&chain).map_err(|error| error.to_string())?;
        gst::Element::link_many(&chain).map_err(|error| error.to_string())?;
        let bus = pipeline.bus().expect("a pipeline has a bus");
        // A failure to start is on the bus with its reason.
        let _ = pipeline.set_state(gst::State::Playing);
        let end = bus.timed_pop_filtered(PROBE_LIMIT, &[gst::MessageType::Eos, gst::MessageType::Error]);
        let _ = pipeline.set_state(gst::State::Null);
        match end.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Eos(_)) => Ok(()),
            Some(gst::MessageView::Error(error)) => Err(error.error().to_string()),
            _ => Err("it gives nothing".to_owned()),
        }
    }
}

/// Returns the best encoder of this machine, tried once per process. May take some seconds the first time.
pub(super) fn best() -> Result<Encoder, Missing> {
    static BEST: OnceLock<Result<Encoder, Missing>> = OnceLock::new();
    BEST.get_or_init(|| {
        initialise()?;
        let chosen = choose(HARDWARE.iter().chain(SOFTWARE).copied(), Encoder::works);
        let chosen = chosen.ok_or_else(|| "no H.264 encoder works on this machine".to_owned())?;
        info!(encoder = chosen.name, "films are encoded by this");
        Ok(chosen)
    })
    .clone()
}

/// Returns the first that works. What is installed and does not work is passed over.
fn choose(encoders: impl Iterator<Item = Encoder>, works: impl Fn(Encoder) -> bool) -> Option<Encoder> {
    encoders.into_iter().find(|encoder| works(*encoder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w37_an_encoder_that_is_installed_and_does_not_work_is_passed_over() {
        let all = || HARDWARE.iter().chain(SOFTWARE).copied();
        let chosen = choose(all(), |encoder| encoder.name.contains("264enc") && !encoder.name.starts_with("nv"));
        assert_eq!(chosen.map(|encoder| encoder.name), Some("vah264enc"));
        let software = choose(all(), |encoder| SOFTWARE.contains(&encoder));
        assert_eq!(software.map(|encoder| encoder.name), Some("x264enc"));
        assert_eq!(choose(all(), |_| false), None);
    }

    #[test]
    fn w37_the_encoder_of_this_machine_was_tried() {
        let best = best().expect("the software encoder is always there");
        assert!(best.works(), "{best:?}");
        let broken = Encoder { name: "no-such-encoder", fetch: None };
        assert!(!broken.works());
    }
}

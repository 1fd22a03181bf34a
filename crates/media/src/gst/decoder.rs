//! Which decoder reads a codec on this machine: the hardware's if there is one and it works, else libav's.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gstreamer as gst;

use super::{Missing, element, set_if_known};
use crate::source::{Codec, Pace};

/// Hardware decoders by preference, with what brings their pictures into ordinary memory.
const H264_HARDWARE: &[(&str, Option<&str>)] = &[
    ("nvv4l2decoder", Some("nvvidconv")),
    ("nvh264dec", None),
    ("vah264dec", Some("vapostproc")),
    ("v4l2slh264dec", None),
    ("v4l2h264dec", None),
];
const H265_HARDWARE: &[(&str, Option<&str>)] = &[
    ("nvv4l2decoder", Some("nvvidconv")),
    ("nvh265dec", None),
    ("vah265dec", Some("vapostproc")),
    ("v4l2slh265dec", None),
    ("v4l2h265dec", None),
];

/// A decoder, and the element that fetches its pictures from the hardware if one is needed.
pub(super) struct Decoder {
    pub(super) name: &'static str,
    pub(super) element: gst::Element,
    pub(super) fetch: Option<gst::Element>,
}

/// Makes the best decoder of this machine that has not been refused.
pub(super) fn make(codec: &Codec, pace: Pace) -> Result<Decoder, Missing> {
    let (hardware, software) = match codec {
        Codec::H264 => (H264_HARDWARE, "avdec_h264"),
        Codec::H265 => (H265_HARDWARE, "avdec_h265"),
        Codec::Mjpeg => (&[][..], "jpegdec"),
        Codec::Other(name) => return Err(format!("there is no decoder for {name}")),
    };
    for &(name, fetch) in hardware {
        if refused().contains(name) || gst::ElementFactory::find(name).is_none() {
            continue;
        }
        if let (Ok(element), Ok(fetch)) = (element(name), fetch.map(element).transpose()) {
            return Ok(Decoder { name, element, fetch });
        }
    }
    let element = element(software)?;
    tune(&element, pace);
    Ok(Decoder { name: software, element, fetch: None })
}

/// Sets up a software decoder: one thread per camera (there are as many cameras as cores, and frame threads add delay),
/// all of them for a film that is read as fast as possible; a damaged picture is worse than none.
pub(super) fn tune(decoder: &gst::Element, pace: Pace) {
    match pace {
        Pace::RealTime => set_if_known(decoder, "max-threads", "1"),
        Pace::Fast => {}
    }
    set_if_known(decoder, "output-corrupt", "false");
}

/// Notes that a hardware decoder is there but does not work, so that it is not tried again in this process. Returns
/// whether `name` is a hardware decoder that had not been refused before.
pub(super) fn refuse(name: &str) -> bool {
    H264_HARDWARE
        .iter()
        .chain(H265_HARDWARE)
        .find(|(known, _)| *known == name)
        .is_some_and(|(known, _)| refused().insert(known))
}

fn refused() -> MutexGuard<'static, BTreeSet<&'static str>> {
    static REFUSED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    REFUSED.lock().unwrap_or_else(PoisonError::into_inner)
}

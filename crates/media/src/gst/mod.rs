//! Everything GStreamer: the only module that names its types. Outside it there are frames, pictures and errors.

mod coded;
mod decoder;
mod encode;
mod encoder;
mod fault;
mod feed;
mod film_file;
mod outlet;
mod recording;
mod rtsp;
mod sample;
#[cfg(feature = "serve")]
pub(crate) mod serve;
mod session;

use std::sync::OnceLock;

use gstreamer as gst;
use tracing::{debug, warn};

pub(crate) use encode::FilmEncoder;
pub(crate) use recording::Recording;
pub(crate) use session::Session;

/// Why something of GStreamer is not to be had: a sentence for the operator.
pub(crate) type Missing = String;

/// Starts GStreamer, once per process.
pub(crate) fn initialise() -> Result<(), Missing> {
    static STARTED: OnceLock<Result<(), Missing>> = OnceLock::new();
    STARTED
        .get_or_init(|| {
            gst::init().map_err(|error| format!("GStreamer does not start: {error}"))?;
            gst::glib::log_set_default_handler(log);
            Ok(())
        })
        .clone()
}

/// Says what GStreamer's libraries complain of in our log, not on standard error.
fn log(library: Option<&str>, level: gst::glib::LogLevel, complaint: &str) {
    let library = library.unwrap_or("glib");
    match level {
        gst::glib::LogLevel::Error | gst::glib::LogLevel::Critical => {
            warn!(library, "media library complains: {complaint}");
        }
        _ => debug!(library, "media library says: {complaint}"),
    }
}

/// Makes an element; a missing one means a missing system package.
fn element(name: &'static str) -> Result<gst::Element, Missing> {
    gst::ElementFactory::make(name).build().map_err(|_| format!("GStreamer has no element {name}"))
}

/// Sets a property if this version of GStreamer knows it.
fn set_if_known(element: &gst::Element, property: &str, value: &str) {
    use gst::prelude::*;

    if element.has_property(property) {
        element.set_property_from_str(property, value);
    }
}

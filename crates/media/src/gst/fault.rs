//! What a pipeline says when it fails, in the words of [`SourceError`].

use gstreamer as gst;
use gstreamer::prelude::*;

use crate::source::SourceError;

/// Name of the message by which pipeline-building code reports a fault of its own; the text is in `reason`.
const REPORT: &str = "ronda-fault";

/// A fault found while a pipeline is being put together.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// The stream is of a kind that cannot be read; the text names it.
    Unsupported,
    /// GStreamer lacks something; the text says what.
    System,
}

/// Reports a fault from a pipeline's own thread to whoever watches its bus.
pub(super) fn report(element: &impl IsA<gst::Element>, fault: Fault, reason: &str) {
    let kind = match fault {
        Fault::Unsupported => "unsupported",
        Fault::System => "system",
    };
    let told = gst::Structure::builder(REPORT).field("kind", kind).field("reason", reason).build();
    // A pipeline without a bus is already being taken down.
    let _ = element.post_message(gst::message::Application::new(told));
}

/// Reads a report back.
pub(super) fn reported(name: &str, message: &gst::message::Application) -> Option<SourceError> {
    let told = message.structure().filter(|told| told.name() == REPORT)?;
    let reason = told.get::<String>("reason").ok()?;
    Some(match told.get::<&str>("kind").ok()? {
        "unsupported" => SourceError::Unsupported { name: name.to_owned(), codec: reason },
        _ => SourceError::System { reason },
    })
}

/// Translates an error of GStreamer. `streaming` says whether frames have come already.
pub(super) fn explain(name: &str, error: &gst::glib::Error, detail: Option<&str>, streaming: bool) -> SourceError {
    let name = name.to_owned();
    let reason = reason(error, detail);
    if let Some(kind) = error.kind::<gst::ResourceError>() {
        return match kind {
            gst::ResourceError::NotAuthorized => SourceError::Unauthorized { name },
            gst::ResourceError::NotFound => SourceError::NotFound { name },
            _ => SourceError::Connect { name, reason },
        };
    }
    if let Some(kind) = error.kind::<gst::StreamError>() {
        return match kind {
            gst::StreamError::CodecNotFound | gst::StreamError::TypeNotFound | gst::StreamError::WrongType
                if !streaming =>
            {
                SourceError::Unsupported { name, codec: reason }
            }
            _ => SourceError::Broken { name, reason },
        };
    }
    if error.kind::<gst::CoreError>() == Some(gst::CoreError::MissingPlugin) {
        return SourceError::Unsupported { name, codec: reason };
    }
    SourceError::Broken { name, reason }
}

/// Joins GStreamer's sentence for users with the end of its sentence for developers, which holds the cause: the lines are
/// `file.c(123): function (): /path:` and then the cause.
fn reason(error: &gst::glib::Error, detail: Option<&str>) -> String {
    let sentence = error.message().trim_end_matches('.').to_owned();
    match detail.and_then(|detail| detail.lines().nth(1)).map(str::trim) {
        Some(cause) if !cause.is_empty() => format!("{sentence} ({cause})"),
        _ => sentence,
    }
}

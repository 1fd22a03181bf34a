//! A pipeline that pictures are pushed into until it is finished.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;

use super::Missing;

/// A running pipeline and its entrance. Dropping it takes the pipeline down, whatever is still in it.
#[derive(Debug)]
pub(super) struct Feed {
    pipeline: gst::Pipeline,
    source: AppSrc,
    bus: gst::Bus,
}

impl Feed {
    /// Links the elements, the first of which is `source`, and starts them.
    pub(super) fn start(source: AppSrc, chain: &[gst::Element]) -> Result<Self, Missing> {
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(chain).map_err(|error| error.to_string())?;
        gst::Element::link_many(chain).map_err(|error| error.to_string())?;
        let bus = pipeline.bus().expect("a pipeline has a bus");
        let feed = Self { pipeline, source, bus };
        if feed.pipeline.set_state(gst::State::Playing).is_err() {
            return Err(feed.failure().unwrap_or_else(|| "the encoder does not start".to_owned()));
        }
        Ok(feed)
    }

    /// Hands a buffer over, waiting while the entrance is full.
    pub(super) fn push(&self, buffer: gst::Buffer) -> Result<(), String> {
        self.source
            .push_buffer(buffer)
            .map(|_| ())
            .map_err(|flow| self.failure().unwrap_or_else(|| format!("the encoder takes no more pictures: {flow}")))
    }

    /// Lets everything that is still in the pipeline come out, for at most this long.
    pub(super) fn finish(&self, limit: gst::ClockTime) -> Result<(), String> {
        let ended = self.source.end_of_stream();
        ended.map_err(|flow| self.failure().unwrap_or_else(|| flow.to_string()))?;
        let last = self.bus.timed_pop_filtered(limit, &[gst::MessageType::Eos, gst::MessageType::Error]);
        match last.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Eos(_)) => Ok(()),
            Some(gst::MessageView::Error(error)) => Err(error.error().to_string()),
            _ => Err("the encoder does not finish".to_owned()),
        }
    }

    /// Returns what has gone wrong inside, if anything has.
    pub(super) fn failure(&self) -> Option<String> {
        let message = self.bus.pop_filtered(&[gst::MessageType::Error])?;
        match message.view() {
            gst::MessageView::Error(error) => Some(error.error().to_string()),
            _ => None,
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // Nothing to do about a failure: what was written stays as it is.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

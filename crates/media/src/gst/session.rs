//! One open source: a thread that builds the pipeline, listens to it until it fails, ends or is told to stop, and takes it
//! down. Taking a pipeline down may block, so nobody else ever does it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use domain::sampling::Sampler;
use gstreamer as gst;
use gstreamer::prelude::*;
use jiff::Timestamp;
use tokio::sync::watch;
use tracing::{debug, info};

use super::fault::{explain, reported};
use super::film_file::{self, Origin};
use super::outlet::{Outlet, Timing};
use super::{decoder, initialise, rtsp};
use crate::capture::{FilmClock, LiveClock};
use crate::slot::Slot;
use crate::source::{Pace, SourceError, SourceSettings};

/// A handle on the thread of one source. Dropping it tells the thread to stop.
#[derive(Debug)]
pub(crate) struct Session {
    name: String,
    bus: gst::Bus,
    stop: Arc<AtomicBool>,
    slot: Arc<Slot>,
    ended: watch::Receiver<bool>,
}

impl Session {
    pub(crate) fn start(settings: SourceSettings, slot: Arc<Slot>) -> Result<Self, SourceError> {
        initialise().map_err(|reason| SourceError::System { reason })?;
        let bus = gst::Bus::new();
        let stop = Arc::new(AtomicBool::new(false));
        let (end, ended) = watch::channel(false);
        let session = Self {
            name: settings.name.clone(),
            bus: bus.clone(),
            stop: Arc::clone(&stop),
            slot: Arc::clone(&slot),
            ended,
        };
        thread::Builder::new()
            .name(format!("source {}", settings.name))
            .spawn(move || {
                let run = Run { settings, slot, bus, stop };
                let reason = run.to_the_end();
                run.slot.end(reason);
                // Nobody listens if the source was dropped.
                let _ = end.send(true);
            })
            .map_err(|error| SourceError::System { reason: format!("no thread to be had: {error}") })?;
        Ok(session)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Tells the thread to stop; the returned future waits until it has.
    pub(crate) fn stop(&self) -> impl Future<Output = ()> + use<> {
        self.tell();
        let mut ended = self.ended.clone();
        async move {
            // An error means that the sender is gone, and with it the thread.
            let _ = ended.wait_for(|ended| *ended).await;
        }
    }

    fn tell(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.slot.abandon();
        // Wakes the thread; if the bus is flushing, the thread is on its way out already.
        let _ = self.bus.post(gst::message::Application::new(gst::Structure::new_empty("ronda-stop")));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.tell();
    }
}

/// What the thread works with.
struct Run {
    settings: SourceSettings,
    slot: Arc<Slot>,
    bus: gst::Bus,
    stop: Arc<AtomicBool>,
}

/// How one pipeline came to its end.
enum Outcome {
    Failed(SourceError),
    Over,
    /// The hardware decoder of this name does not work here; there is another way.
    RefuseDecoder(String),
}

impl Run {
    fn to_the_end(&self) -> SourceError {
        let outlet = Arc::new(self.outlet());
        loop {
            match self.one_pipeline(&outlet) {
                Outcome::Failed(reason) => return reason,
                // Not every format can jump back to its beginning; every one can be opened again.
                Outcome::Over if self.loops() => outlet.begin_again(),
                Outcome::Over => return self.ended(),
                Outcome::RefuseDecoder(name) => {
                    info!(source = self.settings.name, decoder = name, "hardware decoder does not work, using another");
                }
            }
        }
    }

    fn one_pipeline(&self, outlet: &Arc<Outlet>) -> Outcome {
        let pipeline = match self.build(outlet) {
            Ok(pipeline) => pipeline,
            Err(reason) => return Outcome::Failed(SourceError::System { reason }),
        };
        self.bus.set_flushing(false);
        pipeline.set_bus(Some(&self.bus));
        // A failure to start is on the bus with its reason.
        let _ = pipeline.set_state(gst::State::Playing);
        let outcome = self.listen(outlet);
        // The one call that may take its time.
        let _ = pipeline.set_state(gst::State::Null);
        outcome
    }

    fn is_live(&self) -> bool {
        !self.settings.url.is_file()
    }

    fn loops(&self) -> bool {
        self.settings.looping && !self.is_live() && self.slot.counters().received > 0
    }

    fn outlet(&self) -> Outlet {
        // A film that is paced arrives as a camera's stream does.
        let timing = if self.is_live() || self.settings.pace == Pace::RealTime {
            Timing::Live(LiveClock::default())
        } else {
            Timing::Film(FilmClock::new(Timestamp::now()))
        };
        let sampler = self.settings.fps_target.map(Sampler::new);
        Outlet::new(Arc::clone(&self.slot), timing, sampler)
    }

    fn build(&self, outlet: &Arc<Outlet>) -> Result<gst::Pipeline, String> {
        let url = self.settings.url.expose();
        if self.settings.url.is_file() {
            film_file::build(&self.settings, &Origin::File(url), outlet)
        } else if self.settings.url.is_rtsp() {
            rtsp::build(&self.settings, url, outlet, &self.slot)
        } else {
            film_file::build(&self.settings, &Origin::Http(url), outlet)
        }
    }

    /// Waits for what the pipeline has to say until it is over.
    fn listen(&self, outlet: &Outlet) -> Outcome {
        let name = self.settings.name.as_str();
        loop {
            let patience = self.settings.read_timeout.saturating_sub(outlet.silence());
            let patience = self.is_live().then(|| gst::ClockTime::try_from(patience).unwrap_or(gst::ClockTime::MAX));
            let message = self.bus.timed_pop(patience);
            if self.stop.load(Ordering::SeqCst) {
                return Outcome::Failed(self.ended());
            }
            let Some(message) = message else {
                let silence = outlet.silence();
                if silence >= self.settings.read_timeout {
                    return Outcome::Failed(SourceError::Silent { name: name.to_owned(), silence });
                }
                continue;
            };
            match message.view() {
                gst::MessageView::Error(error) => return self.explain(error),
                gst::MessageView::Eos(_) => return Outcome::Over,
                gst::MessageView::Application(told) => {
                    if let Some(fault) = reported(name, told) {
                        return Outcome::Failed(fault);
                    }
                }
                gst::MessageView::Warning(warning) => {
                    debug!(source = name, warning = %warning.error(), "pipeline warns");
                }
                _ => {}
            }
        }
    }

    fn ended(&self) -> SourceError {
        SourceError::Ended { name: self.settings.name.clone() }
    }

    fn explain(&self, error: &gst::message::Error) -> Outcome {
        let streaming = self.slot.counters().received > 0;
        let culprit = error
            .src()
            .and_then(|object| object.downcast_ref::<gst::Element>())
            .and_then(gst::Element::factory)
            .map(|factory| factory.name().to_string());
        if let Some(culprit) = culprit.filter(|culprit| !streaming && decoder::refuse(culprit)) {
            return Outcome::RefuseDecoder(culprit);
        }
        let detail = error.debug();
        Outcome::Failed(explain(&self.settings.name, &error.error(), detail.as_deref(), streaming))
    }
}

//! Plays a film into the server at its own pace, for as long as anybody watches.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;
use tracing::warn;

use crate::serve::{Reel, Unit};
use crate::source::Codec;

/// What one camera plays.
#[derive(Debug)]
pub(super) struct Feeder {
    reel: Arc<Reel>,
    began: Instant,
    ahead: Duration,
    silent: Arc<AtomicBool>,
}

/// One running play of a film; clones stop the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Feed {
    stopped: Arc<(Mutex<bool>, Condvar)>,
}

impl Feed {
    pub(super) fn stop(&self) {
        *self.stopped.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stopped.1.notify_all();
    }

    /// Waits until a moment, or until told to stop. Returns whether to go on.
    fn wait_until(&self, moment: Instant) -> bool {
        let stopped = self.stopped.0.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = moment.saturating_duration_since(Instant::now());
        let (stopped, _) = self
            .stopped
            .1
            .wait_timeout_while(stopped, patience, |stopped| !*stopped)
            .unwrap_or_else(PoisonError::into_inner);
        !*stopped
    }
}

impl Feeder {
    pub(super) fn new(reel: Arc<Reel>, began: Instant, ahead: Duration) -> Self {
        Self { reel, began, ahead, silent: Arc::default() }
    }

    pub(super) fn codec(&self) -> &Codec {
        &self.reel.codec
    }

    pub(super) fn set_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }

    /// Starts a thread that plays into `source` until stopped or the source is taken down.
    pub(super) fn start(&self, source: AppSrc) -> Feed {
        source.set_caps(Some(&coded_caps(&self.reel.codec)));
        let feed = Feed::default();
        let play = Play {
            reel: Arc::clone(&self.reel),
            began: self.began,
            ahead: self.ahead,
            silent: Arc::clone(&self.silent),
            source,
            feed: feed.clone(),
        };
        if let Err(error) = thread::Builder::new().name("rtsp feed".to_owned()).spawn(move || play.run()) {
            warn!(%error, "no thread to be had, the camera stays silent");
        }
        feed
    }
}

struct Play {
    reel: Arc<Reel>,
    began: Instant,
    ahead: Duration,
    silent: Arc<AtomicBool>,
    source: AppSrc,
    feed: Feed,
}

impl Play {
    fn run(&self) {
        let mut waits_for_key_frame = true;
        for (due, unit) in self.units_from(Instant::now()) {
            if !self.feed.wait_until(due) {
                return;
            }
            let Some(now) = self.running_time().filter(|_| !self.silent.load(Ordering::Relaxed)) else {
                waits_for_key_frame = true;
                continue;
            };
            waits_for_key_frame &= !unit.key_frame;
            if waits_for_key_frame {
                continue;
            }
            let dts = now.saturating_sub(due.elapsed());
            let pts = dts + (unit.pts - unit.dts);
            if self.source.push_buffer(buffer(unit, pts, dts)).is_err() {
                return;
            }
        }
    }

    /// Returns the time of the pipeline while it plays. In other states the source may have a clock already, but not yet
    /// the time from which that is to be counted.
    fn running_time(&self) -> Option<Duration> {
        let plays = self.source.current_state() == gst::State::Playing;
        plays.then(|| self.source.current_running_time()).flatten().map(Duration::from)
    }

    /// Returns the coded pictures that follow a moment, each with the moment it is due; without end.
    fn units_from(&self, now: Instant) -> impl Iterator<Item = (Instant, &Unit)> {
        let length = self.reel.length;
        let passes = (now.saturating_duration_since(self.began) + self.ahead).as_nanos() / length.as_nanos();
        let passes = u32::try_from(passes).unwrap_or(u32::MAX);
        (passes..=u32::MAX)
            .flat_map(move |pass| self.reel.units.iter().map(move |unit| (pass, unit)))
            .map(move |(pass, unit)| (length * pass + unit.dts, unit))
            // What was shown before the server began is skipped with what is over.
            .filter_map(move |(position, unit)| Some((self.began + position.checked_sub(self.ahead)?, unit)))
            .skip_while(move |(due, _)| *due < now)
    }
}

/// What the coded pictures of a film are.
pub(super) fn coded_caps(codec: &Codec) -> gst::Caps {
    let media = if *codec == Codec::H265 { "video/x-h265" } else { "video/x-h264" };
    gst::Caps::builder(media).field("stream-format", "byte-stream").field("alignment", "au").build()
}

pub(super) fn buffer(unit: &Unit, pts: Duration, dts: Duration) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_slice(unit.data.clone());
    let fresh = buffer.get_mut().expect("nobody else holds a buffer that was just made");
    fresh.set_pts(gst::ClockTime::try_from(pts).ok());
    fresh.set_dts(gst::ClockTime::try_from(dts).ok());
    if !unit.key_frame {
        fresh.set_flags(gst::BufferFlags::DELTA_UNIT);
    }
    buffer
}

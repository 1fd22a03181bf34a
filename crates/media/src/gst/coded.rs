//! What is done with coded frames before the decoder: those that come too late are thrown away, those of a still scene
//! wait until somebody needs them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::outlet::{self, Outlet};
use crate::capture::LagGuard;
use crate::doze::{Coded, Doze, Order};
use crate::slot::Slot;

/// The judges of one stream's coded frames.
struct Gate {
    outlet: Arc<Outlet>,
    slot: Arc<Slot>,
    state: Mutex<State>,
    /// The frames that pass are ours, on their way to the decoder.
    is_releasing: AtomicBool,
}

#[derive(Default)]
struct State {
    lag: LagGuard,
    doze: Doze,
    held: Vec<gst::Buffer>,
}

/// Judges every frame on `coded`, the source pad before the decoder: dropping on a sink pad makes GStreamer complain.
pub(super) fn judge(coded: &gst::Pad, outlet: Arc<Outlet>, slot: Arc<Slot>) {
    let gate = Gate { outlet, slot, state: Mutex::default(), is_releasing: AtomicBool::new(false) };
    coded.add_probe(gst::PadProbeType::BUFFER, move |pad, info| match info.buffer() {
        Some(buffer) => gate.pass(pad, buffer),
        None => gst::PadProbeReturn::Ok,
    });
}

impl Gate {
    fn pass(&self, pad: &gst::Pad, buffer: &gst::BufferRef) -> gst::PadProbeReturn {
        if self.is_releasing.load(Ordering::Relaxed) {
            return gst::PadProbeReturn::Ok;
        }
        let is_key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let mut state = self.state();
        if !state.lag.admits(outlet::age(pad, buffer), is_key) {
            // What was held builds on nothing that comes after the gap.
            state.held.clear();
            self.slot.count_late();
            return gst::PadProbeReturn::Drop;
        }
        let at = outlet::running_time(pad, buffer).unwrap_or_default();
        match state.doze.judge(Coded { at, bytes: buffer.size(), is_key }, self.slot.scene()) {
            Order::Decode => gst::PadProbeReturn::Ok,
            Order::Hold => {
                // A reference, not a copy.
                state.held.push(buffer.to_owned());
                drop(state);
                self.outlet.rest(pad, buffer);
                gst::PadProbeReturn::Drop
            }
            Order::Refresh => {
                state.held.clear();
                self.outlet.refresh();
                gst::PadProbeReturn::Ok
            }
            Order::Release => {
                let held = std::mem::take(&mut state.held);
                drop(state);
                self.release(pad, held);
                gst::PadProbeReturn::Ok
            }
        }
    }

    /// Sends the held frames to the decoder, through this very probe.
    fn release(&self, pad: &gst::Pad, held: Vec<gst::Buffer>) {
        self.is_releasing.store(true, Ordering::Relaxed);
        for buffer in held {
            // A pipeline that is being taken down refuses this one and the frame after it alike.
            if pad.push(buffer).is_err() {
                break;
            }
        }
        self.is_releasing.store(false, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

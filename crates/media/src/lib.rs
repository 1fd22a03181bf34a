//! Frames in and out: [`Source`] reads cameras and film files, [`jpeg`] and [`image`] read and write single pictures,
//! [`draw`] marks them, [`film`] writes films, [`record`] records cameras, [`serve`] (feature `serve`) plays the camera
//! for simulated sites.
//!
//! GStreamer is an implementation detail: it appears only in the private module `gst`, and no type of it leaves this crate.
//! What a frame means is decided elsewhere: nothing here knows detections, zones or alerts.

mod capture;
mod colour;
mod doze;
pub mod draw;
pub mod film;
mod gst;
pub mod image;
pub mod jpeg;
pub mod record;
#[cfg(feature = "serve")]
pub mod serve;
mod slot;
mod source;

pub use colour::{to_i420, to_rgb};
pub use domain::camera::{SourceUrl, Transport};
pub use doze::Scene;
pub use source::{Codec, Counters, Pace, Source, SourceError, SourceSettings, StreamInfo};

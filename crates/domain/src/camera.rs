//! The cameras of a site, as `cameras.yaml` lists them.

mod file;
mod url;

use serde::{Deserialize, Serialize};

use crate::id::CameraId;
use crate::sampling::FrameRate;

pub use file::CamerasFile;
pub use url::{SourceUrl, SourceUrlError};

/// One camera, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// Its id, different from that of every other camera.
    pub id: CameraId,
    /// What people call it.
    pub name: String,
    /// Where its main stream is, as written or as the environment says instead.
    pub url: SourceUrl,
    /// Whether it is watched at all.
    pub enabled: bool,
    /// How many frames per second are looked at.
    pub fps_target: FrameRate,
    /// A smaller stream of the same picture to detect on, if the camera has one.
    pub detect_url: Option<SourceUrl>,
    /// How RTSP carries the pictures.
    pub transport: Transport,
    /// When the detector need not look.
    pub motion: MotionSettings,
}

impl Camera {
    /// Returns the stream to detect on: the smaller one if there is one.
    #[must_use]
    pub fn detection_url(&self) -> &SourceUrl {
        self.detect_url.as_ref().unwrap_or(&self.url)
    }
}

/// How RTSP carries the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Within the RTSP connection: nothing is lost, and it passes firewalls.
    #[default]
    Tcp,
    /// In datagrams of their own: less delay on a good network.
    Udp,
}

/// When the detector need not look, because nothing moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MotionSettings {
    /// Whether a still scene is skipped. If not, every frame is looked at.
    pub enabled: bool,
    /// After how many seconds without motion the detector looks all the same.
    pub forced_look_seconds: f64,
    /// The smallest part of the picture that counts as motion, from 0 to 1.
    pub min_area: f64,
    /// How far a pixel must be from the background, as a squared distance in standard deviations.
    pub threshold: f64,
    /// Whether the frames of a still scene may stay coded until something moves.
    pub doze: bool,
}

impl Default for MotionSettings {
    fn default() -> Self {
        Self { enabled: true, forced_look_seconds: 3.0, min_area: 0.0005, threshold: 16.0, doze: true }
    }
}

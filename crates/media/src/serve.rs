//! The other end of a camera's cable, for simulated sites and tests: an RTSP server whose cameras play films in an endless
//! loop. A camera's film runs from the moment the server starts, whether anybody watches or not, as at a real camera; all
//! who watch share it, and nothing is encoded while it plays.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::geometry::Size;
use domain::picture::Picture;
use jiff::Timestamp;

use crate::gst::serve::{Server, encode, read, store};
use crate::source::Codec;

/// What an RTSP server listens to, and whom it lets in.
#[derive(Debug, Clone)]
pub struct ServeSettings {
    /// The address to listen at.
    pub bind: IpAddr,
    /// The port to listen at; 0 is any free one.
    pub port: u16,
    /// The only user and password let in; `None` lets everybody in.
    pub credentials: Option<(String, String)>,
}

impl ServeSettings {
    /// Returns the settings of a server for tests: loopback, any free port, no password.
    pub fn loopback() -> Self {
        Self { bind: IpAddr::from([127, 0, 0, 1]), port: 0, credentials: None }
    }
}

/// Why a camera is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port cannot be listened at.
    #[error("cannot listen at {bind}:{port}: {reason}")]
    Bind {
        /// The address.
        bind: IpAddr,
        /// The port.
        port: u16,
        /// What the system said.
        reason: String,
    },
    /// The film file cannot be read or written.
    #[error("film {path}: {reason}", path = .path.display())]
    Film {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Pictures cannot be encoded.
    #[error("cannot encode the film: {reason}")]
    Encode {
        /// What the encoder said.
        reason: String,
    },
    /// There is no camera of this name.
    #[error("there is no camera {name}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// This machine lacks something.
    #[error("the media system of this machine is incomplete: {reason}")]
    System {
        /// What is missing.
        reason: String,
    },
}

/// How a camera spreads its data over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// Each second takes as much as any other, whatever happens in it, with a key frame every half second.
    Constant,
    /// Each picture takes what it needs, with a key frame every two seconds: what cameras are mostly shipped with.
    Variable,
}

impl Rate {
    /// Returns after how many pictures the next key frame comes at the latest.
    pub(crate) fn key_frame_every(self, fps: u32) -> u32 {
        match self {
            Self::Constant => (fps / 2).max(1),
            Self::Variable => (fps * 2).max(1),
        }
    }
}

/// A coded film in memory. Cloning it does not copy it.
#[derive(Debug, Clone)]
pub struct Film {
    pub(crate) reel: Arc<Reel>,
}

/// The coded pictures of a film, in the order they are sent.
#[derive(Debug)]
pub(crate) struct Reel {
    pub(crate) codec: Codec,
    pub(crate) units: Vec<Unit>,
    pub(crate) length: Duration,
}

impl Reel {
    fn then(&self, next: &Self) -> Option<Self> {
        let later = next.units.iter().map(|unit| Unit {
            pts: self.length + unit.pts,
            dts: self.length + unit.dts,
            ..unit.clone()
        });
        (self.codec == next.codec).then(|| Self {
            codec: self.codec.clone(),
            units: self.units.iter().cloned().chain(later).collect(),
            length: self.length + next.length,
        })
    }
}

/// One coded picture.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) data: bytes::Bytes,
    /// When it is shown and when it is sent, from the film's beginning.
    pub(crate) pts: Duration,
    pub(crate) dts: Duration,
    pub(crate) key_frame: bool,
}

impl Film {
    /// Reads a film file that holds H.264 or H.265, in a container or bare.
    ///
    /// # Errors
    /// If there is no such file or nothing in it that can be served.
    pub fn read(path: &Path) -> Result<Self, ServeError> {
        let reel = read(path).map_err(|reason| ServeError::Film { path: path.to_owned(), reason })?;
        Ok(Self { reel: Arc::new(reel) })
    }

    /// Encodes pictures of one size, `fps` of them to the second, at a [constant rate](Rate::Constant).
    ///
    /// # Errors
    /// Like [`Film::encode_at`].
    pub fn encode(
        size: Size,
        fps: u32,
        codec: &Codec,
        pictures: impl IntoIterator<Item = Picture>,
    ) -> Result<Self, ServeError> {
        Self::encode_at(Rate::Constant, size, fps, codec, pictures)
    }

    /// Encodes pictures of one size, `fps` of them to the second.
    ///
    /// # Errors
    /// If there are no pictures, they differ in size, or `codec` is neither H.264 nor H.265.
    pub fn encode_at(
        rate: Rate,
        size: Size,
        fps: u32,
        codec: &Codec,
        pictures: impl IntoIterator<Item = Picture>,
    ) -> Result<Self, ServeError> {
        let reel = encode(size, fps, codec, rate, pictures).map_err(|reason| ServeError::Encode { reason })?;
        Ok(Self { reel: Arc::new(reel) })
    }

    /// Writes the film as an MP4 file, which appears whole or not at all.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ServeError> {
        store(&self.reel, path).map_err(|reason| ServeError::Film { path: path.to_owned(), reason })
    }

    /// Returns a film that shows this one and then another, which may differ in size but not in coding: what a camera
    /// sends whose resolution somebody changes.
    ///
    /// # Errors
    /// If the two are coded differently.
    pub fn then(&self, next: &Self) -> Result<Self, ServeError> {
        let reel = self
            .reel
            .then(&next.reel)
            .ok_or_else(|| ServeError::Encode { reason: format!("{} cannot follow {}", next.codec(), self.codec()) })?;
        Ok(Self { reel: Arc::new(reel) })
    }

    /// Returns how long one pass takes.
    pub fn length(&self) -> Duration {
        self.reel.length
    }

    /// Returns the number of pictures in one pass.
    pub fn frames(&self) -> usize {
        self.reel.units.len()
    }

    /// Returns how the film is coded.
    pub fn codec(&self) -> &Codec {
        &self.reel.codec
    }
}

/// What a camera is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountState {
    /// It plays.
    Playing,
    /// It is connected but sends nothing, like a camera that has crashed.
    Silent,
    /// It is gone: nobody is let in, whoever was in has been thrown out.
    Stopped,
}

/// A running RTSP server. Dropping it throws everybody out and frees the port.
#[derive(Debug)]
pub struct RtspServer {
    settings: ServeSettings,
    server: Server,
}

impl RtspServer {
    /// Starts a server without cameras.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start(settings: ServeSettings) -> Result<Self, ServeError> {
        let server = Server::start(&settings)?;
        Ok(Self { settings, server })
    }

    /// Returns the port listened at.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Returns the address of a camera, with the user and password if there are any.
    pub fn url(&self, name: &str) -> String {
        let credentials = self
            .settings
            .credentials
            .as_ref()
            .map(|(user, password)| format!("{user}:{password}@"))
            .unwrap_or_default();
        format!("rtsp://{credentials}{}:{}/{name}", self.settings.bind, self.port())
    }

    /// Returns when the films began: a camera shows `film` at position `(now - began) mod film.length()`.
    pub fn began(&self) -> Timestamp {
        self.server.began()
    }

    /// Adds a camera, or gives one another film; it plays at once.
    pub fn mount(&self, name: &str, film: Film) {
        self.mount_ahead(name, film, Duration::ZERO);
    }

    /// Adds a camera whose film is ahead of the others' by some time, so that cameras with one film differ, as cameras
    /// do, in when their frames come.
    pub fn mount_ahead(&self, name: &str, film: Film, ahead: Duration) {
        self.server.mount(name, film.reel, ahead);
    }

    /// Stops a camera: whoever watches it is thrown out, whoever asks for it is told that it does not exist.
    ///
    /// # Errors
    /// If there is no such camera.
    pub fn stop_mount(&self, name: &str) -> Result<(), ServeError> {
        self.change(name, MountState::Stopped)
    }

    /// Starts a camera that was stopped or silent.
    ///
    /// # Errors
    /// If there is no such camera.
    pub fn start_mount(&self, name: &str) -> Result<(), ServeError> {
        self.change(name, MountState::Playing)
    }

    /// Makes a camera send nothing, while its connections stay.
    ///
    /// # Errors
    /// If there is no such camera.
    pub fn silence_mount(&self, name: &str) -> Result<(), ServeError> {
        self.change(name, MountState::Silent)
    }

    /// Returns the cameras and what they are doing, by name.
    pub fn mounts(&self) -> Vec<(String, MountState)> {
        self.server.mounts()
    }

    fn change(&self, name: &str, state: MountState) -> Result<(), ServeError> {
        if self.server.change(name, state) { Ok(()) } else { Err(ServeError::Unknown { name: name.to_owned() }) }
    }
}

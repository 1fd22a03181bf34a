//! A source of frames: a camera or a film file, opened once and read until it fails or ends. It does not reconnect;
//! that is the business of whoever owns the camera.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::camera::{SourceUrl, Transport};
use domain::geometry::Size;
use domain::picture::Frame;
use domain::sampling::FrameRate;
use tracing::warn;

use crate::doze::Scene;
use crate::gst::Session;
use crate::slot::Slot;

/// How long [`Source::close`] waits for a pipeline to end. A camera that answers TEARDOWN does so within a second.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// What to open, and how to read it.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Stands in errors, thread names and logs; for a camera its id.
    pub name: String,
    /// Where the frames come from: `rtsp://`, `http(s)://` or a file.
    pub url: SourceUrl,
    /// How RTP travels; ignored for anything but RTSP.
    pub transport: Transport,
    /// Frames per second wanted, counted on capture timestamps; `None` is every frame.
    pub fps_target: Option<FrameRate>,
    /// A live source that gives no frame for this long has failed.
    pub read_timeout: Duration,
    /// How fast a file is read; ignored for live sources.
    pub pace: Pace,
    /// Whether a file begins again at its end, for ever.
    pub looping: bool,
}

impl SourceSettings {
    /// Returns the settings of a camera: RTP over TCP, five frames per second, ten seconds of patience. A file behaves
    /// like a camera that starts again at its end.
    pub fn camera(name: impl Into<String>, url: SourceUrl) -> Self {
        Self {
            name: name.into(),
            url,
            transport: Transport::Tcp,
            fps_target: FrameRate::try_from(5.0).ok(),
            read_timeout: Duration::from_secs(10),
            pace: Pace::RealTime,
            looping: true,
        }
    }

    /// Returns the settings of an offline tool: every frame of the file once, as fast as it is read.
    pub fn film(name: impl Into<String>, url: SourceUrl) -> Self {
        Self { fps_target: None, pace: Pace::Fast, looping: false, ..Self::camera(name, url) }
    }
}

/// How fast a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One second of film per second, newest frame wins: a file in the place of a camera.
    RealTime,
    /// As fast as the reader reads; no frame is ever overwritten.
    Fast,
}

/// Why a source gave no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The other end cannot be reached, or the connection broke.
    #[error("cannot connect to {name}: {reason}")]
    Connect {
        /// The source's name.
        name: String,
        /// What the network said.
        reason: String,
    },
    /// The camera refuses the user name or password.
    #[error("{name} refuses the user name or password")]
    Unauthorized {
        /// The source's name.
        name: String,
    },
    /// There is no such stream on the camera, or no such file.
    #[error("{name} has no such stream")]
    NotFound {
        /// The source's name.
        name: String,
    },
    /// The source is connected but gives no frame.
    #[error("{name} gave no frame for {} s", .silence.as_secs_f32())]
    Silent {
        /// The source's name.
        name: String,
        /// How long it has been silent.
        silence: Duration,
    },
    /// The stream or file is over.
    #[error("the stream of {name} has ended")]
    Ended {
        /// The source's name.
        name: String,
    },
    /// The stream is there, but nothing here can read it.
    #[error("{name} sends {codec}, which cannot be read")]
    Unsupported {
        /// The source's name.
        name: String,
        /// What it sends.
        codec: String,
    },
    /// The stream cannot be decoded.
    #[error("the stream of {name} is broken: {reason}")]
    Broken {
        /// The source's name.
        name: String,
        /// What the decoder said.
        reason: String,
    },
    /// This machine lacks something; no other source will work either.
    #[error("the media system of this machine is incomplete: {reason}")]
    System {
        /// What is missing.
        reason: String,
    },
}

/// How a stream is coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codec {
    /// H.264, also called AVC.
    H264,
    /// H.265, also called HEVC.
    H265,
    /// A JPEG per frame.
    Mjpeg,
    /// Anything else a film file may hold, by its media type.
    Other(String),
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::H265 => "H.265",
            Self::Mjpeg => "MJPEG",
            Self::Other(name) => name,
        })
    }
}

/// What is known of an open stream. The size may change while it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamInfo {
    /// How it is coded.
    pub codec: Codec,
    /// The size of the newest frame.
    pub size: Size,
    /// Frames per second: declared by the stream, else measured; `None` until there were enough frames to tell.
    pub fps: Option<f64>,
    /// How long the film is; `None` for live streams, and for files that do not say.
    pub duration: Option<Duration>,
    /// The decoder at work, by GStreamer's name.
    pub decoder: String,
}

/// What happened to the frames of one source so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Frames that the source gave, decoded or left coded.
    pub received: u64,
    /// Frames chosen by sampling.
    pub due: u64,
    /// Chosen frames that nobody read before the next one came.
    pub overwritten: u64,
    /// Coded frames thrown away before decoding, because this machine had fallen behind the camera.
    pub late: u64,
    /// Frames of a still scene that were left coded.
    pub rested: u64,
}

/// An open source of frames. Dropping it closes it in the background.
#[derive(Debug)]
pub struct Source {
    slot: Arc<Slot>,
    session: Session,
}

impl Source {
    /// Opens a source and waits for its first frame.
    ///
    /// # Errors
    /// Every variant of [`SourceError`]; [`SourceError::Silent`] after `read_timeout` without a frame.
    pub async fn open(settings: SourceSettings) -> Result<Self, SourceError> {
        let slot = Arc::new(Slot::new(settings.pace));
        let session = Session::start(settings, Arc::clone(&slot))?;
        // From here on dropping this future drops the session, which closes it.
        let source = Self { slot, session };
        source.slot.first().await?;
        Ok(source)
    }

    /// Waits for the newest frame not yet read (with [`Pace::Fast`]: for the next frame).
    ///
    /// Cancelling the returned future loses no frame. After an error the source is dead, and every further call returns
    /// the same error.
    ///
    /// # Errors
    /// Why there will be no further frame.
    pub async fn next(&self) -> Result<Frame, SourceError> {
        self.slot.next().await
    }

    /// Tells what is seen in the frames, so that those of a still scene need not be decoded: until something moves, a
    /// frame then has the same picture (the same memory) as the one before, but for one in each group of pictures.
    pub fn observe(&self, scene: Scene) {
        self.slot.observe(scene);
    }

    /// Returns what is known of the stream now.
    pub fn info(&self) -> StreamInfo {
        self.slot.info()
    }

    /// Returns what happened to the frames so far.
    pub fn counters(&self) -> Counters {
        self.slot.counters()
    }

    /// Closes the source and waits, for at most five seconds, until its threads have ended.
    pub async fn close(self) {
        let ended = self.session.stop();
        if tokio::time::timeout(CLOSE_LIMIT, ended).await.is_err() {
            warn!(source = self.session.name(), "pipeline does not end, left behind");
        }
    }
}

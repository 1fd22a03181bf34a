//! What viewers see: the newest frame of a camera with what is known to be in it. A frame is encoded when the first viewer
//! asks for it, once for all of them; without viewers nothing is encoded. A viewer who is slow misses frames.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use domain::geometry::Size;
use domain::id::CameraId;
use domain::picture::{Frame, Picture};
use domain::sampling::{FrameRate, Sampler};
use domain::zone::CameraZones;
use jiff::Timestamp;
use prometheus::IntCounter;
use tokio::sync::{OnceCell, watch};

use crate::drawing;
use crate::shrink;
use crate::view::{LiveHeader, LiveTrack};

/// The widest picture sent to viewers; wider ones are reduced by a whole factor.
const WIDEST: u32 = 1280;
/// The JPEG quality of what viewers see.
const QUALITY: u8 = 75;

/// A frame of a camera, what is known to be in it, and its encoded forms, made when somebody wants them.
#[derive(Debug)]
pub(crate) struct Shot {
    camera: CameraId,
    frame: Frame,
    tracks: Vec<LiveTrack>,
    zones: Arc<CameraZones>,
    detections_at: Option<Timestamp>,
    /// Counts what is encoded.
    encodings: IntCounter,
    message: OnceCell<Message>,
    full: OnceCell<Bytes>,
    annotated: OnceCell<Bytes>,
}

/// A message of the live WebSocket, whose end is the JPEG.
#[derive(Debug)]
struct Message {
    bytes: Bytes,
    jpeg_at: usize,
}

impl Shot {
    /// Returns a frame with its tracks, whose boxes are in the frame's pixels.
    pub(crate) fn new(
        camera: CameraId,
        frame: Frame,
        tracks: Vec<LiveTrack>,
        zones: Arc<CameraZones>,
        detections_at: Option<Timestamp>,
        encodings: IntCounter,
    ) -> Self {
        Self {
            camera,
            frame,
            tracks,
            zones,
            detections_at,
            encodings,
            message: OnceCell::new(),
            full: OnceCell::new(),
            annotated: OnceCell::new(),
        }
    }

    /// Returns when the picture was captured.
    pub(crate) fn captured_at(&self) -> Timestamp {
        self.frame.captured_at
    }

    /// Returns the message of the live WebSocket: the header's length, the header, the JPEG.
    pub(crate) async fn message(&self) -> anyhow::Result<Bytes> {
        Ok(self.encoded().await?.bytes.clone())
    }

    /// Returns the JPEG of that message.
    pub(crate) async fn jpeg(&self) -> anyhow::Result<Bytes> {
        let message = self.encoded().await?;
        Ok(message.bytes.slice(message.jpeg_at..))
    }

    /// Returns a JPEG of the frame's own size.
    pub(crate) async fn full(&self) -> anyhow::Result<Bytes> {
        let encode = || {
            let picture = self.frame.picture.clone();
            self.encode(move || Ok(media::jpeg::encode(&picture, QUALITY)?))
        };
        self.full.get_or_try_init(encode).await.cloned()
    }

    /// Returns a JPEG of the frame's own size with the zones and boxes drawn into it.
    pub(crate) async fn annotated(&self) -> anyhow::Result<Bytes> {
        let draw = || {
            let (picture, tracks, zones) = (self.frame.picture.clone(), self.tracks.clone(), self.zones.clone());
            self.encode(move || drawing::annotated(&picture, &tracks, &zones, QUALITY))
        };
        self.annotated.get_or_try_init(draw).await.cloned()
    }

    /// Runs what takes the CPU for milliseconds away from the runtime.
    async fn encode<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        self.encodings.inc();
        tokio::task::spawn_blocking(work).await?
    }

    async fn encoded(&self) -> anyhow::Result<&Message> {
        let encode = || {
            let picture = self.frame.picture.clone();
            let header = LiveHeader {
                camera_id: self.camera.clone(),
                sequence: self.frame.sequence,
                captured_at: self.frame.captured_at,
                size: picture.size(),
                tracks: self.tracks.clone(),
                detections_at: self.detections_at,
            };
            self.encode(move || encode_message(&picture, header))
        };
        self.message.get_or_try_init(encode).await
    }
}

fn encode_message(picture: &Picture, mut header: LiveHeader) -> anyhow::Result<Message> {
    let smaller = shrink::to_width(picture, WIDEST);
    fit(&mut header, smaller.size());
    let jpeg = media::jpeg::encode(&smaller, QUALITY)?;
    let header = serde_json::to_vec(&header)?;
    let mut bytes = BytesMut::with_capacity(4 + header.len() + jpeg.len());
    bytes.put_u32(u32::try_from(header.len())?);
    bytes.put_slice(&header);
    bytes.put_slice(&jpeg);
    Ok(Message { jpeg_at: bytes.len() - jpeg.len(), bytes: bytes.freeze() })
}

/// Brings the boxes into the pixels of a picture of this size.
fn fit(header: &mut LiveHeader, size: Size) {
    let x = size.width as f32 / header.size.width as f32;
    let y = size.height as f32 / header.size.height as f32;
    for track in &mut header.tracks {
        track.bbox = track.bbox.scale(x, y);
    }
    header.size = size;
}

/// One viewer's look at one camera: its newest picture, no more often than wanted.
#[derive(Debug)]
pub(crate) struct Look {
    shots: watch::Receiver<Option<Arc<Shot>>>,
    sampler: Option<Sampler>,
}

impl Look {
    /// Looks at a camera; `fps` can only make the pictures fewer.
    pub(crate) fn new(mut shots: watch::Receiver<Option<Arc<Shot>>>, fps: Option<FrameRate>) -> Self {
        shots.mark_changed();
        Self { shots, sampler: fps.map(Sampler::new) }
    }

    /// Waits for the next picture; `None` once the camera is no longer configured.
    pub(crate) async fn next(&mut self) -> Option<Arc<Shot>> {
        loop {
            self.shots.changed().await.ok()?;
            let Some(shot) = self.shots.borrow_and_update().clone() else { continue };
            if self.sampler.as_mut().is_none_or(|sampler| sampler.is_due(shot.captured_at())) {
                return Some(shot);
            }
        }
    }
}

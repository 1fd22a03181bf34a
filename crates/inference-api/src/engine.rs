//! From an uploaded image to what is seen in it: a place in the queue, memory, a decoder, the detector.
//!
//! Everything that a caller can make us hold is bounded: requests by places, uploads and decoded pictures by bytes, decoding by
//! the number of decoders. Decoding and inference run on threads of their own, so no other route ever waits for them.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::extract::Request;
use chassis::metrics::prometheus::IntGauge;
use domain::picture::Picture;
use media::image::{ImageError, Limits};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vision::{Job, Outcome, Pool};

use crate::budget::{Budget, Growing, Share};
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::upload::{self, Image, Intake};

/// Uploads held at once, all requests together.
const UPLOAD_BYTES: usize = 256 << 20;
/// Decoded pictures held at once; one that is larger than this is alone.
const PICTURE_BYTES: usize = 256 << 20;
/// Images decoded at once. A decoder may need several times the size of its picture.
const DECODERS: usize = 2;
/// The name under which HTTP callers take turns with each other in the detector's queue.
const LANE: &str = "http";

/// The way from an upload to detections.
#[derive(Clone)]
pub(crate) struct Engine {
    /// Set once, when the model is loaded.
    pool: Arc<OnceLock<Pool>>,
    places: Arc<Semaphore>,
    /// How many places there are.
    capacity: usize,
    uploads: Budget,
    pictures: Budget,
    decoders: Arc<Semaphore>,
    limits: Limits,
    metrics: Metrics,
    lane: Arc<str>,
}

/// A request's right to be worked on; it ends with the request.
#[derive(Debug)]
#[must_use]
pub(crate) struct Place {
    in_work: IntGauge,
    _place: OwnedSemaphorePermit,
    _upload: Growing,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.in_work.dec();
    }
}

/// What was seen in one image.
pub(crate) struct Seen {
    pub(crate) picture: Picture,
    pub(crate) outcome: Outcome,
    /// From the upload's end to the detector's answer.
    pub(crate) took: Duration,
    /// The picture's memory.
    _held: Share,
}

impl Engine {
    /// Returns an engine without a model that works on `places` requests at once.
    pub(crate) fn new(places: usize, limits: Limits, metrics: Metrics) -> Self {
        metrics.capacity(places);
        Self {
            pool: Arc::default(),
            places: Arc::new(Semaphore::new(places)),
            capacity: places,
            uploads: Budget::of_bytes(UPLOAD_BYTES),
            pictures: Budget::of_bytes(PICTURE_BYTES),
            decoders: Arc::new(Semaphore::new(DECODERS)),
            limits,
            metrics,
            lane: LANE.into(),
        }
    }

    /// Begins to answer with this pool.
    pub(crate) fn serve_with(&self, pool: Pool) {
        vision::describe(&pool);
        // Called once, by the task that loads the model.
        let _ = self.pool.set(pool);
    }

    /// Returns the pool, once the model is loaded.
    pub(crate) fn pool(&self) -> Result<&Pool, Fault> {
        self.pool.get().ok_or(Fault::Loading)
    }

    /// Returns how many places are taken, and how many there are.
    pub(crate) fn places(&self) -> (usize, usize) {
        (self.capacity - self.places.available_permits(), self.capacity)
    }

    /// The largest upload that is read.
    pub(crate) fn max_upload_bytes(&self) -> usize {
        self.limits.max_bytes
    }

    /// Begins to read an upload of at most `limit` bytes, which takes memory as it comes in and no place yet: who sends slowly keeps
    /// nobody from being served. Where all places are taken already it is refused, and read to its end first, so that its sender
    /// sees the answer.
    pub(crate) async fn receive(&self, request: Request, limit: usize) -> Result<Intake, Fault> {
        let refusal = match self.pool() {
            Err(fault) => fault,
            Ok(_) if self.places.available_permits() == 0 => Fault::Busy,
            Ok(_) => return Ok(Intake { request, limit, held: self.uploads.growing() }),
        };
        upload::drain(request.into_body()).await;
        Err(refusal)
    }

    /// Finds a place for a request that was read, or tells at once that there is none.
    pub(crate) fn admit(&self, held: Growing) -> Result<Place, Fault> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Fault::Busy)?;
        self.metrics.in_work.inc();
        Ok(Place { in_work: self.metrics.in_work.clone(), _place: place, _upload: held })
    }

    /// Decodes an image and asks the detector what is in it.
    pub(crate) async fn look(&self, image: Image, min_confidence: Option<f32>) -> Result<Seen, Fault> {
        let began = Instant::now();
        let (picture, held) = self.decode(image).await?;
        let job = Job { lane: Arc::clone(&self.lane), picture: picture.clone(), region: None, min_confidence };
        let outcome = self.pool()?.detect(job).await.map_err(Fault::of_detection)?;
        self.metrics.detected(&outcome);
        Ok(Seen { picture, outcome, took: began.elapsed(), _held: held })
    }

    async fn decode(&self, image: Image) -> Result<(Picture, Share), Fault> {
        let decoder = Arc::clone(&self.decoders).acquire_owned().await;
        let decoder = decoder.expect("the semaphore is never closed");
        let began = Instant::now();
        let limits = self.limits;
        let Image { bytes, declared } = image;
        // The permit goes with the thread: a caller that hangs up does not free a decoder that still works.
        let decoding = tokio::task::spawn_blocking(move || (media::image::decode_any(&bytes, limits), decoder));
        let (decoded, decoder) = decoding.await.context("the decoder panicked").map_err(Fault::Internal)?;
        self.metrics.stage("decode", began.elapsed());
        let picture = decoded.map_err(|error: ImageError| Fault::of_image(error, declared.as_deref()))?;
        // Waiting here holds the decoder back, so at most `DECODERS` pictures exist beyond the budget.
        let held = self.pictures.take(picture.data().len()).await;
        drop(decoder);
        Ok((picture, held))
    }
}

//! The task of one camera: open its stream, deal with its frames, and begin again when it is lost. Nothing that happens to
//! one camera reaches another.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chassis::Stop;
use domain::camera::Camera;
use jiff::Timestamp;
use media::{Counters, Pace, Source, SourceError, SourceSettings};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{debug, error, info, warn};

use crate::frames::Frames;
use crate::lifecycle::{Lifecycle, Next, Trouble};
use crate::metrics::{Fate, Meters};
use crate::post::Post;
use crate::site::Site;
use crate::view::Stream;
use crate::watch::Watch;

/// How long a host may take to answer a knock.
const KNOCK_LIMIT: Duration = Duration::from_secs(1);
/// How long a stream may take to give its first frame; cameras send a key frame every few seconds.
const OPEN_LIMIT: Duration = Duration::from_secs(15);

/// Watches a camera as it is ordered, until the [`Stop`] is set.
///
/// # Errors
/// Never; a failure of the camera is its state.
pub(crate) async fn keep(post: Arc<Post>, site: Arc<Site>, stop: Stop) -> anyhow::Result<()> {
    let mut interrupt = Interrupt { orders: post.orders(), stop };
    while !interrupt.stop.is_stopped() {
        let camera = Arc::clone(&interrupt.orders.borrow_and_update());
        let post = Arc::clone(&post);
        let mut keeper = Keeper { camera, post, site: Arc::clone(&site), interrupt, told: None };
        keeper.live().await;
        interrupt = keeper.interrupt;
    }
    Ok(())
}

/// What ends every wait of a camera's task: new orders, or the end of the process.
struct Interrupt {
    orders: watch::Receiver<Arc<Camera>>,
    stop: Stop,
}

/// The wait was ended by new orders or by the stop.
struct Interrupted;

impl Interrupt {
    async fn or<T>(&mut self, wait: impl Future<Output = T>) -> Result<T, Interrupted> {
        tokio::select! {
            biased;
            () = self.stop.stopped() => Err(Interrupted),
            _ = self.orders.changed() => Err(Interrupted),
            done = wait => Ok(done),
        }
    }
}

/// Why a stream is over.
enum End {
    Interrupted,
    Lost(Trouble, String),
}

impl From<Interrupted> for End {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

impl From<SourceError> for End {
    fn from(error: SourceError) -> Self {
        Self::Lost(trouble_of(&error), error.to_string())
    }
}

/// Watches one camera as it is configured now.
struct Keeper {
    camera: Arc<Camera>,
    post: Arc<Post>,
    site: Arc<Site>,
    interrupt: Interrupt,
    /// The trouble that was logged last, so that a camera which is away for a night fills no log.
    told: Option<Trouble>,
}

impl Keeper {
    /// Ends when the orders change or the process stops.
    async fn live(&mut self) {
        let now = Timestamp::now();
        if !self.camera.enabled {
            self.post.begin(Lifecycle::disabled(now));
            let _ = self.interrupt.or(pending::<()>()).await;
            return;
        }
        self.post.begin(Lifecycle::new(self.site.patience, now));
        let mut watch = Watch::new(self.site.zone_book.of_or_none(&self.camera.id), self.site.tracking.clone());
        while let End::Lost(trouble, reason) = self.stream(&mut watch).await {
            let next = self.post.lost(trouble, reason.clone(), fastrand::f64(), Timestamp::now());
            self.tell(trouble, &reason, next);
            let waited = match next {
                Next::TryAfter(pause) => self.interrupt.or(sleep(pause)).await,
                Next::GiveUp => self.interrupt.or(pending()).await,
            };
            if waited.is_err() {
                return;
            }
        }
    }

    /// Opens the stream once and deals with its frames until it is over.
    async fn stream(&mut self, watch: &mut Watch) -> End {
        self.post.opening();
        match self.open().await {
            Ok(source) => {
                let end = self.read(&source, watch).await;
                if self.interrupt.stop.is_stopped() {
                    source.close().await;
                }
                end
            }
            Err(end) => end,
        }
    }

    async fn open(&mut self) -> Result<Source, End> {
        if self.told == Some(Trouble::Unreachable) {
            // A pipeline is dear and slow to fail; a knock at the port is neither.
            let knocked = self.interrupt.or(knock(&self.camera)).await?;
            knocked.map_err(|reason| End::Lost(Trouble::Unreachable, reason))?;
        }
        let settings = SourceSettings {
            name: self.camera.id.to_string(),
            url: self.camera.detection_url().clone(),
            transport: self.camera.transport,
            fps_target: Some(self.camera.fps_target),
            read_timeout: self.site.read_timeout,
            pace: Pace::RealTime,
            looping: true,
        };
        let opened = self.interrupt.or(timeout(OPEN_LIMIT, Source::open(settings))).await?;
        let Ok(opened) = opened else {
            let reason = format!("the stream gave no picture within {} s", OPEN_LIMIT.as_secs());
            return Err(End::Lost(Trouble::Silent, reason));
        };
        Ok(opened?)
    }

    async fn read(&mut self, source: &Source, watch: &mut Watch) -> End {
        let info = source.info();
        info!(camera = %self.camera.id, codec = %info.codec, size = %info.size, decoder = info.decoder, "camera streams");
        self.told = None;
        let mut frames = Frames::new(Arc::clone(&self.camera), Arc::clone(&self.post), Arc::clone(&self.site));
        let mut tally = Tally::default();
        let end = loop {
            match self.step(source, &mut frames, watch).await {
                Ok(()) => tally.count(&self.post.meters, source.counters()),
                Err(end) => break end,
            }
        };
        tally.count(&self.post.meters, source.counters());
        end
    }

    async fn step(&mut self, source: &Source, frames: &mut Frames, watch: &mut Watch) -> Result<(), End> {
        let frame = self.interrupt.or(source.next()).await??;
        let examined = self.interrupt.or(frames.examine(frame, watch)).await?;
        source.observe(examined.scene());
        frames.act(examined, view_of(source), watch).await;
        Ok(())
    }

    fn tell(&mut self, trouble: Trouble, reason: &str, next: Next) {
        let camera = &self.camera.id;
        match next {
            Next::GiveUp => error!(%camera, reason, "camera is given up, edit its entry or restart it"),
            Next::TryAfter(pause) if self.told != Some(trouble) => {
                warn!(%camera, reason, pause_secs = pause.as_secs_f64(), "camera is lost, will try again");
            }
            Next::TryAfter(pause) => debug!(%camera, reason, pause_secs = pause.as_secs_f64(), "still lost"),
        }
        self.told = Some(trouble);
    }
}

/// Asks whether anything listens where the camera should be.
async fn knock(camera: &Camera) -> Result<(), String> {
    let Some((host, port)) = camera.detection_url().host_and_port() else { return Ok(()) };
    match timeout(KNOCK_LIMIT, TcpStream::connect((host.as_str(), port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("nothing answers at {host}:{port}: {error}")),
        Err(_) => Err(format!("nothing answers at {host}:{port}")),
    }
}

fn trouble_of(error: &SourceError) -> Trouble {
    match error {
        SourceError::Connect { .. } => Trouble::Unreachable,
        SourceError::Unauthorized { .. } => Trouble::Refused,
        SourceError::NotFound { .. } => Trouble::NotFound,
        SourceError::Silent { .. } => Trouble::Silent,
        SourceError::Ended { .. } => Trouble::Ended,
        SourceError::Unsupported { .. } | SourceError::System { .. } => Trouble::Unsupported,
        SourceError::Broken { .. } => Trouble::Broken,
    }
}

fn view_of(source: &Source) -> Stream {
    let info = source.info();
    Stream { codec: info.codec.to_string(), size: info.size, fps: info.fps, decoder: info.decoder }
}

/// Brings the counters of one stream into those of the camera, which outlive it.
#[derive(Debug, Default)]
struct Tally {
    counted: Counters,
}

impl Tally {
    fn count(&mut self, meters: &Meters, now: Counters) {
        let not_due = |counters: Counters| counters.received - counters.due;
        meters.frames(Fate::NotDue, not_due(now).saturating_sub(not_due(self.counted)));
        meters.frames(Fate::Overwritten, now.overwritten - self.counted.overwritten);
        meters.frames(Fate::Late, now.late - self.counted.late);
        meters.left_coded(now.rested - self.counted.rested);
        self.counted = now;
    }
}

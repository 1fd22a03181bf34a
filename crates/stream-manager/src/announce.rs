//! The way of an alert: its snapshot is drawn and kept first, then it goes to the spool, which brings it to Redis. An alert
//! whose snapshot fails goes without one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chassis::metrics::observe_traced;
use chassis::{Stop, Trace};
use domain::alert::Alert;
use domain::picture::Frame;
use domain::zone::CameraZones;
use futures::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tracing::{error, info, warn};

use crate::drawing;
use crate::lifecycle::elapsed;
use crate::outlet::Outlet;
use crate::post::Post;
use crate::site::Site;
use crate::snapshots::Snapshots;
use crate::view::LiveTrack;

/// Frames whose snapshots are made at the same time; their alerts leave in their order all the same.
const AT_A_TIME: usize = 4;
/// The JPEG quality of snapshots: they are evidence.
const QUALITY: u8 = 88;
/// How long the end of the process waits for Redis to take what is spooled. The rest waits on disk.
const LAST_MOMENTS: Duration = Duration::from_secs(3);
/// How often the end of the process looks whether the spool is empty.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The alerts of one frame.
pub(crate) struct Raised {
    /// What everything that follows from the frame is part of.
    pub(crate) trace: Trace,
    /// The camera.
    pub(crate) post: Arc<Post>,
    /// The frame.
    pub(crate) frame: Frame,
    /// Everything that is in it.
    pub(crate) tracks: Vec<LiveTrack>,
    /// The camera's zones.
    pub(crate) zones: Arc<CameraZones>,
    /// The alerts, still without their snapshots.
    pub(crate) alerts: Vec<Alert>,
}

/// The alerts of one frame with their snapshots.
struct Prepared {
    trace: Trace,
    post: Arc<Post>,
    alerts: Vec<Alert>,
}

/// Announces alerts.
pub(crate) struct Announcer {
    /// Where snapshots are kept.
    pub(crate) snapshots: Snapshots,
    /// What brings alerts to Redis.
    pub(crate) outlet: Outlet,
    /// What is shared.
    pub(crate) site: Arc<Site>,
}

impl Announcer {
    /// Announces what is raised until nobody can raise anything any more, and then gives Redis a moment to take it.
    ///
    /// # Errors
    /// Never: what goes wrong with one alert is told, and the next one follows.
    pub(crate) async fn run(self, raised: mpsc::Receiver<Raised>) -> anyhow::Result<()> {
        let enough = Stop::new();
        let drain = self.outlet.publisher().drain(enough.clone());
        let announce = async {
            let prepared = ReceiverStream::new(raised).map(|raised| raised.trace.follow(self.prepare(raised)));
            prepared.buffered(AT_A_TIME).for_each(|prepared| self.publish(prepared)).await;
            let empty = async {
                while self.outlet.publisher().waiting() > 0 {
                    sleep(LOOK_EVERY).await;
                }
            };
            if timeout(LAST_MOMENTS, empty).await.is_err() {
                info!(waiting = self.outlet.publisher().waiting(), "alerts wait on disk for the next start");
            }
            enough.stop();
        };
        tokio::join!(drain, announce);
        Ok(())
    }

    /// Draws and keeps the snapshots of a frame's alerts: one picture for each zone, kept under the id of each alert.
    async fn prepare(&self, raised: Raised) -> Prepared {
        let began = Instant::now();
        let Raised { trace, post, frame, tracks, zones, mut alerts } = raised;
        let names = alerts.iter().filter_map(|alert| alert.roi_name.as_deref().map(str::to_owned)).collect();
        let drawn = tokio::task::spawn_blocking(move || draw(&frame, &tracks, &zones, names)).await;
        let pictures = drawn.unwrap_or_else(|error| Err(error.into()));
        let pictures = pictures.unwrap_or_else(|error| {
            warn!(camera = %post.id(), "no snapshot can be drawn: {error:#}");
            BTreeMap::new()
        });
        for alert in &mut alerts {
            let picture = alert.roi_name.as_deref().and_then(|zone| pictures.get(zone));
            alert.snapshot = match picture {
                Some(picture) => self.keep(alert, picture.clone()).await,
                None => None,
            };
            if alert.snapshot.is_none() {
                self.site.metrics.snapshots_failed.inc();
            }
        }
        self.site.metrics.draw.observe(began.elapsed().as_secs_f64());
        Prepared { trace, post, alerts }
    }

    /// Keeps a snapshot and returns where it is served.
    async fn keep(&self, alert: &Alert, picture: Bytes) -> Option<String> {
        match self.snapshots.put(&alert.alert_id, picture).await {
            Ok(url) => Some(url),
            Err(error) => {
                warn!(alert = %alert.alert_id, "no snapshot can be kept: {error}");
                None
            }
        }
    }

    async fn publish(&self, prepared: Prepared) {
        let Prepared { trace, post, alerts } = prepared;
        for alert in alerts {
            trace.child().follow(self.publish_one(&post, &alert)).await;
        }
    }

    async fn publish_one(&self, post: &Post, alert: &Alert) {
        let began = Instant::now();
        let zone = alert.roi_name.as_deref().unwrap_or_default();
        post.alerted(zone, &alert.detection.class_name, alert.severity);
        info!(camera = %post.id(), alert = %alert.alert_id, zone, class = %alert.detection.class_name, "alert");
        if let Err(error) = self.outlet.publisher().publish(alert).await {
            self.site.metrics.alerts_lost.inc();
            error!(alert = %alert.alert_id, "alert is lost: {error}");
            return;
        }
        self.site.metrics.publish.observe(began.elapsed().as_secs_f64());
        if let Some(captured_at) = alert.captured_at {
            let took = elapsed(captured_at, Timestamp::now()).as_secs_f64();
            observe_traced(&post.meters.capture_to_alert, took, Trace::current());
        }
    }
}

/// Returns the picture of each zone.
fn draw(
    frame: &Frame,
    tracks: &[LiveTrack],
    zones: &CameraZones,
    names: BTreeSet<String>,
) -> anyhow::Result<BTreeMap<String, Bytes>> {
    let draw = |zone: String| {
        let picture = drawing::snapshot(&frame.picture, tracks, zones, &zone, QUALITY)?;
        Ok((zone, picture))
    };
    names.into_iter().map(draw).collect()
}

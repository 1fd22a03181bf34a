//! The robot's cameras: each is asked by one poller, however many look, and by none if nobody does.
//!
//! A picture goes on as the JPEG that the robot made, one buffer for all. One that did not change is not sent again, and
//! one of a robot that is lost is not kept.

mod clock;
mod mjpeg;
mod picture;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use chassis::Stop;
use jiff::Timestamp;
use robot::{Camera, Robot, Shot};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tracing::debug;

use crate::view;
use clock::RobotClock;

pub(crate) use mjpeg::mjpeg;
pub(crate) use picture::Picture;

/// The time from one question for a picture to the next.
const PERIOD: Duration = Duration::from_millis(100);
/// How long to wait after a failure.
const AWAY_PAUSE: Duration = Duration::from_millis(500);
/// How long a single look keeps a camera looked at: those who look again and again are watching.
const GLANCE: Duration = Duration::from_secs(3);
/// A picture is dropped when there was no other answer for so long.
const KEPT: Duration = Duration::from_secs(3);

/// The robot's cameras. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    robot: Arc<dyn Robot>,
    front: Eye,
    back: Eye,
    /// Whether the front camera is looked at even if nobody does.
    idle_stream: watch::Sender<bool>,
}

/// One camera.
#[derive(Debug)]
struct Eye {
    camera: Camera,
    newest: watch::Sender<Option<Arc<Picture>>>,
    /// How many want pictures, for whatever reason.
    wanted: watch::Sender<usize>,
    /// How many of them are people who watch.
    watching: watch::Sender<usize>,
    /// Until when somebody who looked just now counts as one who watches.
    glanced_until: watch::Sender<Option<Instant>>,
}

/// Why there is no picture that is fresh enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPicture {
    /// The camera gave none at all.
    #[error("the {camera} camera gave no picture")]
    None {
        /// Which camera.
        camera: Camera,
    },
    /// The newest is too old.
    #[error("the newest picture of the {camera} camera is of {newest}, which is too old")]
    Stale {
        /// Which camera.
        camera: Camera,
        /// When it was taken, or came.
        newest: Timestamp,
    },
}

impl Hub {
    /// Returns the cameras of a robot. Nothing is asked before [`Self::run`].
    pub(crate) fn new(robot: Arc<dyn Robot>, idle_stream: bool) -> Self {
        let eye = |camera| Eye {
            camera,
            newest: watch::Sender::new(None),
            wanted: watch::Sender::new(0),
            watching: watch::Sender::new(0),
            glanced_until: watch::Sender::new(None),
        };
        let (front, back) = (eye(Camera::Front), eye(Camera::Back));
        Self { shared: Arc::new(Shared { robot, front, back, idle_stream: watch::Sender::new(idle_stream) }) }
    }

    /// Looks through the front camera even if nobody wants to see it, or no longer.
    pub(crate) fn set_idle_stream(&self, enabled: bool) {
        self.shared.idle_stream.send_if_modified(|before| std::mem::replace(before, enabled) != enabled);
    }

    /// Returns the newest picture, unless the robot is lost or nobody wants to see any.
    pub(crate) fn latest(&self, camera: impl Into<Camera>) -> Option<Arc<Picture>> {
        self.eye(camera.into()).newest.borrow().clone()
    }

    /// Returns how many people watch a camera. Those who look at one picture after the other count as one.
    pub(crate) fn watching(&self, camera: impl Into<Camera>) -> usize {
        let eye = self.eye(camera.into());
        *eye.watching.borrow() + usize::from(eye.is_glanced_at())
    }

    /// Returns the newest picture, which the camera gave or confirmed within the last seconds, or waits for the first;
    /// `None` if none comes within `limit`. The camera is looked at for some seconds on, so that whoever looks again does
    /// not wait.
    pub(crate) async fn glance(&self, camera: impl Into<Camera>, limit: Duration) -> Option<Arc<Picture>> {
        let eye = self.eye(camera.into());
        eye.glanced_until.send_replace(Some(Instant::now() + GLANCE));
        let mut newest = eye.newest.subscribe();
        let found = timeout_at(Instant::now() + limit, newest.wait_for(Option::is_some)).await;
        found.ok()?.ok()?.clone()
    }

    /// Returns the cameras as they are shown.
    pub(crate) fn view(&self) -> view::Cameras {
        let shown = |camera: Camera| view::Camera {
            last_frame_at: self.latest(camera).map(|picture| picture.at()),
            watching: self.watching(camera),
        };
        view::Cameras { front: shown(Camera::Front), back: shown(Camera::Back) }
    }

    /// Keeps a camera looked at as long as the result lives.
    pub(crate) fn want(&self, camera: impl Into<Camera>) -> Wanted {
        Wanted::new(self, camera.into())
    }

    /// Begins to watch a camera.
    pub(crate) fn watch(&self, camera: impl Into<Camera>) -> Viewer {
        let camera = camera.into();
        self.eye(camera).watching.send_modify(|watching| *watching += 1);
        Viewer { pictures: self.pictures(camera) }
    }

    /// Begins to take every picture of a camera, without being one who watches.
    pub(crate) fn pictures(&self, camera: impl Into<Camera>) -> Pictures {
        let camera = camera.into();
        let mut newest = self.eye(camera).newest.subscribe();
        newest.mark_changed();
        Pictures { newest, wanted: self.want(camera) }
    }

    /// Waits for a picture that was surely taken after a moment.
    ///
    /// # Errors
    /// If there is none within `limit`.
    pub(crate) async fn fresh_after(
        &self,
        camera: impl Into<Camera>,
        moment: Timestamp,
        limit: Duration,
    ) -> Result<Arc<Picture>, NoPicture> {
        let camera = camera.into();
        let _wanted = self.want(camera);
        let deadline = Instant::now() + limit;
        let mut newest = self.eye(camera).newest.subscribe();
        let is_fresh = |picture: &Option<Arc<Picture>>| picture.as_ref().is_some_and(|p| p.is_of_after(moment));
        match timeout_at(deadline, newest.wait_for(is_fresh)).await {
            Ok(Ok(picture)) => Ok(Arc::clone(picture.as_ref().expect("is there and fresh"))),
            _ => Err(match self.latest(camera) {
                Some(picture) => NoPicture::Stale { camera, newest: picture.at() },
                None => NoPicture::None { camera },
            }),
        }
    }

    /// Looks through the cameras until the [`Stop`] is set.
    ///
    /// # Errors
    /// Never: a robot that is away is no failure.
    pub(crate) async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let both = async { tokio::join!(self.follow(&self.shared.front), self.follow(&self.shared.back)) };
        stop.or(both).await;
        Ok(())
    }

    fn eye(&self, camera: Camera) -> &Eye {
        match camera {
            Camera::Front => &self.shared.front,
            Camera::Back => &self.shared.back,
        }
    }

    async fn follow(&self, eye: &Eye) {
        let mut clock = RobotClock::default();
        loop {
            self.until_wanted(eye).await;
            let mut answered_at = Instant::now();
            while self.is_wanted(eye) {
                let (began, asked_at) = (Instant::now(), Timestamp::now());
                match self.shared.robot.shot(eye.camera).await {
                    Ok(shot) => {
                        answered_at = Instant::now();
                        eye.take(shot, asked_at, &mut clock);
                        sleep_until(began + PERIOD).await;
                    }
                    Err(error) => {
                        debug!(camera = %eye.camera, "no picture: {error}");
                        if answered_at.elapsed() >= KEPT {
                            eye.forget();
                        }
                        sleep(AWAY_PAUSE).await;
                    }
                }
            }
            // What is seen next may be something else altogether.
            eye.forget();
        }
    }

    fn is_wanted(&self, eye: &Eye) -> bool {
        *eye.wanted.borrow() > 0
            || eye.is_glanced_at()
            || (eye.camera == Camera::Front && *self.shared.idle_stream.borrow())
    }

    async fn until_wanted(&self, eye: &Eye) {
        let (mut wanted, mut glanced) = (eye.wanted.subscribe(), eye.glanced_until.subscribe());
        let mut idle_stream = self.shared.idle_stream.subscribe();
        while !self.is_wanted(eye) {
            tokio::select! {
                _ = wanted.changed() => {}
                _ = glanced.changed() => {}
                _ = idle_stream.changed() => {}
            }
        }
    }
}

impl Eye {
    fn is_glanced_at(&self) -> bool {
        self.glanced_until.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// Hands a picture on, if it is another one.
    fn take(&self, shot: Shot, asked_at: Timestamp, clock: &mut RobotClock) {
        let received_at = Timestamp::now();
        if let Some(stamp) = shot.captured_at {
            clock.note(stamp, received_at);
        }
        let captured_at = shot.captured_at.map(|stamp| clock.ours(stamp));
        self.newest.send_if_modified(|newest| {
            if newest.as_ref().is_some_and(|before| before.is_again(&shot)) {
                return false;
            }
            let picture = Picture::new(shot, captured_at, asked_at, received_at, newest.is_some());
            *newest = Some(Arc::new(picture));
            true
        });
    }

    fn forget(&self) {
        self.newest.send_if_modified(|newest| newest.take().is_some());
    }
}

/// Keeps a camera looked at.
#[derive(Debug)]
pub(crate) struct Wanted {
    hub: Hub,
    camera: Camera,
}

impl Wanted {
    fn new(hub: &Hub, camera: Camera) -> Self {
        hub.eye(camera).wanted.send_modify(|wanted| *wanted += 1);
        Self { hub: hub.clone(), camera }
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.hub.eye(self.camera).wanted.send_modify(|wanted| *wanted -= 1);
    }
}

/// The pictures of a camera, as they come. Whoever is slow misses some.
#[derive(Debug)]
pub(crate) struct Pictures {
    newest: watch::Receiver<Option<Arc<Picture>>>,
    wanted: Wanted,
}

impl Pictures {
    /// Waits for another picture than the one before; `None` when there is none any more.
    pub(crate) async fn next(&mut self) -> Option<Arc<Picture>> {
        // The sender lives as long as the hub that `wanted` holds.
        self.newest.changed().await.ok()?;
        self.newest.borrow_and_update().clone()
    }

    /// Returns the newest picture unless it was returned before.
    pub(crate) fn unseen(&mut self) -> Option<Arc<Picture>> {
        if !self.newest.has_changed().unwrap_or(false) {
            return None;
        }
        self.newest.borrow_and_update().clone()
    }
}

/// Somebody who watches a camera.
#[derive(Debug)]
pub(crate) struct Viewer {
    pictures: Pictures,
}

impl Viewer {
    /// Waits for another picture than the one before; `None` when there is none any more.
    pub(crate) async fn next(&mut self) -> Option<Arc<Picture>> {
        self.pictures.next().await
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let Wanted { hub, camera } = &self.pictures.wanted;
        hub.eye(*camera).watching.send_modify(|watching| *watching -= 1);
    }
}

//! The robot's two cameras: asleep until somebody asks, then ten pictures a second, each kept until the next.
//!
//! As on real robots, whoever asks gets the latest *buffered* picture at once, which after a pause is an old one: only the
//! capture stamp tells.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::Picture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::building::view::{Shot, Side};

/// The size of pictures.
pub(super) const SIZE: Size = Size { width: 1280, height: 720 };
/// How long a camera takes to start.
const START: Duration = Duration::from_millis(600);
/// A camera that nobody asked for this long goes to sleep.
const SLEEP: Duration = Duration::from_secs(5);
/// The time between two pictures of the front and the back camera.
const PERIOD: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(200)];
const QUALITY: u8 = 80;

/// How a camera behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraState {
    /// It takes pictures.
    #[default]
    Working,
    /// It gives its last picture again and again.
    Frozen,
    /// It gives none.
    Dead,
}

/// A picture that was taken.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) picture: Picture,
    pub(super) jpeg: Bytes,
    pub(super) stamp_nsec: i64,
    pub(super) cursor: i64,
    at: Instant,
}

#[derive(Debug, Default)]
struct Unit {
    state: CameraState,
    /// When it was last asked, and when it began to start.
    asked: Option<Instant>,
    starts: Option<Instant>,
    latest: Option<Arc<Taken>>,
    count: i64,
}

/// One camera.
#[derive(Debug)]
pub(super) struct Camera {
    side: Side,
    unit: Mutex<Unit>,
    /// Held by whoever draws, so that a picture is drawn once.
    drawing: tokio::sync::Mutex<()>,
}

/// What a camera does about somebody who asks.
enum Answer {
    Take(Arc<Taken>),
    Wait(Duration),
    Draw,
}

impl Camera {
    /// Puts a camera on a robot.
    pub(super) fn new(side: Side) -> Self {
        Self { side, unit: Mutex::default(), drawing: tokio::sync::Mutex::default() }
    }

    fn unit(&self) -> MutexGuard<'_, Unit> {
        self.unit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how it behaves from now on. A dead one forgets its last picture.
    pub(super) fn set_state(&self, state: CameraState) {
        let mut unit = self.unit();
        unit.state = state;
        if state == CameraState::Dead {
            unit.latest = None;
        }
    }

    /// Returns how it behaves.
    pub(super) fn state(&self) -> CameraState {
        self.unit().state
    }

    /// Forgets everything but how it behaves.
    pub(super) fn reboot(&self) {
        let mut unit = self.unit();
        *unit = Unit { state: unit.state, count: unit.count, ..Unit::default() };
    }

    /// Returns a picture whose cursor is another one; waits for it as long as it takes. `look` says whence it is taken, at
    /// the moment when it is taken, and draws it.
    pub(super) async fn picture<D>(&self, cursor: i64, look: impl Fn() -> D) -> Arc<Taken>
    where
        D: FnOnce(Side) -> Picture + Send + 'static,
    {
        loop {
            match self.answer(cursor) {
                Answer::Take(taken) => return taken,
                Answer::Wait(pause) => tokio::time::sleep(pause).await,
                Answer::Draw => self.draw(look()).await,
            }
        }
    }

    fn answer(&self, cursor: i64) -> Answer {
        const LOOK_AGAIN: Duration = Duration::from_millis(50);
        let mut unit = self.unit();
        let now = Instant::now();
        let latest = unit.latest.clone().filter(|taken| taken.cursor != cursor);
        match unit.state {
            CameraState::Dead => return Answer::Wait(LOOK_AGAIN),
            CameraState::Frozen if unit.latest.is_some() => {
                return latest.map_or(Answer::Wait(LOOK_AGAIN), Answer::Take);
            }
            CameraState::Frozen | CameraState::Working => {}
        }
        if unit.asked.is_none_or(|asked| now - asked > SLEEP) {
            unit.starts = Some(now);
        }
        unit.asked = Some(now);
        let started = unit.starts.unwrap_or(now) + START;
        if now < started {
            return latest.map_or(Answer::Wait(started - now), Answer::Take);
        }
        let due = unit.latest.as_ref().map(|taken| taken.at + PERIOD[self.side as usize]);
        match due.filter(|due| *due > now) {
            None => Answer::Draw,
            Some(due) => latest.map_or(Answer::Wait(due - now), Answer::Take),
        }
    }

    async fn draw(&self, look: impl FnOnce(Side) -> Picture + Send + 'static) {
        let Ok(_drawing) = self.drawing.try_lock() else {
            // Somebody else draws it.
            drop(self.drawing.lock().await);
            return;
        };
        let (at, side) = (Instant::now(), self.side);
        let stamp_nsec = i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX);
        let drawn = tokio::task::spawn_blocking(move || {
            let picture = look(side);
            let jpeg = media::jpeg::encode(&picture, QUALITY).expect("a picture of this size can be encoded");
            (picture, jpeg)
        });
        let Ok((picture, jpeg)) = drawn.await else { return };
        let mut unit = self.unit();
        if unit.state == CameraState::Dead {
            return;
        }
        unit.count += 1;
        let cursor = stamp_nsec ^ unit.count;
        unit.latest = Some(Arc::new(Taken { picture, jpeg, stamp_nsec, cursor, at }));
    }
}

/// Returns how a camera of a robot takes its pictures.
pub(super) fn shot(robot: crate::building::Pose, side: Side, size: Size, light: f32, torches: [i32; 2]) -> Shot {
    let torch = torches[side as usize].clamp(0, 255) as f32 / 255.0;
    Shot { robot, side, size, light, torch: 0.9 * torch }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Camera {
        Camera::new(Side::Front)
    }

    fn grey() -> impl FnOnce(Side) -> Picture + Send + 'static {
        |_| Picture::rgb(Size::new(16, 16), 48, vec![128; 16 * 48].into()).expect("it has pixels")
    }

    async fn ask(camera: &Camera, cursor: i64) -> Option<Arc<Taken>> {
        tokio::time::timeout(Duration::from_secs(30), camera.picture(cursor, grey)).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_picture_takes_a_moment_and_more_come_ten_times_a_second() {
        let (camera, begun) = (camera(), Instant::now());
        let first = ask(&camera, 0).await.expect("a picture");
        assert!((600..700).contains(&begun.elapsed().as_millis()));
        let mut cursor = first.cursor;
        for _ in 0..10 {
            cursor = ask(&camera, cursor).await.expect("a picture").cursor;
        }
        let took = begun.elapsed() - Duration::from_millis(600);
        assert!((1000..1100).contains(&took.as_millis()), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_pause_the_picture_of_before_is_given_first() {
        let camera = camera();
        let first = ask(&camera, 0).await.expect("a picture");
        tokio::time::sleep(SLEEP + Duration::from_secs(1)).await;
        let buffered = ask(&camera, 0).await.expect("a picture");
        assert_eq!((buffered.cursor, buffered.stamp_nsec), (first.cursor, first.stamp_nsec));
        let fresh = ask(&camera, buffered.cursor).await.expect("a picture");
        assert!(fresh.at - first.at > SLEEP);
    }

    #[tokio::test(start_paused = true)]
    async fn a_frozen_camera_repeats_itself_and_a_dead_one_is_silent() {
        let camera = camera();
        let first = ask(&camera, 0).await.expect("a picture");
        camera.set_state(CameraState::Frozen);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(ask(&camera, 0).await.expect("a picture").stamp_nsec, first.stamp_nsec);
        assert!(ask(&camera, first.cursor).await.is_none());
        camera.set_state(CameraState::Dead);
        assert!(ask(&camera, 0).await.is_none());
        camera.set_state(CameraState::Working);
        assert!(ask(&camera, 0).await.is_some());
    }
}

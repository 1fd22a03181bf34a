//! Filming a run: every picture of the front camera, once, at the time at which it was taken.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use chassis::Stop;
use jiff::Timestamp;
use media::record;
use robot::Camera;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{debug, info, warn};

use crate::camera::{Hub, Picture, Pictures};

/// Pictures that wait for the encoder. When they are this many, those that come meanwhile are left out but for the newest,
/// and the film jumps there.
const QUEUE: usize = 16;
/// How long the encoder may take for what it still has.
const FINISH_LIMIT: Duration = Duration::from_secs(30);

/// Begins recordings.
pub(crate) struct Recorder;

/// A film that is being recorded. Dropping it ends it: what was filmed stays on disk and can be played.
#[derive(Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    stop: Stop,
    feeder: JoinHandle<()>,
    finished: oneshot::Receiver<Result<Option<record::Recorded>, record::RecordError>>,
}

/// A film that was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// From its first picture to its last.
    pub(crate) length: Duration,
}

impl Recorder {
    /// Begins to film what the front camera sees. There is no file before the first picture.
    pub(crate) async fn start(hub: &Hub, path: PathBuf) -> anyhow::Result<Recording> {
        let made = path.clone();
        let writer = tokio::task::spawn_blocking(move || record::Recorder::create(made)).await??;
        let (pictures, queue) = mpsc::channel(QUEUE);
        let (done, finished) = oneshot::channel();
        thread::Builder::new()
            .name("film".to_owned())
            // Nobody waits for a film that was given up.
            .spawn(move || drop(done.send(write(writer, queue))))
            .context("no thread to be had for the film")?;
        let stop = Stop::new();
        let feeder = tokio::spawn(feed(hub.pictures(Camera::Front), pictures, stop.clone()));
        Ok(Recording { path, stop, feeder, finished })
    }
}

impl Recording {
    /// Ends the film and returns it; nothing if the camera showed nothing.
    pub(crate) async fn finish(mut self) -> anyhow::Result<Option<Recorded>> {
        self.stop.stop();
        let finished = timeout(FINISH_LIMIT, &mut self.finished).await.context("the encoder does not finish")?;
        let recorded = finished.context("the film's thread ended")?.context("filming")?;
        if let Some(recorded) = &recorded {
            let secs = recorded.length.as_secs_f64();
            info!(pictures = recorded.pictures, secs, "a film was recorded: {}", self.path.display());
        }
        Ok(recorded.map(|recorded| Recorded { path: self.path.clone(), length: recorded.length }))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // The thread sees that no more pictures come, and ends the film.
        self.feeder.abort();
    }
}

/// Passes every picture on until the [`Stop`] is set; the last one it passes on is the newest of then, so that the film
/// shows the end of what was filmed also if its encoder is behind.
async fn feed(mut seen: Pictures, pictures: mpsc::Sender<Arc<Picture>>, stop: Stop) {
    // Room comes first: of what is seen while there is none, only the newest is taken.
    while let Ok(room) = pictures.reserve().await {
        match stop.or(seen.next()).await {
            Some(Some(picture)) => room.send(picture),
            // While the robot is away there are none; the film goes on when it is back.
            Some(None) => {}
            None => {
                if let Some(picture) = seen.unseen() {
                    room.send(picture);
                }
                return;
            }
        }
    }
}

/// Writes pictures until there are no more.
fn write(
    mut writer: record::Recorder,
    mut pictures: mpsc::Receiver<Arc<Picture>>,
) -> Result<Option<record::Recorded>, record::RecordError> {
    let mut began: Option<Timestamp> = None;
    while let Some(picture) = pictures.blocking_recv() {
        let began = *began.get_or_insert(picture.at());
        let at = picture.at().duration_since(began);
        // A picture of before the first: the robot's clock was set.
        let Ok(at) = Duration::try_from(at) else { continue };
        match writer.write(&picture.shot.jpeg, at) {
            Ok(()) => {}
            Err(error) if error.is_about_one_picture() => debug!("a picture is not in the film: {error}"),
            Err(error) => {
                warn!("the film ends here: {error}");
                return Err(error);
            }
        }
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chassis::Stop;
    use domain::geometry::Size;
    use domain::picture::Picture as Pixels;
    use jiff::SignedDuration;
    use media::{Pace, Source, SourceSettings, SourceUrl};
    use robot::Shot;

    use super::*;
    use crate::link::puppet::Puppet;

    /// A grey picture of 320×180, whose brightness tells which it is.
    fn jpeg(brightness: u8) -> Bytes {
        let size = Size::new(320, 180);
        let pixels = Pixels::rgb(size, 320 * 3, Bytes::from(vec![brightness; 320 * 180 * 3])).expect("is whole");
        media::jpeg::encode(&pixels, 80).expect("is encoded")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn w34_a_film_is_as_long_as_what_was_seen_and_as_wide() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("robot-a/report/video/1_20261120_120000.mp4");
        let puppet = Puppet::new();
        let first = Timestamp::now();
        // Twelve pictures in six seconds: slower than they are asked for, and each stays for several questions.
        for picture in 0..12_u8 {
            let captured_at = Some(first + SignedDuration::from_millis(500 * i64::from(picture)));
            puppet.show(Shot { jpeg: jpeg(picture * 20), captured_at });
        }
        let (hub, stop) = (Hub::new(puppet.clone(), false), Stop::new());
        tokio::spawn(hub.clone().run(stop.clone()));
        let recording = Recorder::start(&hub, path.clone()).await.expect("begins");
        while puppet.shots_taken() < 16 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let recorded = recording.finish().await.expect("is written").expect("was filmed");
        assert_eq!(recorded.path, path);
        let frames = frames(&path).await;
        assert!(frames.len() >= 10, "{}", frames.len());
        assert!(frames.iter().all(|(_, size)| *size == Size::new(320, 180)));
        let span = frames[frames.len() - 1].0 - frames[0].0;
        assert!((span - recorded.length.as_secs_f64()).abs() < 0.02, "{span} of {:?}", recorded.length);
        stop.stop();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_camera_that_shows_nothing_leaves_no_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("1.mp4");
        let hub = Hub::new(Puppet::new(), false);
        let recording = Recorder::start(&hub, path.clone()).await.expect("begins");
        assert_eq!(recording.finish().await.expect("is no failure"), None);
        assert!(!path.exists());
    }

    async fn frames(path: &std::path::Path) -> Vec<(f64, Size)> {
        let url: SourceUrl = path.to_str().expect("is a text").parse().expect("is a film");
        let settings = SourceSettings { fps_target: None, pace: Pace::Fast, ..SourceSettings::film("film", url) };
        let source = Source::open(settings).await.expect("opens");
        let mut frames = Vec::new();
        while let Ok(frame) = source.next().await {
            frames.push((frame.captured_at.as_millisecond() as f64 / 1000.0, frame.picture.size()));
        }
        frames
    }
}

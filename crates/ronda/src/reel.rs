//! Reads a film or a stream frame by frame, until it ends, the time is up or the operator has had enough.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::picture::Frame;
use domain::sampling::FrameRate;
use jiff::{SignedDuration, Timestamp};
use media::{Pace, Source, SourceError, SourceSettings, SourceUrl, StreamInfo};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long the last frames of a film may be.
const END_TOLERANCE: Duration = Duration::from_millis(500);

/// What is read.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// A video file, or the URL of a stream: rtsp://, rtsps://, http://, https://.
    pub(crate) source: String,
    /// Looks at this many frames per second [default: all of them].
    #[arg(long, value_parser = frame_rate)]
    pub(crate) fps: Option<FrameRate>,
    /// Ends after this many seconds of the film or stream.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) max_seconds: Option<Duration>,
}

fn frame_rate(text: &str) -> Result<FrameRate, String> {
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    FrameRate::try_from(number).map_err(|error| error.to_string())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    let duration = Duration::try_from_secs_f64(number).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("0 s would show nothing".to_owned()) } else { Ok(duration) }
}

/// An open film or stream.
pub(crate) struct Reel {
    runtime: Runtime,
    source: Option<Source>,
    signals: [Signal; 2],
    limit: Option<Duration>,
    clock: Clock,
    /// How far the latest frame was into the film.
    position: Duration,
    /// How far before its end the last frame of a complete film may be.
    slack: Duration,
}

/// One frame, and how far into the film or stream it is.
pub(crate) struct Shot {
    pub(crate) frame: Frame,
    pub(crate) position: Duration,
}

impl Reel {
    /// Opens the source and waits for its first frame.
    pub(crate) fn open(args: &Args) -> anyhow::Result<Self> {
        // A thread of its own: where frames are always ready, a runtime on this thread would never look for signals.
        let builder = &mut tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().context("cannot start the runtime")?;
        let url = source_url(&args.source)?;
        let clock = Clock::new(url.is_file());
        // A stream does not wait for us: its newest frame is what counts.
        let pace = if url.is_file() { Pace::Fast } else { Pace::RealTime };
        let settings = SourceSettings { fps_target: args.fps, pace, ..SourceSettings::film(url.to_string(), url) };
        let (source, signals) = runtime.block_on(async {
            let signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
            anyhow::Ok((Source::open(settings).await?, signals))
        })?;
        let interval = args.fps.map_or(0.0, FrameRate::interval_seconds);
        let slack = Duration::from_secs_f64(interval) + END_TOLERANCE;
        let limit = args.max_seconds;
        Ok(Self { runtime, source: Some(source), signals, limit, clock, position: Duration::ZERO, slack })
    }

    /// Returns what is known of the stream.
    pub(crate) fn info(&self) -> Option<StreamInfo> {
        self.source.as_ref().map(Source::info)
    }

    /// Returns how long the film is, as far as it will be read and if that is known.
    pub(crate) fn length(&self) -> Option<Duration> {
        let whole = self.info().and_then(|info| info.duration);
        whole.into_iter().chain(self.limit).min()
    }

    /// Returns the next frame; nothing at the end, after the time limit, or after Ctrl-C or SIGTERM.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<Shot>> {
        let Some(source) = &self.source else { return Ok(None) };
        let [interrupt, terminate] = &mut self.signals;
        let next = self.runtime.block_on(async {
            tokio::select! {
                biased;
                _ = interrupt.recv() => None,
                _ = terminate.recv() => None,
                next = source.next() => Some(next),
            }
        });
        let frame = match next {
            None => return Ok(None),
            Some(Err(SourceError::Ended { .. })) => return self.check_complete().map(|()| None),
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(frame)) => frame,
        };
        let shot = self.clock.stamp(frame);
        self.position = shot.position;
        Ok(Some(shot).filter(|shot| self.limit.is_none_or(|limit| shot.position <= limit)))
    }

    /// A file that was cut off ends like any other; only its own word on its length gives it away.
    fn check_complete(&self) -> anyhow::Result<()> {
        let Some(length) = self.info().and_then(|info| info.duration) else { return Ok(()) };
        let (position, length) = (self.position.as_secs_f64(), length.as_secs_f64());
        if position + self.slack.as_secs_f64() < length {
            bail!("there is nothing after {position:.1} s of {length:.1} s, the file is not complete");
        }
        Ok(())
    }
}

impl Drop for Reel {
    fn drop(&mut self) {
        if let Some(source) = self.source.take() {
            self.runtime.block_on(source.close());
        }
    }
}

/// Gives frames their times. Those of a film count from the beginning of 1970, so that the same film gives the same
/// alerts with the same ids each time.
struct Clock {
    is_film: bool,
    first: Option<Timestamp>,
}

impl Clock {
    fn new(is_film: bool) -> Self {
        Self { is_film, first: None }
    }

    fn stamp(&mut self, mut frame: Frame) -> Shot {
        let first = *self.first.get_or_insert(frame.captured_at);
        let position = frame.captured_at.duration_since(first).max(SignedDuration::ZERO).unsigned_abs();
        if self.is_film {
            frame.captured_at = Timestamp::UNIX_EPOCH + position;
        }
        Shot { frame, position }
    }
}

/// Returns the source that an argument names; a path may be relative here.
fn source_url(text: &str) -> anyhow::Result<SourceUrl> {
    if text.contains("://") {
        return text.parse().map_err(|error| anyhow::anyhow!("the source {error}"));
    }
    let path = Path::new(text).canonicalize().with_context(|| format!("cannot read {text}"))?;
    if !path.is_file() {
        bail!("{text} is not a file");
    }
    let path = path.to_str().with_context(|| format!("the path of {text} is not UTF-8"))?;
    Ok(path.parse()?)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::geometry::Size;
    use domain::picture::Picture;

    use super::*;

    fn frame(seconds: i64) -> Frame {
        let picture = Picture::rgb(Size::new(1, 1), 3, Bytes::from_static(&[0; 3])).expect("3 bytes");
        let captured_at = Timestamp::from_second(1_700_000_000 + seconds).expect("a time of this century");
        Frame { sequence: 1, captured_at, picture }
    }

    #[test]
    fn the_frames_of_a_film_count_from_1970_and_those_of_a_stream_do_not() {
        let (mut film, mut stream) = (Clock::new(true), Clock::new(false));
        film.stamp(frame(0));
        stream.stamp(frame(0));
        let (of_film, of_stream) = (film.stamp(frame(5)), stream.stamp(frame(5)));
        assert_eq!((of_film.position, of_stream.position), (Duration::from_secs(5), Duration::from_secs(5)));
        assert_eq!(of_film.frame.captured_at.to_string(), "1970-01-01T00:00:05Z");
        assert_eq!(of_stream.frame.captured_at, frame(5).captured_at);
    }

    #[test]
    fn a_source_is_a_url_or_a_file_that_is_there() {
        let error = |text: &str| format!("{:#}", source_url(text).expect_err("no source"));
        assert!(source_url("rtsp://127.0.0.1:8554/street").is_ok());
        assert!(source_url(file!().rsplit_once('/').map_or("", |_| "Cargo.toml")).is_ok());
        assert_eq!(
            error("ftp://host/a"),
            "the source must begin with rtsp://, rtsps://, http://, https:// or / (a file)"
        );
        assert_eq!(error("nowhere.mp4"), "cannot read nowhere.mp4: No such file or directory (os error 2)");
        assert_eq!(error("src"), "src is not a file");
    }

    #[test]
    fn a_length_of_nothing_and_a_rate_of_nothing_are_refused() {
        assert_eq!(seconds("2.5"), Ok(Duration::from_millis(2500)));
        assert!(seconds("0").is_err() && seconds("-1").is_err() && seconds("x").is_err());
        assert!(frame_rate("0").is_err() && frame_rate("x").is_err() && frame_rate("12.5").is_ok());
    }
}

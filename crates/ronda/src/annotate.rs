//! `ronda annotate`: a film with everything drawn on it that a camera's watcher sees, and the same as JSON lines.

mod overlay;
mod progress;
mod sidecar;

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use chassis::Env;
use domain::geometry::Size;
use domain::id::CameraId;
use domain::zone::CameraZones;
use media::draw::Canvas;
use media::film::Writer;

use self::progress::Progress;
use self::sidecar::Sidecar;
use crate::look::Looker;
use crate::reel::{Reel, Shot};
use crate::{detector, reel, site};

/// The name that stands in alerts and sidecars if no camera is named.
const UNNAMED: &str = "film";

/// The film's frame rate if the source says none.
const DEFAULT_FPS: f64 = 25.0;

/// What is read, and what is written.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    reel: reel::Args,
    /// The MP4 file that is written.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Also writes what was seen, one line of JSON for each frame.
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
    /// The camera of rois.yaml whose zones are drawn and watched.
    #[arg(long, value_name = "ID")]
    camera: Option<CameraId>,
    #[command(flatten)]
    site: site::Args,
    #[command(flatten)]
    detector: detector::Args,
}

/// What has been seen so far.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) frames: u64,
    pub(crate) tracks: u64,
    pub(crate) alerts: u64,
}

/// Writes the film, and the sidecar if one is wanted. Both appear whole when the source ends, the time is up, or the
/// operator presses Ctrl-C; also when the source fails, which is then an error all the same.
pub(crate) fn run(args: &Args, env: &Env) -> anyhow::Result<()> {
    let zones = match &args.camera {
        Some(camera) => args.site.zones(camera, env)?,
        None => CameraZones::none(UNNAMED.parse()?),
    };
    let ready = detector::load(&args.detector, args.site.inference(env)?.as_ref(), env)?;
    let mut sidecar = args.jsonl.as_deref().map(Sidecar::create).transpose()?;
    let mut looker = Looker::new(ready, zones);
    let mut reel = Reel::open(&args.reel)?;
    let Some(first) = reel.next()? else { bail!("{} has no frame", args.reel.source) };

    let mut film = Writer::create(&args.output, first.frame.picture.size(), frame_rate(args, &reel))?;
    let progress = Progress::begin(reel.length());
    let mut tally = Tally::default();
    let mut next = Some(first);
    let ended = loop {
        let Some(shot) = next else { break Ok(()) };
        step(&mut looker, &shot, &mut film, sidecar.as_mut(), &mut tally)?;
        progress.show(shot.position, &tally);
        next = match following(&mut reel, shot.frame.picture.size()) {
            Ok(next) => next,
            Err(error) => break Err(error),
        };
    };
    film.finish()?;
    if let Some(sidecar) = sidecar {
        sidecar.finish()?;
    }
    progress.end(&args.output, &tally);
    ended.context("the film ends early")
}

/// Returns the next frame, which must have the size of those before it.
fn following(reel: &mut Reel, size: Size) -> anyhow::Result<Option<Shot>> {
    let next = reel.next()?;
    if let Some(shot) = &next {
        let new = shot.frame.picture.size();
        ensure!(new == size, "the picture changed from {size} to {new}");
    }
    Ok(next)
}

fn frame_rate(args: &Args, reel: &Reel) -> f64 {
    let source = reel.info().and_then(|info| info.fps).unwrap_or(DEFAULT_FPS);
    args.reel.fps.map_or(source, |wanted| wanted.per_second().min(source))
}

/// Looks at one frame and writes it down.
fn step(
    looker: &mut Looker,
    shot: &Shot,
    film: &mut Writer,
    sidecar: Option<&mut Sidecar>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let sight = looker.look(&shot.frame)?;
    tally.frames += 1;
    tally.tracks += sight.tracks.iter().filter(|track| track.age_frames == 1).count() as u64;
    tally.alerts += sight.alerts.len() as u64;

    let mut canvas = Canvas::new(&shot.frame.picture);
    overlay::draw(&mut canvas, looker, &sight, shot.position, tally);
    film.write(&canvas.into_picture(), shot.position)?;
    match sidecar {
        Some(sidecar) => sidecar.write(looker, shot, &sight, tally.frames),
        None => Ok(()),
    }
}

//! How many cameras one machine can watch at five pictures a second without leaving out one in a hundred, for moving
//! and for still scenes: ours, the Python peer, and what decoding alone would allow.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::peer::{Load, Peer};
use super::stage::{Camera, Script, Stage, ask};
use super::{print, process};
use crate::places::Places;
use crate::{exec, terminal};

const DUE_PER_SECOND: f64 = 5.0;
/// A camera may miss one picture in a hundred.
const ALLOWED_MISSES: f64 = 0.01;
const WARM_UP: Duration = Duration::from_secs(8);
/// Streams that the decode-only measurement plays at the same time.
const DECODED: u32 = 6;

/// What a round of measuring showed.
#[derive(Debug, Clone, Copy)]
struct Round {
    seconds: f64,
    /// Pictures handled by all cameras together.
    handled: f64,
    cpu_seconds: f64,
}

impl Round {
    /// Each camera's window may open and close in the middle of a period, which costs at most one picture.
    fn keeps_up(self, cameras: u32) -> bool {
        let cameras = f64::from(cameras);
        let due = self.seconds * DUE_PER_SECOND * cameras;
        self.handled + cameras >= due * (1.0 - ALLOWED_MISSES)
    }

    fn cpu_per_camera_minute(self, cameras: u32) -> f64 {
        self.cpu_seconds / f64::from(cameras) / (self.seconds / 60.0)
    }
}

/// What the cameras see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scene {
    /// A street, nearly all of which moves.
    Moving,
    /// The same street at rest.
    Still,
}

impl Scene {
    /// Returns the name of the simulated camera, and of the figures.
    fn name(self) -> &'static str {
        match self {
            Self::Moving => "moving",
            Self::Still => "still",
        }
    }
}

/// Measures one scene or both, on both sides.
pub(crate) fn run(places: &Places, seconds: u64, most: u32, only: Option<Scene>) -> anyhow::Result<()> {
    let peer = Peer::prepare(places)?;
    let mut stage = Stage::open(places)?;
    let length = Duration::from_secs(seconds);
    for scene in [Scene::Moving, Scene::Still].into_iter().filter(|scene| only.is_none_or(|only| *scene == only)) {
        let scene = scene.name();
        let ours = largest(most, |cameras| our_round(&mut stage, scene, cameras, length))
            .with_context(|| format!("measuring Ronda on {scene} scenes"))?;
        stage.stop("stream-manager");
        let theirs = largest(most, |cameras| peer_round(places, &stage, &peer, scene, cameras, length))
            .with_context(|| format!("measuring the Python peer on {scene} scenes"))?;
        report(scene, "ronda", &ours);
        report(scene, "python", &theirs);
        let ratio = f64::from(ours.cameras) / f64::from(theirs.cameras.max(1));
        print(&format!("cameras.{scene}.ratio"), ratio, "x");
    }
    decode_only(&stage, length)
}

/// The largest number that kept up, and its round.
#[derive(Debug, Clone, Copy)]
struct Largest {
    cameras: u32,
    round: Option<Round>,
}

/// Climbs in steps of four, later of half the number, until a number does not keep up, then looks between.
fn largest(most: u32, mut measure: impl FnMut(u32) -> anyhow::Result<Round>) -> anyhow::Result<Largest> {
    const STEP: u32 = 4;
    let mut best = Largest { cameras: 0, round: None };
    let mut fails_at = most + 1;
    let mut next = STEP.min(most);
    while best.cameras + 1 < fails_at {
        let round = measure(next)?;
        terminal::note(format!(
            "  {next} cameras: {:.1} % of the due pictures handled",
            100.0 * round.handled / (round.seconds * DUE_PER_SECOND * f64::from(next))
        ));
        if round.keeps_up(next) {
            best = Largest { cameras: next, round: Some(round) };
        } else {
            fails_at = next;
        }
        next = if fails_at > most {
            (best.cameras + STEP.max(best.cameras / 2)).min(most)
        } else {
            best.cameras.midpoint(fails_at)
        };
    }
    Ok(best)
}

fn report(scene: &str, side: &str, largest: &Largest) {
    print(&format!("cameras.{scene}.{side}"), f64::from(largest.cameras), "cameras");
    if let Some(round) = largest.round {
        let cost = round.cpu_per_camera_minute(largest.cameras);
        print(&format!("cameras.{scene}.{side}.cpu"), cost, "cpu-s/camera-min");
    }
}

#[derive(Debug, Deserialize)]
struct Cameras {
    cameras: Vec<Status>,
}

#[derive(Debug, Deserialize)]
struct Status {
    counters: Counters,
}

#[derive(Debug, Deserialize)]
struct Counters {
    /// Pictures that were looked at: by the detector, or by the motion gate that found nothing new.
    processed: u64,
}

fn handled(stage: &Stage) -> anyhow::Result<f64> {
    let answer: Cameras = ask(stage.stream_manager, "/api/v1/cameras")?;
    let sum: u64 = answer.cameras.iter().map(|camera| camera.counters.processed).sum();
    Ok(sum as f64)
}

fn our_round(stage: &mut Stage, scene: &str, cameras: u32, length: Duration) -> anyhow::Result<Round> {
    let cameras: Vec<Camera> =
        (0..cameras).map(|number| Camera { id: format!("cam-{number}"), mount: scene.to_owned() }).collect();
    stage.play(&Script { cameras: &cameras, webhook: None, repeat_seconds: None })?;
    thread::sleep(WARM_UP);
    let pid = stage.pid("stream-manager")?;
    let (before, cpu, began) = (handled(stage)?, process::processor_seconds(pid)?, Instant::now());
    thread::sleep(length);
    let seconds = began.elapsed().as_secs_f64();
    Ok(Round { seconds, handled: handled(stage)? - before, cpu_seconds: process::processor_seconds(pid)? - cpu })
}

fn peer_round(
    places: &Places,
    stage: &Stage,
    peer: &Peer,
    scene: &str,
    cameras: u32,
    length: Duration,
) -> anyhow::Result<Round> {
    let mut script = peer.script("pipeline.py");
    script
        .args(["--url", &stage.url(scene)])
        .arg("--model")
        .arg(places.cache.join("models/yolov4-tiny/model.onnx"))
        .args(["--redis", &format!("redis://127.0.0.1:{}", stage.redis)])
        .args(["--cameras", &cameras.to_string()])
        .args(["--warm-up", &WARM_UP.as_secs().to_string()])
        .args(["--seconds", &length.as_secs().to_string()])
        .env("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        .stderr(Stdio::null());
    let printed = exec::output_of(&mut script)?;
    let load: Load = serde_json::from_str(&printed).context("reading what the peer printed")?;
    // A camera that stands still is not made up for by the others.
    let least = load.slowest / (load.seconds * DUE_PER_SECOND);
    let handled = if least < 0.5 { 0.0 } else { load.processed };
    Ok(Round { seconds: load.seconds, handled, cpu_seconds: load.cpu_seconds })
}

/// What receiving and decoding alone costs, and how many cameras that would leave room for.
fn decode_only(stage: &Stage, length: Duration) -> anyhow::Result<()> {
    let mut player = Command::new("gst-launch-1.0");
    player.arg("-q").stdout(Stdio::null()).stderr(Stdio::null());
    for _ in 0..DECODED {
        let source = format!("location={}", stage.url("moving"));
        player.args(["rtspsrc", &source, "protocols=tcp", "!", "rtph264depay", "!", "h264parse"]);
        player.args(["!", "avdec_h264", "max-threads=1", "!", "fakesink", "sync=false"]);
    }
    let mut child = player.spawn().context("gst-launch-1.0 cannot be started")?;
    thread::sleep(WARM_UP);
    let before = process::processor_seconds(child.id());
    thread::sleep(length);
    let after = process::processor_seconds(child.id());
    // It plays for ever; the measurement is over either way.
    let _ = child.kill();
    let _ = child.wait();
    let spent = after? - before?;
    if spent <= 0.0 {
        bail!("decoding used no processor time: the streams did not play");
    }
    let cost = spent / f64::from(DECODED) / (length.as_secs_f64() / 60.0);
    let cores = thread::available_parallelism().context("counting the cores")?.get() as f64;
    print("cameras.decode-only.cpu", cost, "cpu-s/camera-min");
    print("cameras.decode-only.limit", (cores * 60.0 / cost).floor(), "cameras");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine_for(limit: u32) -> impl FnMut(u32) -> anyhow::Result<Round> {
        move |cameras| {
            let share = if cameras <= limit { 1.0 } else { 0.9 };
            Ok(Round { seconds: 20.0, handled: 20.0 * DUE_PER_SECOND * f64::from(cameras) * share, cpu_seconds: 1.0 })
        }
    }

    #[test]
    fn the_search_finds_every_limit() {
        for limit in 0..=12 {
            let found = largest(12, machine_for(limit)).expect("the machine answers");

            assert_eq!(found.cameras, limit);
        }
    }

    #[test]
    fn one_picture_in_a_hundred_may_be_missed() {
        let round = |handled| Round { seconds: 100.0, handled, cpu_seconds: 0.0 };

        assert!(round(494.0).keeps_up(1));
        assert!(!round(493.0).keeps_up(1));
    }
}

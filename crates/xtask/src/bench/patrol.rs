//! One robot's process beside a simulated robot that drives: how old a pose is when a browser hears of it, what twenty
//! viewers of a camera cost, what the process takes when nothing happens, how long the report of a run takes.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::latency::quantile;
use super::stage::{Stage, ask, post};
use super::{print, process};
use crate::places::Places;

/// Pages that are open at the same time.
const TABS: usize = 5;
/// Viewers of the front camera.
const VIEWERS: usize = 20;
const FRONT_CAMERA: &str = "GetFrontCameraRosCompressedImage";

/// Measures for so many seconds in each part.
pub(crate) fn run(places: &Places, seconds: u64) -> anyhow::Result<()> {
    let stage = Stage::with_robot(places)?;
    let length = Duration::from_secs(seconds);
    thread::sleep(Duration::from_secs(5));
    idle(&stage, length)?;
    viewers(&stage, length)?;
    poses(&stage, length)?;
    report(places)
}

/// What the process takes while its camera is on and nobody watches.
fn idle(stage: &Stage, length: Duration) -> anyhow::Result<()> {
    let pid = stage.pid("patrol")?;
    let share = processor_share(pid, length)?;
    print("patrol.idle.processor", share * 100.0, "% of a core");
    print("patrol.idle.resident", process::resident_mib(pid)?, "MiB");
    Ok(())
}

/// Pictures that were fetched from the robot, and processor time, with one viewer and with twenty.
fn viewers(stage: &Stage, length: Duration) -> anyhow::Result<()> {
    let pid = stage.pid("patrol")?;
    for count in [1, VIEWERS] {
        let url = format!("http://127.0.0.1:{}/api/v1/camera/front/mjpeg", stage.patrol);
        let crowd = Crowd::gather(count, move |seen, done| watch(&url, seen, done));
        let before = pictures_fetched(stage)?;
        let share = processor_share(pid, length)?;
        let fetched = pictures_fetched(stage)?.saturating_sub(before);
        let seen = crowd.leave()?;
        let label = if count == 1 { "patrol.viewers-1" } else { "patrol.viewers-20" };
        print(&format!("{label}.fetched"), fetched as f64 / length.as_secs_f64(), "pictures/s");
        print(&format!("{label}.seen"), seen as f64 / length.as_secs_f64(), "pictures/s");
        print(&format!("{label}.processor"), share * 100.0, "% of a core");
    }
    Ok(())
}

/// The age of the poses that five pages hear, while the robot drives from place to place.
fn poses(stage: &Stage, length: Duration) -> anyhow::Result<()> {
    let api = |path: &str| format!("/api/v1/{path}");
    post(stage.patrol, &api("points/from-robot"), &json!({}))?;
    post(stage.patrol, &api("runs"), &json!({"dry_run": true, "loops": 100}))?;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let url = format!("http://127.0.0.1:{}/api/v1/events", stage.patrol);
    let notes = Arc::clone(&heard);
    let crowd = Crowd::gather(TABS, move |_, done| listen(&url, &notes, done));
    let mut told = HashMap::new();
    let began = Instant::now();
    while began.elapsed() < length {
        thread::sleep(Duration::from_secs(1));
        for (at_ms, x, y, theta) in truth(stage)?.trail {
            // The robot stood there from the first time on.
            told.entry(key(x, y, theta)).or_insert(at_ms);
        }
    }
    crowd.leave()?;
    let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    let mut ages: Vec<f64> = heard
        .iter()
        .filter_map(|(at_ms, pose)| told.get(pose).map(|told_ms| (at_ms - told_ms) as f64))
        .filter(|age| *age >= 0.0)
        .collect();
    ensure!(ages.len() > TABS * 10, "only {} poses were heard: does the robot drive?", ages.len());
    ages.sort_by(f64::total_cmp);
    print("patrol.poses", ages.len() as f64 / TABS as f64 / length.as_secs_f64(), "poses/s and page");
    print("patrol.pose-age.p50", quantile(&ages, 0.50), "ms");
    print("patrol.pose-age.p99", quantile(&ages, 0.99), "ms");
    Ok(())
}

/// The PDF of a run with thirty waypoints and photos.
fn report(places: &Places) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Measured {
        ms: f64,
    }
    let output = Command::new(places.programs().join("examples/pdf_report"))
        .stderr(Stdio::inherit())
        .output()
        .context("starting pdf_report")?;
    ensure!(output.status.success(), "pdf_report failed");
    let measured: Measured = serde_json::from_slice(&output.stdout).context("reading what pdf_report measured")?;
    print("patrol.pdf-of-30-waypoints", measured.ms, "ms");
    Ok(())
}

/// Threads that watch until they are told to leave.
struct Crowd {
    done: Arc<AtomicBool>,
    seen: Arc<Mutex<u64>>,
    members: Vec<thread::JoinHandle<anyhow::Result<()>>>,
}

impl Crowd {
    fn gather(
        count: usize,
        watch: impl Fn(&Mutex<u64>, &AtomicBool) -> anyhow::Result<()> + Clone + Send + 'static,
    ) -> Self {
        let (done, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(0)));
        let members = (0..count)
            .map(|_| {
                let (watch, done, seen) = (watch.clone(), Arc::clone(&done), Arc::clone(&seen));
                thread::spawn(move || watch(&seen, &done))
            })
            .collect();
        // The first pictures and events are those of before.
        thread::sleep(Duration::from_secs(2));
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = 0;
        Self { done, seen, members }
    }

    /// Lets all of them go and returns what they have seen together.
    fn leave(self) -> anyhow::Result<u64> {
        self.done.store(true, Ordering::Relaxed);
        for member in self.members {
            member.join().map_err(|_| anyhow::anyhow!("a viewer panicked"))??;
        }
        Ok(*self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Counts the pictures of an MJPEG stream.
fn watch(url: &str, seen: &Mutex<u64>, done: &AtomicBool) -> anyhow::Result<()> {
    let mut answer = ureq::get(url).call().context("watching the camera")?;
    let mut reader = BufReader::with_capacity(1 << 16, answer.body_mut().as_reader());
    let mut line = String::new();
    while !done.load(Ordering::Relaxed) {
        line.clear();
        if reader.read_line(&mut line).context("reading the stream")? == 0 {
            bail!("the camera's stream ended");
        }
        let Some(length) = line.to_ascii_lowercase().strip_prefix("content-length:").map(|text| text.trim().parse())
        else {
            continue;
        };
        let length: u64 = length.context("a part without a length")?;
        // The empty line, then the picture.
        line.clear();
        reader.read_line(&mut line).context("reading the stream")?;
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).context("reading a picture")?;
        *seen.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
    Ok(())
}

/// A pose, bit by bit, and when it was heard.
type Heard = (i64, [u64; 3]);

/// Notes when each new pose arrives.
fn listen(url: &str, heard: &Mutex<Vec<Heard>>, done: &AtomicBool) -> anyhow::Result<()> {
    let mut answer = ureq::get(url).call().context("listening to events")?;
    let mut lines = BufReader::new(answer.body_mut().as_reader()).lines();
    let (mut is_state, mut last) = (false, None);
    while !done.load(Ordering::Relaxed) {
        let Some(line) = lines.next() else { bail!("the events ended") };
        let line = line.context("reading events")?;
        if let Some(name) = line.strip_prefix("event:") {
            is_state = name.trim() == "state";
        }
        let Some(data) = line.strip_prefix("data:").filter(|_| is_state) else { continue };
        let now = jiff::Timestamp::now().as_millisecond();
        let state: Value = serde_json::from_str(data).context("reading a state")?;
        let number = |name: &str| state["pose"][name].as_f64();
        let (Some(x), Some(y), Some(theta)) = (number("x"), number("y"), number("theta")) else { continue };
        let pose = key(x, y, theta);
        if last.replace(pose) != Some(pose) {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push((now, pose));
        }
    }
    Ok(())
}

fn key(x: f64, y: f64, theta: f64) -> [u64; 3] {
    [x, y, theta].map(f64::to_bits)
}

#[derive(Debug, Deserialize)]
struct Truth {
    trail: Vec<(i64, f64, f64, f64)>,
    served: HashMap<String, u64>,
}

fn truth(stage: &Stage) -> anyhow::Result<Truth> {
    ask(stage.sim, "/robots/robot-a/truth").context("asking where the robot really is")
}

fn pictures_fetched(stage: &Stage) -> anyhow::Result<u64> {
    Ok(truth(stage)?.served.get(FRONT_CAMERA).copied().unwrap_or(0))
}

/// The share of one core that a process uses over a while.
fn processor_share(pid: u32, length: Duration) -> anyhow::Result<f64> {
    let before = process::processor_seconds(pid)?;
    let began = Instant::now();
    thread::sleep(length);
    Ok((process::processor_seconds(pid)? - before) / began.elapsed().as_secs_f64())
}

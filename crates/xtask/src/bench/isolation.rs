//! One of four cameras dies: what the other three notice, and how soon it is seen again after its return.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde::Deserialize;

use super::print;
use super::stage::{Script, Stage, ask, own_cameras, tell};
use crate::places::Places;

const VICTIM: &str = "cam-0";
const RETURN_LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize)]
struct Cameras {
    cameras: Vec<Status>,
}

#[derive(Debug, Deserialize)]
struct Status {
    id: String,
    counters: Counters,
}

#[derive(Debug, Deserialize)]
struct Counters {
    due: u64,
}

/// Kills a camera, compares the rates of the others, brings it back.
pub(crate) fn run(places: &Places, seconds: u64) -> anyhow::Result<()> {
    let mut stage = Stage::open(places)?;
    let cameras = own_cameras();
    stage.play(&Script { cameras: &cameras, webhook: None, repeat_seconds: None })?;
    thread::sleep(Duration::from_secs(8));

    // A count is off by one picture at most; over a minute that is a third of a percent.
    let length = Duration::from_secs(3 * seconds);
    let with_all = rates(&stage, length)?;
    tell(stage.sim, "/cameras/moving-0/stop")?;
    thread::sleep(Duration::from_secs(2));
    let without_one = rates(&stage, length)?;
    let worst = with_all
        .iter()
        .filter(|(id, _)| id.as_str() != VICTIM)
        .map(|(id, before)| 100.0 * (without_one[id] - before).abs() / before)
        .fold(0.0, f64::max);
    print("isolation.others-change", worst, "%");

    let before = frames(&stage)?[VICTIM];
    tell(stage.sim, "/cameras/moving-0/start")?;
    let returned = Instant::now();
    while frames(&stage)?[VICTIM] == before {
        if returned.elapsed() > RETURN_LIMIT {
            bail!("{VICTIM} gave no picture within {} s of its return", RETURN_LIMIT.as_secs());
        }
        thread::sleep(Duration::from_millis(20));
    }
    print("isolation.first-frame-after-return", returned.elapsed().as_secs_f64(), "s");
    Ok(())
}

/// Due pictures a second of each camera.
fn rates(stage: &Stage, length: Duration) -> anyhow::Result<BTreeMap<String, f64>> {
    let (before, began) = (frames(stage)?, Instant::now());
    thread::sleep(length);
    let (after, seconds) = (frames(stage)?, began.elapsed().as_secs_f64());
    let rate = |(id, count): (String, u64)| {
        let gained = count.saturating_sub(before.get(&id).copied().unwrap_or(0));
        (id, gained as f64 / seconds)
    };
    Ok(after.into_iter().map(rate).collect())
}

fn frames(stage: &Stage) -> anyhow::Result<BTreeMap<String, u64>> {
    let answer: Cameras = ask(stage.stream_manager, "/api/v1/cameras")?;
    Ok(answer.cameras.into_iter().map(|camera| (camera.id, camera.counters.due)).collect())
}

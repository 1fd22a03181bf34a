//! Films of runs: they are as long as the run, have the camera's own shape, and play in a browser.

use anyhow::{Context, ensure};
use domain::geometry::Size;
use jiff::{SignedDuration, Timestamp};
use media::{Codec, Pace, Source, SourceSettings};
use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::ward::{Beginning, Ward};

/// The size of the simulated robot's pictures.
const CAMERA: Size = Size { width: 1280, height: 720 };

fn filmed() -> Beginning {
    let settings = json!({"enable_video_recording": true, "video_prompt": "What is on the floor?"});
    Beginning { settings, ..Beginning::default() }
}

fn time(value: &Value) -> anyhow::Result<Timestamp> {
    Ok(value.as_str().context("a time is a text")?.parse()?)
}

/// Returns when a step of a run was.
fn step(detail: &Value, kind: &str) -> anyhow::Result<Timestamp> {
    let steps = detail["steps"].as_array().into_iter().flatten();
    let found = steps.into_iter().find(|step| step["kind"] == kind).with_context(|| format!("no step {kind}"))?;
    time(&found["at"])
}

/// Returns when every picture of a film is shown and how large it is, and how the film is coded.
async fn played(film: Vec<u8>) -> anyhow::Result<(Codec, Vec<(Timestamp, Size)>)> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("film.mp4");
    std::fs::write(&path, film)?;
    let url = path.to_str().context("a path is a text")?.parse()?;
    let settings = SourceSettings { pace: Pace::Fast, fps_target: None, ..SourceSettings::film("film", url) };
    let source = Source::open(settings).await?;
    let mut frames = Vec::new();
    while let Ok(frame) = source.next().await {
        frames.push((frame.captured_at, frame.picture.size()));
    }
    Ok((source.info().codec, frames))
}

fn length(frames: &[(Timestamp, Size)]) -> SignedDuration {
    frames[frames.len() - 1].0.duration_since(frames[0].0)
}

/// Returns the kinds of the boxes an MP4 file consists of.
fn boxes(film: &[u8]) -> anyhow::Result<Vec<String>> {
    let mut kinds = Vec::new();
    let mut rest = film;
    while let Some((size, after)) = rest.split_first_chunk::<4>() {
        let size = usize::try_from(u32::from_be_bytes(*size))?;
        kinds.push(String::from_utf8_lossy(after.get(..4).context("a box has a kind")?).into_owned());
        rest = rest.get(size.max(8)..).context("a box is cut off")?;
    }
    Ok(kinds)
}

#[tokio::test]
async fn w34_a_film_is_as_long_as_its_run_and_plays_in_a_browser() -> anyhow::Result<()> {
    let ward = Ward::begin(filmed()).await?;
    let run = ward.start_run(json!({"loops": 2})).await?;
    let ended = ward.ended(run).await?;
    assert_eq!(ended["outcome"], "completed", "{ended}");
    let detail = ward.http.json(&format!("/api/v1/runs/{run}")).await?;
    let url = detail["video"]["url"].as_str().context("the run has a film")?;
    let film = ward.http.bytes(url).await?;

    // What a browser can begin to play before it has all of it: its header first, then fragments.
    let kinds = boxes(&film)?;
    assert_eq!(kinds[..2], ["ftyp", "moov"], "{kinds:?}");
    assert!(kinds.iter().filter(|kind| *kind == "moof").count() > 1, "{kinds:?}");
    let (codec, frames) = played(film.clone()).await?;
    assert_eq!(codec, Codec::H264);
    assert!(frames.len() > 20 && frames.iter().all(|(_, size)| *size == CAMERA), "{} pictures", frames.len());

    let shown = length(&frames).as_secs_f64();
    let walked = step(&detail, "finishing")?.duration_since(time(&detail["started_at"])?).as_secs_f64();
    ensure!((shown - walked).abs() <= walked * 0.05, "the film lasts {shown:.2} s, the run {walked:.2} s");

    // Somebody who jumps in it asks for a part.
    let part = ward.http.request(Method::GET, url).header(header::RANGE, "bytes=100-199").send().await?;
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()[header::CONTENT_TYPE], "video/mp4");
    assert_eq!(&part.bytes().await?[..], &film[100..200]);

    // The history shows it, on both paths, and a model has looked at it.
    let listed = ward.http.json("/api/v1/runs").await?;
    assert_eq!(listed["runs"][0]["has_video"], true, "{listed}");
    assert_eq!(ward.http.bytes(&format!("/api/video/{run}")).await?, film);
    let analysis = detail["video_analysis"].as_str().unwrap_or_default();
    assert!(analysis.contains("no puddles"), "{analysis}");
    Ok(())
}

#[tokio::test]
async fn w34_the_film_of_a_stopped_run_is_kept_and_found() -> anyhow::Result<()> {
    let ward = Ward::begin(filmed()).await?;
    let run = ward.start_run(json!({})).await?;
    ward.run_is("moves", |run| run["state"] == "moving").await?;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(ward.post(&format!("/api/v1/runs/{run}/stop"), json!({"then": "stay"})).await?.0, 202);
    assert_eq!(ward.ended(run).await?["outcome"], "stopped");
    let detail = ward.http.json(&format!("/api/v1/runs/{run}")).await?;
    let film = ward.http.bytes(detail["video"]["url"].as_str().context("the run has a film")?).await?;
    let (_, frames) = played(film).await?;
    ensure!(length(&frames) >= SignedDuration::from_secs(1), "{} pictures", frames.len());
    Ok(())
}

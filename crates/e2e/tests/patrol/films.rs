//! Films of runs: they are as long as the run, have the camera's own shape, and play in a browser.

use anyhow::{Context, ensure};
use domain::geometry::Size;
use jiff::Timestamp;
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

/// Returns how large every picture of a film is, and how the film is coded.
async fn played(film: &[u8]) -> anyhow::Result<(Codec, Vec<Size>)> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("film.mp4");
    std::fs::write(&path, film)?;
    let url = path.to_str().context("a path is a text")?.parse()?;
    let settings = SourceSettings { pace: Pace::Fast, fps_target: None, ..SourceSettings::film("film", url) };
    let source = Source::open(settings).await?;
    let mut sizes = Vec::new();
    while let Ok(frame) = source.next().await {
        sizes.push(frame.picture.size());
    }
    Ok((source.info().codec, sizes))
}

/// Returns the boxes that bytes of an MP4 file consist of: the kind and the content of each.
fn boxes(mut bytes: &[u8]) -> anyhow::Result<Vec<(&[u8], &[u8])>> {
    let mut boxes = Vec::new();
    while !bytes.is_empty() {
        let size = number(bytes, 0, 4)?;
        let one = bytes.get(..size.max(8)).context("a box is cut off")?;
        boxes.push((&one[4..8], &one[8..]));
        bytes = &bytes[one.len()..];
    }
    Ok(boxes)
}

/// Returns the content of a box within boxes.
fn within<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> anyhow::Result<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| {
        let found = boxes(bytes)?.into_iter().find(|(found, _)| found == kind).map(|(_, content)| content);
        found.with_context(|| format!("no box {}", String::from_utf8_lossy(&kind[..])))
    })
}

fn number(bytes: &[u8], at: usize, length: usize) -> anyhow::Result<usize> {
    let digits = bytes.get(at..at + length).context("a box is cut off")?;
    Ok(digits.iter().fold(0, |number, digit| (number << 8) | usize::from(*digit)))
}

/// Returns how many seconds lie between the first and the last picture of a fragmented film, by what its boxes say.
fn seconds(film: &[u8]) -> anyhow::Result<f64> {
    let a_second = number(within(film, &[b"moov", b"trak", b"mdia", b"mdhd"])?, 12, 4)?;
    let mut last = 0;
    for (_, fragment) in boxes(film)?.into_iter().filter(|(kind, _)| kind == b"moof") {
        let start = within(fragment, &[b"traf", b"tfdt"])?;
        let wide = if start.first() == Some(&1) { 8 } else { 4 };
        let run = within(fragment, &[b"traf", b"trun"])?;
        let (flags, count) = (number(run, 1, 3)?, number(run, 4, 4)?);
        last = number(start, 4, wide)?;
        // Each picture's time is the sum of those before; without times of their own there is one picture alone.
        let entries = 8 + if flags & 0x1 > 0 { 4 } else { 0 } + if flags & 0x4 > 0 { 4 } else { 0 };
        let entry = 4 * (flags & 0xf00).count_ones() as usize;
        ensure!(flags & 0x100 > 0 || count == 1, "{count} pictures have no times of their own");
        for picture in 0..count - 1 {
            last += number(run, entries + picture * entry, 4)?;
        }
    }
    Ok(last as f64 / a_second as f64)
}

#[tokio::test]
async fn w34_a_film_is_as_long_as_its_run_and_plays_in_a_browser() -> anyhow::Result<()> {
    let ward = Ward::begin(filmed()).await?;
    // A camera that has just been woken shows nothing for a moment; this one is awake.
    ward.http.bytes("/api/robot-a/v1/camera/front/picture").await?;
    let run = ward.start_run(json!({"loops": 2})).await?;
    let ended = ward.ended(run).await?;
    assert_eq!(ended["outcome"], "completed", "{ended}");
    let detail = ward.http.json(&format!("/api/v1/runs/{run}")).await?;
    let url = detail["video"]["url"].as_str().context("the run has a film")?;
    let film = ward.http.bytes(url).await?;

    // What a browser can begin to play before it has all of it: its header first, then fragments.
    let kinds: Vec<_> = boxes(&film)?.into_iter().map(|(kind, _)| String::from_utf8_lossy(kind)).collect();
    assert_eq!(kinds[..2], ["ftyp", "moov"], "{kinds:?}");
    assert!(kinds.iter().filter(|kind| *kind == "moof").count() > 1, "{kinds:?}");
    let (codec, sizes) = played(&film).await?;
    assert_eq!(codec, Codec::H264);
    assert!(sizes.len() > 20 && sizes.iter().all(|size| *size == CAMERA), "{} pictures", sizes.len());

    // From when it was ready to drive until it was back: within a twentieth. What is done before and after is no part of
    // it, and no film is longer than its run.
    let walked = step(&detail, "finishing")?.duration_since(step(&detail, "ready")?).as_secs_f64();
    let whole = time(&detail["ended_at"])?.duration_since(time(&detail["started_at"])?).as_secs_f64();
    let shown = seconds(&film)?;
    ensure!(
        (shown - walked).abs() <= walked * 0.05 && shown <= whole,
        "the film lasts {shown:.2} s; the robot was on its way for {walked:.2} s of {whole:.2} s"
    );

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
    let (_, sizes) = played(&film).await?;
    ensure!(seconds(&film)? >= 1.0 && sizes.len() > 5, "{} pictures", sizes.len());
    Ok(())
}

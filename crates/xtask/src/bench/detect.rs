//! Milliseconds a picture takes on the default model: every backend of ours, letterbox, decoding of the output and
//! suppression included, and the bare onnxruntime session of Python on the same model, picture and input size.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;
use serde::Deserialize;

use super::peer::Peer;
use super::print;
use crate::exec;
use crate::places::Places;

/// Both sides take turns, so that a slow moment of the machine does not fall on one of them alone.
const TURNS: usize = 3;

/// One line that a side prints.
#[derive(Debug, Deserialize)]
struct Line {
    name: String,
    value: f64,
    unit: String,
}

/// The best turn of every figure, by name, with its unit.
type Figures = BTreeMap<String, (f64, String)>;

/// Lets both sides take turns and prints the best of each with the ratios.
pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    let peer = Peer::prepare(places)?;
    let directory = tempfile::tempdir().context("making a temporary directory")?;
    let picture = directory.path().join("street.jpg");
    take_picture(&places.cache.join("footage/still.mp4"), &picture)?;
    let mut figures = Figures::new();
    for _ in 0..TURNS {
        keep_best(&mut figures, &ours(places, &picture)?)?;
        let input = |side: &str| {
            let (value, _) = figures.get(&format!("detect.input.{side}")).context("our side told no input size")?;
            anyhow::Ok(value.to_string())
        };
        let (width, height) = (input("width")?, input("height")?);
        keep_best(&mut figures, &theirs(places, &peer, &picture, &width, &height)?)?;
    }
    for (name, (value, unit)) in &figures {
        print(name, *value, unit);
    }
    for threads in [1, 2] {
        let figure = |name: String| figures.get(&name).map(|(value, _)| *value);
        let ours = figure(format!("detect.onnxruntime.{threads}-thread"));
        let bare = figure(format!("detect.python-bare.{threads}-thread"));
        if let (Some(ours), Some(bare)) = (ours, bare) {
            print(&format!("detect.ratio.{threads}-thread"), ours / bare, "x");
        }
    }
    Ok(())
}

fn ours(places: &Places, picture: &Path) -> anyhow::Result<String> {
    let mut program = Command::new(places.programs().join("examples/bench_detect"));
    program.current_dir(&places.root).env("MODELS_DIR", places.root.join("models")).arg(picture);
    exec::output_of(&mut program).context("measuring our backends")
}

fn theirs(places: &Places, peer: &Peer, picture: &Path, width: &str, height: &str) -> anyhow::Result<String> {
    let mut program = peer.python();
    program
        .arg(places.root.join("crates/vision/benches/bare_onnxruntime.py"))
        .arg(places.cache.join("models/yolov4-tiny/model.onnx"))
        .arg(picture)
        .args([width, height])
        .stderr(Stdio::null());
    exec::output_of(&mut program).context("measuring the bare session")
}

fn keep_best(figures: &mut Figures, printed: &str) -> anyhow::Result<()> {
    for line in printed.lines() {
        let line: Line = serde_json::from_str(line).with_context(|| format!("`{line}` is no figure"))?;
        let best = figures.entry(line.name).or_insert((line.value, line.unit));
        best.0 = best.0.min(line.value);
    }
    Ok(())
}

/// Writes the first picture of a film as JPEG.
fn take_picture(film: &Path, picture: &Path) -> anyhow::Result<()> {
    let mut player = Command::new("gst-launch-1.0");
    player.args(["-q", "filesrc"]).arg(format!("location={}", film.display()));
    player.args(["!", "decodebin", "!", "videoconvert", "!", "jpegenc", "snapshot=true", "!", "filesink"]);
    player.arg(format!("location={}", picture.display()));
    exec::output_of(&mut player).map(drop).context("taking a picture from the street's footage")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_turn_counts() {
        let mut figures = Figures::new();
        for value in [30, 20, 25] {
            let line = format!(r#"{{"name": "a", "value": {value}, "unit": "ms"}}"#);
            keep_best(&mut figures, &line).expect("it is a figure");
        }

        assert_eq!(figures["a"], (20.0, "ms".to_owned()));
    }

    #[test]
    fn a_line_that_is_no_figure_is_shown() {
        let failure = keep_best(&mut Figures::new(), "Segmentation fault").expect_err("it is no figure");

        assert!(failure.to_string().contains("Segmentation fault"), "{failure}");
    }
}

//! Milliseconds a picture takes on the default model: every backend of ours, and the bare onnxruntime session of
//! Python on the same model and picture.

use std::process::Command;

use anyhow::Context;

use super::peer::Peer;
use crate::places::Places;
use crate::{exec, terminal};

/// Runs both sides one after the other and prints what they print: each line is a figure already.
pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    let peer = Peer::prepare(places)?;
    let mut ours = Command::new(places.programs().join("examples/bench_detect"));
    ours.current_dir(&places.root).env("MODELS_DIR", places.root.join("models"));
    pass_on(&exec::output_of(&mut ours).context("measuring our backends")?);
    let mut theirs = peer.python();
    theirs.current_dir(&places.root).arg("crates/vision/benches/bare_onnxruntime.py");
    pass_on(&exec::output_of(&mut theirs).context("measuring the bare session")?);
    Ok(())
}

fn pass_on(figures: &str) {
    for line in figures.lines() {
        terminal::say(line);
    }
}

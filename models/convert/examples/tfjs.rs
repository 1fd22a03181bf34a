//! Converts an SSD of TensorFlow.js: `cargo run -p model-convert --example tfjs -- SIDE FILE.onnx model.json SHARD…`.

use std::error::Error;
use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [side, onnx, model, shards @ ..] = arguments else {
        return Err("usage: tfjs SIDE FILE.onnx model.json SHARD…".into());
    };
    let mut weights = Vec::new();
    for shard in shards {
        weights.extend(fs::read(shard)?);
    }
    Ok(fs::write(onnx, model_convert::tfjs_ssd_to_onnx(&fs::read_to_string(model)?, &weights, side.parse()?)?)?)
}

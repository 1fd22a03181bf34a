//! Writes the tiny test detector: `cargo run -p model-convert --example shapes -- models/shapes/model.onnx`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: shapes FILE");
        return ExitCode::from(2);
    };
    match std::fs::write(&path, model_convert::shapes::model()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {}: {error}", path.to_string_lossy());
            ExitCode::FAILURE
        }
    }
}

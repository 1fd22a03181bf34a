//! Converts a Darknet network: `cargo run -p model-convert --example darknet -- FILE.cfg FILE.weights FILE.onnx [WIDTHxHEIGHT]`.
//! With a size, batch and sides are fixed in the file.

use std::error::Error;
use std::process::ExitCode;

use model_convert::InputShape;

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
    let (files, size) = match arguments {
        [files @ .., size] if files.len() == 3 => {
            let (width, height) = size.split_once('x').ok_or("a size is written WIDTHxHEIGHT")?;
            (files, Some((width.parse()?, height.parse()?)))
        }
        files if files.len() == 3 => (files, None),
        _ => return Err("usage: darknet FILE.cfg FILE.weights FILE.onnx [WIDTHxHEIGHT]".into()),
    };
    let (cfg, weights) = (std::fs::read_to_string(&files[0])?, std::fs::read(&files[1])?);
    let shape = InputShape { batch: size.map(|_| 1), size };
    let model = model_convert::darknet::convert(&cfg, &weights, shape)?;
    eprintln!("{} weights, outputs: {:#?}", model.parameters, model.heads);
    Ok(std::fs::write(&files[2], model.onnx)?)
}

//! Times a detector on one JPEG and prints a JSON line for each figure:
//! `cargo run --release -p vision --example bench_detect -- PICTURE.jpg [MODEL] [RUNS]`.
//!
//! `crates/vision/benches/bare_onnxruntime.py` times the bare session on the same model file and picture; run both in the same call.
//! The figure of a run is the median, so that another program's burst does not count.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use domain::geometry::Size;
use domain::picture::Picture;
use vision::letterbox::Letterbox;
use vision::{BackendChoice, Device, Input, InputSpec, Loaded, Manifest, Models, Precision, Sampler, Settings};

/// Runs that do not count: caches, first allocations, tract's plan.
const WARM_UP: usize = 5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first().map(|(picture, rest)| bench(Path::new(picture), rest)) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("usage: bench_detect PICTURE.jpg [MODEL] [RUNS]");
            ExitCode::from(2)
        }
    }
}

fn bench(picture: &Path, rest: &[String]) -> Result<(), Box<dyn Error>> {
    let name = rest.first().map_or("yolov4-tiny", String::as_str);
    let runs: usize = rest.get(1).map_or(Ok(60), |text| text.parse())?;
    let models = Models::new(from_env("MODELS_DIR").unwrap_or_else(|| "models".into()), cache_dir());
    let manifest = models.manifest(name)?;
    let model = models.read(&manifest)?;
    let picture = decode(&std::fs::read(picture)?)?;

    let canvas = Letterbox::of(&manifest.input, picture.size()).canvas();
    print("detect.input.width", f64::from(canvas.width), "px");
    print("detect.input.height", f64::from(canvas.height), "px");
    print("detect.letterbox", letterbox_ms(&manifest.input, &picture, runs * 5)?, "ms");
    let bench = Bench { picture: &picture, runs };
    for (choice, threads) in
        [(BackendChoice::Onnxruntime, 1), (BackendChoice::Onnxruntime, 2), (BackendChoice::Tract, 1)]
    {
        bench.detector(&manifest, &model, choice, threads)?;
    }
    if let Some(copy) = manifest.int8_copy() {
        match models.read_int8(&manifest) {
            Ok(model) => {
                for threads in [1, 2] {
                    bench.detector(&copy, &model, BackendChoice::Onnxruntime, threads)?;
                }
            }
            Err(error) => eprintln!("8 bits are not measured: {error}"),
        }
    }
    Ok(())
}

/// What every detector is timed on.
struct Bench<'a> {
    picture: &'a Picture,
    runs: usize,
}

impl Bench<'_> {
    fn detector(
        &self,
        manifest: &Manifest,
        model: &[u8],
        choice: BackendChoice,
        threads: usize,
    ) -> Result<(), Box<dyn Error>> {
        let settings = Settings { backend: choice, device: Device::Cpu, threads, ..Settings::new(cache_dir()) };
        let Loaded { mut detector, fallback } = vision::load(manifest, model, &settings)?;
        if let Some(reason) = fallback {
            eprintln!("{choice:?} is not measured: {reason}");
            return Ok(());
        }
        let mut found = 0;
        let total = median_ms(self.runs, || {
            found = detector.detect(&[Input::whole(self.picture)])?.iter().map(Vec::len).sum();
            Ok(())
        })?;
        let info = detector.info();
        let precision = if info.precision == Precision::Int8 { "-int8" } else { "" };
        let name = format!("detect.{}{precision}.{threads}-thread", info.backend);
        print(&name, total, "ms");
        print(&format!("{name}.found"), found as f64, "boxes");
        Ok(())
    }
}

/// Times scaling and normalising alone.
fn letterbox_ms(spec: &InputSpec, picture: &Picture, runs: usize) -> Result<f64, Box<dyn Error>> {
    let letterbox = Letterbox::of(spec, picture.size());
    let mut sampler = Sampler::new(spec.clone());
    let mut planes = vec![0.0; 3 * usize::try_from(letterbox.canvas().pixels())?];
    median_ms(runs, || {
        sampler.fill(picture, &letterbox, &mut planes);
        Ok(())
    })
}

fn median_ms(runs: usize, mut run: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut times = Vec::with_capacity(runs);
    for index in 0..WARM_UP + runs.max(1) {
        let start = Instant::now();
        run()?;
        if index >= WARM_UP {
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

#[expect(clippy::print_stdout, reason = "the figures are the program's output")]
fn print(name: &str, value: f64, unit: &str) {
    println!("{}", serde_json::json!({ "name": name, "value": (value * 1e4).round() / 1e4, "unit": unit }));
}

fn decode(jpeg: &[u8]) -> Result<Picture, Box<dyn Error>> {
    let image = turbojpeg::decompress(jpeg, turbojpeg::PixelFormat::RGB)?;
    let size = Size::new(u32::try_from(image.width)?, u32::try_from(image.height)?);
    Ok(Picture::rgb(size, image.pitch, image.pixels.into())?)
}

fn from_env(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn cache_dir() -> PathBuf {
    let cache = || from_env("XDG_CACHE_HOME").map(|dir| dir.join("ronda"));
    let home = || from_env("HOME").map(|dir| dir.join(".cache/ronda"));
    from_env("RONDA_CACHE_DIR").or_else(cache).or_else(home).unwrap_or_else(|| "cache".into())
}

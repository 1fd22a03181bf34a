//! Compares two photos of one place and prints what is different, as JSON:
//! `cargo run --release -p vision --example difference -- EARLIER.jpg LATER.jpg [MARKED.jpg]`.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use domain::geometry::Size;
use domain::picture::Picture;
use vision::{DifferenceSettings, difference, marked};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (earlier, later, to) = match &arguments[..] {
        [earlier, later] => (earlier, later, None),
        [earlier, later, to] => (earlier, later, Some(to)),
        _ => {
            eprintln!("usage: difference EARLIER.jpg LATER.jpg [MARKED.jpg]");
            return ExitCode::from(2);
        }
    };
    match compare(Path::new(earlier), Path::new(later), to.map(Path::new)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the answer is the program's output")]
fn compare(earlier: &Path, later: &Path, to: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let (earlier, later) = (decode(&std::fs::read(earlier)?)?, decode(&std::fs::read(later)?)?);
    let began = Instant::now();
    let found = difference(&earlier, &later, &DifferenceSettings::default())?;
    let ms = began.elapsed().as_secs_f64() * 1e3;
    let answer = serde_json::json!({
        "score": found.score, "aligned": found.aligned, "regions": found.regions, "ms": (ms * 10.0).round() / 10.0,
    });
    println!("{answer}");
    if let Some(to) = to {
        std::fs::write(to, encode(&marked(&later, &found.regions))?)?;
    }
    Ok(())
}

fn decode(jpeg: &[u8]) -> Result<Picture, Box<dyn Error>> {
    let image = turbojpeg::decompress(jpeg, turbojpeg::PixelFormat::RGB)?;
    let size = Size::new(u32::try_from(image.width)?, u32::try_from(image.height)?);
    Ok(Picture::rgb(size, image.pitch, image.pixels.into())?)
}

fn encode(picture: &Picture) -> Result<Vec<u8>, Box<dyn Error>> {
    let (pixels, pitch) = picture.plane(0);
    let (width, height) = (picture.size().width as usize, picture.size().height as usize);
    let image = turbojpeg::Image { pixels, width, pitch, height, format: turbojpeg::PixelFormat::RGB };
    Ok(turbojpeg::compress(image, 90, turbojpeg::Subsamp::Sub2x2)?.to_vec())
}

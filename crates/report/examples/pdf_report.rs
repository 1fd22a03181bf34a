//! Times the PDF of a run of thirty waypoints, each with a photo of 1280 × 720, and prints one line of JSON; or, given a
//! directory, writes specimens of all reports into it.

#![allow(clippy::print_stdout, reason = "it is a program for the command line")]

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use report::{Fonts, RunReport, analysis_pdf, run_pdf};

fn main() -> Result<(), Box<dyn Error>> {
    let fonts = Fonts::find(&Fonts::dirs(|name| std::env::var(name).ok()));
    match std::env::args().nth(1) {
        Some(dir) => write_specimens(Path::new(&dir), &fonts),
        None => measure(&fonts),
    }
}

fn measure(fonts: &Fonts) -> Result<(), Box<dyn Error>> {
    let report = sample::run(30);
    // What a service has loaded after its first report is loaded before the measurement.
    run_pdf(&sample::run(1), fonts)?;
    let begun = Instant::now();
    let pdf = run_pdf(&report, fonts)?;
    let ms = begun.elapsed().as_millis();
    let bytes = pdf.len();
    drop((pdf, report));
    println!("{{\"ms\":{ms},\"bytes\":{bytes},\"resident_after_kb\":{}}}", resident_kb()?);
    Ok(())
}

/// Returns how much memory the process still holds.
fn resident_kb() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the kernel does not say")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn write_specimens(dir: &Path, fonts: &Fonts) -> Result<(), Box<dyn Error>> {
    let chinese = RunReport { summary: Some(sample::CHECKLIST.into()), ..sample::run(8) };
    let runs = [
        ("run-30", sample::run(30)),
        ("run-60", sample::run(60)),
        ("run-0", sample::run(0)),
        ("run-chinese", chinese),
        ("run-nasty", sample::nasty::run()),
    ];
    for (name, report) in runs {
        let begun = Instant::now();
        let pdf = run_pdf(&report, fonts)?;
        println!("{name}: {} ms, {} kB", begun.elapsed().as_millis(), pdf.len() / 1000);
        std::fs::write(dir.join(name).with_extension("pdf"), pdf)?;
    }
    let nasty = sample::nasty::markdown();
    for (name, text) in
        [("analysis-chinese", sample::CHECKLIST), ("analysis", sample::SUMMARY), ("analysis-nasty", &nasty)]
    {
        std::fs::write(dir.join(name).with_extension("pdf"), analysis_pdf(&sample::analysis(text), fonts)?)?;
    }
    let without_chinese = analysis_pdf(&sample::analysis(sample::CHECKLIST), &Fonts::compiled_in())?;
    Ok(std::fs::write(dir.join("analysis-no-font.pdf"), without_chinese)?)
}

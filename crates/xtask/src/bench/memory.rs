//! Resident memory of every process of a site with four cameras, whose pages are open and whose inference API is used:
//! the peak, and whether it still grows in the second half.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use super::stage::{Script, Stage, ask, own_cameras, picture, upload};
use super::{print, process};
use crate::places::Places;
use crate::terminal;

const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Watches for some minutes.
pub(crate) fn run(places: &Places, minutes: u64) -> anyhow::Result<()> {
    let mut stage = Stage::open(places)?;
    let cameras = own_cameras();
    let webhook = format!("http://127.0.0.1:{}/webhook", stage.sim);
    stage.play(&Script { cameras: &cameras, webhook: Some(webhook), repeat_seconds: Some(2.0) })?;
    stage.route()?;
    stage.serve()?;
    stage.wait("the first picture", || picture(stage.stream_manager, &cameras[0].id).is_ok())?;

    let length = Duration::from_secs(minutes * 60);
    let began = Instant::now();
    let mut series: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    while began.elapsed() < length {
        let seen = picture(stage.stream_manager, &cameras[0].id)?;
        upload(stage.inference_api, "/infer", &seen)?;
        let _system: serde_json::Value = ask(stage.console, "/console/api/v1/system")?;
        for actor in stage.actors() {
            let resident = process::resident_mib(actor.pid())?;
            series.entry(actor.name()).or_default().push(resident);
        }
        terminal::ticker(&format!("  watching memory ({})", terminal::human(began.elapsed())));
        thread::sleep(LOOK_EVERY);
    }
    terminal::clear_ticker();
    for (name, values) in series {
        let peak = values.iter().copied().fold(0.0, f64::max);
        print(&format!("memory.{name}.peak"), peak, "MiB");
        print(&format!("memory.{name}.growth-in-second-half"), growth(&values), "MiB");
    }
    Ok(())
}

/// The mean of the last tenth less the mean of the tenth after the middle: steady use gives 0, whatever its ripple.
fn growth(values: &[f64]) -> f64 {
    let tenth = (values.len() / 10).max(1);
    let middle = values.len() / 2;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let early = &values[middle..(middle + tenth).min(values.len())];
    let late = &values[values.len() - tenth.min(values.len())..];
    mean(late) - mean(early)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_shows_and_a_ripple_does_not() {
        let leak: Vec<f64> = (0..100).map(f64::from).collect();
        let ripple: Vec<f64> = (0..100).map(|step| 50.0 + f64::from(step % 2)).collect();

        assert!(growth(&leak) > 30.0);
        assert!(growth(&ripple).abs() < 0.01);
    }
}

//! What Linux tells under `/sys`: temperatures, and the load of a Jetson's GPU.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where Jetsons tell the load of their GPU, in thousandths: the older boards, then the newer ones.
const GPU_LOADS: [&str; 3] =
    ["devices/gpu.0/load", "devices/platform/gpu.0/load", "devices/platform/bus@0/17000000.gpu/load"];

/// Returns the load of a Jetson's GPU, 0 to 1.
pub(super) fn gpu_load(sys: &Path) -> Option<f64> {
    let text = GPU_LOADS.iter().find_map(|path| fs::read_to_string(sys.join(path)).ok())?;
    let thousandths: f64 = text.trim().parse().ok()?;
    Some((thousandths / 1000.0).clamp(0.0, 1.0))
}

/// Returns the temperature of each type of zone; of several zones of one type that of the hottest.
pub(super) fn temperatures_under(sys: &Path) -> BTreeMap<String, f64> {
    let mut hottest = BTreeMap::new();
    for zone in fs::read_dir(sys.join("class/thermal")).into_iter().flatten().flatten() {
        let read = |name: &str| fs::read_to_string(zone.path().join(name)).ok();
        // A sensor that is switched off cannot be read.
        let (Some(sensor), Some(thousandths)) = (read("type"), read("temp")) else { continue };
        let Ok(thousandths) = thousandths.trim().parse::<f64>() else { continue };
        let known = hottest.entry(sensor.trim().to_owned()).or_insert(f64::MIN);
        *known = known.max(thousandths / 1000.0);
    }
    hottest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let sys = tempfile::tempdir().expect("a directory");
        for (path, text) in files {
            let path = sys.path().join(path);
            fs::create_dir_all(path.parent().expect("lies in one")).expect("is made");
            fs::write(path, text).expect("is written");
        }
        sys
    }

    #[test]
    fn a_jetson_tells_its_load_and_its_temperatures() {
        let sys = machine(&[
            ("devices/gpu.0/load", "437\n"),
            ("class/thermal/thermal_zone0/type", "CPU-therm\n"),
            ("class/thermal/thermal_zone0/temp", "48500\n"),
            ("class/thermal/thermal_zone1/type", "GPU-therm\n"),
            ("class/thermal/thermal_zone1/temp", "51250\n"),
            ("class/thermal/thermal_zone2/type", "CPU-therm\n"),
            ("class/thermal/thermal_zone2/temp", "47000\n"),
            ("class/thermal/thermal_zone3/type", "CV0-therm\n"),
            ("class/thermal/cooling_device0/type", "pwm-fan\n"),
        ]);
        assert_eq!(gpu_load(sys.path()), Some(0.437));
        let expected = [("CPU-therm".to_owned(), 48.5), ("GPU-therm".to_owned(), 51.25)];
        assert_eq!(temperatures_under(sys.path()), expected.into());
    }

    #[test]
    fn a_machine_that_says_nothing_shows_nothing() {
        let sys = machine(&[]);
        assert_eq!(gpu_load(sys.path()), None);
        assert!(temperatures_under(sys.path()).is_empty());
    }
}

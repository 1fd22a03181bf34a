//! What NVIDIA's driver tells of discrete GPUs, through its library NVML, which is there if the driver is.

use std::ffi::OsString;
use std::sync::OnceLock;

use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use tracing::info;

/// The driver's library; in a container, NVIDIA's runtime puts it in place.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// The driver, asked for when it is first needed: on a sleeping GPU that takes a second.
#[derive(Debug)]
pub(super) struct Driver {
    library: OsString,
    opened: OnceLock<Option<Nvml>>,
}

/// What the driver tells of one GPU; some do not have some of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gpu {
    pub(super) number: u32,
    /// 0 to 1.
    pub(super) load: Option<f64>,
    /// In bytes.
    pub(super) memory_used: Option<f64>,
    /// In bytes.
    pub(super) memory: Option<f64>,
    /// In watts.
    pub(super) power: Option<f64>,
    pub(super) celsius: Option<f64>,
}

impl Default for Driver {
    fn default() -> Self {
        Self { library: LIBRARY.into(), opened: OnceLock::new() }
    }
}

impl Driver {
    /// Returns every GPU that can be asked; none without the driver.
    pub(super) fn gpus(&self) -> Vec<Gpu> {
        let Some(driver) = self.opened.get_or_init(|| self.open()) else { return Vec::new() };
        let count = driver.device_count().unwrap_or(0);
        (0..count).filter_map(|number| asked(driver, number)).collect()
    }

    fn open(&self) -> Option<Nvml> {
        Nvml::builder()
            .lib_path(&self.library)
            .init()
            .inspect_err(|reason| info!(%reason, "NVIDIA's driver tells nothing of GPUs"))
            .ok()
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn asked(driver: &Nvml, number: u32) -> Option<Gpu> {
    let device = driver.device_by_index(number).ok()?;
    let memory = device.memory_info().ok();
    Some(Gpu {
        number,
        load: device.utilization_rates().ok().map(|rates| f64::from(rates.gpu) / 100.0),
        memory_used: memory.as_ref().map(|memory| memory.used as f64),
        memory: memory.map(|memory| memory.total as f64),
        power: device.power_usage().ok().map(|milliwatts| f64::from(milliwatts) / 1000.0),
        celsius: device.temperature(TemperatureSensor::Gpu).ok().map(f64::from),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// NVML as a driver with two GPUs has it: the second tells its memory alone, and a third has fallen off the bus.
    const NVML: &str = r"
        typedef struct { unsigned gpu, memory; } load;
        typedef struct { unsigned version; unsigned long long total, reserved, free, used; } memory;
        enum { SUCCESS = 0, NOT_SUPPORTED = 3, GPU_IS_LOST = 15 };
        int nvmlInit_v2(void) { return SUCCESS; }
        int nvmlShutdown(void) { return SUCCESS; }
        int nvmlDeviceGetCount_v2(unsigned *count) { *count = 3; return SUCCESS; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
            *device = (void *) (unsigned long) (index + 1);
            return index == 2 ? GPU_IS_LOST : SUCCESS;
        }
        int nvmlDeviceGetMemoryInfo_v2(void *device, memory *info) {
            info->total = 8000; info->reserved = 300; info->free = 5000; info->used = 2700;
            return SUCCESS;
        }
        int nvmlDeviceGetUtilizationRates(void *device, load *rates) {
            rates->gpu = 37; rates->memory = 5;
            return device == (void *) 1 ? SUCCESS : NOT_SUPPORTED;
        }
        int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts) {
            *milliwatts = 71500;
            return device == (void *) 1 ? SUCCESS : NOT_SUPPORTED;
        }
        int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius) {
            *celsius = 64;
            return device == (void *) 1 && sensor == 0 ? SUCCESS : NOT_SUPPORTED;
        }
    ";

    #[test]
    fn every_gpu_tells_what_it_has() {
        let directory = tempfile::tempdir().expect("a directory");
        let (source, library) = (directory.path().join("nvml.c"), directory.path().join(LIBRARY));
        fs::write(&source, NVML).expect("is written");
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        assert!(compiled.expect("there is a C compiler, or nothing could be linked").success());

        let driver = Driver { library: library.into(), opened: OnceLock::new() };

        let first = Gpu {
            number: 0,
            load: Some(0.37),
            memory_used: Some(2700.0),
            memory: Some(8000.0),
            power: Some(71.5),
            celsius: Some(64.0),
        };
        let second = Gpu { number: 1, load: None, power: None, celsius: None, ..first };
        assert_eq!(driver.gpus(), [first, second]);
        assert_eq!(driver.gpus().len(), 2, "and once more");
    }

    #[test]
    fn without_a_driver_there_are_none() {
        let driver = Driver { library: "/nowhere/libnvidia-ml.so.1".into(), opened: OnceLock::new() };
        assert_eq!(driver.gpus(), []);
    }
}

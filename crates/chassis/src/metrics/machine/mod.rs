//! What the machine tells of itself: temperatures, and how busy its GPUs are. What it does not tell is not shown.

mod nvidia;
mod sys;

use std::path::Path;

use prometheus::GaugeVec;

use self::nvidia::Driver;
use super::{float_gauges, refreshed};

/// The figures of GPUs. The label is the number that the driver gives them; a Jetson's only one is 0.
struct Gpus {
    load: GaugeVec,
    memory_used: GaugeVec,
    memory: GaugeVec,
    power: GaugeVec,
}

impl Gpus {
    fn describe() -> Self {
        let gauges = |name, help| float_gauges(name, help, &["gpu"]);
        Self {
            load: gauges("ronda_gpu_load_ratio", "Load of the GPU, 0 to 1."),
            memory_used: gauges("ronda_gpu_memory_used_bytes", "Memory of the GPU that is in use."),
            memory: gauges("ronda_gpu_memory_bytes", "Memory of the GPU."),
            power: gauges("ronda_gpu_power_watts", "What the GPU draws."),
        }
    }

    /// Forgets the last figures: a GPU may be gone.
    fn reset(&self) {
        [&self.load, &self.memory_used, &self.memory, &self.power].into_iter().for_each(GaugeVec::reset);
    }
}

/// Shows what the machine tells of itself: for processes that make it warm.
pub fn describe_machine() {
    let gpus = Gpus::describe();
    let temperatures = float_gauges("ronda_temperature_celsius", "Temperatures.", &["sensor"]);
    let driver = Driver::default();
    refreshed("ronda_machine", move || {
        gpus.reset();
        temperatures.reset();
        let sys = Path::new("/sys");
        for (sensor, celsius) in sys::temperatures_under(sys) {
            temperatures.with_label_values(&[&sensor]).set(celsius);
        }
        if let Some(load) = sys::gpu_load(sys) {
            gpus.load.with_label_values(&["0"]).set(load);
            return;
        }
        for gpu in driver.gpus() {
            let number = gpu.number.to_string();
            let set = |gauges: &GaugeVec, figure: Option<f64>| {
                if let Some(figure) = figure {
                    gauges.with_label_values(&[&number]).set(figure);
                }
            };
            set(&gpus.load, gpu.load);
            set(&gpus.memory_used, gpu.memory_used);
            set(&gpus.memory, gpu.memory);
            set(&gpus.power, gpu.power);
            if let Some(celsius) = gpu.celsius {
                temperatures.with_label_values(&[&format!("GPU {number}")]).set(celsius);
            }
        }
    });
}

//! A model that is run to see its outputs as they are, without what they mean.

use domain::geometry::Size;

use super::engine::{Engine as _, Fill, Shape};
use super::onnxruntime::Onnxruntime;
use crate::decode::Tensor;
use crate::detector::DetectError;
use crate::settings::{Device, Settings};

/// A model on the CPU.
pub(crate) struct Tap(Onnxruntime);

impl Tap {
    pub(crate) fn open(model: &[u8], settings: &Settings) -> Result<Self, String> {
        let settings = Settings { device: Device::Cpu, ..settings.clone() };
        Ok(Self(Onnxruntime::open(model, &settings)?.engine))
    }

    /// Runs the model once and returns the smallest and largest number of each output.
    pub(crate) fn extremes(&mut self, canvas: Size, fill: Fill<'_>) -> Result<Vec<[f32; 2]>, DetectError> {
        let mut extremes = Vec::new();
        let mut read = |outputs: &[Tensor<'_>]| {
            extremes = outputs.iter().map(|output| extremes_of(output.data)).collect();
            Ok(())
        };
        self.0.run(Shape { batch: 1, canvas }, fill, &mut read)?;
        Ok(extremes)
    }
}

fn extremes_of(numbers: &[f32]) -> [f32; 2] {
    numbers.iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], number| [low.min(*number), high.max(*number)])
}

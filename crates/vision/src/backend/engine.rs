//! What a backend has to do: take a tensor, give tensors. Everything else is done once, for all of them.

use domain::geometry::Size;

use crate::decode::Tensor;
use crate::detector::DetectError;
use crate::manifest::Backend;

/// The shape of one run's input, `[batch, 3, height, width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub(crate) batch: usize,
    pub(crate) canvas: Size,
}

impl Shape {
    pub(crate) fn axes(self) -> [usize; 4] {
        [self.batch, 3, self.canvas.height as usize, self.canvas.width as usize]
    }

    pub(crate) fn numbers(self) -> usize {
        self.axes().iter().product()
    }
}

/// Writes the input of a run.
pub(crate) type Fill<'a> = &'a mut dyn FnMut(&mut [f32]);
/// Reads the outputs of a run.
pub(crate) type Read<'a> = &'a mut dyn FnMut(&[Tensor<'_>]) -> Result<(), DetectError>;

/// A model that is loaded.
pub(crate) trait Engine: Send {
    fn backend(&self) -> Backend;

    /// The execution provider in use.
    fn device(&self) -> &'static str;

    fn threads(&self) -> usize;

    /// Multiples of what the canvas of a region should be, given the model's stride: 1 if new shapes cost nothing.
    fn strides_per_step(&self) -> u32;

    fn run(&mut self, shape: Shape, fill: Fill<'_>, read: Read<'_>) -> Result<(), DetectError>;
}

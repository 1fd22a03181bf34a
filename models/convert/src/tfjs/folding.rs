//! Convolutions, and the factors and biases that exporters leave beside them.

use super::Value;
use super::graph::{Node, TfGraph};
use crate::ConvertError;

/// A convolution with everything that was folded into it.
#[derive(Debug, Clone)]
pub(super) struct Convolution {
    pub(super) input: Value,
    pub(super) filters: usize,
    /// Channels that one filter looks at.
    pub(super) per_filter: usize,
    pub(super) size: usize,
    pub(super) stride: usize,
    pub(super) groups: usize,
    /// `[filters, per_filter, size, size]`
    pub(super) weights: Vec<f32>,
    pub(super) biases: Vec<f32>,
}

impl Convolution {
    pub(super) fn new(node: &Node, tf: &TfGraph, input: Value) -> Result<Self, ConvertError> {
        let name = node.value(1)?;
        let constant = tf.constant(name)?;
        let [height, width, channels, last] = constant.shape[..] else {
            return Err(node.wrong("weights of four axes"));
        };
        let is_usual = node.text("padding") == Some(b"SAME")
            && matches!(node.text("data_format"), None | Some(b"NHWC"))
            && node.numbers("dilations").is_none_or(|dilations| dilations.iter().all(|dilation| *dilation == 1));
        if height != width || channels != input.channels || !is_usual {
            return Err(node.wrong("a square convolution with SAME padding over all channels"));
        }
        let stride = match node.numbers("strides").as_deref() {
            Some([1, down, across, 1]) if down == across && *down > 0 => *down,
            _ => return Err(node.wrong("the same stride down and across")),
        };
        let depthwise = node.op == "DepthwiseConv2dNative";
        let filters = if depthwise { channels * last } else { last };
        let per_filter = if depthwise { 1 } else { channels };
        let numbers = constant.floats(name)?;
        let mut weights = Vec::with_capacity(numbers.len());
        for filter in 0..filters {
            for channel in 0..per_filter {
                for place in 0..height * width {
                    // TensorFlow has the places first; a depthwise filter is counted by channel and multiplier.
                    let at =
                        if depthwise { place * filters + filter } else { (place * channels + channel) * last + filter };
                    weights.push(numbers[at]);
                }
            }
        }
        let groups = if depthwise { channels } else { 1 };
        Ok(Self { input, filters, per_filter, size: height, stride, groups, weights, biases: vec![0.0; filters] })
    }

    /// Multiplies what the convolution gives, and then adds to it.
    pub(super) fn fold(&mut self, scale: &Scale) -> Result<(), &'static str> {
        let per_filter = self.weights.len() / self.filters;
        let of = |numbers: &[f32], filter: usize, nothing: f32| match numbers {
            [] => Ok(nothing),
            [one] => Ok(*one),
            many => many.get(filter).copied().ok_or("a number for each filter"),
        };
        for (filter, weights) in self.weights.chunks_exact_mut(per_filter).enumerate() {
            let factor = of(&scale.factors, filter, 1.0)?;
            for weight in weights {
                *weight *= factor;
            }
            self.biases[filter] = self.biases[filter] * factor + of(&scale.biases, filter, 0.0)?;
        }
        Ok(())
    }
}

/// A factor and then a bias, for each filter; one number stands for all, none for nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    factors: Vec<f32>,
    biases: Vec<f32>,
}

impl Scale {
    pub(super) fn factor(factors: Vec<f32>) -> Self {
        Self { factors, biases: Vec::new() }
    }

    /// The sum of several biases.
    pub(super) fn bias(parts: Vec<Vec<f32>>) -> Self {
        let add = |a: Vec<f32>, b: Vec<f32>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
        Self { factors: Vec::new(), biases: parts.into_iter().reduce(add).unwrap_or_default() }
    }

    /// A batch normalisation: gamma, beta, mean and variance.
    pub(super) fn of_normalisation(node: &Node, tf: &TfGraph) -> Result<Self, ConvertError> {
        let read = |index: usize| tf.floats(node.value(index)?);
        let (gamma, beta, mean, variance) = (read(1)?, read(2)?, read(3)?, read(4)?);
        let floor = f64::from(node.number("epsilon").unwrap_or(1e-3));
        let factors: Vec<f32> =
            gamma.iter().zip(&variance).map(|(g, v)| (f64::from(*g) / (f64::from(*v) + floor).sqrt()) as f32).collect();
        let biases = beta.iter().zip(&mean).zip(&factors).map(|((b, m), f)| b - m * f).collect();
        Ok(Self { factors, biases })
    }

    /// Returns the operators that do the same, and their numbers.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&'static str, &[f32])> {
        [("Mul", &*self.factors), ("Add", &*self.biases)].into_iter().filter(|(_, numbers)| !numbers.is_empty())
    }
}

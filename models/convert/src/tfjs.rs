//! SSD detectors as TensorFlow.js stores them: `model.json` and its weight shards in, one ONNX file out, cut where boxes would be decoded.
//!
//! Only what a MobileNet SSD is made of is understood. The graph is followed backwards from the box and the class predictions to the
//! normalised picture; batch normalisation is folded into the convolutions, whatever shape the exporter gave it. The input is `images`,
//! `[batch, 3, side, side]`, red-green-blue from -1 to 1; the outputs are `offsets` `[batch, priors, 4]` and `scores` `[batch, priors, 1 +
//! classes]` as logits.

mod folding;
mod graph;

use std::collections::HashMap;

use folding::{Convolution, Scale};
use graph::{Node, TfGraph};

use crate::ConvertError;
use crate::graph::{Builder, InputShape, int, ints};

/// The value at which the picture enters: scaled and normalised.
const PICTURE: &str = "Preprocessor/sub";
/// Where the predictions of all grids are joined: offsets, scores.
const PREDICTIONS: [(&str, &str); 2] = [("concat", "offsets"), ("concat_1", "scores")];

/// Converts an SSD of TensorFlow.js to ONNX. `weights` are the shards in the order of `model.json`, one after another; `side` is the
/// width and height of the input. The same input always gives the same bytes.
///
/// # Errors
/// [`ConvertError::Tfjs`] with the node that is wrong or unsupported.
pub fn tfjs_ssd_to_onnx(model_json: &str, weights: &[u8], side: u32) -> Result<Vec<u8>, ConvertError> {
    let tf = TfGraph::parse(model_json, weights)?;
    let shape = InputShape { batch: None, size: Some((side, side)) };
    let picture = Value { name: "images".to_owned(), channels: 3, side: side as usize };
    let values = HashMap::from([(PICTURE.to_owned(), Made::Value(picture))]);
    let mut writer = Writer { graph: Builder::new("ssd", "images", shape), tf: &tf, values };
    for (node, output) in PREDICTIONS {
        writer.prediction(node, output)?;
    }
    Ok(writer.graph.finish())
}

/// A value in the ONNX graph: `[batch, channels, side, side]`.
#[derive(Debug, Clone)]
struct Value {
    name: String,
    channels: usize,
    side: usize,
}

/// What a node has become.
#[derive(Debug, Clone)]
enum Made {
    Value(Value),
    /// A convolution that is written once it is known what is folded into it.
    Convolution(Convolution),
}

struct Writer<'a> {
    graph: Builder,
    tf: &'a TfGraph,
    values: HashMap<String, Made>,
}

impl Writer<'_> {
    /// Writes the concatenation of all grids' predictions as an output.
    fn prediction(&mut self, node: &str, output: &str) -> Result<(), ConvertError> {
        let node = self.tf.node(node)?;
        let mut parts = Vec::new();
        let mut numbers = 0;
        for input in node.values() {
            let reshape = self.tf.node(input)?;
            reshape.expect("Reshape")?;
            let grid = self.value(reshape.value(0)?)?;
            numbers = self.tf.last_axis(reshape.value(1)?)?;
            let lines = self.graph.step("Transpose", &[&grid.name], vec![ints("perm", &[0, 2, 3, 1])]);
            let shape = self.graph.ints(&[0, -1, numbers as i64]);
            parts.push(self.graph.step("Reshape", &[&lines, &shape], Vec::new()));
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.graph.step_named("Concat", &parts, vec![int("axis", 1)], output);
        let numbers = u32::try_from(numbers).map_err(|_| node.wrong("a last axis of a sensible length"))?;
        self.graph.output(output, &[None, None, Some(numbers)]);
        Ok(())
    }

    /// Returns the value of a node, written.
    fn value(&mut self, name: &str) -> Result<Value, ConvertError> {
        let value = match self.made(name)? {
            Made::Value(value) => return Ok(value),
            Made::Convolution(convolution) => self.write(&convolution),
        };
        self.values.insert(name.to_owned(), Made::Value(value.clone()));
        Ok(value)
    }

    fn made(&mut self, name: &str) -> Result<Made, ConvertError> {
        if let Some(made) = self.values.get(name) {
            return Ok(made.clone());
        }
        let node = self.tf.node(name)?;
        let made = match node.op.as_str() {
            "Conv2D" | "DepthwiseConv2dNative" => {
                let input = self.value(node.value(0)?)?;
                Made::Convolution(Convolution::new(node, self.tf, input)?)
            }
            "FusedBatchNorm" | "FusedBatchNormV3" => {
                let scale = Scale::of_normalisation(node, self.tf)?;
                self.scaled(node, node.value(0)?, &scale)?
            }
            "Mul" => {
                let (value, factors) = self.split_constant(node)?;
                self.scaled(node, value, &Scale::factor(factors))?
            }
            "Add" | "AddV2" | "AddN" | "BiasAdd" => self.sum(node)?,
            "Relu6" => {
                let input = self.value(node.value(0)?)?;
                let (least, most) = (self.graph.floats(&[], &[0.0]), self.graph.floats(&[], &[6.0]));
                Made::Value(Value { name: self.graph.step("Clip", &[&input.name, &least, &most], Vec::new()), ..input })
            }
            _ => return Err(node.wrong("an operator of a MobileNet SSD")),
        };
        self.values.insert(name.to_owned(), made.clone());
        Ok(made)
    }

    /// Adds constants to biases, and values to each other.
    fn sum(&mut self, node: &Node) -> Result<Made, ConvertError> {
        let (constants, values): (Vec<&str>, Vec<&str>) = node.values().partition(|input| self.tf.is_constant(input));
        let bias = Scale::bias(constants.iter().map(|name| self.tf.floats(name)).collect::<Result<Vec<_>, _>>()?);
        match values[..] {
            [only] => self.scaled(node, only, &bias),
            [first, ref others @ ..] => {
                // A constant among values belongs to the first of them.
                let mut sum = match self.scaled(node, first, &bias)? {
                    Made::Convolution(convolution) => self.write(&convolution),
                    Made::Value(value) => value,
                };
                for other in others {
                    let other = self.value(other)?;
                    sum.name = self.graph.step("Add", &[&sum.name, &other.name], Vec::new());
                }
                Ok(Made::Value(sum))
            }
            [] => Err(node.wrong("something that is not constant")),
        }
    }

    /// Folds a factor and a bias into the convolution before; behind anything else they are steps of their own.
    fn scaled(&mut self, node: &Node, input: &str, scale: &Scale) -> Result<Made, ConvertError> {
        match self.made(input)? {
            Made::Convolution(mut convolution) => {
                convolution.fold(scale).map_err(|expectation| node.wrong(expectation))?;
                Ok(Made::Convolution(convolution))
            }
            Made::Value(mut value) => {
                for (operator, numbers) in scale.steps() {
                    if numbers.len() != 1 && numbers.len() != value.channels {
                        return Err(node.wrong("a number for each channel"));
                    }
                    let numbers = self.graph.floats(&[1, numbers.len() as i64, 1, 1], numbers);
                    value.name = self.graph.step(operator, &[&value.name, &numbers], Vec::new());
                }
                Ok(Made::Value(value))
            }
        }
    }

    fn split_constant<'n>(&self, node: &'n Node) -> Result<(&'n str, Vec<f32>), ConvertError> {
        let (a, b) = (node.value(0)?, node.value(1)?);
        let (value, constant) = if self.tf.is_constant(a) { (b, a) } else { (a, b) };
        Ok((value, self.tf.floats(constant)?))
    }

    fn write(&mut self, convolution: &Convolution) -> Value {
        let Convolution { input, filters, per_filter, size, stride, groups, weights, biases } = convolution;
        let dims = [*filters, *per_filter, *size, *size].map(|length| length as i64);
        let weights = self.graph.floats(&dims, weights);
        let biases = self.graph.floats(&[*filters as i64], biases);
        // TensorFlow's SAME: as many outputs as strides fit, the odd pad at the end.
        let side = input.side.div_ceil(*stride);
        let padding = ((side - 1) * stride + size).saturating_sub(input.side);
        let (start, end) = ((padding / 2) as i64, (padding - padding / 2) as i64);
        let attributes = vec![
            int("group", *groups as i64),
            ints("kernel_shape", &[*size as i64; 2]),
            ints("pads", &[start, start, end, end]),
            ints("strides", &[*stride as i64; 2]),
        ];
        let name = self.graph.step("Conv", &[&input.name, &weights, &biases], attributes);
        Value { name, channels: *filters, side }
    }
}

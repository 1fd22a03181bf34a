//! Darknet networks: `.cfg` and `.weights` in, one ONNX file out, cut where boxes would be decoded.
//!
//! The input is `images`, `[batch, 3, height, width]`, red-green-blue from 0 to 1, sides in multiples of 32. Each `[yolo]` section becomes
//! an output `head_<stride>`, `[batch, anchors × (5 + classes), height / stride, width / stride]`, as the last convolution gives it.

mod cfg;
mod weights;

use cfg::{Activation, Convolution, Kind, Layer, Network};
use weights::Weights;

use crate::ConvertError;
use crate::graph::{Builder, InputShape, float, int, ints, text};

/// What is added to a variance before its root is taken, as Darknet does.
const VARIANCE_FLOOR: f64 = 1e-5;
/// How Darknet's leaky unit lets negative numbers through.
const LEAK: f32 = 0.1;

/// What a `[yolo]` section says about its output.
#[derive(Debug, Clone, PartialEq)]
pub struct DarknetHead {
    /// The output's name.
    pub name: String,
    /// How many pixels of the input a cell is wide and high.
    pub stride: u32,
    /// The anchors' widths and heights in pixels of the input.
    pub anchors: Vec<[f32; 2]>,
    /// How far a centre may leave its cell.
    pub scale_xy: f32,
    /// How many classes it tells apart.
    pub classes: usize,
}

/// A converted network.
#[derive(Debug, Clone, PartialEq)]
pub struct DarknetModel {
    /// The ONNX file.
    pub onnx: Vec<u8>,
    /// Its outputs, in order.
    pub heads: Vec<DarknetHead>,
    /// How many numbers the `.weights` file held.
    pub parameters: usize,
}

/// Converts a Darknet network to ONNX. The same input always gives the same bytes.
///
/// # Errors
/// [`ConvertError`] with the line of the `.cfg` that is wrong or unsupported, or if the weights are not this network's.
pub fn darknet_to_onnx(cfg: &str, weights: &[u8], shape: InputShape) -> Result<Vec<u8>, ConvertError> {
    Ok(convert(cfg, weights, shape)?.onnx)
}

/// Converts a Darknet network to ONNX and says what its outputs mean.
///
/// # Errors
/// As [`darknet_to_onnx`].
pub fn convert(cfg: &str, weights: &[u8], shape: InputShape) -> Result<DarknetModel, ConvertError> {
    let network = Network::parse(cfg)?;
    if network.channels != 3 {
        return Err(ConvertError::Unsupported { line: 1, what: format!("channels={}", network.channels) });
    }
    let mut writer = Writer {
        graph: Builder::new("darknet", "images", shape),
        weights: Weights::new(weights)?,
        values: Vec::new(),
        heads: Vec::new(),
        input: Value { name: "images".to_owned(), channels: 3, stride: 1 },
        shape,
    };
    for layer in &network.layers {
        writer.layer(layer)?;
    }
    let parameters = writer.weights.finish()?;
    Ok(DarknetModel { onnx: writer.graph.finish(), heads: writer.heads, parameters })
}

/// What a layer gives.
#[derive(Debug, Clone)]
struct Value {
    name: String,
    channels: usize,
    /// How many pixels of the input one of its cells is wide.
    stride: usize,
}

struct Writer<'a> {
    graph: Builder,
    weights: Weights<'a>,
    /// What each layer so far gives.
    values: Vec<Value>,
    heads: Vec<DarknetHead>,
    input: Value,
    shape: InputShape,
}

impl Writer<'_> {
    fn layer(&mut self, layer: &Layer) -> Result<(), ConvertError> {
        let before = self.values.last().unwrap_or(&self.input).clone();
        let value = match &layer.kind {
            Kind::Convolution(convolution) => self.convolution(layer.line, &before, convolution)?,
            Kind::MaxPool { size, stride, padding } => self.max_pool(&before, *size, *stride, *padding),
            Kind::Route { from, groups, group } => self.route(layer.line, from, *groups, *group)?,
            Kind::Shortcut { from, activation } => {
                let other = self.values[*from].clone();
                if (other.channels, other.stride) != (before.channels, before.stride) {
                    return Err(mismatch(layer.line, "[shortcut] adds layers of different shapes"));
                }
                let sum = self.graph.step("Add", &[&before.name, &other.name], Vec::new());
                Value { name: self.activation(sum, *activation), ..before }
            }
            Kind::Upsample { stride } => self.upsample(layer.line, &before, *stride)?,
            Kind::Yolo(yolo) => {
                let wanted = yolo.anchors.len() * (5 + yolo.classes);
                if before.channels != wanted {
                    let expectation =
                        format!("[yolo] needs {wanted} channels, the layer before has {}", before.channels);
                    return Err(mismatch(layer.line, &expectation));
                }
                self.head(&before, yolo)?;
                before
            }
        };
        self.values.push(value);
        Ok(())
    }

    fn convolution(&mut self, line: usize, before: &Value, conv: &Convolution) -> Result<Value, ConvertError> {
        let Convolution { filters, size, stride, padding, groups, .. } = *conv;
        if !before.channels.is_multiple_of(groups) || !filters.is_multiple_of(groups) {
            return Err(mismatch(line, "groups: expected a number that divides the channels and the filters"));
        }
        let per_filter = before.channels / groups * size * size;
        let mut biases = self.weights.take(filters)?;
        let normalisation = if conv.normalised { Some(self.weights.take(3 * filters)?) } else { None };
        let mut kernels = self.weights.take(filters * per_filter)?;
        if let Some(normalisation) = normalisation {
            fold(&mut biases, &mut kernels, &normalisation);
        }
        let dims = [filters as i64, (before.channels / groups) as i64, size as i64, size as i64];
        let kernels = self.graph.floats(&dims, &kernels);
        let biases = self.graph.floats(&[filters as i64], &biases);
        let attributes = vec![
            int("group", groups as i64),
            ints("kernel_shape", &[size as i64; 2]),
            ints("pads", &[padding as i64; 4]),
            ints("strides", &[stride as i64; 2]),
        ];
        let name = self.graph.step("Conv", &[&before.name, &kernels, &biases], attributes);
        let name = self.activation(name, conv.activation);
        Ok(Value { name, channels: filters, stride: before.stride * stride })
    }

    fn activation(&mut self, before: String, activation: Activation) -> String {
        let graph = &mut self.graph;
        match activation {
            Activation::Linear => before,
            Activation::Leaky => graph.step("LeakyRelu", &[&before], vec![float("alpha", LEAK)]),
            Activation::Relu => graph.step("Relu", &[&before], Vec::new()),
            Activation::Logistic => graph.step("Sigmoid", &[&before], Vec::new()),
            Activation::Swish => {
                let gate = graph.step("Sigmoid", &[&before], Vec::new());
                graph.step("Mul", &[&before, &gate], Vec::new())
            }
            Activation::Mish => {
                let plus = graph.step("Softplus", &[&before], Vec::new());
                let gate = graph.step("Tanh", &[&plus], Vec::new());
                graph.step("Mul", &[&before, &gate], Vec::new())
            }
        }
    }

    fn max_pool(&mut self, before: &Value, size: usize, stride: usize, padding: usize) -> Value {
        // Darknet pads to round odd sides up. Ours are multiples of every stride, so a pool without overlap never reaches its padding.
        let (start, end) = if size == stride { (0, 0) } else { (padding / 2, padding - padding / 2) };
        let attributes = vec![
            ints("kernel_shape", &[size as i64; 2]),
            ints("pads", &[start, start, end, end].map(|pad| pad as i64)),
            ints("strides", &[stride as i64; 2]),
        ];
        let name = self.graph.step("MaxPool", &[&before.name], attributes);
        Value { name, channels: before.channels, stride: before.stride * stride }
    }

    fn route(&mut self, line: usize, from: &[usize], groups: usize, group: usize) -> Result<Value, ConvertError> {
        let parts: Vec<Value> = from.iter().map(|&layer| self.values[layer].clone()).collect();
        let stride = parts[0].stride;
        let mut names = Vec::new();
        let mut channels = 0;
        for part in &parts {
            if part.stride != stride {
                return Err(mismatch(line, "[route] joins layers of different sizes"));
            }
            if !part.channels.is_multiple_of(groups) {
                return Err(mismatch(line, "groups: expected a number that divides the channels"));
            }
            let share = part.channels / groups;
            names.push(if groups == 1 { part.name.clone() } else { self.slice(&part.name, group * share, share) });
            channels += share;
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let name = match names[..] {
            [only] => only.to_owned(),
            _ => self.graph.step("Concat", &names, vec![int("axis", 1)]),
        };
        Ok(Value { name, channels, stride })
    }

    fn slice(&mut self, value: &str, start: usize, length: usize) -> String {
        let from = self.graph.ints(&[start as i64]);
        let to = self.graph.ints(&[(start + length) as i64]);
        let axis = self.graph.ints(&[1]);
        self.graph.step("Slice", &[value, &from, &to, &axis], Vec::new())
    }

    fn upsample(&mut self, line: usize, before: &Value, stride: usize) -> Result<Value, ConvertError> {
        if !before.stride.is_multiple_of(stride) {
            return Err(mismatch(line, "[upsample] enlarges beyond the input"));
        }
        let scales = self.graph.floats(&[4], &[1.0, 1.0, stride as f32, stride as f32]);
        let attributes = vec![
            text("coordinate_transformation_mode", "asymmetric"),
            text("mode", "nearest"),
            text("nearest_mode", "floor"),
        ];
        let name = self.graph.step("Resize", &[&before.name, "", &scales], attributes);
        Ok(Value { name, channels: before.channels, stride: before.stride / stride })
    }

    fn head(&mut self, before: &Value, yolo: &cfg::Yolo) -> Result<(), ConvertError> {
        let name = format!("head_{}", before.stride);
        if self.heads.iter().any(|head| head.name == name) {
            return Err(ConvertError::Unsupported {
                line: 1,
                what: format!("two [yolo] sections of stride {}", before.stride),
            });
        }
        self.graph.step_named("Identity", &[&before.name], Vec::new(), &name);
        let (columns, lines) =
            self.shape.size.map(|(w, h)| (w / before.stride as u32, h / before.stride as u32)).unzip();
        self.graph.output(&name, &[self.shape.batch, Some(before.channels as u32), lines, columns]);
        self.heads.push(DarknetHead {
            name,
            stride: before.stride as u32,
            anchors: yolo.anchors.clone(),
            scale_xy: yolo.scale_xy,
            classes: yolo.classes,
        });
        Ok(())
    }
}

/// Folds a batch normalisation (scales, means, variances) into the convolution before it.
fn fold(biases: &mut [f32], kernels: &mut [f32], normalisation: &[f32]) {
    let filters = biases.len();
    let per_filter = kernels.len() / filters;
    let (scales, rest) = normalisation.split_at(filters);
    let (means, variances) = rest.split_at(filters);
    for (filter, kernel) in kernels.chunks_exact_mut(per_filter).enumerate() {
        let factor = f64::from(scales[filter]) / (f64::from(variances[filter]) + VARIANCE_FLOOR).sqrt();
        for weight in kernel {
            *weight = (f64::from(*weight) * factor) as f32;
        }
        biases[filter] = (f64::from(biases[filter]) - f64::from(means[filter]) * factor) as f32;
    }
}

fn mismatch(line: usize, expectation: &str) -> ConvertError {
    ConvertError::Cfg { line, expectation: expectation.to_owned() }
}

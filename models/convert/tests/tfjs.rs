//! An SSD of TensorFlow.js becomes an ONNX file that computes the same predictions.

use std::io::Cursor;

use model_convert::{ConvertError, tfjs_ssd_to_onnx};
use serde_json::{Value, json};
use tract_onnx::prelude::*;

/// A model that is being written: its nodes, its constants and their bytes.
#[derive(Default)]
struct Model {
    nodes: Vec<Value>,
    weights: Vec<Value>,
    bytes: Vec<u8>,
}

impl Model {
    fn node(mut self, name: &str, op: &str, inputs: &[&str]) -> Self {
        let list = |numbers: [&str; 4]| json!({ "list": { "i": numbers } });
        let attr = json!({
            "padding": { "s": b"SAME" }, "data_format": { "s": b"NHWC" }, "epsilon": { "f": 0.0 },
            "strides": list(["1", "1", "1", "1"]), "dilations": list(["1", "1", "1", "1"]),
        });
        self.nodes.push(json!({ "name": name, "op": op, "input": inputs, "attr": attr }));
        self
    }

    fn strided(mut self, stride: &str) -> Self {
        let node = self.nodes.last_mut().expect("a node was written");
        node["attr"]["strides"]["list"]["i"] = json!(["1", stride, stride, "1"]);
        self
    }

    fn floats(self, name: &str, shape: &[usize], numbers: &[f32]) -> Self {
        let bytes = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        self.constant(name, "float32", shape, bytes)
    }

    fn integer(self, name: &str, number: i32) -> Self {
        self.constant(name, "int32", &[], number.to_le_bytes().to_vec())
    }

    fn constant(mut self, name: &str, dtype: &str, shape: &[usize], bytes: Vec<u8>) -> Self {
        self.nodes.push(json!({ "name": name, "op": "Const" }));
        self.weights.push(json!({ "name": name, "shape": shape, "dtype": dtype }));
        self.bytes.extend(bytes);
        self
    }

    /// Ends the model: the last value is both the offsets (four for each cell) and, through a convolution that sums its channels, the
    /// scores (one for each cell).
    fn predicting(self, value: &str) -> Self {
        self.floats("all", &[1, 1, 4, 1], &[1.0; 4])
            .node("summed", "Conv2D", &[value, "all"])
            .integer("axis", 1)
            .integer("four", 4)
            .integer("one", 1)
            .node("offsets/shape", "Pack", &["axis", "axis", "axis", "four"])
            .node("scores/shape", "Pack", &["axis", "axis", "one"])
            .node("offsets", "Reshape", &[value, "offsets/shape"])
            .node("scores", "Reshape", &["summed", "scores/shape"])
            .node("concat", "ConcatV2", &["offsets", "offsets", "axis"])
            .node("concat_1", "ConcatV2", &["scores", "axis"])
    }

    fn convert(&self, side: u32) -> Result<Vec<u8>, ConvertError> {
        let file = json!({
            "modelTopology": { "node": self.nodes }, "weightsManifest": [{ "paths": [], "weights": self.weights }],
        });
        tfjs_ssd_to_onnx(&file.to_string(), &self.bytes, side)
    }

    /// Runs the model on three planes; returns offsets and scores.
    fn run(&self, side: usize, planes: &[f32]) -> [Vec<f32>; 2] {
        let onnx = self.convert(side as u32).expect("the model is supported");
        let model = tract_onnx::onnx()
            .with_ignore_output_shapes(true)
            .model_for_read(&mut Cursor::new(onnx))
            .and_then(|model| model.with_input_fact(0, f32::fact([1, 3, side, side]).into()))
            .and_then(InferenceModelExt::into_optimized)
            .and_then(IntoRunnable::into_runnable)
            .expect("tract accepts the file");
        let input = Tensor::from_shape(&[1, 3, side, side], planes).expect("the planes have this size");
        let outputs = model.run(tvec!(input.into())).expect("tract runs the file");
        [0, 1].map(|i| outputs[i].to_plain_array_view::<f32>().expect("the output is floats").iter().copied().collect())
    }
}

/// Weights of a 1 × 1 convolution, `[1, 1, 3, 4]`: red into every channel, times 1 to 4.
const RED: [f32; 12] = [1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];

fn red() -> Model {
    Model::default().node("Preprocessor/sub", "Sub", &[]).floats("red", &[1, 1, 3, 4], &RED).node(
        "first",
        "Conv2D",
        &["Preprocessor/sub", "red"],
    )
}

#[test]
fn predictions_are_listed_cell_by_cell_and_grid_by_grid() {
    let model = red().predicting("first");
    let planes = [[5.0, 6.0, 7.0, 8.0], [0.0; 4], [0.0; 4]].concat();
    let [offsets, scores] = model.run(2, &planes);
    let grid: Vec<f32> = [5.0, 6.0, 7.0, 8.0].iter().flat_map(|red| [1.0, 2.0, 3.0, 4.0].map(|k| k * red)).collect();
    assert_eq!(offsets, grid.repeat(2), "the two grids are the same here");
    assert_eq!(scores, [50.0, 60.0, 70.0, 80.0]);
}

#[test]
fn factors_and_biases_are_folded_in_their_order() {
    let model = red()
        .floats("k", &[4], &[1.0, 10.0, 100.0, 0.0])
        .floats("b", &[4], &[0.5, 0.5, 0.5, 7.0])
        .floats("c", &[1], &[2.0])
        .node("scaled", "Mul", &["k", "first"])
        .node("biased", "BiasAdd", &["scaled", "b"])
        .node("doubled", "Mul", &["biased", "c"])
        .predicting("doubled");
    // (red × 1…4 × factor + bias) × 2, with red 3.
    assert_eq!(model.run(1, &[3.0, 0.0, 0.0])[0][..4], [7.0, 121.0, 1801.0, 14.0]);
}

#[test]
fn a_batch_normalisation_is_folded_right() {
    let model = red()
        .floats("gamma", &[4], &[2.0; 4])
        .floats("beta", &[4], &[1.0; 4])
        .floats("mean", &[4], &[0.5; 4])
        .floats("variance", &[4], &[4.0; 4])
        .node("normal", "FusedBatchNorm", &["first", "gamma", "beta", "mean", "variance"])
        .predicting("normal");
    // (red × k − 0.5) × 2 / 2 + 1
    assert_eq!(model.run(1, &[3.0, 0.0, 0.0])[0][..4], [3.5, 6.5, 9.5, 12.5]);
}

#[test]
fn a_depthwise_convolution_keeps_its_channels_apart() {
    // 3 × 3 places of four channels: the middle of channel i is worth i + 1, the place to its right 10.
    let mut weights = vec![0.0; 36];
    for channel in 0..4 {
        weights[4 * 4 + channel] = channel as f32 + 1.0;
        weights[5 * 4 + channel] = 10.0;
    }
    let model = red()
        .floats("d", &[3, 3, 4, 1], &weights)
        .node("deep", "DepthwiseConv2dNative", &["first", "d"])
        .predicting("deep");
    // Red 1 and 2 side by side in the first row.
    let offsets = &model.run(2, &[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])[0];
    let cell = |red: f32, right: f32| [1.0, 2.0, 3.0, 4.0].map(|k| k * k * red + 10.0 * k * right);
    assert_eq!(offsets[..8], [cell(1.0, 2.0), cell(2.0, 0.0)].concat());
}

#[test]
fn a_stride_pads_as_tensorflow_does() {
    // All ones over 3 × 3 with stride 2: on a side of 4 the padding is one, at the end; on 5 it is one on each side.
    let weights: Vec<f32> = (0..9).flat_map(|_| RED).collect();
    let model = |side: usize| {
        let model = Model::default()
            .node("Preprocessor/sub", "Sub", &[])
            .floats("w", &[3, 3, 3, 4], &weights)
            .node("wide", "Conv2D", &["Preprocessor/sub", "w"])
            .strided("2")
            .predicting("wide");
        let planes = [vec![1.0; side * side], vec![0.0; 2 * side * side]].concat();
        let first: Vec<f32> = model.run(side, &planes)[0].chunks(4).map(|cell| cell[0]).collect();
        first[..first.len() / 2].to_vec()
    };
    assert_eq!(model(4), [9.0, 6.0, 6.0, 4.0]);
    assert_eq!(model(5), [4.0, 6.0, 4.0, 6.0, 9.0, 6.0, 4.0, 6.0, 4.0]);
}

#[test]
fn sums_and_clips_are_kept() {
    let model = red()
        .node("clipped", "Relu6", &["first"])
        .floats("b", &[4], &[0.0, 0.0, 0.0, 100.0])
        .node("sum", "AddN", &["clipped", "first"])
        .node("biased", "Add", &["sum", "b"])
        .predicting("biased");
    // Red 3 and −1: clip(3 k) + 3 k, and clip(−k) − k.
    let offsets = &model.run(1, &[3.0, 0.0, 0.0])[0];
    assert_eq!(offsets[..4], [6.0, 12.0, 15.0, 118.0]);
    assert_eq!(model.run(1, &[-1.0, 0.0, 0.0])[0][..4], [-1.0, -2.0, -3.0, 96.0]);
}

#[test]
fn what_is_not_understood_is_named() {
    let message = |model: Model| model.convert(1).expect_err("it is not understood").to_string();
    assert_eq!(message(Model::default()), "concat: expected a node of this name");
    let tanh = red().node("odd", "Tanh", &["first"]).predicting("odd");
    assert_eq!(message(tanh), "odd: expected an operator of a MobileNet SSD");
    let short = red().predicting("first");
    let short = Model { bytes: short.bytes[..8].to_vec(), ..short };
    assert_eq!(message(short), "red: expected no more weights than the shards hold");
    let mut long = red().predicting("first");
    long.bytes.push(0);
    assert_eq!(message(long), "model.json: expected as many weights as the shards hold");
    let uneven = red().floats("k", &[2], &[1.0, 1.0]).node("scaled", "Mul", &["first", "k"]).predicting("scaled");
    assert_eq!(message(uneven), "scaled: expected a number for each filter");
    assert!(
        tfjs_ssd_to_onnx("{}", &[], 300)
            .is_err_and(|e| e.to_string().starts_with("model.json: expected missing field"))
    );
}

//! Writes a graph step by step: each call adds one operator and returns the name of what it gives.

use prost::Message as _;

use crate::onnx::{
    Attribute, Constant, Dimension, Graph, IR_VERSION, Length, Model, Node, OPSET, OperatorSet, Shape, TensorType,
    ValueInfo, ValueType,
};

const FLOAT: i32 = 1;
const INT64: i32 = 7;

/// The input of a model: `[batch, 3, height, width]`, 32-bit floats. What is absent is chosen anew at each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InputShape {
    /// How many pictures.
    pub batch: Option<u32>,
    /// Width and height.
    pub size: Option<(u32, u32)>,
}

/// A graph that is being written.
#[derive(Debug)]
pub(crate) struct Builder {
    graph: Graph,
    steps: usize,
}

impl Builder {
    /// Starts a graph with one picture input.
    pub(crate) fn new(name: &str, input: &str, shape: InputShape) -> Self {
        let (width, height) = shape.size.unzip();
        let axes = [axis(shape.batch, "batch"), fixed(3), axis(height, "height"), axis(width, "width")];
        let graph = Graph { name: name.to_owned(), input: vec![value(input, axes.into())], ..Graph::default() };
        Self { graph, steps: 0 }
    }

    /// Adds a step with one output.
    pub(crate) fn step(&mut self, operator: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        let output = format!("{}_{}", operator.to_lowercase(), self.steps);
        self.step_named(operator, inputs, attributes, &output);
        output
    }

    /// Adds a step whose output has this name.
    pub(crate) fn step_named(&mut self, operator: &str, inputs: &[&str], attributes: Vec<Attribute>, output: &str) {
        self.steps += 1;
        self.graph.node.push(Node {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: operator.to_owned(),
            attribute: attributes,
        });
    }

    /// Adds a constant of floats.
    pub(crate) fn floats(&mut self, dims: &[i64], numbers: &[f32]) -> String {
        let raw = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(FLOAT, dims, raw)
    }

    /// Adds a constant of whole numbers.
    pub(crate) fn ints(&mut self, numbers: &[i64]) -> String {
        let raw = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(INT64, &[numbers.len() as i64], raw)
    }

    fn constant(&mut self, data_type: i32, dims: &[i64], raw_data: Vec<u8>) -> String {
        let name = format!("constant_{}", self.graph.initializer.len());
        self.graph.initializer.push(Constant { dims: dims.to_vec(), data_type, name: name.clone(), raw_data });
        name
    }

    /// Declares an output. Its axes are named `<name>_0` and so on, but for those that are fixed.
    pub(crate) fn output(&mut self, name: &str, axes: &[Option<u32>]) {
        let axes = axes.iter().enumerate().map(|(i, length)| axis(*length, &format!("{name}_{i}"))).collect();
        self.graph.output.push(value(name, axes));
    }

    /// Returns the bytes of the model file.
    pub(crate) fn finish(self) -> Vec<u8> {
        let model = Model {
            ir_version: IR_VERSION,
            producer_name: "ronda model-convert".to_owned(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        };
        model.encode_to_vec()
    }
}

/// A setting that is a whole number.
pub(crate) fn int(name: &str, i: i64) -> Attribute {
    Attribute { name: name.to_owned(), i, kind: 2, ..Attribute::default() }
}

/// A setting that is several whole numbers.
pub(crate) fn ints(name: &str, ints: &[i64]) -> Attribute {
    Attribute { name: name.to_owned(), ints: ints.to_vec(), kind: 7, ..Attribute::default() }
}

/// A setting that is a number.
pub(crate) fn float(name: &str, f: f32) -> Attribute {
    Attribute { name: name.to_owned(), f, kind: 1, ..Attribute::default() }
}

/// A setting that is a text.
pub(crate) fn text(name: &str, text: &str) -> Attribute {
    Attribute { name: name.to_owned(), s: text.as_bytes().to_vec(), kind: 3, ..Attribute::default() }
}

fn axis(length: Option<u32>, name: &str) -> Dimension {
    length.map_or_else(|| Dimension { length: Some(Length::Named(name.to_owned())) }, fixed)
}

fn fixed(length: u32) -> Dimension {
    Dimension { length: Some(Length::Fixed(i64::from(length))) }
}

fn value(name: &str, dim: Vec<Dimension>) -> ValueInfo {
    let tensor = TensorType { elem_type: FLOAT, shape: Some(Shape { dim }) };
    ValueInfo { name: name.to_owned(), value_type: Some(ValueType { tensor: Some(tensor) }) }
}

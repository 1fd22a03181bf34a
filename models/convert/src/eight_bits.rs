//! An 8-bit copy of a network that this crate has written, as onnxruntime runs it fast: each convolution between its quantised input and
//! output, weights of 8 bits for each filter of its own.
//!
//! What is needed beside the network are the ranges of its inner values on pictures like those it will see. [`tapped`] makes a network that
//! shows these values; whoever runs it writes down the smallest and largest ones. The same network and ranges always give the same bytes.

mod numbers;

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;

use crate::ConvertError;
use crate::graph::int;
use crate::onnx::{Constant, Graph, Model, Node, ValueInfo};

pub use numbers::Range;
use numbers::{bias_levels, kernel_levels};

const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT8: i32 = 3;
const INT32: i32 = 6;

/// What is computed with 8 bits. Everything else stays as it is.
const OPERATORS: [&str; 6] = ["Conv", "LeakyRelu", "MaxPool", "Concat", "Slice", "Resize"];
/// What only moves or picks numbers, so that what comes out has the range of what goes in.
const MOVERS: [&str; 3] = ["MaxPool", "Slice", "Resize"];

/// A network whose inner values are outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Tapped {
    /// The ONNX file.
    pub onnx: Vec<u8>,
    /// What its outputs are, in order.
    pub values: Vec<String>,
}

/// Returns a network that shows every value whose range [`eight_bits`] needs.
///
/// # Errors
/// [`ConvertError::Foreign`] for a file that this crate did not write.
pub fn tapped(onnx: &[u8]) -> Result<Tapped, ConvertError> {
    let (mut model, mut graph) = opened(onnx)?;
    let plan = Plan::of(&graph, 0);
    let values: Vec<String> = plan.measured.iter().cloned().collect();
    let inputs: BTreeSet<&str> = graph.input.iter().map(|input| input.name.as_str()).collect();
    // An input cannot be an output, so it is passed through.
    let mut shown = Vec::new();
    for value in &values {
        let is_input = inputs.contains(value.as_str());
        let name = if is_input { format!("{value}_shown") } else { value.clone() };
        if is_input {
            graph.node.push(node("Identity", &[value], &name, Vec::new()));
        }
        shown.push(ValueInfo { name, value_type: graph.output.first().and_then(rank_of) });
    }
    graph.output = shown;
    model.graph = Some(graph);
    Ok(Tapped { onnx: model.encode_to_vec(), values })
}

/// Returns the type of a value that is like this one in nothing but its number of axes.
fn rank_of(output: &ValueInfo) -> Option<crate::onnx::ValueType> {
    let mut value_type = output.value_type.clone()?;
    let shape = value_type.tensor.as_mut()?.shape.as_mut()?;
    for dimension in &mut shape.dim {
        dimension.length = None;
    }
    Some(value_type)
}

/// Returns the 8-bit copy. The first `floats` convolutions stay as they are, since they take little time and coarse numbers there spoil
/// everything after them; so do those that give the outputs.
///
/// # Errors
/// [`ConvertError::Foreign`] for a file that this crate did not write, [`ConvertError::Range`] for a value without a range.
pub fn eight_bits(onnx: &[u8], ranges: &BTreeMap<String, Range>, floats: usize) -> Result<Vec<u8>, ConvertError> {
    let (mut model, graph) = opened(onnx)?;
    let plan = Plan::of(&graph, floats);
    let mut writer = Writer { plan: &plan, ranges, constants: constants(&graph), graph: Graph::default() };
    for input in &graph.input {
        writer.quantise(&input.name)?;
    }
    for node in &graph.node {
        writer.node(node)?;
        for output in &node.output {
            writer.quantise(output)?;
        }
    }
    let mut copy = writer.graph;
    copy.initializer.extend(unused_floats_left_out(&graph, &copy));
    model.graph = Some(Graph { name: graph.name, input: graph.input, output: graph.output, ..copy });
    Ok(model.encode_to_vec())
}

/// Reads a file, and makes sure that writing it again loses nothing.
fn opened(onnx: &[u8]) -> Result<(Model, Graph), ConvertError> {
    let model = Model::decode(onnx).map_err(|_| ConvertError::Foreign)?;
    if model.encode_to_vec() != onnx {
        return Err(ConvertError::Foreign);
    }
    let graph = model.graph.clone().ok_or(ConvertError::Foreign)?;
    Ok((model, graph))
}

fn constants(graph: &Graph) -> BTreeMap<String, &Constant> {
    graph.initializer.iter().map(|constant| (constant.name.clone(), constant)).collect()
}

/// The constants of the network that the copy still reads.
fn unused_floats_left_out(graph: &Graph, copy: &Graph) -> Vec<Constant> {
    let read: BTreeSet<&str> = copy.node.iter().flat_map(|node| &node.input).map(String::as_str).collect();
    let written: BTreeSet<&str> = copy.initializer.iter().map(|constant| constant.name.as_str()).collect();
    let still = |constant: &&Constant| read.contains(&*constant.name) && !written.contains(&*constant.name);
    graph.initializer.iter().filter(still).cloned().collect()
}

/// Which steps compute with 8 bits, and which values are quantised for that.
struct Plan {
    /// The steps, by the name of their output.
    steps: BTreeSet<String>,
    /// Quantised values, each with the value whose range it has.
    range_of: BTreeMap<String, String>,
    /// The values whose ranges must be known.
    measured: BTreeSet<String>,
}

impl Plan {
    fn of(graph: &Graph, floats: usize) -> Self {
        let mut plan = Self { steps: BTreeSet::new(), range_of: BTreeMap::new(), measured: BTreeSet::new() };
        let (ends, sources) = (outputs_and_what_is_passed_on(graph), origins(graph));
        let mut convolutions = 0;
        for node in graph.node.iter().filter(|node| OPERATORS.contains(&&*node.op_type)) {
            let Some(output) = node.output.first() else { continue };
            let is_convolution = node.op_type == "Conv";
            convolutions += usize::from(is_convolution);
            let is_early = convolutions <= floats;
            if is_early || ends.contains(output.as_str()) {
                continue;
            }
            for value in data_inputs(node).iter().chain([output]) {
                let source = sources.get(value.as_str()).copied().unwrap_or(value);
                plan.measured.insert(source.to_owned());
                plan.range_of.insert(value.clone(), source.to_owned());
            }
            plan.steps.insert(output.clone());
        }
        plan
    }
}

/// For each value that is only moved or picked, the value that it comes from.
fn origins(graph: &Graph) -> BTreeMap<&str, &str> {
    let mut origins: BTreeMap<&str, &str> = BTreeMap::new();
    for node in graph.node.iter().filter(|node| MOVERS.contains(&&*node.op_type)) {
        if let (Some(input), Some(output)) = (node.input.first(), node.output.first()) {
            let origin = origins.get(input.as_str()).copied().unwrap_or(input);
            origins.insert(output, origin);
        }
    }
    origins
}

/// The values that leave the network, and those that become them by nothing but another name.
fn outputs_and_what_is_passed_on(graph: &Graph) -> BTreeSet<&str> {
    let mut ends: BTreeSet<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    for node in graph.node.iter().rev().filter(|node| node.op_type == "Identity") {
        if node.output.iter().any(|output| ends.contains(output.as_str())) {
            ends.extend(node.input.iter().map(String::as_str));
        }
    }
    ends
}

/// The inputs that are pictures and not settings or weights.
fn data_inputs(node: &Node) -> &[String] {
    if node.op_type == "Concat" { &node.input } else { &node.input[..1] }
}

struct Writer<'a> {
    plan: &'a Plan,
    ranges: &'a BTreeMap<String, Range>,
    constants: BTreeMap<String, &'a Constant>,
    graph: Graph,
}

impl Writer<'_> {
    /// Writes a step; it reads dequantised values wherever there are some, as onnxruntime wants to see it.
    fn node(&mut self, original: &Node) -> Result<(), ConvertError> {
        let mut copy = original.clone();
        let computes = original.output.first().is_some_and(|output| self.plan.steps.contains(output));
        for input in &mut copy.input {
            if self.plan.range_of.contains_key(input) {
                *input = dequantised(input);
            }
        }
        if computes && original.op_type == "Conv" {
            self.weights(original, &mut copy)?;
        }
        self.graph.node.push(copy);
        Ok(())
    }

    /// Replaces a convolution's weights by ones of 8 bits, and its biases by ones of 32 bits.
    fn weights(&mut self, original: &Node, copy: &mut Node) -> Result<(), ConvertError> {
        let input = self.range(&original.input[0])?;
        let name = original.input.get(1).ok_or(ConvertError::Foreign)?;
        let (dims, kernels) = self.floats(name)?;
        let filters = usize::try_from(dims.first().copied().unwrap_or(0)).unwrap_or(0);
        let (levels, scales) = kernel_levels(&kernels, filters);
        let raw = levels.iter().map(|level| level.to_le_bytes()[0]).collect();
        self.constant(name, INT8, dims, raw);
        self.dequantised_by_filter(name, &scales, INT8);
        copy.input[1] = dequantised(name);
        if let Some(name) = original.input.get(2) {
            let (dims, biases) = self.floats(name)?;
            let scales: Vec<f32> = scales.iter().map(|scale| scale * input.scale()).collect();
            let raw = bias_levels(&biases, &scales).iter().flat_map(|level| level.to_le_bytes()).collect();
            self.constant(name, INT32, dims, raw);
            self.dequantised_by_filter(name, &scales, INT32);
            copy.input[2] = dequantised(name);
        }
        Ok(())
    }

    fn dequantised_by_filter(&mut self, name: &str, scales: &[f32], kind: i32) {
        let (scale, zero) = (format!("{name}_scale"), format!("{name}_zero"));
        let filters = vec![scales.len() as i64];
        self.constant(&scale, FLOAT, filters.clone(), scales.iter().flat_map(|scale| scale.to_le_bytes()).collect());
        let bytes = if kind == INT32 { 4 } else { 1 };
        self.constant(&zero, kind, filters, vec![0; scales.len() * bytes]);
        let output = dequantised(name);
        self.graph.node.push(node("DequantizeLinear", &[name, &scale, &zero], &output, vec![int("axis", 0)]));
    }

    /// Writes the steps that round a value to 8 bits and back, if it is one that is quantised.
    fn quantise(&mut self, value: &str) -> Result<(), ConvertError> {
        if !self.plan.range_of.contains_key(value) {
            return Ok(());
        }
        let range = self.range(value)?;
        let (scale, zero) = (format!("{value}_scale"), format!("{value}_zero"));
        self.constant(&scale, FLOAT, Vec::new(), range.scale().to_le_bytes().into());
        self.constant(&zero, UINT8, Vec::new(), vec![range.zero()]);
        let (rounded, output) = (format!("{value}_rounded"), dequantised(value));
        self.graph.node.push(node("QuantizeLinear", &[value, &scale, &zero], &rounded, Vec::new()));
        self.graph.node.push(node("DequantizeLinear", &[&rounded, &scale, &zero], &output, Vec::new()));
        Ok(())
    }

    fn range(&self, value: &str) -> Result<Range, ConvertError> {
        let source = self.plan.range_of.get(value).map_or(value, String::as_str);
        self.ranges.get(source).copied().ok_or_else(|| ConvertError::Range { value: source.to_owned() })
    }

    fn floats(&self, name: &str) -> Result<(Vec<i64>, Vec<f32>), ConvertError> {
        let constant = self.constants.get(name).filter(|constant| constant.data_type == FLOAT);
        let constant = constant.ok_or(ConvertError::Foreign)?;
        let (numbers, _) = constant.raw_data.as_chunks::<4>();
        Ok((constant.dims.clone(), numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()))
    }

    fn constant(&mut self, name: &str, data_type: i32, dims: Vec<i64>, raw_data: Vec<u8>) {
        self.graph.initializer.push(Constant { dims, data_type, name: name.to_owned(), raw_data });
    }
}

fn dequantised(value: &str) -> String {
    format!("{value}_back")
}

fn node(operator: &str, inputs: &[&str], output: &str, attribute: Vec<crate::onnx::Attribute>) -> Node {
    Node {
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        name: output.to_owned(),
        op_type: operator.to_owned(),
        attribute,
    }
}

#[cfg(test)]
mod tests;

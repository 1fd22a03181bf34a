//! Cuts a network of any origin short: what is computed after the new outputs is left out.
//!
//! The file is not understood, only taken apart: whatever it holds that is not left out comes through byte for byte. Networks inside steps
//! (of `If`, `Loop` and `Scan`) are not looked into.

mod wire;

use std::collections::BTreeSet;

use crate::ConvertError;
use wire::{Field, fields, write_bytes};

/// The fields of `ModelProto`, `GraphProto`, `NodeProto`, `TensorProto` and `ValueInfoProto` that matter here, by number.
const MODEL_GRAPH: u64 = 7;
const GRAPH_NODE: u64 = 1;
const GRAPH_INITIALIZER: u64 = 5;
const GRAPH_OUTPUT: u64 = 12;
const GRAPH_VALUE_INFO: u64 = 13;
const NODE_INPUT: u64 = 1;
const NODE_OUTPUT: u64 = 2;
const INITIALIZER_NAME: u64 = 8;
const VALUE_NAME: u64 = 1;
const VALUE_TYPE: u64 = 2;
/// A `TypeProto`: a tensor (field 1) of 32-bit floats (field 1 is 1) whose shape nobody knows.
const FLOAT_TENSOR: [u8; 4] = [0x0a, 0x02, 0x08, 0x01];

/// Returns the network with these values, which it computes somewhere, as its outputs.
///
/// # Errors
/// [`ConvertError::Broken`] for what is no ONNX file, [`ConvertError::NoValue`] for a value that it does not compute.
pub fn cut(onnx: &[u8], outputs: &[&str]) -> Result<Vec<u8>, ConvertError> {
    let mut short = Vec::with_capacity(onnx.len());
    let mut has_graph = false;
    for field in fields(onnx)? {
        if field.number == MODEL_GRAPH {
            has_graph = true;
            write_bytes(MODEL_GRAPH, &cut_graph(field.body()?, outputs)?, &mut short);
        } else {
            short.extend_from_slice(field.whole);
        }
    }
    if has_graph { Ok(short) } else { Err(ConvertError::Broken) }
}

fn cut_graph(graph: &[u8], outputs: &[&str]) -> Result<Vec<u8>, ConvertError> {
    let fields = fields(graph)?;
    let nodes = named(&fields, GRAPH_NODE)?.map(Step::of).collect::<Result<Vec<_>, _>>()?;
    for output in outputs {
        if !nodes.iter().any(|node| node.outputs.contains(output)) {
            return Err(ConvertError::NoValue { value: (*output).to_owned() });
        }
    }
    let (kept, used) = needed(&nodes, outputs);
    let mut short = Vec::with_capacity(graph.len());
    let (mut node, mut wrote_outputs) = (0, false);
    for field in &fields {
        match field.number {
            GRAPH_NODE => {
                node += 1;
                if !kept.contains(&(node - 1)) {
                    continue;
                }
            }
            GRAPH_INITIALIZER if !used.contains(text(field.body()?, INITIALIZER_NAME)?) => continue,
            GRAPH_VALUE_INFO => {
                let name = text(field.body()?, VALUE_NAME)?;
                // A value is either an output or between the steps.
                if !used.contains(name) || outputs.contains(&name) {
                    continue;
                }
            }
            GRAPH_OUTPUT => {
                if !std::mem::replace(&mut wrote_outputs, true) {
                    for output in outputs {
                        write_bytes(GRAPH_OUTPUT, &described(&fields, output)?, &mut short);
                    }
                }
                continue;
            }
            _ => {}
        }
        short.extend_from_slice(field.whole);
    }
    Ok(short)
}

/// What a step reads and writes.
struct Step<'a> {
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
}

impl<'a> Step<'a> {
    fn of(node: &'a [u8]) -> Result<Self, ConvertError> {
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for field in fields(node)? {
            match field.number {
                NODE_INPUT => inputs.push(field.text()?),
                NODE_OUTPUT => outputs.push(field.text()?),
                _ => {}
            }
        }
        Ok(Self { inputs, outputs })
    }
}

/// Returns the steps that lead to the outputs, by their place, and every value that they read or write.
fn needed<'a>(nodes: &[Step<'a>], outputs: &[&'a str]) -> (BTreeSet<usize>, BTreeSet<&'a str>) {
    let mut used: BTreeSet<&str> = outputs.iter().copied().collect();
    let mut kept = BTreeSet::new();
    // A step comes after all those that it reads from.
    for (index, node) in nodes.iter().enumerate().rev() {
        if node.outputs.iter().any(|output| used.contains(output)) {
            used.extend(node.inputs.iter().chain(&node.outputs));
            kept.insert(index);
        }
    }
    (kept, used)
}

fn named<'f, 'a>(
    fields: &'f [Field<'a>],
    number: u64,
) -> Result<impl Iterator<Item = &'a [u8]> + use<'f, 'a>, ConvertError> {
    let bodies: Vec<_> =
        fields.iter().filter(|field| field.number == number).map(Field::body).collect::<Result<_, _>>()?;
    Ok(bodies.into_iter())
}

fn text(message: &[u8], number: u64) -> Result<&str, ConvertError> {
    let found = fields(message)?.into_iter().find(|field| field.number == number);
    found.map_or(Ok(""), |field| field.text())
}

/// Returns what the file says of a value, or that it is a tensor of floats.
fn described(fields: &[Field<'_>], value: &str) -> Result<Vec<u8>, ConvertError> {
    for field in fields.iter().filter(|field| matches!(field.number, GRAPH_VALUE_INFO | GRAPH_OUTPUT)) {
        if text(field.body()?, VALUE_NAME)? == value {
            return Ok(field.body()?.to_vec());
        }
    }
    let mut info = Vec::new();
    write_bytes(VALUE_NAME, value.as_bytes(), &mut info);
    write_bytes(VALUE_TYPE, &FLOAT_TENSOR, &mut info);
    Ok(info)
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::onnx::Model;
    use crate::shapes;

    fn graph(onnx: &[u8]) -> crate::onnx::Graph {
        Model::decode(onnx).expect("it is ONNX").graph.expect("it has a graph")
    }

    /// A value in the middle of the shapes detector, and how many steps come before it.
    fn middle() -> (String, usize) {
        let graph = graph(&shapes::model());
        let index = graph.node.len() / 2;
        (graph.node[index].output[0].clone(), index)
    }

    #[test]
    fn what_comes_after_the_new_outputs_is_left_out() {
        let (value, before) = middle();
        let short = graph(&cut(&shapes::model(), &[&value]).expect("it is cut"));
        assert!(short.node.len() <= before + 1 && !short.node.is_empty(), "{}", short.node.len());
        assert_eq!(short.output.iter().map(|output| &*output.name).collect::<Vec<_>>(), [value]);
        let read: BTreeSet<&str> = short.node.iter().flat_map(|node| &node.input).map(String::as_str).collect();
        assert!(short.initializer.iter().all(|constant| read.contains(constant.name.as_str())));
    }

    #[test]
    fn a_network_cut_at_its_own_outputs_is_the_same() {
        let model = shapes::model();
        let outputs: Vec<_> = graph(&model).output.into_iter().map(|output| output.name).collect();
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        assert_eq!(cut(&model, &outputs), Ok(model));
    }

    #[test]
    fn what_is_not_understood_comes_through() {
        let (value, _) = middle();
        let mut model = shapes::model();
        // `domain`, which nobody here reads.
        model.extend([0x22, 0x01, b'x']);
        let short = cut(&model, &[&value]).expect("it is cut");
        assert!(short.ends_with(&[0x22, 0x01, b'x']));
    }

    #[test]
    fn a_value_that_is_not_computed_is_told_by_name() {
        let error = cut(&shapes::model(), &["nothing"]);
        assert_eq!(error, Err(ConvertError::NoValue { value: "nothing".to_owned() }));
    }

    #[test]
    fn what_is_no_onnx_file_is_an_error() {
        let model = shapes::model();
        for broken in [&b"no model"[..], &[], &model[..model.len() - 1]] {
            assert_eq!(cut(broken, &["x"]).expect_err("it is broken"), ConvertError::Broken);
        }
    }
}

//! `model.json`: nodes by name, and the constants that lie in the weight shards.

use std::collections::HashMap;

use serde::Deserialize;

use crate::ConvertError;

/// A graph of TensorFlow, as TensorFlow.js writes it.
pub(super) struct TfGraph {
    nodes: HashMap<String, Node>,
    constants: HashMap<String, Constant>,
}

/// One operator.
#[derive(Debug, Deserialize)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) op: String,
    #[serde(default)]
    input: Vec<String>,
    #[serde(default)]
    attr: HashMap<String, Attribute>,
}

/// The attributes that we read; of each node only some have meaning.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attribute {
    f: Option<f32>,
    s: Option<Vec<u8>>,
    list: Option<List>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct List {
    i: Vec<String>,
}

/// A constant's numbers and the length of each axis.
#[derive(Debug)]
pub(super) struct Constant {
    pub(super) shape: Vec<usize>,
    numbers: Numbers,
}

#[derive(Debug)]
enum Numbers {
    Floats(Vec<f32>),
    Integers(Vec<i32>),
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "modelTopology")]
    topology: Topology,
    #[serde(rename = "weightsManifest")]
    manifest: Vec<Group>,
}

#[derive(Deserialize)]
struct Topology {
    node: Vec<Node>,
}

#[derive(Deserialize)]
struct Group {
    weights: Vec<Weight>,
}

#[derive(Deserialize)]
struct Weight {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    #[serde(default)]
    quantization: Option<serde::de::IgnoredAny>,
}

impl TfGraph {
    pub(super) fn parse(model_json: &str, mut weights: &[u8]) -> Result<Self, ConvertError> {
        let file: File = serde_json::from_str(model_json)
            .map_err(|error| ConvertError::Tfjs { node: "model.json".to_owned(), expectation: error.to_string() })?;
        let mut constants = HashMap::new();
        for weight in file.manifest.into_iter().flat_map(|group| group.weights) {
            let constant = constant(&weight, &mut weights)?;
            constants.insert(weight.name, constant);
        }
        if !weights.is_empty() {
            return Err(wrong("model.json", "as many weights as the shards hold"));
        }
        let nodes = file.topology.node.into_iter().map(|node| (node.name.clone(), node)).collect();
        Ok(Self { nodes, constants })
    }

    pub(super) fn node(&self, name: &str) -> Result<&Node, ConvertError> {
        self.nodes.get(name).ok_or_else(|| wrong(name, "a node of this name"))
    }

    pub(super) fn is_constant(&self, name: &str) -> bool {
        self.constants.contains_key(name)
    }

    pub(super) fn constant(&self, name: &str) -> Result<&Constant, ConvertError> {
        self.constants.get(name).ok_or_else(|| wrong(name, "a constant"))
    }

    pub(super) fn floats(&self, name: &str) -> Result<Vec<f32>, ConvertError> {
        Ok(self.constant(name)?.floats(name)?.to_vec())
    }

    /// Returns the last number of a shape that is packed from constants.
    pub(super) fn last_axis(&self, name: &str) -> Result<usize, ConvertError> {
        let pack = self.node(name)?;
        pack.expect("Pack")?;
        let last = pack.values().last().ok_or_else(|| pack.wrong("a shape"))?;
        match &self.constant(last)?.numbers {
            Numbers::Integers(numbers) if numbers.len() == 1 && numbers[0] > 0 => Ok(numbers[0] as usize),
            _ => Err(pack.wrong("a last axis of a fixed length")),
        }
    }
}

impl Constant {
    pub(super) fn floats(&self, name: &str) -> Result<&[f32], ConvertError> {
        match &self.numbers {
            Numbers::Floats(numbers) => Ok(numbers),
            Numbers::Integers(_) => Err(wrong(name, "floats")),
        }
    }
}

impl Node {
    /// Returns the inputs that are values; the others only say what has to come first.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        // The axis of a concatenation is an input too; ours is always the second.
        let values = self.input.iter().map(String::as_str).filter(|input| !input.starts_with('^'));
        let count = self.input.len() - usize::from(self.op == "ConcatV2");
        values.take(count)
    }

    pub(super) fn value(&self, index: usize) -> Result<&str, ConvertError> {
        self.values().nth(index).ok_or_else(|| self.wrong("more inputs"))
    }

    pub(super) fn expect(&self, op: &str) -> Result<(), ConvertError> {
        if self.op == op { Ok(()) } else { Err(self.wrong(&format!("{op}, not {}", self.op))) }
    }

    pub(super) fn wrong(&self, expectation: &str) -> ConvertError {
        wrong(&self.name, expectation)
    }

    pub(super) fn number(&self, attribute: &str) -> Option<f32> {
        self.attr.get(attribute)?.f
    }

    pub(super) fn text(&self, attribute: &str) -> Option<&[u8]> {
        self.attr.get(attribute)?.s.as_deref()
    }

    pub(super) fn numbers(&self, attribute: &str) -> Option<Vec<usize>> {
        self.attr.get(attribute)?.list.as_ref()?.i.iter().map(|number| number.parse().ok()).collect()
    }
}

/// Takes a constant's numbers from the beginning of the weights.
fn constant(weight: &Weight, weights: &mut &[u8]) -> Result<Constant, ConvertError> {
    if weight.quantization.is_some() {
        return Err(wrong(&weight.name, "weights that are not quantised"));
    }
    let count = weight.shape.iter().try_fold(1_usize, |product, length| product.checked_mul(*length));
    let bytes = count.and_then(|count| count.checked_mul(4));
    let (now, left) = bytes
        .and_then(|bytes| weights.split_at_checked(bytes))
        .ok_or_else(|| wrong(&weight.name, "no more weights than the shards hold"))?;
    *weights = left;
    let chunks = now.as_chunks().0;
    let numbers = match weight.dtype.as_str() {
        "float32" => Numbers::Floats(chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        "int32" => Numbers::Integers(chunks.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect()),
        other => return Err(wrong(&weight.name, &format!("float32 or int32, not {other}"))),
    };
    Ok(Constant { shape: weight.shape.clone(), numbers })
}

fn wrong(node: &str, expectation: &str) -> ConvertError {
    ConvertError::Tfjs { node: node.to_owned(), expectation: expectation.to_owned() }
}

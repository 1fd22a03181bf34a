//! The part of the ONNX format that we write: messages with the field numbers of `onnx.proto3`, IR version 8, operator set 13.
//!
//! Protocol buffers write fields in the order of their numbers, so one graph always gives the same bytes.

/// IR version 8: what every runtime since 2021 reads.
pub(crate) const IR_VERSION: i64 = 8;
/// The operator set that our operators are taken from.
pub(crate) const OPSET: i64 = 13;

/// A model file.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Model {
    /// The version of the format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// What wrote the file.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// What is computed.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    /// Which operators it uses.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
}

/// A set of operators.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OperatorSet {
    /// Empty for ONNX's own.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// The version.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// What is computed, in order.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Graph {
    /// The steps.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    /// A name for people.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Constants.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Constant>,
    /// What goes in.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    /// What comes out.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
}

/// One step.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Node {
    /// The names of the values it takes.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// The names of the values it gives.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// A name for people.
    #[prost(string, tag = "3")]
    pub name: String,
    /// The operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// The operator's settings.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
}

/// A setting of an operator.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Attribute {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// A number.
    #[prost(float, tag = "2")]
    pub f: f32,
    /// A whole number.
    #[prost(int64, tag = "3")]
    pub i: i64,
    /// A text.
    #[prost(bytes = "vec", tag = "4")]
    pub s: Vec<u8>,
    /// Whole numbers.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// Which of the fields is meant: 1 `f`, 2 `i`, 3 `s`, 7 `ints`.
    #[prost(int32, tag = "20")]
    pub kind: i32,
}

/// A constant.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Constant {
    /// The length of each axis.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// 1 for 32-bit floats, 7 for 64-bit whole numbers.
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// Its name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// The numbers, little endian.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
}

/// The name and shape of an input or output.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ValueInfo {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its type.
    #[prost(message, optional, tag = "2")]
    pub value_type: Option<ValueType>,
}

/// The type of a value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ValueType {
    /// A tensor.
    #[prost(message, optional, tag = "1")]
    pub tensor: Option<TensorType>,
}

/// The type of a tensor.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorType {
    /// 1 for 32-bit floats.
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    /// The axes.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

/// The axes of a tensor.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Shape {
    /// One for each axis.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// One axis.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Dimension {
    /// Its length, fixed or named.
    #[prost(oneof = "Length", tags = "1, 2")]
    pub length: Option<Length>,
}

/// The length of an axis.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Length {
    /// This long.
    #[prost(int64, tag = "1")]
    Fixed(i64),
    /// Chosen anew at each run; equal names are equal lengths.
    #[prost(string, tag = "2")]
    Named(String),
}

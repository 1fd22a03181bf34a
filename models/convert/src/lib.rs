//! Makes the ONNX files that Ronda's detectors run: from networks as they lie in package registries (Darknet,
//! TensorFlow.js), and from nothing, for tests; and 8-bit copies of them.
//!
//! Everything here is deterministic, so a manifest can name the hash of what comes out.

mod cut;
pub mod darknet;
mod eight_bits;
mod graph;
pub mod onnx;
pub mod shapes;
mod tfjs;

pub use cut::cut;
pub use darknet::{DarknetHead, DarknetModel, darknet_to_onnx};
pub use eight_bits::{Range, Tapped, eight_bits, tapped};
pub use graph::InputShape;
pub use tfjs::tfjs_ssd_to_onnx;

/// Why a network was not converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// A line of the `.cfg` is wrong.
    #[error("line {line}: {expectation}")]
    Cfg {
        /// The line, counted from 1.
        line: usize,
        /// What was expected there.
        expectation: String,
    },
    /// The `.cfg` asks for something that is not converted.
    #[error("line {line}: {what} is not supported")]
    Unsupported {
        /// The line, counted from 1.
        line: usize,
        /// What it is.
        what: String,
    },
    /// A node of a TensorFlow.js model is wrong, or not one that is converted.
    #[error("{node}: expected {expectation}")]
    Tfjs {
        /// The node's name.
        node: String,
        /// What was expected there.
        expectation: String,
    },
    /// The weights have no header.
    #[error("the weights are too short to have a header")]
    WeightsHeader,
    /// The weights end too early.
    #[error("the network needs at least {needed} weights, the file has {present}")]
    WeightsShort {
        /// How many numbers the layers up to this one need.
        needed: usize,
        /// How many there are.
        present: usize,
    },
    /// An ONNX file holds more than what is written here, so a copy would lose some of it.
    #[error("only networks that were converted here can be copied with 8 bits")]
    Foreign,
    /// The bytes are no ONNX file.
    #[error("it is no ONNX file")]
    Broken,
    /// A network is to be cut at a value that it does not compute.
    #[error("the network does not compute the value {value}")]
    NoValue {
        /// The value.
        value: String,
    },
    /// Nobody has measured how large a value gets.
    #[error("the range of the value {value} is not known")]
    Range {
        /// The value.
        value: String,
    },
    /// The weights do not end with the network.
    #[error("the network needs {used} weights, the file has {present}")]
    WeightsLeft {
        /// How many numbers the network needs.
        used: usize,
        /// How many there are.
        present: usize,
    },
}

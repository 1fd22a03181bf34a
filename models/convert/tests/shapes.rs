//! The tiny detector that lies in the repository is the one that the code makes.

use std::fs;
use std::path::Path;

#[test]
fn the_committed_model_is_the_one_this_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shapes/model.onnx");
    let committed = fs::read(&path).expect("the model lies beside its manifest");
    let remedy = "write it anew: cargo run -p model-convert --example shapes -- models/shapes/model.onnx";
    assert!(committed == model_convert::shapes::model(), "models/shapes/model.onnx is out of date; {remedy}");
}

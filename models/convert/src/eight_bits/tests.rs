//! Copies with eight bits: what is written, and how far it is from the original.

use super::*;
use crate::InputShape;
use crate::darknet::convert;

/// Two convolutions before and one after a pool and a join, and one that gives the output.
const CFG: &str = "[net]\nwidth=32\nheight=32\nchannels=3\n\
    [convolutional]\nfilters=4\nsize=3\nstride=2\npad=1\nactivation=leaky\n\
    [convolutional]\nfilters=4\nsize=3\nstride=1\npad=1\nactivation=leaky\n\
    [maxpool]\nsize=2\nstride=2\n\
    [convolutional]\nfilters=4\nsize=1\nstride=1\npad=1\nactivation=leaky\n\
    [route]\nlayers=-1,-2\n\
    [convolutional]\nfilters=6\nsize=1\nstride=1\npad=1\nactivation=linear\n\
    [yolo]\nmask=0\nanchors=1,1\nclasses=1\nnum=1\n";

fn network() -> Vec<u8> {
    let count = (4 * 3 * 9 + 4) + (4 * 4 * 9 + 4) + (4 * 4 + 4) + (6 * 8 + 6);
    let header = [0_i32, 2, 0, 0, 0].iter().flat_map(|number| number.to_le_bytes());
    let weights = (0..count).flat_map(|index| ((index % 7) as f32 / 10.0 - 0.3).to_le_bytes());
    let bytes: Vec<u8> = header.chain(weights).collect();
    convert(CFG, &bytes, InputShape::default()).expect("it is a network").onnx
}

fn ranges() -> BTreeMap<String, Range> {
    let values = tapped(&network()).expect("it is ours").values;
    values.into_iter().map(|value| (value, Range::new(-1.0, 2.0).expect("it is a range"))).collect()
}

fn graph(onnx: &[u8]) -> Graph {
    Model::decode(onnx).expect("it is ONNX").graph.expect("it has a graph")
}

fn of_kind<'g>(graph: &'g Graph, operator: &str) -> Vec<&'g Node> {
    graph.node.iter().filter(|node| node.op_type == operator).collect()
}

#[test]
fn every_value_that_needs_a_range_is_shown() {
    let tapped = tapped(&network()).expect("it is ours");
    let graph = graph(&tapped.onnx);
    // The picture, three convolutions with their units, and the join; the pool has its input's range.
    assert_eq!(tapped.values.len(), 8);
    assert!(tapped.values.contains(&"images".to_owned()), "{:?}", tapped.values);
    assert_eq!(graph.output.len(), 8);
    let made: BTreeSet<&str> = graph.node.iter().flat_map(|node| &node.output).map(String::as_str).collect();
    for output in &graph.output {
        assert!(made.contains(output.name.as_str()), "{}", output.name);
    }
}

#[test]
fn convolutions_read_and_give_8_bits_but_for_the_one_at_the_end() {
    let copy = graph(&eight_bits(&network(), &ranges(), 0).expect("it is ours"));
    let convolutions = of_kind(&copy, "Conv");
    let [first, second, third, last] = convolutions[..] else { panic!("{convolutions:?}") };
    for convolution in [first, second, third] {
        assert!(convolution.input.iter().all(|input| input.ends_with("_back")), "{convolution:?}");
        let read: Vec<_> = copy.node.iter().filter(|node| node.input.contains(&convolution.output[0])).collect();
        assert!(read.iter().all(|node| node.op_type == "QuantizeLinear") && read.len() == 1, "{read:?}");
    }
    assert!(last.input[0].ends_with("_back") && !last.input[1].ends_with("_back"), "{last:?}");
    let kinds =
        |name: &str| copy.initializer.iter().find(|constant| constant.name == name).map(|found| found.data_type);
    assert_eq!(kinds(&last.input[1]), Some(FLOAT));
    assert_eq!(kinds(first.input[1].trim_end_matches("_back")), Some(INT8));
    assert_eq!(kinds(first.input[2].trim_end_matches("_back")), Some(INT32));
}

#[test]
fn what_only_picks_numbers_keeps_their_scale() {
    let mut ranges = ranges();
    for (index, range) in ranges.values_mut().enumerate() {
        *range = Range::new(-1.0, 1.0 + index as f32).expect("it is a range");
    }
    let copy = graph(&eight_bits(&network(), &ranges, 0).expect("it is ours"));
    let scale = |value: &str| {
        let name = format!("{value}_scale");
        copy.initializer.iter().find(|constant| constant.name == name).map(|found| found.raw_data.clone())
    };
    let pool = of_kind(&copy, "MaxPool")[0];
    let before = pool.input[0].trim_end_matches("_back");
    assert!(scale(before).is_some());
    assert_eq!(scale(before), scale(&pool.output[0]));
}

#[test]
fn the_first_convolutions_stay_floats_if_that_is_wanted() {
    let copy = graph(&eight_bits(&network(), &ranges(), 2).expect("it is ours"));
    let floats: Vec<bool> = of_kind(&copy, "Conv").iter().map(|node| !node.input[1].ends_with("_back")).collect();
    assert_eq!(floats, [true, true, false, true]);
}

#[test]
fn every_step_reads_what_was_written_before_it() {
    for floats in 0..4 {
        let copy = graph(&eight_bits(&network(), &ranges(), floats).expect("it is ours"));
        let mut known: BTreeSet<&str> = copy.initializer.iter().map(|constant| constant.name.as_str()).collect();
        assert_eq!(known.len(), copy.initializer.len(), "no constant is there twice");
        known.extend(copy.input.iter().map(|input| input.name.as_str()));
        for node in &copy.node {
            for input in node.input.iter().filter(|input| !input.is_empty()) {
                assert!(known.contains(input.as_str()), "{} reads {input}", node.name);
            }
            known.extend(node.output.iter().map(String::as_str));
        }
        assert!(copy.output.iter().all(|output| known.contains(output.name.as_str())));
    }
}

#[test]
fn the_same_network_and_ranges_give_the_same_bytes() {
    assert_eq!(eight_bits(&network(), &ranges(), 1), eight_bits(&network(), &ranges(), 1));
}

#[test]
fn a_value_without_a_range_is_told_by_name() {
    let mut ranges = ranges();
    ranges.remove("images");
    assert_eq!(eight_bits(&network(), &ranges, 0), Err(ConvertError::Range { value: "images".to_owned() }));
}

#[test]
fn a_file_of_another_origin_is_refused_rather_than_spoilt() {
    let mut model = Model::decode(&network()[..]).expect("it is ONNX").encode_to_vec();
    // Field 4 of a model, `domain`, which we do not write.
    model.extend([0x22, 0x01, b'x']);
    assert_eq!(tapped(&model), Err(ConvertError::Foreign));
    assert_eq!(eight_bits(b"no model", &BTreeMap::new(), 0), Err(ConvertError::Foreign));
}

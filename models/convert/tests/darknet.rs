//! Darknet networks become ONNX files that compute what Darknet would.

use std::fmt::Write as _;
use std::io::Cursor;

use model_convert::darknet::convert;
use model_convert::{ConvertError, DarknetHead, InputShape, darknet_to_onnx};
use tract_onnx::prelude::*;

const HEADER: [u8; 20] = [0, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0];
const NO_SHAPE: InputShape = InputShape { batch: None, size: None };

fn weights(numbers: &[f32]) -> Vec<u8> {
    HEADER.into_iter().chain(numbers.iter().flat_map(|n| n.to_le_bytes())).collect()
}

/// A network with these layers before a head of one anchor and one class, which needs six channels.
fn network(layers: &str) -> String {
    format!("[net]\nchannels=3\n{layers}\n[yolo]\nclasses=1\nanchors=10,20\n")
}

/// Runs a network with tract on a picture given as three planes.
fn run(cfg: &str, numbers: &[f32], width: usize, height: usize, planes: &[f32]) -> Vec<f32> {
    let onnx = darknet_to_onnx(cfg, &weights(numbers), NO_SHAPE).expect("the network is supported");
    let model = tract_onnx::onnx()
        .with_ignore_output_shapes(true)
        .model_for_read(&mut Cursor::new(onnx))
        .and_then(|model| model.with_input_fact(0, f32::fact([1, 3, height, width]).into()))
        .and_then(InferenceModelExt::into_optimized)
        .and_then(IntoRunnable::into_runnable)
        .expect("tract accepts the file");
    let input = Tensor::from_shape(&[1, 3, height, width], planes).expect("the planes have this size");
    let output = model.run(tvec!(input.into())).expect("tract runs the file");
    output[0].to_plain_array_view::<f32>().expect("the output is floats").iter().copied().collect()
}

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() < 1e-4 * e.abs().max(1.0), "{found:?} is not {expected:?}");
    }
}

/// A 1 × 1 convolution that copies the red plane into all six channels.
const COPY_RED: [f32; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, // biases
    1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0,
];

#[test]
fn a_normalised_leaky_convolution_is_folded_right() {
    let cfg = network("[convolutional]\nfilters=6\nsize=1\nbatch_normalize=1\nactivation=leaky\n");
    let mut numbers = vec![0.5; 6]; // biases
    numbers.extend([2.0; 6]); // scales
    numbers.extend([0.25; 6]); // means
    numbers.extend([4.0 - 1e-5; 6]); // variances: the root of variance and floor is 2
    numbers.extend(&COPY_RED[6..]);
    let found = run(&cfg, &numbers, 2, 1, &[3.0, -5.0, 0.0, 0.0, 0.0, 0.0]);
    // 2 × (3 − 0.25) / 2 + 0.5 = 3.25; 2 × (−5 − 0.25) / 2 + 0.5 = −4.75, of which a tenth leaks through.
    assert_close(&found, &[3.25, -0.475].repeat(6));
}

#[test]
fn a_strided_convolution_pads_and_sums_its_neighbours() {
    let cfg = network("[convolutional]\nfilters=6\nsize=3\nstride=2\npad=1\nactivation=linear\n");
    let mut numbers = vec![1.0; 6];
    for _ in 0..6 {
        numbers.extend([1.0; 9]); // red
        numbers.extend([0.0; 18]);
    }
    let planes: Vec<f32> = (1..=16).map(|n| n as f32).chain([7.0; 32]).collect();
    // Red is 1 to 16 in rows of four; the windows sit at (0, 0), (2, 0), (0, 2), (2, 2) and reach one pixel around.
    let sums = [1.0 + 2.0 + 5.0 + 6.0, 2.0 + 3.0 + 4.0 + 6.0 + 7.0 + 8.0, 57.0, 99.0];
    let expected: Vec<f32> = sums.iter().map(|sum| sum + 1.0).collect();
    assert_close(&run(&cfg, &numbers, 4, 4, &planes), &expected.repeat(6));
}

#[test]
fn a_pool_takes_the_largest_and_an_upsample_repeats_it() {
    let cfg = network(
        "[maxpool]\nsize=2\nstride=2\n[upsample]\nstride=2\n[convolutional]\nfilters=6\nsize=1\nactivation=linear\n",
    );
    let planes = [vec![1.0, 4.0, -1.0, -2.0, 3.0, 2.0, -9.0, -8.0], vec![0.0; 16]].concat();
    let expected = [4.0, 4.0, -1.0, -1.0, 4.0, 4.0, -1.0, -1.0];
    assert_close(&run(&cfg, &COPY_RED, 4, 2, &planes), &expected.repeat(6));
}

#[test]
fn a_grouped_route_takes_its_part_and_a_joined_one_keeps_the_order() {
    // Six channels 1 to 6 (as multiples of red), of which the second half, then that half before all six.
    let cfg = "[net]\n\
        [convolutional]\nfilters=6\nsize=1\nactivation=linear\n\
        [route]\nlayers=-1\ngroups=2\ngroup_id=1\n\
        [route]\nlayers=-1,-2\n\
        [yolo]\nclasses=4\nanchors=1,1\n";
    let mut numbers = vec![0.0; 6];
    numbers.extend((1..=6).flat_map(|n| [n as f32, 0.0, 0.0]));
    let found = run(cfg, &numbers, 1, 1, &[10.0, 0.0, 0.0]);
    assert_close(&found, &[40.0, 50.0, 60.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
}

#[test]
fn a_shortcut_adds_an_earlier_layer() {
    let cfg = network(
        "[convolutional]\nfilters=6\nsize=1\nactivation=linear\n\
         [convolutional]\nfilters=6\nsize=1\ngroups=6\nactivation=relu\n\
         [shortcut]\nfrom=-2\nactivation=linear\n",
    );
    let second = [[1.0; 6], [-2.0; 6]].concat(); // biases, then one weight for each channel
    let found = run(&cfg, &[&COPY_RED[..], &second].concat(), 2, 1, &[3.0, -5.0, 0.0, 0.0, 0.0, 0.0]);
    // relu(1 − 2 × 3) + 3 = 3; relu(1 + 10) − 5 = 6.
    assert_close(&found, &[3.0, 6.0].repeat(6));
}

#[test]
fn every_activation_is_darknets() {
    let at = |activation: &str, x: f32| {
        let cfg = network(&format!("[convolutional]\nfilters=6\nsize=1\nactivation={activation}\n"));
        run(&cfg, &COPY_RED, 1, 1, &[x, 0.0, 0.0])[0]
    };
    let sigmoid = 1.0 / (1.0 + 1_f32.exp());
    assert_close(&[at("linear", -1.0), at("leaky", -1.0), at("relu", -1.0)], &[-1.0, -0.1, 0.0]);
    assert_close(&[at("logistic", -1.0), at("swish", -1.0)], &[sigmoid, -sigmoid]);
    let soft = (1.0 + (-1_f32).exp()).ln();
    assert_close(&[at("mish", -1.0), at("mish", 2.0)], &[-soft.tanh(), 2.0 * (1.0 + 2_f32.exp()).ln().tanh()]);
}

#[test]
fn a_head_says_how_it_is_read() {
    let cfg = "[net]\n[maxpool]\nsize=2\nstride=2\n[convolutional]\nfilters=14\nsize=1\nactivation=linear\n\
        [yolo]\nmask=0,2\nanchors=1,2, 3,4, 5,6\nclasses=2\nscale_x_y=1.05\n";
    let numbers = vec![0.0; 14 * 4];
    let model = convert(cfg, &weights(&numbers), NO_SHAPE).expect("the network is supported");
    let anchors = vec![[1.0, 2.0], [5.0, 6.0]];
    let head = DarknetHead { name: "head_2".into(), stride: 2, anchors, scale_xy: 1.05, classes: 2 };
    assert_eq!((model.heads, model.parameters), (vec![head], 56));
}

/// yolov4-tiny, written out from its plan.
fn yolov4_tiny() -> String {
    let mut cfg = String::from("[net]\nchannels=3\n");
    let conv = |cfg: &mut String, filters: u32, size: u32, stride: u32| {
        write!(cfg, "[convolutional]\nbatch_normalize=1\nfilters={filters}\nsize={size}\nstride={stride}\npad=1\nactivation=leaky\n")
            .expect("a string takes everything");
    };
    let route = |cfg: &mut String, layers: &str| write!(cfg, "[route]\nlayers={layers}\n").expect("as above");
    conv(&mut cfg, 32, 3, 2);
    conv(&mut cfg, 64, 3, 2);
    for filters in [64, 128, 256] {
        conv(&mut cfg, filters, 3, 1);
        cfg.push_str("[route]\nlayers=-1\ngroups=2\ngroup_id=1\n");
        conv(&mut cfg, filters / 2, 3, 1);
        conv(&mut cfg, filters / 2, 3, 1);
        route(&mut cfg, "-1,-2");
        conv(&mut cfg, filters, 1, 1);
        route(&mut cfg, "-6,-1");
        cfg.push_str("[maxpool]\nsize=2\nstride=2\n");
    }
    conv(&mut cfg, 512, 3, 1);
    conv(&mut cfg, 256, 1, 1);
    let head = "[convolutional]\nfilters=255\nsize=1\nactivation=linear\n\
        [yolo]\nclasses=80\nmask=0,1,2\nanchors=10,14,23,27,37,58\n";
    conv(&mut cfg, 512, 3, 1);
    cfg.push_str(head);
    route(&mut cfg, "-4");
    conv(&mut cfg, 128, 1, 1);
    cfg.push_str("[upsample]\nstride=2\n");
    route(&mut cfg, "-1, 23");
    conv(&mut cfg, 256, 3, 1);
    cfg + head
}

const YOLOV4_TINY_WEIGHTS: usize = 6_062_814;

#[test]
fn yolov4_tiny_has_as_many_weights_as_its_file() {
    let file = weights(&vec![0.0; YOLOV4_TINY_WEIGHTS]);
    let model = convert(&yolov4_tiny(), &file, NO_SHAPE).expect("the file fits");
    assert_eq!(model.parameters, YOLOV4_TINY_WEIGHTS);
    assert_eq!(model.heads.iter().map(|head| head.stride).collect::<Vec<_>>(), [32, 16]);
}

#[test]
fn a_file_of_another_network_is_refused() {
    let with = |count: usize| darknet_to_onnx(&yolov4_tiny(), &weights(&vec![0.0; count]), NO_SHAPE).err();
    let (used, present) = (YOLOV4_TINY_WEIGHTS, YOLOV4_TINY_WEIGHTS + 1);
    assert_eq!(with(present), Some(ConvertError::WeightsLeft { used, present }));
    let (needed, present) = (YOLOV4_TINY_WEIGHTS, YOLOV4_TINY_WEIGHTS - 1);
    assert_eq!(with(present), Some(ConvertError::WeightsShort { needed, present }));
    assert_eq!(darknet_to_onnx(&yolov4_tiny(), &[0; 7], NO_SHAPE), Err(ConvertError::WeightsHeader));
}

#[test]
fn an_old_header_is_four_bytes_shorter() {
    let cfg = network("[convolutional]\nfilters=6\nsize=1\nactivation=linear\n");
    let mut old = weights(&COPY_RED);
    old[4] = 1;
    old.drain(16..20);
    assert_eq!(darknet_to_onnx(&cfg, &old, NO_SHAPE), darknet_to_onnx(&cfg, &weights(&COPY_RED), NO_SHAPE));
}

#[test]
fn the_same_network_always_gives_the_same_bytes() {
    let cfg = network("[convolutional]\nfilters=6\nsize=1\nactivation=mish\n");
    let once = darknet_to_onnx(&cfg, &weights(&COPY_RED), NO_SHAPE);
    assert_eq!(once, darknet_to_onnx(&cfg, &weights(&COPY_RED), NO_SHAPE));
    let fixed = InputShape { batch: Some(1), size: Some((416, 256)) };
    assert_ne!(once, darknet_to_onnx(&cfg, &weights(&COPY_RED), fixed));
}

#[test]
fn an_error_names_the_line() {
    let error = |cfg: &str| darknet_to_onnx(cfg, &weights(&[]), NO_SHAPE).expect_err("this is no network").to_string();
    let cases = [
        ("width=416\n[net]", "line 1: a value before the first section"),
        ("[convolutional]\n", "line 1: the first section must be [net]"),
        ("[net]\n", "line 1: there is no [yolo] section, so nothing to read boxes from"),
        ("[net]\n[yolo\n", "line 2: a section is written [name]"),
        ("[net]\n\n# note\nnonsense\n", "line 4: expected key=value"),
        ("[net]\nchannels=three\n", "line 2: channels: expected a number of 0 or more, found \"three\""),
        ("[net]\n[dropout]\n[yolo]\n", "line 2: [dropout] is not supported"),
        ("[net]\n[convolutional]\nactivation=wavy\n", "line 3: activation=wavy is not supported"),
        ("[net]\n[convolutional]\nstride=0\n", "line 2: stride: expected a number of 1 or more"),
        ("[net]\n[route]\nlayers=-1\n", "line 2: layer -1 does not come before layer 0"),
        ("[net]\n[route]\n", "line 2: [route] needs layers"),
        (
            "[net]\n[maxpool]\n[route]\nlayers=0\ngroups=2\ngroup_id=2\n",
            "line 3: group_id: expected less than groups, which is 2",
        ),
        ("[net]\n[yolo]\nanchors=1,x\n", "line 3: anchors: expected numbers, found \"x\""),
        ("[net]\n[yolo]\nmask=3\nanchors=1,2\n", "line 2: [yolo] needs an anchor for each number of its mask"),
        ("[net]\n[yolo]\nclasses=1\nanchors=1,2\n", "line 2: [yolo] needs 6 channels, the layer before has 3"),
        (&network("[upsample]"), "line 3: [upsample] enlarges beyond the input"),
    ];
    for (cfg, message) in cases {
        assert_eq!(error(cfg), message, "{cfg}");
    }
}

//! The layouts a manifest can name, and which function reads each.

use std::ops::Range;

use serde::Deserialize;

use super::anchors::{self, Head, Sides};
use super::ssd::{self, Priors, Scores};
use super::{Sink, Tensor, distributed, rows};

/// How a model writes its answer. Outputs are taken in the order of the model file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "layout", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Layout {
    /// One output `[N, boxes, 5 + classes]`, as YOLOv5 exports it.
    Yolov5,
    /// One output `[N, 4 + classes, boxes]`, as YOLOv8 and YOLO11 export it.
    Yolov8,
    /// One output `[N, cells, 5 + classes]`, relative to grids.
    Yolox {
        /// Cell sizes in pixels, in the order of the rows.
        strides: Vec<u32>,
    },
    /// One raw output `[N, anchors × (5 + classes), lines, columns]` for each head.
    AnchorHeads {
        /// The heads, in the order of the outputs.
        heads: Vec<Head>,
        /// How numbers become sides.
        #[serde(default)]
        sides: Sides,
    },
    /// One raw output `[N, 4 × bins + classes, lines, columns]` for each stride: YOLOv8 and YOLO11 without their tail.
    DistributedHeads {
        /// Cell sizes in pixels, in the order of the outputs.
        strides: Vec<u32>,
        /// How many distances a side's distribution has.
        bins: usize,
    },
    /// Two outputs: offsets `[N, priors, 4]` and scores `[N, priors, background + classes]`.
    SsdOffsets {
        /// The boxes that offsets refer to.
        priors: Priors,
        /// How scores are written.
        #[serde(default)]
        scores: Scores,
    },
    /// Three outputs: boxes `[N, boxes, 4]`, scores `[N, boxes]`, class numbers `[N, boxes]`.
    Boxes {
        /// The class number of the first label.
        #[serde(default)]
        first_class: u32,
    },
}

/// A layout ready for decoding: with what is computed once.
#[derive(Debug, Clone)]
pub(crate) struct Decoder {
    layout: Layout,
    priors: Vec<[f32; 4]>,
}

impl Layout {
    /// Returns how many outputs the model file has.
    #[must_use]
    pub fn outputs(&self) -> usize {
        match self {
            Self::Yolov5 | Self::Yolov8 | Self::Yolox { .. } => 1,
            Self::AnchorHeads { heads, .. } => heads.len(),
            Self::DistributedHeads { strides, .. } => strides.len(),
            Self::SsdOffsets { .. } => 2,
            Self::Boxes { .. } => 3,
        }
    }

    /// Says what is wrong with the layout's own numbers.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Yolov5 | Self::Yolov8 | Self::Boxes { .. } => Ok(()),
            Self::Yolox { strides } => check_strides(strides),
            Self::AnchorHeads { heads, .. } => {
                check_strides(&heads.iter().map(|head| head.stride).collect::<Vec<_>>())?;
                if heads.iter().any(|head| head.anchors.is_empty()) {
                    return Err("every head needs anchors".to_owned());
                }
                let numbers = heads.iter().flat_map(|head| head.anchors.as_flattened().iter().chain([&head.scale_xy]));
                if numbers.into_iter().any(|number| !number.is_finite() || *number <= 0.0) {
                    return Err("anchors and scale_xy are numbers above zero".to_owned());
                }
                Ok(())
            }
            Self::DistributedHeads { strides, bins } => {
                check_strides(strides)?;
                if *bins < 2 { Err("bins: at least 2".to_owned()) } else { Ok(()) }
            }
            Self::SsdOffsets { priors, .. } => {
                let cells: u64 = priors.grids.iter().map(|cells| u64::from(*cells).pow(2)).sum();
                if !(1..=100_000).contains(&cells) {
                    return Err("priors.grids: 1 to 100000 cells in all".to_owned());
                }
                if priors.variances.iter().chain(&priors.aspect_ratios).any(|n| !n.is_finite() || *n <= 0.0) {
                    return Err("priors: variances and aspect_ratios are numbers above zero".to_owned());
                }
                Ok(())
            }
        }
    }
}

fn check_strides(strides: &[u32]) -> Result<(), String> {
    if strides.is_empty() || strides.contains(&0) {
        return Err("strides: at least one, none of them zero".to_owned());
    }
    Ok(())
}

impl Decoder {
    pub(crate) fn new(layout: Layout) -> Self {
        let priors = match &layout {
            Layout::SsdOffsets { priors, .. } => priors.boxes(),
            _ => Vec::new(),
        };
        Self { layout, priors }
    }

    /// Reads one picture of a batch. Fails, saying why, if the outputs do not have the shapes that the layout promises.
    pub(crate) fn decode(&self, outputs: &[Tensor<'_>], picture: usize, sink: &mut Sink<'_>) -> Result<(), String> {
        if outputs.len() < self.layout.outputs() {
            return Err(format!("{} outputs, the layout has {}", outputs.len(), self.layout.outputs()));
        }
        let classes = sink.floors.classes();
        let canvas = sink.canvas;
        match &self.layout {
            Layout::Yolov5 => rows::decode_v5(part(&outputs[0], picture, &[0, 5 + classes])?, sink),
            Layout::Yolov8 => rows::decode_v8(part(&outputs[0], picture, &[4 + classes, 0])?, sink),
            Layout::Yolox { strides } => {
                let shape = [rows::cells(canvas, strides), 5 + classes];
                rows::decode_yolox(part(&outputs[0], picture, &shape)?, strides, sink);
            }
            Layout::AnchorHeads { heads, sides } => {
                for (output, head) in outputs.iter().zip(heads) {
                    let grid = grid(canvas, head.stride);
                    let shape = [head.anchors.len() * (5 + classes), grid.1, grid.0];
                    anchors::decode_head(part(output, picture, &shape)?, grid, head, *sides, sink);
                }
            }
            Layout::DistributedHeads { strides, bins } => {
                for (output, stride) in outputs.iter().zip(strides) {
                    let grid = grid(canvas, *stride);
                    let shape = [4 * bins + classes, grid.1, grid.0];
                    distributed::decode_head(part(output, picture, &shape)?, grid, *stride, *bins, sink);
                }
            }
            Layout::SsdOffsets { priors, scores } => {
                let offsets = part(&outputs[0], picture, &[self.priors.len(), 4])?;
                let rows = part(&outputs[1], picture, &[self.priors.len(), 1 + classes])?;
                ssd::decode_offsets(offsets, rows, &self.priors, priors.variances, *scores, sink);
            }
            Layout::Boxes { first_class } => {
                let boxes = part(&outputs[0], picture, &[0, 4])?;
                let scores = part(&outputs[1], picture, &[boxes.len() / 4])?;
                let numbers = part(&outputs[2], picture, &[boxes.len() / 4])?;
                ssd::decode_boxes(boxes, scores, numbers, *first_class, sink);
            }
        }
        Ok(())
    }
}

fn grid(canvas: domain::geometry::Size, stride: u32) -> (usize, usize) {
    ((canvas.width / stride) as usize, (canvas.height / stride) as usize)
}

/// Returns the numbers of one picture of a batch if its shape is as expected; 0 in `expected` stands for any length.
fn part<'a>(output: &Tensor<'a>, picture: usize, expected: &[usize]) -> Result<&'a [f32], String> {
    let wrong = || format!("an output has the shape {:?}, expected [N, {expected:?}], 0 for any", output.shape);
    let (batch, shape) = output.shape.split_first().ok_or_else(wrong)?;
    let fits = shape.len() == expected.len() && shape.iter().zip(expected).all(|(is, want)| *want == 0 || is == want);
    let length: usize = shape.iter().product();
    let range: Range<usize> = picture * length..(picture + 1) * length;
    match output.data.get(range) {
        Some(numbers) if fits && picture < *batch => Ok(numbers),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use domain::geometry::Size;

    use super::*;
    use crate::decode::{Candidate, Floors};

    fn decoded(layout: Layout, outputs: &[Tensor<'_>], picture: usize) -> Result<Vec<Candidate>, String> {
        let (floors, mut candidates) = (Floors::uniform(0.25, 1), Vec::new());
        let mut sink = Sink { canvas: Size::new(32, 32), floors: &floors, candidates: &mut candidates };
        Decoder::new(layout).decode(outputs, picture, &mut sink)?;
        Ok(candidates)
    }

    #[test]
    fn each_picture_of_a_batch_has_its_own_boxes() {
        let data = [4.0, 4.0, 2.0, 2.0, 1.0, 0.9, 8.0, 8.0, 2.0, 2.0, 1.0, 0.8];
        let output = [Tensor { shape: &[2, 1, 6], data: &data }];
        let confidence = |picture| decoded(Layout::Yolov5, &output, picture).map(|found| found[0].confidence);
        assert_eq!((confidence(0), confidence(1)), (Ok(0.9), Ok(0.8)));
        assert!(confidence(2).is_err());
    }

    #[test]
    fn an_output_of_another_shape_is_refused() {
        let data = [0.0; 12];
        for shape in [&[1, 2, 7][..], &[1, 12], &[1, 2, 6, 1], &[]] {
            let error = decoded(Layout::Yolov5, &[Tensor { shape, data: &data }], 0);
            assert!(error.is_err(), "{shape:?}");
        }
        assert!(decoded(Layout::Yolov5, &[], 0).is_err());
        // The shape fits, the numbers are missing.
        assert!(decoded(Layout::Yolov5, &[Tensor { shape: &[1, 3, 6], data: &data }], 0).is_err());
    }

    #[test]
    fn heads_must_fit_the_canvas() {
        let head = |stride| Head { stride, anchors: vec![[8.0, 8.0]], scale_xy: 1.0 };
        let layout = Layout::AnchorHeads { heads: vec![head(16)], sides: Sides::Exponential };
        let data = [0.0; 6 * 4];
        assert_eq!(decoded(layout.clone(), &[Tensor { shape: &[1, 6, 2, 2], data: &data }], 0).map(|f| f.len()), Ok(0));
        assert!(decoded(layout, &[Tensor { shape: &[1, 6, 1, 4], data: &data }], 0).is_err());
    }

    #[test]
    fn layouts_are_named_in_yaml() {
        let parse = |text: &str| serde_yaml::from_str::<Layout>(text).map_err(|e| e.to_string());
        assert_eq!(parse("layout: yolov8"), Ok(Layout::Yolov8));
        let heads = parse("{layout: anchor-heads, heads: [{stride: 32, anchors: [[1, 2]], scale_xy: 1.05}]}");
        let head = Head { stride: 32, anchors: vec![[1.0, 2.0]], scale_xy: 1.05 };
        assert_eq!(heads, Ok(Layout::AnchorHeads { heads: vec![head], sides: Sides::Exponential }));
        assert!(parse("layout: yolov99").is_err_and(|e| e.contains("yolov99")));
        assert!(parse("{layout: yolox, strides: [8], anchors: 3}").is_err());
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        let head = |stride, anchors: &[[f32; 2]]| Layout::AnchorHeads {
            heads: vec![Head { stride, anchors: anchors.to_vec(), scale_xy: 1.0 }],
            sides: Sides::Exponential,
        };
        assert!(head(32, &[[1.0, 1.0]]).check().is_ok());
        assert!(head(0, &[[1.0, 1.0]]).check().is_err());
        assert!(head(32, &[]).check().is_err());
        assert!(head(32, &[[0.0, 1.0]]).check().is_err());
        assert!(Layout::Yolox { strides: Vec::new() }.check().is_err());
        assert!(Layout::DistributedHeads { strides: vec![8], bins: 1 }.check().is_err());
    }
}

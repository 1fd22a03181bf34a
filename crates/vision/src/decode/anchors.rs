//! Raw heads with anchors: YOLOv3, YOLOv4, and YOLOv5 and v7 cut before the tail.
//!
//! A head is `[anchors × (5 + classes), lines, columns]`: for every cell and anchor the offset of the centre, the sides relative to
//! the anchor, objectness and class scores, all as logits. Cutting the graph here lets us skip the sigmoids of the many empty cells.

use serde::Deserialize;

use super::{Sink, logit, sigmoid, strongest};

/// How a head's numbers become the sides of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sides {
    /// Anchor × e^n: YOLOv3 and v4.
    #[default]
    Exponential,
    /// Anchor × (2 × sigmoid(n))²: YOLOv5 and v7.
    Square,
}

/// One head.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// How many pixels of the input a cell is wide and high.
    pub stride: u32,
    /// The anchors' widths and heights in pixels of the input.
    pub anchors: Vec<[f32; 2]>,
    /// How far a centre may leave its cell (`scale_x_y`): 1 not at all, 2 by half a cell.
    #[serde(default = "Head::inside")]
    pub scale_xy: f32,
}

impl Head {
    fn inside() -> f32 {
        1.0
    }
}

/// Reads one head of `columns` × `lines` cells.
pub fn decode_head(numbers: &[f32], (columns, lines): (usize, usize), head: &Head, sides: Sides, sink: &mut Sink<'_>) {
    let classes = sink.floors.classes();
    let cells = columns * lines;
    if cells == 0 {
        return;
    }
    // A confidence is objectness × score, so objectness alone must exceed the lowest floor.
    let least_objectness = logit(sink.floors.lowest());
    let stride = head.stride as f32;
    let reach = |n: f32| head.scale_xy * sigmoid(n) - (head.scale_xy - 1.0) / 2.0;
    let side = |n: f32, anchor: f32| match sides {
        Sides::Exponential => anchor * n.exp(),
        Sides::Square => anchor * (2.0 * sigmoid(n)).powi(2),
    };
    for (planes, [width, height]) in numbers.chunks_exact((5 + classes) * cells).zip(&head.anchors) {
        let plane = |index: usize| &planes[index * cells..(index + 1) * cells];
        for (cell, objectness) in plane(4).iter().copied().enumerate() {
            if objectness > least_objectness {
                let (class, score) = strongest((5..5 + classes).map(|index| planes[index * cells + cell]));
                let place = [
                    ((cell % columns) as f32 + reach(plane(0)[cell])) * stride,
                    ((cell / columns) as f32 + reach(plane(1)[cell])) * stride,
                    side(plane(2)[cell], *width),
                    side(plane(3)[cell], *height),
                ];
                sink.offer_centred(class, sigmoid(objectness) * sigmoid(score), place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::geometry::{BBox, Size};

    use super::*;
    use crate::decode::{Candidate, Floors};

    const CLASSES: usize = 2;

    /// Numbers of one head of 2 × 2 cells and two anchors: boxes as large as their anchors, of which all but one are surely nothing.
    fn head_with(anchor: usize, cell: usize, numbers: [f32; 5 + CLASSES]) -> Vec<f32> {
        let nothing = [[0.0; 4 * 4].as_slice(), &[-20.0; (1 + CLASSES) * 4]].concat();
        let mut all = nothing.repeat(2);
        for (index, number) in numbers.into_iter().enumerate() {
            all[(anchor * (5 + CLASSES) + index) * 4 + cell] = number;
        }
        all
    }

    fn decoded(numbers: &[f32], scale_xy: f32, sides: Sides, floor: f32) -> Vec<Candidate> {
        let head = Head { stride: 16, anchors: vec![[10.0, 14.0], [20.0, 40.0]], scale_xy };
        let (floors, mut candidates) = (Floors::uniform(floor, CLASSES), Vec::new());
        let mut sink = Sink { canvas: Size::new(32, 32), floors: &floors, candidates: &mut candidates };
        decode_head(numbers, (2, 2), &head, sides, &mut sink);
        candidates
    }

    #[test]
    fn a_box_sits_in_its_cell_and_has_its_anchors_sides() {
        // Logit 0 is a half: the middle of cell (1, 0), the anchor's own sides.
        let found = decoded(&head_with(1, 1, [0.0, 0.0, 0.0, 0.0, 20.0, -20.0, 20.0]), 1.0, Sides::Exponential, 0.25);
        let expected = Candidate { bbox: BBox::new(14.0, -12.0, 34.0, 28.0), class: 1, confidence: 1.0 };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn scale_xy_lets_a_centre_leave_its_cell() {
        // Sigmoid 1 with scale 1.05 is 1.025 cells: x = (0 + 1.025) × 16.
        let found = decoded(&head_with(0, 0, [50.0, -50.0, 0.0, 0.0, 20.0, 20.0, 0.0]), 1.05, Sides::Exponential, 0.25);
        let centre = found[0].bbox.center();
        assert!((centre.x - 16.4).abs() < 1e-4 && (centre.y + 0.4).abs() < 1e-4, "{centre:?}");
    }

    #[test]
    fn sides_are_exponential_or_square() {
        let numbers = head_with(0, 3, [0.0, 0.0, 2_f32.ln(), 0.0, 20.0, 20.0, 0.0]);
        let exponential = decoded(&numbers, 1.0, Sides::Exponential, 0.25)[0].bbox;
        assert!((exponential.width() - 20.0).abs() < 1e-4 && (exponential.height() - 14.0).abs() < 1e-4);
        // Sigmoid(ln 2) is two thirds: (4/3)² × 10.
        let square = decoded(&numbers, 1.0, Sides::Square, 0.25)[0].bbox;
        assert!((square.width() - 160.0 / 9.0).abs() < 1e-3 && (square.height() - 14.0).abs() < 1e-4);
    }

    #[test]
    fn confidence_is_objectness_times_score_and_must_exceed_the_floor() {
        // A half times a half.
        let numbers = head_with(0, 0, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -20.0]);
        assert_eq!(decoded(&numbers, 1.0, Sides::Exponential, 0.24)[0].confidence, 0.25);
        assert!(decoded(&numbers, 1.0, Sides::Exponential, 0.25).is_empty());
    }

    #[test]
    fn a_floor_of_zero_lets_everything_through_and_one_nothing() {
        let numbers = head_with(0, 0, [0.0, 0.0, 0.0, 0.0, 20.0, 20.0, -20.0]);
        assert_eq!(decoded(&numbers, 1.0, Sides::Exponential, 0.0).len(), 8);
        assert!(decoded(&numbers, 1.0, Sides::Exponential, 1.0).is_empty());
    }
}

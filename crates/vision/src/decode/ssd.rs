//! SSD-style boxes: offsets from prior boxes with class scores, or boxes that the graph has already suppressed.

use serde::Deserialize;

use super::{Sink, sigmoid, strongest};
use domain::geometry::BBox;

/// How class scores are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scores {
    /// Probabilities.
    #[default]
    Plain,
    /// Logits, one yes or no for each class.
    Sigmoid,
}

/// The prior boxes of a MobileNet-style SSD: several shapes in each cell of several grids.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Priors {
    /// How many cells each grid has along a side, finest first.
    pub grids: Vec<u32>,
    /// The side of the boxes of the finest and the coarsest grid, as a part of the input.
    pub scales: [f32; 2],
    /// Widths divided by heights.
    pub aspect_ratios: Vec<f32>,
    /// What offsets are divided by: centres y and x, then sides.
    #[serde(default = "Priors::tensorflow")]
    pub variances: [f32; 4],
}

impl Priors {
    fn tensorflow() -> [f32; 4] {
        [10.0, 10.0, 5.0, 5.0]
    }

    /// Returns the boxes as centre and sides, parts of the input, in the order of TensorFlow's object detection API: in the finest grid
    /// three boxes a cell, in the others one for each aspect ratio and one between this scale and the next.
    #[must_use]
    pub fn boxes(&self) -> Vec<[f32; 4]> {
        let levels = self.grids.len();
        let scale = |level: usize| {
            if level >= levels || levels < 2 {
                return 1.0;
            }
            self.scales[0] + (self.scales[1] - self.scales[0]) * level as f32 / (levels - 1) as f32
        };
        let mut boxes = Vec::new();
        for (level, &cells) in self.grids.iter().enumerate() {
            let mut shapes = Vec::new();
            if level == 0 {
                shapes.extend([(0.1, 1.0), (scale(0), 2.0), (scale(0), 0.5)]);
            } else {
                shapes.extend(self.aspect_ratios.iter().map(|ratio| (scale(level), *ratio)));
                shapes.push(((scale(level) * scale(level + 1)).sqrt(), 1.0));
            }
            for cell in 0..cells * cells {
                let centre = |index: u32| (index as f32 + 0.5) / cells as f32;
                let (x, y) = (centre(cell % cells), centre(cell / cells));
                boxes.extend(shapes.iter().map(|(side, ratio)| [x, y, side * ratio.sqrt(), side / ratio.sqrt()]));
            }
        }
        boxes
    }
}

/// Reads offsets `[priors, 4]` (y, x, height, width) and scores `[priors, background + classes]`.
pub fn decode_offsets(
    offsets: &[f32],
    scores: &[f32],
    priors: &[[f32; 4]],
    variances: [f32; 4],
    kind: Scores,
    sink: &mut Sink<'_>,
) {
    let (width, height) = (sink.canvas.width as f32, sink.canvas.height as f32);
    let rows = scores.chunks_exact(1 + sink.floors.classes());
    for ((prior, offset), row) in priors.iter().zip(offsets.chunks_exact(4)).zip(rows) {
        let (class, score) = strongest(row[1..].iter().copied());
        let confidence = match kind {
            Scores::Plain => score,
            Scores::Sigmoid => sigmoid(score),
        };
        if confidence > sink.floors.lowest() {
            let place = [
                (prior[0] + offset[1] / variances[1] * prior[2]) * width,
                (prior[1] + offset[0] / variances[0] * prior[3]) * height,
                prior[2] * (offset[3] / variances[3]).exp() * width,
                prior[3] * (offset[2] / variances[2]).exp() * height,
            ];
            sink.offer_centred(class, confidence, place);
        }
    }
}

/// Reads finished boxes `[boxes, 4]` (top, left, bottom, right, as parts of the input) with one score and one class number each.
pub fn decode_boxes(boxes: &[f32], scores: &[f32], classes: &[f32], first_class: u32, sink: &mut Sink<'_>) {
    let (width, height) = (sink.canvas.width as f32, sink.canvas.height as f32);
    for ((place, score), class) in boxes.chunks_exact(4).zip(scores).zip(classes) {
        let class = class.round() as i64 - i64::from(first_class);
        let Some(class) = usize::try_from(class).ok().filter(|class| *class < sink.floors.classes()) else {
            continue;
        };
        let bbox = BBox::new(place[1] * width, place[0] * height, place[3] * width, place[2] * height);
        sink.offer(class, *score, bbox);
    }
}

#[cfg(test)]
mod tests {
    use domain::geometry::Size;

    use super::*;
    use crate::decode::{Candidate, Floors};

    fn decoded(decode: impl FnOnce(&mut Sink<'_>)) -> Vec<Candidate> {
        let (floors, mut candidates) = (Floors::uniform(0.25, 2), Vec::new());
        decode(&mut Sink { canvas: Size::new(200, 100), floors: &floors, candidates: &mut candidates });
        candidates
    }

    #[test]
    fn mobilenet_ssd_has_1917_priors() {
        let priors = Priors {
            grids: vec![19, 10, 5, 3, 2, 1],
            scales: [0.2, 0.95],
            aspect_ratios: vec![1.0, 2.0, 0.5, 3.0, 1.0 / 3.0],
            variances: Priors::tensorflow(),
        };
        let boxes = priors.boxes();
        assert_eq!(boxes.len(), 1917);
        let half = 0.5 / 19.0;
        assert_eq!(boxes[0], [half, half, 0.1, 0.1]);
        let last = boxes[1916];
        assert!((last[2] - 0.95_f32.sqrt()).abs() < 1e-6 && last[0] == 0.5, "{last:?}");
    }

    #[test]
    fn offsets_move_and_stretch_a_prior() {
        let offsets = [5.0, 10.0, 0.0, 5.0 * 2_f32.ln()];
        let found = decoded(|sink| {
            let priors = [[0.5, 0.5, 0.2, 0.4]];
            decode_offsets(&offsets, &[9.0, 0.1, 0.75], &priors, [10.0, 10.0, 5.0, 5.0], Scores::Plain, sink);
        });
        // Centre (0.5 + 0.2, 0.5 + 0.2), sides (0.4, 0.4), on 200 × 100.
        let Candidate { bbox, class, confidence } = found[0];
        assert_eq!((class, confidence), (1, 0.75), "the background's score says nothing");
        let wanted = BBox::new(100.0, 50.0, 180.0, 90.0);
        assert!(bbox.iou(&wanted) > 0.9999, "{bbox:?}");
    }

    #[test]
    fn sigmoid_scores_are_logits() {
        let found = decoded(|sink| {
            let priors = [[0.5, 0.5, 0.2, 0.4]];
            decode_offsets(&[0.0; 4], &[0.0, 0.0, -9.0], &priors, [10.0, 10.0, 5.0, 5.0], Scores::Sigmoid, sink);
        });
        assert_eq!((found[0].class, found[0].confidence), (0, 0.5));
    }

    #[test]
    fn finished_boxes_are_parts_of_the_input() {
        let found = decoded(|sink| {
            decode_boxes(&[0.25, 0.125, 0.5, 0.75, 0.0, 0.0, 1.0, 1.0], &[0.9, 0.8], &[2.0, 7.0], 1, sink);
        });
        let expected = Candidate { bbox: BBox::new(25.0, 25.0, 150.0, 50.0), class: 1, confidence: 0.9 };
        assert_eq!(found, [expected], "a class that has no label is dropped");
    }
}

//! Raw heads without anchors: YOLOv8 and YOLO11 cut before the tail.
//!
//! A head is `[4 × bins + classes, lines, columns]`: for every cell a distribution over distances to each side of the box, in cells,
//! and class scores, all as logits. The softmax of the tail is computed here for the few cells that count, instead of for all.

use super::{Sink, logit, sigmoid, strongest};
use domain::geometry::BBox;

/// Reads one head of `columns` × `lines` cells of `stride` pixels.
pub fn decode_head(numbers: &[f32], (columns, lines): (usize, usize), stride: u32, bins: usize, sink: &mut Sink<'_>) {
    let cells = columns * lines;
    let classes = sink.floors.classes();
    if cells == 0 || numbers.len() < (4 * bins + classes) * cells {
        return;
    }
    let (distances, scores) = numbers.split_at(4 * bins * cells);
    let least = logit(sink.floors.lowest());
    let stride = stride as f32;
    for cell in 0..cells {
        let (class, score) = strongest((0..classes).map(|index| scores[index * cells + cell]));
        if score > least {
            let reach =
                |side: usize| expected_bin((side * bins..(side + 1) * bins).map(|bin| distances[bin * cells + cell]));
            let (x, y) = ((cell % columns) as f32 + 0.5, (cell / columns) as f32 + 0.5);
            let bbox = BBox::new(x - reach(0), y - reach(1), x + reach(2), y + reach(3)).scale(stride, stride);
            sink.offer(class, sigmoid(score), bbox);
        }
    }
}

/// Returns the mean of the distribution that the logits describe over 0, 1, 2, …
fn expected_bin(logits: impl Iterator<Item = f32> + Clone) -> f32 {
    let highest = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    let (mut weight, mut mean) = (0.0, 0.0);
    for (bin, logit) in logits.enumerate() {
        let share = (logit - highest).exp();
        weight += share;
        mean += share * bin as f32;
    }
    mean / weight
}

#[cfg(test)]
mod tests {
    use domain::geometry::Size;

    use super::*;
    use crate::decode::{Candidate, Floors};

    const BINS: usize = 4;

    fn decoded(numbers: &[f32], floor: f32) -> Vec<Candidate> {
        let (floors, mut candidates) = (Floors::uniform(floor, 2), Vec::new());
        let mut sink = Sink { canvas: Size::new(16, 8), floors: &floors, candidates: &mut candidates };
        decode_head(numbers, (2, 1), 8, BINS, &mut sink);
        candidates
    }

    /// A head of 2 × 1 cells; the second cell has a box of these distances, in whole cells, and of class 1.
    fn head_with(distances: [usize; 4], score: f32) -> Vec<f32> {
        let mut numbers = vec![-30.0; (4 * BINS + 2) * 2];
        for (side, bin) in distances.into_iter().enumerate() {
            numbers[(side * BINS + bin) * 2 + 1] = 30.0;
        }
        numbers[(4 * BINS + 1) * 2 + 1] = score;
        numbers
    }

    #[test]
    fn distances_are_counted_in_cells_from_the_middle_of_the_cell() {
        let found = decoded(&head_with([1, 0, 2, 3], 0.0), 0.25);
        // The middle of the second cell is (12, 4).
        assert_eq!(found, [Candidate { bbox: BBox::new(4.0, 4.0, 28.0, 28.0), class: 1, confidence: 0.5 }]);
    }

    #[test]
    fn an_even_distribution_lies_in_the_middle() {
        assert_eq!(expected_bin([0.0, 0.0, 0.0, 0.0].into_iter()), 1.5);
        assert_eq!(expected_bin([800.0, 800.0, -800.0, -800.0].into_iter()), 0.5);
    }

    #[test]
    fn a_score_of_exactly_the_floor_does_not_count() {
        assert!(decoded(&head_with([1, 1, 1, 1], 0.0), 0.5).is_empty());
    }
}

//! Precision over recall: what of the surest boxes is right, and how much of what there is they find.

/// At how many recalls, evenly from 0 to 1, COCO asks for the precision.
const RECALLS: usize = 101;

/// Boxes of one class, each with its confidence and whether it is right.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Curve {
    boxes: Vec<(f32, bool)>,
}

impl Curve {
    pub(super) fn push(&mut self, confidence: f32, is_right: bool) {
        self.boxes.push((confidence, is_right));
    }

    /// Returns how many boxes above a confidence are right, and how many are not.
    pub(super) fn at_confidence(&self, least: f32) -> (usize, usize) {
        let sure = || self.boxes.iter().filter(|(confidence, _)| *confidence > least);
        let right = sure().filter(|(_, is_right)| *is_right).count();
        (right, sure().count() - right)
    }

    /// Returns the mean of the best precision at each of 101 recalls or a higher one, as COCO computes it.
    pub(super) fn average_precision(&self, things: usize) -> f64 {
        let mut sorted = self.boxes.clone();
        sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut right = 0;
        let mut points: Vec<(usize, f64)> = Vec::with_capacity(sorted.len());
        for (index, (_, is_right)) in sorted.iter().enumerate() {
            right += usize::from(*is_right);
            points.push((right, f64::from(right as u32) / (index + 1) as f64));
        }
        let mut best = 0.0_f64;
        for point in points.iter_mut().rev() {
            best = best.max(point.1);
            point.1 = best;
        }
        // Recalls are compared as whole numbers: a hundredth is not exact in floats.
        let precision = |recall: usize| {
            let first = points.iter().find(|(right, _)| right * (RECALLS - 1) >= recall * things);
            first.map_or(0.0, |point| point.1)
        };
        (0..RECALLS).map(precision).sum::<f64>() / RECALLS as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn precision(things: usize, boxes: &[(f32, bool)]) -> f64 {
        Curve { boxes: boxes.to_vec() }.average_precision(things)
    }

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn finding_everything_and_nothing_else_is_one() {
        assert_close(precision(2, &[(0.9, true), (0.8, true)]), 1.0);
        assert_close(precision(2, &[]), 0.0);
        assert_close(precision(1, &[(0.9, false)]), 0.0);
    }

    #[test]
    fn half_of_the_things_are_51_of_101_recalls() {
        // As pycocotools computes it: recalls 0.00 to 0.50 have precision 1.
        assert_close(precision(2, &[(0.9, true)]), 51.0 / 101.0);
    }

    #[test]
    fn a_false_box_costs_only_below_its_own_confidence() {
        // Recall a half at precision 1, then 1 at two thirds: 51 recalls at 1, 50 at 2/3.
        let expected = (51.0 + 50.0 * 2.0 / 3.0) / 101.0;
        assert_close(precision(2, &[(0.9, true), (0.8, false), (0.7, true)]), expected);
        assert_close(precision(2, &[(0.9, true), (0.1, false)]), 51.0 / 101.0);
    }

    #[test]
    fn the_order_in_which_boxes_came_does_not_matter() {
        let boxes = [(0.3, false), (0.9, true), (0.5, true)];
        assert_close(precision(3, &boxes), precision(3, &[boxes[1], boxes[2], boxes[0]]));
    }

    #[test]
    fn the_best_precision_at_a_higher_recall_counts() {
        // 0/1, 1/2, 2/3: everywhere two thirds.
        assert_close(precision(2, &[(0.9, false), (0.8, true), (0.7, true)]), 2.0 / 3.0);
    }

    #[test]
    fn only_sure_boxes_count_at_a_confidence() {
        let curve = Curve { boxes: vec![(0.9, true), (0.4, false), (0.25, true), (0.2, false)] };
        assert_eq!(curve.at_confidence(0.25), (1, 1));
    }
}

//! Non-maximum suppression: of several boxes around one thing, the most confident stays.

use crate::decode::Candidate;

/// The most boxes that one picture can have.
pub const MAX_BOXES: usize = 300;

/// The most candidates that are compared; a model that says more than this has gone mad, and comparing is quadratic.
const MAX_CANDIDATES: usize = 8_192;

/// Keeps the most confident candidates, strongest first, and drops those that overlap a kept one of their own class by more than
/// `iou`; at most [`MAX_BOXES`] stay.
pub fn nms(candidates: &mut Vec<Candidate>, iou: f32) {
    // Equal confidences keep the model's order, so that the answer is the same every time.
    candidates.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    candidates.truncate(MAX_CANDIDATES);
    let mut kept = 0;
    for next in 0..candidates.len() {
        if kept == MAX_BOXES {
            break;
        }
        let candidate = candidates[next];
        let covered = candidates[..kept]
            .iter()
            .any(|strong| strong.class == candidate.class && strong.bbox.iou(&candidate.bbox) > iou);
        if !covered {
            candidates[kept] = candidate;
            kept += 1;
        }
    }
    candidates.truncate(kept);
}

#[cfg(test)]
mod tests {
    use domain::geometry::BBox;

    use super::*;

    fn candidate(class: u32, confidence: f32, x: f32) -> Candidate {
        Candidate { class, confidence, bbox: BBox { x1: x, y1: 0.0, x2: x + 10.0, y2: 10.0 } }
    }

    fn left_after(mut candidates: Vec<Candidate>, iou: f32) -> Vec<(u32, f32)> {
        nms(&mut candidates, iou);
        candidates.iter().map(|c| (c.class, c.confidence)).collect()
    }

    #[test]
    fn of_two_boxes_around_one_thing_the_stronger_stays() {
        let candidates = vec![candidate(0, 0.5, 0.0), candidate(0, 0.9, 1.0)];
        assert_eq!(left_after(candidates, 0.45), [(0, 0.9)]);
    }

    #[test]
    fn classes_do_not_suppress_each_other() {
        let candidates = vec![candidate(0, 0.5, 0.0), candidate(1, 0.9, 0.0)];
        assert_eq!(left_after(candidates, 0.45), [(1, 0.9), (0, 0.5)]);
    }

    #[test]
    fn an_overlap_of_exactly_the_limit_stays() {
        // Shifted by 5 of 10: intersection 50, union 150.
        let candidates = vec![candidate(0, 0.9, 0.0), candidate(0, 0.8, 5.0)];
        assert_eq!(left_after(candidates.clone(), 50.0 / 150.0).len(), 2);
        assert_eq!(left_after(candidates, 0.33).len(), 1);
    }

    #[test]
    fn a_suppressed_box_suppresses_nothing() {
        let candidates = vec![candidate(0, 0.9, 0.0), candidate(0, 0.8, 4.0), candidate(0, 0.7, 8.0)];
        assert_eq!(left_after(candidates, 0.3), [(0, 0.9), (0, 0.7)]);
    }

    #[test]
    fn at_most_three_hundred_stay() {
        let apart = (0..400).map(|i| candidate(0, 1.0 - i as f32 / 1000.0, i as f32 * 20.0)).collect();
        let left = left_after(apart, 0.45);
        assert_eq!(left.len(), MAX_BOXES);
        assert_eq!(left[0], (0, 1.0));
    }

    #[test]
    fn nothing_is_nothing() {
        assert!(left_after(Vec::new(), 0.45).is_empty());
    }
}

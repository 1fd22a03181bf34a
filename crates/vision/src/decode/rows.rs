//! Layouts with one row of numbers for each box, already computed by the graph: YOLOv5, YOLOv8 and later, YOLOX.

use super::{Sink, strongest};

/// Reads YOLOv5 rows, `[boxes, 5 + classes]`: centre and sides in pixels, objectness, class scores. A confidence is the product of
/// objectness and class score.
pub fn decode_v5(numbers: &[f32], sink: &mut Sink<'_>) {
    for row in numbers.chunks_exact(5 + sink.floors.classes()) {
        let objectness = row[4];
        if objectness > sink.floors.lowest() {
            let (class, score) = strongest(row[5..].iter().copied());
            sink.offer_centred(class, objectness * score, [row[0], row[1], row[2], row[3]]);
        }
    }
}

/// Reads YOLOv8 and YOLO11 columns, `[4 + classes, boxes]`: centre and sides in pixels, class scores; no objectness.
pub fn decode_v8(numbers: &[f32], sink: &mut Sink<'_>) {
    let boxes = numbers.len() / (4 + sink.floors.classes());
    if boxes == 0 {
        return;
    }
    let (places, scores) = numbers.split_at(4 * boxes);
    for i in 0..boxes {
        let (class, score) = strongest(scores.chunks_exact(boxes).map(|row| row[i]));
        if score > sink.floors.lowest() {
            let place = [places[i], places[boxes + i], places[2 * boxes + i], places[3 * boxes + i]];
            sink.offer_centred(class, score, place);
        }
    }
}

/// Reads YOLOX rows, `[cells, 5 + classes]`: as YOLOv5, but places are relative to a cell of a grid, one grid for each stride.
pub fn decode_yolox(numbers: &[f32], strides: &[u32], sink: &mut Sink<'_>) {
    let mut rows = numbers.chunks_exact(5 + sink.floors.classes());
    for &stride in strides {
        let (columns, lines) = (sink.canvas.width / stride, sink.canvas.height / stride);
        let size = stride as f32;
        for (line, column) in (0..lines).flat_map(|line| (0..columns).map(move |column| (line, column))) {
            let Some(row) = rows.next() else { return };
            let objectness = row[4];
            if objectness > sink.floors.lowest() {
                let (class, score) = strongest(row[5..].iter().copied());
                let place = [
                    (row[0] + column as f32) * size,
                    (row[1] + line as f32) * size,
                    row[2].exp() * size,
                    row[3].exp() * size,
                ];
                sink.offer_centred(class, objectness * score, place);
            }
        }
    }
}

/// Returns how many cells all grids of these strides have.
pub(super) fn cells(canvas: domain::geometry::Size, strides: &[u32]) -> usize {
    strides.iter().map(|stride| (canvas.width / stride) as usize * (canvas.height / stride) as usize).sum()
}

#[cfg(test)]
mod tests {
    use domain::geometry::{BBox, Size};

    use super::*;
    use crate::decode::{Candidate, Floors};

    fn decoded(classes: usize, floor: f32, decode: impl FnOnce(&mut Sink<'_>)) -> Vec<Candidate> {
        let (floors, mut candidates) = (Floors::uniform(floor, classes), Vec::new());
        let canvas = Size::new(64, 64);
        decode(&mut Sink { canvas, floors: &floors, candidates: &mut candidates });
        candidates
    }

    #[test]
    fn v5_multiplies_objectness_and_class_score() {
        let rows = [
            32.0, 20.0, 8.0, 4.0, 0.5, 0.1, 0.8, // 0.5 × 0.8
            10.0, 10.0, 2.0, 2.0, 0.9, 0.2, 0.1, // 0.9 × 0.2: below the floor
        ];
        let found = decoded(2, 0.3, |sink| decode_v5(&rows, sink));
        assert_eq!(found, [Candidate { bbox: BBox::new(28.0, 18.0, 36.0, 22.0), class: 1, confidence: 0.4 }]);
    }

    #[test]
    fn v8_has_its_boxes_in_columns_and_no_objectness() {
        // Three boxes, two classes.
        let columns = [
            10.0, 20.0, 30.0, // x
            11.0, 21.0, 31.0, // y
            2.0, 4.0, 6.0, // width
            2.0, 4.0, 6.0, // height
            0.1, 0.9, 0.25, // class 0
            0.6, 0.3, 0.1, // class 1
        ];
        let found = decoded(2, 0.25, |sink| decode_v8(&columns, sink));
        let expected = [
            Candidate { bbox: BBox::new(9.0, 10.0, 11.0, 12.0), class: 1, confidence: 0.6 },
            Candidate { bbox: BBox::new(18.0, 19.0, 22.0, 23.0), class: 0, confidence: 0.9 },
        ];
        assert_eq!(found, expected, "a confidence of exactly the floor does not count");
    }

    #[test]
    fn yolox_counts_cells_line_by_line_and_grid_by_grid() {
        // Strides 32 and 64 on 64 × 64: four cells, then one.
        let mut rows = vec![0.0; 5 * 6];
        rows[2 * 6..3 * 6].copy_from_slice(&[0.5, 0.25, 0.0, 2_f32.ln(), 0.8, 0.5]);
        rows[4 * 6..5 * 6].copy_from_slice(&[0.5, 0.5, 0.0, 0.0, 1.0, 0.9]);
        let found = decoded(1, 0.3, |sink| decode_yolox(&rows, &[32, 64], sink));
        // The third cell is column 0, line 1: centre (16, 40), sides 32 and 64.
        let third = Candidate { bbox: BBox::new(0.0, 8.0, 32.0, 72.0), class: 0, confidence: 0.4 };
        let coarse = Candidate { bbox: BBox::new(0.0, 0.0, 64.0, 64.0), class: 0, confidence: 0.9 };
        assert_eq!(found, [third, coarse]);
    }

    #[test]
    fn what_is_no_box_is_dropped() {
        let rows =
            [f32::NAN, 5.0, 4.0, 4.0, 1.0, 1.0, 5.0, 5.0, -4.0, 4.0, 1.0, 1.0, 5.0, 5.0, f32::INFINITY, 4.0, 1.0, 1.0];
        assert!(decoded(1, 0.25, |sink| decode_v5(&rows, sink)).is_empty());
    }

    #[test]
    fn each_class_has_a_floor_of_its_own() {
        let floors = Floors::new(vec![0.2, 0.7]);
        let mut candidates = Vec::new();
        let rows = [5.0, 5.0, 2.0, 2.0, 1.0, 0.3, 0.0, 5.0, 5.0, 2.0, 2.0, 1.0, 0.0, 0.6];
        decode_v5(&rows, &mut Sink { canvas: Size::new(64, 64), floors: &floors, candidates: &mut candidates });
        assert_eq!(candidates.iter().map(|c| c.class).collect::<Vec<_>>(), [0]);
    }
}

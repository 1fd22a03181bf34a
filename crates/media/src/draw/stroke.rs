//! Lines and filled shapes. A pixel is covered by the share of it that the shape covers, near enough.

use super::{Canvas, Rgb};

/// Draws in one colour on a canvas.
pub(super) struct Pen<'a> {
    canvas: &'a mut Canvas,
    colour: Rgb,
    share: f32,
}

impl<'a> Pen<'a> {
    pub(super) fn new(canvas: &'a mut Canvas, colour: Rgb, share: f32) -> Self {
        Self { canvas, colour, share }
    }

    /// Draws a closed line through the corners.
    pub(super) fn loop_through(&mut self, corners: &[(f32, f32)], width: f32) {
        for (index, &from) in corners.iter().enumerate() {
            self.line(from, corners[(index + 1) % corners.len()], width);
        }
    }

    /// Draws a line with round ends.
    fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32) {
        let reach = width / 2.0 + 1.0;
        let direction = (to.0 - from.0, to.1 - from.1);
        let length_squared = direction.0 * direction.0 + direction.1 * direction.1;
        let (top, bottom) = self.rows(from.1.min(to.1) - reach, from.1.max(to.1) + reach);
        for y in top..bottom {
            // Only the part of the line near this row matters, so long slanted lines stay cheap.
            let (left, right) = self.near_row(from, direction, y, reach);
            for x in left..right {
                let centre = (x as f32 + 0.5, y as f32 + 0.5);
                let ahead = (centre.0 - from.0) * direction.0 + (centre.1 - from.1) * direction.1;
                let along = if length_squared > 0.0 { (ahead / length_squared).clamp(0.0, 1.0) } else { 0.0 };
                let (dx, dy) = (centre.0 - from.0 - along * direction.0, centre.1 - from.1 - along * direction.1);
                let share = (width / 2.0 + 0.5 - dx.hypot(dy)).clamp(0.0, 1.0);
                self.canvas.cover(x, y, self.colour, share * self.share);
            }
        }
    }

    /// Fills the inside, even-odd, as the zone rule sees it.
    pub(super) fn fill(&mut self, corners: &[(f32, f32)]) {
        const LINES_PER_ROW: i64 = 4;

        let ys = corners.iter().map(|corner| corner.1);
        let (top, bottom) = self.rows(ys.clone().fold(f32::MAX, f32::min), ys.fold(f32::MIN, f32::max));
        let width = self.canvas.size.width as usize;
        let mut covered = vec![0.0_f32; width];
        for y in top..bottom {
            covered.fill(0.0);
            for line in 0..LINES_PER_ROW {
                let at = y as f32 + (line as f32 + 0.5) / LINES_PER_ROW as f32;
                for pair in crossings(corners, at).chunks_exact(2) {
                    add_span(&mut covered, pair[0], pair[1], 1.0 / LINES_PER_ROW as f32);
                }
            }
            self.canvas.cover_row(y as usize, &covered, self.colour, self.share);
        }
    }

    /// Returns the rows of the canvas that `from..=to` touches.
    fn rows(&self, from: f32, to: f32) -> (i64, i64) {
        let height = i64::from(self.canvas.size.height);
        ((from.floor() as i64).clamp(0, height), (to.ceil() as i64).clamp(0, height))
    }

    /// Returns the columns of one row that lie within `reach` of a line.
    fn near_row(&self, from: (f32, f32), direction: (f32, f32), y: i64, reach: f32) -> (i64, i64) {
        let width = i64::from(self.canvas.size.width);
        let at = |share: f32| from.0 + share.clamp(0.0, 1.0) * direction.0;
        let (enter, leave) = if direction.1.abs() < f32::EPSILON {
            (at(0.0), at(1.0))
        } else {
            let share = |row: f32| (row - from.1) / direction.1;
            (at(share(y as f32 - reach)), at(share(y as f32 + 1.0 + reach)))
        };
        let (left, right) = (enter.min(leave) - reach, enter.max(leave) + reach);
        ((left.floor() as i64).clamp(0, width), (right.ceil() as i64).clamp(0, width))
    }
}

/// Returns where a horizontal line crosses the edges, from left to right; always an even number of places.
fn crossings(corners: &[(f32, f32)], y: f32) -> Vec<f32> {
    let mut places: Vec<f32> = (0..corners.len())
        .filter_map(|index| {
            let (a, b) = (corners[index], corners[(index + 1) % corners.len()]);
            let crosses = (a.1 > y) != (b.1 > y);
            crosses.then(|| a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0))
        })
        .collect();
    places.sort_by(f32::total_cmp);
    places
}

/// Adds to each pixel the share of it that lies between `from` and `to`.
fn add_span(covered: &mut [f32], from: f32, to: f32, weight: f32) {
    let end = covered.len() as f32;
    let (from, to) = (from.clamp(0.0, end), to.clamp(0.0, end));
    let (first, last) = (from.floor() as usize, to.ceil() as usize);
    for (x, share) in covered.iter_mut().enumerate().take(last).skip(first) {
        let is_edge = x == first || x + 1 == last;
        let inside = if is_edge { (to.min(x as f32 + 1.0) - from.max(x as f32)).clamp(0.0, 1.0) } else { 1.0 };
        *share += inside * weight;
    }
}

#[cfg(test)]
mod tests {
    use domain::geometry::Size;

    use super::*;

    const WHITE: Rgb = Rgb(255, 255, 255);

    fn drawn(draw: impl FnOnce(&mut Pen<'_>)) -> Vec<[u8; 8]> {
        let mut canvas = Canvas::blank(Size::new(8, 4), Rgb(0, 0, 0));
        draw(&mut Pen::new(&mut canvas, WHITE, 1.0));
        let red: Vec<u8> = canvas.pixels.chunks_exact(3).map(|pixel| pixel[0]).collect();
        red.chunks_exact(8).map(|row| row.try_into().expect("eight columns")).collect()
    }

    #[test]
    fn a_filled_rectangle_covers_what_it_covers() {
        let rows = drawn(|pen| pen.fill(&[(1.0, 1.0), (3.5, 1.0), (3.5, 2.0), (1.0, 2.0)]));
        assert_eq!(rows, [[0; 8], [0, 255, 255, 128, 0, 0, 0, 0], [0; 8], [0; 8]]);
    }

    #[test]
    fn the_middle_of_a_crossed_shape_is_left_out_even_odd() {
        let twice_around = [(0.0, 0.0), (8.0, 0.0), (8.0, 4.0), (0.0, 4.0)].repeat(2);
        assert_eq!(drawn(|pen| pen.fill(&twice_around)), [[0; 8]; 4]);
    }

    #[test]
    fn a_line_outside_the_picture_is_left_out() {
        assert_eq!(drawn(|pen| pen.loop_through(&[(-50.0, -50.0), (900.0, -9.0)], 3.0)), [[0; 8]; 4]);
    }

    #[test]
    fn a_line_is_as_wide_as_asked() {
        let rows = drawn(|pen| pen.loop_through(&[(-20.0, 2.0), (20.0, 2.0)], 2.0));
        assert_eq!(rows, [[0; 8], [255; 8], [255; 8], [0; 8]]);
    }
}

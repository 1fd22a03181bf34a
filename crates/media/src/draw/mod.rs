//! Marks on pictures: boxes with labels, zones, text. The canvas is RGB; every stroke is smooth and as thick as the
//! picture's size asks for, so that a snapshot reads the same on a phone and on a wall.

mod palette;
mod stroke;
mod text;

use domain::geometry::{BBox, Point, Size};
use domain::picture::Picture;

pub use palette::{ALERT, Rgb, ZONE_BORDER, ZONE_FILL, of_class};

use crate::colour::to_rgb;
use stroke::Pen;

/// How much of a zone's colour covers the picture.
const ZONE_SHARE: f32 = 0.22;
/// Width of a stroke and height of text, in pixels of a picture 720 high.
const STROKE: f32 = 2.5;
const TEXT: f32 = 20.0;

/// A picture being drawn upon.
#[derive(Debug, Clone)]
pub struct Canvas {
    size: Size,
    pixels: Vec<u8>,
}

impl Canvas {
    /// Takes a copy of the picture in RGB.
    pub fn new(picture: &Picture) -> Self {
        Self { size: picture.size(), pixels: to_rgb(picture).plane(0).0.to_vec() }
    }

    /// Begins with one colour.
    pub fn blank(size: Size, colour: Rgb) -> Self {
        let count = size.width as usize * size.height as usize;
        Self { size, pixels: [colour.0, colour.1, colour.2].repeat(count) }
    }

    /// Returns the size of the picture.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Returns the drawn picture.
    ///
    /// # Panics
    /// If the canvas has no pixels.
    pub fn into_picture(self) -> Picture {
        let stride = self.size.width as usize * 3;
        Picture::rgb(self.size, stride, self.pixels.into()).expect("the canvas has pixels of its own size")
    }

    /// Draws a box, and its label on a plate of the same colour if there is one: above the box if there is room, else
    /// inside. Parts outside the picture are left out.
    pub fn boxed(&mut self, bbox: &BBox, label: Option<&str>, colour: Rgb) {
        let corners = [(bbox.x1, bbox.y1), (bbox.x2, bbox.y1), (bbox.x2, bbox.y2), (bbox.x1, bbox.y2)];
        let width = self.stroke_width();
        let mut pen = Pen::new(self, colour, 1.0);
        pen.loop_through(&corners, width);
        if let Some(label) = label {
            let above = bbox.y1 - width / 2.0 - text::plate_height(self.text_height());
            let top = if above >= 0.0 { above } else { bbox.y1.max(0.0) };
            self.plate((bbox.x1 - width / 2.0, top), label, colour);
        }
    }

    /// Draws a zone: filled lightly, framed clearly, named at its topmost corner.
    pub fn zone(&mut self, corners: &[Point], name: Option<&str>, fill: Rgb, border: Rgb) {
        let corners: Vec<_> = corners.iter().map(|corner| (corner.x as f32, corner.y as f32)).collect();
        Pen::new(self, fill, ZONE_SHARE).fill(&corners);
        let width = self.stroke_width();
        Pen::new(self, border, 1.0).loop_through(&corners, width);
        let topmost = corners.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
        if let (Some(name), Some(at)) = (name, topmost) {
            self.plate((at.0 + width, at.1 + width), name, border);
        }
    }

    /// Draws a filled polygon, opaque.
    pub fn polygon(&mut self, corners: &[Point], colour: Rgb) {
        let corners: Vec<_> = corners.iter().map(|corner| (corner.x as f32, corner.y as f32)).collect();
        Pen::new(self, colour, 1.0).fill(&corners);
    }

    /// Writes text on a plate whose top left corner is at `at`, moved into the picture if it would stick out.
    pub fn plate(&mut self, at: (f32, f32), text: &str, colour: Rgb) {
        let height = self.text_height();
        text::plate(self, at, text, height, colour);
    }

    /// How thick lines are on this canvas.
    fn stroke_width(&self) -> f32 {
        (STROKE * self.scale()).max(1.5)
    }

    fn text_height(&self) -> f32 {
        (TEXT * self.scale()).max(11.0)
    }

    /// Large pictures get thicker strokes, but not in proportion: they are seldom shown whole.
    fn scale(&self) -> f32 {
        (self.size.width.min(self.size.height) as f32 / 720.0).powf(0.8)
    }

    /// Covers one pixel with a share of a colour; pixels outside the picture are ignored.
    fn cover(&mut self, x: i64, y: i64, colour: Rgb, share: f32) {
        let (width, height) = (i64::from(self.size.width), i64::from(self.size.height));
        if x < 0 || y < 0 || x >= width || y >= height || share <= 0.0 {
            return;
        }
        let at = (y * width + x) as usize * 3;
        let share = share.min(1.0);
        for (pixel, new) in self.pixels[at..at + 3].iter_mut().zip([colour.0, colour.1, colour.2]) {
            let old = f32::from(*pixel);
            *pixel = (old + (f32::from(new) - old) * share).round() as u8;
        }
    }

    /// Covers one row from its left edge on, each pixel with its share of `opacity`. Fixed-point arithmetic: a zone is most of
    /// the picture.
    fn cover_row(&mut self, y: usize, shares: &[f32], colour: Rgb, opacity: f32) {
        const WHOLE: f32 = 256.0;

        let row_bytes = self.size.width as usize * 3;
        let row = &mut self.pixels[y * row_bytes..][..row_bytes];
        let colour = [colour.0, colour.1, colour.2].map(i32::from);
        for (pixel, share) in row.chunks_exact_mut(3).zip(shares) {
            let weight = (share.min(1.0) * opacity * WHOLE) as i32;
            for (value, new) in pixel.iter_mut().zip(colour) {
                let old = i32::from(*value);
                *value = (old + (((new - old) * weight + 128) >> 8)) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Rgb = Rgb(0, 0, 0);
    const YELLOW: Rgb = Rgb(255, 202, 40);

    /// Returns the rows and columns of a canvas that are not black: first and last of each.
    fn marked(canvas: &Canvas) -> Option<((usize, usize), (usize, usize))> {
        let width = canvas.size.width as usize;
        let lit = canvas.pixels.chunks_exact(3).enumerate().filter(|(_, pixel)| pixel.iter().any(|value| *value > 0));
        let places: Vec<_> = lit.map(|(at, _)| (at / width, at % width)).collect();
        let span =
            |of: fn(&(usize, usize)) -> usize| Some((places.iter().map(of).min()?, places.iter().map(of).max()?));
        Some((span(|place| place.0)?, span(|place| place.1)?))
    }

    #[test]
    fn a_label_goes_above_its_box_and_inside_at_the_top_edge() {
        let size = Size::new(400, 300);
        let drawn = |top: f32| {
            let mut canvas = Canvas::blank(size, BLACK);
            canvas.boxed(&BBox::new(100.0, top, 200.0, top + 150.0), Some("person 87 %"), YELLOW);
            marked(&canvas).expect("something is drawn").0
        };
        let above = drawn(100.0);
        assert!(above.0 < 95 && above.1 <= 252, "{above:?}");
        assert_eq!(drawn(2.0).0, 1);
    }

    #[test]
    fn a_plate_is_moved_into_the_picture() {
        let mut canvas = Canvas::blank(Size::new(400, 300), BLACK);
        canvas.plate((390.0, 299.0), "gate-1", YELLOW);
        let (rows, columns) = marked(&canvas).expect("something is drawn");
        assert_eq!((rows.1, columns.1), (299, 399));
    }

    #[test]
    fn a_zone_is_filled_lightly_and_framed() {
        let mut canvas = Canvas::blank(Size::new(400, 300), Rgb(100, 100, 100));
        let corners = [(50.0, 50.0), (350.0, 50.0), (350.0, 250.0), (50.0, 250.0)].map(|(x, y)| Point::new(x, y));
        canvas.zone(&corners, None, ZONE_FILL, ZONE_BORDER);
        let at = |x: usize, y: usize| &canvas.pixels[(y * 400 + x) * 3..][..3];
        assert_eq!(at(200, 150), [122, 100, 78]);
        assert!(matches!(at(200, 50), [200..=255, 0..60, 0..60]), "{:?}", at(200, 50));
        assert_eq!(at(20, 20), [100, 100, 100]);
    }

    #[test]
    fn marks_outside_the_picture_are_left_out() {
        let mut canvas = Canvas::blank(Size::new(40, 30), BLACK);
        canvas.boxed(&BBox::new(-900.0, -900.0, -800.0, -800.0), None, YELLOW);
        canvas.boxed(&BBox::new(500.0, 500.0, f32::INFINITY, f32::NAN), None, YELLOW);
        assert_eq!(marked(&canvas), None);
    }
}

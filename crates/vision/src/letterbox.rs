//! Where a picture lands on a model's input, and back: scaled to fit, centred, the rest grey.

use domain::geometry::{BBox, Size};

use crate::manifest::InputSpec;

/// How many strides wide a region's canvas is at least: below this a detector has no surroundings to judge by.
const LEAST_STRIDES: u32 = 3;

/// The mapping between a part of a picture and a model's input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Letterbox {
    picture: Size,
    canvas: Size,
    /// The part of the picture that is shown, in its pixels.
    source: BBox,
    /// The upper left corner and the size of that part on the canvas.
    corner: (u32, u32),
    content: Size,
}

impl Letterbox {
    /// Fits a whole picture on a canvas of a fixed size.
    #[must_use]
    pub fn fixed(picture: Size, canvas: Size) -> Self {
        let scale = fitting_scale(picture, canvas);
        Self::place(picture, whole(picture), scale, canvas)
    }

    /// Fits a whole picture into the largest canvas, and cuts the canvas down to the next multiples of the stride: the same scale
    /// with less grey to compute.
    #[must_use]
    pub fn rectangular(picture: Size, largest: Size, stride: u32) -> Self {
        let scale = fitting_scale(picture, largest);
        let side = |length: u32, most: u32| round_up(scaled(length, scale), stride).min(most);
        let canvas = Size { width: side(picture.width, largest.width), height: side(picture.height, largest.height) };
        Self::place(picture, whole(picture), scale, canvas)
    }

    /// Shows a region at the scale that the whole picture would have, on the smallest canvas of whole steps. The region grows to
    /// fill the canvas where the picture has more to show. `None` if the region holds no pixel of the picture.
    #[must_use]
    pub fn region(picture: Size, region: BBox, largest: Size, stride: u32, step: u32) -> Option<Self> {
        let region = visible(region, picture)?;
        let full = Self::rectangular(picture, largest, stride);
        let scale = fitting_scale(picture, largest);
        let side = |length: f32, most: u32| {
            // A hair below the next step is not worth a whole step: growing rounds outwards anyway.
            let needed = (f64::from(length) * scale - 1e-3).ceil().max(1.0) as u32;
            round_up(needed, step).max(round_up(LEAST_STRIDES * stride, step)).min(most)
        };
        let canvas =
            Size { width: side(region.width(), full.canvas.width), height: side(region.height(), full.canvas.height) };
        let (x1, x2) = grow(region.x1, region.x2, f64::from(canvas.width) / scale, picture.width);
        let (y1, y2) = grow(region.y1, region.y2, f64::from(canvas.height) / scale, picture.height);
        Some(Self::place(picture, BBox { x1, y1, x2, y2 }, scale, canvas))
    }

    /// Fits a whole picture as a model wants it: cut down where the model takes that.
    #[must_use]
    pub fn of(spec: &InputSpec, picture: Size) -> Self {
        match spec.stride {
            None => Self::fixed(picture, spec.size),
            Some(stride) => Self::rectangular(picture, spec.size, stride),
        }
    }

    /// Chooses the mapping for a model's input: regions and cut-down canvases where the model takes them, with canvas sides in
    /// multiples of `step` for regions.
    pub(crate) fn plan(spec: &InputSpec, step: u32, picture: Size, region: Option<BBox>) -> Option<Self> {
        match (spec.stride, region) {
            (Some(stride), Some(region)) => Self::region(picture, region, spec.size, stride, step),
            _ => Some(Self::of(spec, picture)),
        }
    }

    fn place(picture: Size, source: BBox, scale: f64, canvas: Size) -> Self {
        let side = |length: f32, most: u32| ((f64::from(length) * scale).round_ties_even() as u32).clamp(1, most);
        let content = Size { width: side(source.width(), canvas.width), height: side(source.height(), canvas.height) };
        // An odd bar is wider at the end, as everywhere since the first YOLO in Python.
        let corner = ((canvas.width - content.width) / 2, (canvas.height - content.height) / 2);
        Self { picture, canvas, source, corner, content }
    }

    /// Returns the size of the picture that is mapped.
    #[must_use]
    pub fn picture(&self) -> Size {
        self.picture
    }

    /// Returns the size of the model's input.
    #[must_use]
    pub fn canvas(&self) -> Size {
        self.canvas
    }

    /// Returns the part of the picture that is shown, in its pixels.
    #[must_use]
    pub fn source(&self) -> BBox {
        self.source
    }

    /// Returns where that part begins on the canvas.
    #[must_use]
    pub fn corner(&self) -> (u32, u32) {
        self.corner
    }

    /// Returns how large that part is on the canvas.
    #[must_use]
    pub fn content(&self) -> Size {
        self.content
    }

    /// Maps a box on the canvas to the picture's pixels, not clipped.
    #[must_use]
    pub fn to_picture(&self, on_canvas: BBox) -> BBox {
        let kx = self.source.width() / self.content.width as f32;
        let ky = self.source.height() / self.content.height as f32;
        let (left, top) = (self.corner.0 as f32, self.corner.1 as f32);
        BBox {
            x1: (on_canvas.x1 - left) * kx + self.source.x1,
            y1: (on_canvas.y1 - top) * ky + self.source.y1,
            x2: (on_canvas.x2 - left) * kx + self.source.x1,
            y2: (on_canvas.y2 - top) * ky + self.source.y1,
        }
    }
}

/// Returns the part of a region that lies inside a picture; `None` if that is less than a pixel.
#[must_use]
pub fn visible(region: BBox, picture: Size) -> Option<BBox> {
    if !region.is_finite() {
        return None;
    }
    let clipped = region.clip(picture);
    (clipped.width() >= 1.0 && clipped.height() >= 1.0).then_some(clipped)
}

fn whole(picture: Size) -> BBox {
    BBox::new(0.0, 0.0, picture.width as f32, picture.height as f32)
}

fn fitting_scale(picture: Size, canvas: Size) -> f64 {
    let x = f64::from(canvas.width) / f64::from(picture.width.max(1));
    let y = f64::from(canvas.height) / f64::from(picture.height.max(1));
    x.min(y)
}

fn scaled(length: u32, scale: f64) -> u32 {
    ((f64::from(length) * scale).round_ties_even() as u32).max(1)
}

fn round_up(length: u32, step: u32) -> u32 {
    length.div_ceil(step) * step
}

/// Grows a span evenly to a length, and shifts it back inside 0 to `most`.
fn grow(from: f32, to: f32, length: f64, most: u32) -> (f32, f32) {
    let most = f64::from(most);
    let length = length.max(f64::from(to - from)).min(most);
    let middle = f64::midpoint(f64::from(from), f64::from(to));
    let start = (middle - length / 2.0).clamp(0.0, most - length);
    (start as f32, (start + length) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL_HD: Size = Size { width: 1920, height: 1080 };
    const SQUARE: Size = Size { width: 416, height: 416 };

    fn bbox(x1: f32, y1: f32, x2: f32, y2: f32) -> BBox {
        BBox::new(x1, y1, x2, y2)
    }

    #[test]
    fn a_wide_picture_gets_bars_above_and_below() {
        let letterbox = Letterbox::fixed(FULL_HD, SQUARE);
        assert_eq!(letterbox.content(), Size { width: 416, height: 234 });
        assert_eq!(letterbox.corner(), (0, 91));
        assert_eq!(letterbox.canvas(), SQUARE);
    }

    #[test]
    fn a_rectangular_canvas_has_the_same_scale_and_less_grey() {
        let letterbox = Letterbox::rectangular(FULL_HD, SQUARE, 32);
        assert_eq!(letterbox.canvas(), Size { width: 416, height: 256 });
        assert_eq!(letterbox.content(), Size { width: 416, height: 234 });
        assert_eq!(letterbox.corner(), (0, 11));
    }

    #[test]
    fn the_cameras_of_the_reference_site_are_padded_as_ultralytics_pads_them() {
        let letterbox =
            Letterbox::rectangular(Size { width: 2560, height: 1440 }, Size { width: 640, height: 640 }, 32);
        assert_eq!(letterbox.canvas(), Size { width: 640, height: 384 });
        assert_eq!(letterbox.corner(), (0, 12));
    }

    #[test]
    fn an_odd_bar_is_wider_at_the_end() {
        // 640 × 272 becomes 416 × 177 (176.8), which leaves 15 rows of 192.
        let letterbox = Letterbox::rectangular(Size { width: 640, height: 272 }, SQUARE, 32);
        assert_eq!(letterbox.canvas(), Size { width: 416, height: 192 });
        assert_eq!(letterbox.corner(), (0, 7));
    }

    #[test]
    fn a_small_picture_is_enlarged() {
        let letterbox = Letterbox::fixed(Size { width: 100, height: 50 }, SQUARE);
        assert_eq!(letterbox.content(), Size { width: 416, height: 208 });
    }

    #[test]
    fn boxes_come_back_in_the_pictures_pixels() {
        let letterbox = Letterbox::fixed(FULL_HD, SQUARE);
        assert_eq!(letterbox.to_picture(bbox(0.0, 91.0, 416.0, 325.0)), bbox(0.0, 0.0, 1920.0, 1080.0));
        assert_eq!(letterbox.to_picture(bbox(208.0, 208.0, 208.0, 208.0)), bbox(960.0, 540.0, 960.0, 540.0));
    }

    #[test]
    fn a_region_keeps_the_scale_of_the_whole_and_grows_to_fill_its_canvas() {
        let region = bbox(900.0, 500.0, 1000.0, 600.0);
        let letterbox = Letterbox::region(FULL_HD, region, SQUARE, 32, 32).expect("the region is inside");
        assert_eq!(letterbox.canvas(), Size { width: 96, height: 96 });
        assert_eq!(letterbox.corner(), (0, 0));
        let scale = 416.0 / 1920.0;
        assert!((letterbox.content().width as f32 / letterbox.source().width() - scale).abs() < 1e-4);
        assert!(letterbox.source().x1 <= 900.0 && letterbox.source().x2 >= 1000.0);
        let back = letterbox.to_picture(bbox(48.0, 48.0, 48.0, 48.0));
        assert!((back.x1 - 950.0).abs() < 0.01 && (back.y1 - 550.0).abs() < 0.01, "{back:?}");
    }

    #[test]
    fn a_region_at_the_edge_is_shifted_inwards() {
        let letterbox = Letterbox::region(FULL_HD, bbox(1900.0, 1060.0, 1990.0, 1100.0), SQUARE, 32, 32)
            .expect("a corner is inside");
        assert_eq!((letterbox.source().x2, letterbox.source().y2), (1920.0, 1080.0));
        assert_eq!(letterbox.canvas(), Size { width: 96, height: 96 });
    }

    #[test]
    fn a_region_as_large_as_the_picture_is_the_whole_picture() {
        let letterbox = Letterbox::region(FULL_HD, bbox(0.0, 0.0, 1920.0, 1080.0), SQUARE, 32, 32);
        assert_eq!(letterbox, Some(Letterbox::rectangular(FULL_HD, SQUARE, 32)));
    }

    #[test]
    fn larger_steps_give_fewer_shapes() {
        let letterbox = Letterbox::region(FULL_HD, bbox(900.0, 500.0, 1000.0, 600.0), SQUARE, 32, 128);
        assert_eq!(letterbox.map(|l| l.canvas()), Some(Size { width: 128, height: 128 }));
    }

    #[test]
    fn a_region_outside_the_picture_is_none() {
        for outside in [bbox(-50.0, 0.0, -1.0, 20.0), bbox(5.0, 5.0, 5.0, 5.0), bbox(f32::NAN, 0.0, 9.0, 9.0)] {
            assert_eq!(Letterbox::region(FULL_HD, outside, SQUARE, 32, 32), None, "{outside:?}");
        }
    }
}

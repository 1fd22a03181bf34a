//! From a picture's bytes to a model's input in one pass: scaled, coloured, normalised, padded.
//!
//! For each output row, two source rows are blended over their whole width (which compilers turn into vector code), then the columns
//! are picked from the blend, converted to red-green-blue and written. Interpolation is bilinear between pixel centres, the same as
//! OpenCV's `INTER_LINEAR`; nothing is allocated once the rows have their length.

use domain::geometry::{BBox, Size};
use domain::picture::{Layout, Picture};

use crate::letterbox::Letterbox;
use crate::manifest::{ColourOrder, InputSpec};

/// Up to this height video without a label has the colours of standard definition, above those of high definition.
const LAST_SD_HEIGHT: u32 = 576;

/// Fills inputs of one model, and keeps what is needed again for the next picture of the same size.
#[derive(Debug)]
pub struct Sampler {
    spec: InputSpec,
    /// For which mapping and layout the taps are.
    prepared: Option<(Letterbox, Layout)>,
    full: Taps,
    half: Taps,
    blend: Vec<u16>,
    rows: [Vec<f32>; 3],
}

/// Where the columns and rows of the content come from.
#[derive(Debug, Default)]
struct Taps {
    columns: Vec<Tap>,
    rows: Vec<Tap>,
}

/// A place between two pixels: `at` and the one after it.
#[derive(Debug, Clone, Copy)]
struct Tap {
    at: usize,
    /// How far towards the one after it, in 256ths.
    weight: u16,
}

impl Taps {
    fn new(source: BBox, content: Size, plane: Size) -> Self {
        Self {
            columns: taps(source.x1, source.width(), content.width, plane.width),
            rows: taps(source.y1, source.height(), content.height, plane.height),
        }
    }
}

fn taps(start: f32, length: f32, count: u32, available: u32) -> Vec<Tap> {
    let step = f64::from(length) / f64::from(count);
    let last = f64::from(available - 1);
    let tap = |i: u32| {
        let place = (f64::from(start) + (f64::from(i) + 0.5) * step - 0.5).clamp(0.0, last);
        let in_256ths = (place * 256.0).round() as usize;
        Tap { at: in_256ths / 256, weight: (in_256ths % 256) as u16 }
    };
    (0..count).map(tap).collect()
}

impl Sampler {
    /// Returns a sampler for one model's input.
    #[must_use]
    pub fn new(spec: InputSpec) -> Self {
        let rows = std::array::from_fn(|_| Vec::new());
        Self { spec, prepared: None, full: Taps::default(), half: Taps::default(), blend: Vec::new(), rows }
    }

    /// Writes the part of the picture that the letterbox shows; `planes` are the three colour planes of one input of the batch.
    pub fn fill(&mut self, picture: &Picture, letterbox: &Letterbox, planes: &mut [f32]) {
        self.prepare(picture, letterbox);
        let canvas = letterbox.canvas();
        let plane = canvas.width as usize * canvas.height as usize;
        let (red, rest) = planes.split_at_mut(plane);
        let (green, blue) = rest.split_at_mut(plane);
        let mut targets = match self.spec.order {
            ColourOrder::Rgb => [red, green, blue],
            ColourOrder::Bgr => [blue, green, red],
        };
        let scale: [f32; 3] = std::array::from_fn(|i| 1.0 / self.spec.std[i]);
        let offset: [f32; 3] = std::array::from_fn(|i| -self.spec.mean[i] / self.spec.std[i]);
        // The manifest's mean and deviation are those of the planes in the order of the input.
        let order = self.spec.order;
        let channel = |colour: usize| match order {
            ColourOrder::Rgb => colour,
            ColourOrder::Bgr => 2 - colour,
        };
        for (colour, target) in targets.iter_mut().enumerate() {
            let grey = f32::from(self.spec.padding) * scale[channel(colour)] + offset[channel(colour)];
            pad(target, letterbox, grey);
        }
        let (left, top) = (letterbox.corner().0 as usize, letterbox.corner().1 as usize);
        let (width, stride) = (letterbox.content().width as usize, canvas.width as usize);
        for line in 0..letterbox.content().height as usize {
            self.sample_line(picture, line);
            let begin = (top + line) * stride + left;
            for (colour, target) in targets.iter_mut().enumerate() {
                let (scale, offset) = (scale[channel(colour)], offset[channel(colour)]);
                for (out, level) in target[begin..begin + width].iter_mut().zip(&self.rows[colour]) {
                    *out = level * scale + offset;
                }
            }
        }
    }

    fn prepare(&mut self, picture: &Picture, letterbox: &Letterbox) {
        let wanted = (*letterbox, picture.layout());
        if self.prepared == Some(wanted) {
            return;
        }
        let (source, content, size) = (letterbox.source(), letterbox.content(), picture.size());
        self.full = Taps::new(source, content, size);
        if picture.layout() == Layout::I420 {
            let half = Size::new(size.width.div_ceil(2), size.height.div_ceil(2));
            self.half = Taps::new(source.scale(0.5, 0.5), content, half);
        }
        for row in &mut self.rows {
            row.resize(content.width as usize, 0.0);
        }
        self.prepared = Some(wanted);
    }

    /// Computes the red, green and blue levels, 0 to 255, of one line of the content.
    fn sample_line(&mut self, picture: &Picture, line: usize) {
        let Self { full, half, blend, rows, .. } = self;
        let [first, second, third] = rows;
        match picture.layout() {
            Layout::Rgb8 => {
                blend_rows(picture.plane(0), full.rows[line], 3, picture.size().width as usize, blend);
                for (colour, row) in [first, second, third].into_iter().enumerate() {
                    pick(blend, &full.columns, 3, colour, row);
                }
            }
            Layout::I420 => {
                let width = picture.size().width as usize;
                blend_rows(picture.plane(0), full.rows[line], 1, width, blend);
                pick(blend, &full.columns, 1, 0, first);
                for (plane, row) in [(1, &mut *second), (2, &mut *third)] {
                    blend_rows(picture.plane(plane), half.rows[line], 1, width.div_ceil(2), blend);
                    pick(blend, &half.columns, 1, 0, row);
                }
                to_rgb(first, second, third, picture.size().height > LAST_SD_HEIGHT);
            }
        }
    }
}

/// Blends two rows; the last pixel is repeated once, so that every tap has a pixel after it.
fn blend_rows((plane, stride): (&[u8], usize), tap: Tap, channels: usize, width: usize, blend: &mut Vec<u16>) {
    let length = width * channels;
    let row = |at: usize| &plane[at * stride..at * stride + length];
    let upper = row(tap.at);
    // At the last row the weight is zero; there is nothing below it to read.
    let lower = if tap.weight == 0 { upper } else { row(tap.at + 1) };
    blend.resize(length + channels, 0);
    let (below, above) = (tap.weight, 256 - tap.weight);
    for ((out, u), l) in blend.iter_mut().zip(upper).zip(lower) {
        *out = u16::from(*u) * above + u16::from(*l) * below;
    }
    blend.copy_within(length - channels..length, length);
}

/// Picks one channel's columns out of blended rows, as levels of 0 to 255.
fn pick(blend: &[u16], columns: &[Tap], channels: usize, channel: usize, row: &mut [f32]) {
    for (out, tap) in row.iter_mut().zip(columns) {
        let at = tap.at * channels + channel;
        let (near, far) = (u32::from(blend[at]), u32::from(blend[at + channels]));
        let weight = u32::from(tap.weight);
        // At most 255 × 256 × 256, which 24 bits hold and a float shows exactly.
        *out = (near * (256 - weight) + far * weight) as f32 * (1.0 / 65_536.0);
    }
}

/// Turns luma and colour differences of limited range into red, green and blue, in place.
fn to_rgb(y: &mut [f32], u: &mut [f32], v: &mut [f32], high_definition: bool) {
    let (red_v, green_u, green_v, blue_u) = if high_definition {
        (1.792_741, -0.213_249, -0.532_909, 2.112_402)
    } else {
        (1.596_027, -0.391_762, -0.812_968, 2.017_232)
    };
    for ((first, second), third) in y.iter_mut().zip(u).zip(v) {
        let luma = (*first - 16.0) * (255.0 / 219.0);
        let (u, v) = (*second - 128.0, *third - 128.0);
        *first = (luma + red_v * v).clamp(0.0, 255.0);
        *second = (luma + green_u * u + green_v * v).clamp(0.0, 255.0);
        *third = (luma + blue_u * u).clamp(0.0, 255.0);
    }
}

/// Fills what lies around the content.
fn pad(target: &mut [f32], letterbox: &Letterbox, grey: f32) {
    let stride = letterbox.canvas().width as usize;
    let (left, top) = (letterbox.corner().0 as usize, letterbox.corner().1 as usize);
    let (width, height) = (letterbox.content().width as usize, letterbox.content().height as usize);
    target[..top * stride].fill(grey);
    target[(top + height) * stride..].fill(grey);
    if width < stride {
        for line in target[top * stride..(top + height) * stride].chunks_exact_mut(stride) {
            line[..left].fill(grey);
            line[left + width..].fill(grey);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::picture::Plane;

    use super::*;

    fn spec() -> InputSpec {
        let (mean, std) = ([0.0; 3], [255.0; 3]);
        InputSpec { size: Size::new(32, 32), stride: None, order: ColourOrder::Rgb, padding: 114, mean, std }
    }

    fn rgb(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Picture {
        let pixels: Vec<u8> =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
        Picture::rgb(Size::new(width, height), width as usize * 3, Bytes::from(pixels)).expect("every pixel is there")
    }

    fn i420(width: u32, height: u32, [y, u, v]: [u8; 3]) -> Picture {
        let (luma, half) = ((width * height) as usize, (width.div_ceil(2) * height.div_ceil(2)) as usize);
        let data = [vec![y; luma], vec![u; half], vec![v; half]].concat();
        let stride = width.div_ceil(2) as usize;
        let planes = [
            Plane { offset: 0, stride: width as usize },
            Plane { offset: luma, stride },
            Plane { offset: luma + half, stride },
        ];
        Picture::i420(Size::new(width, height), planes, Bytes::from(data)).expect("every plane is there")
    }

    fn filled(spec: InputSpec, picture: &Picture, letterbox: &Letterbox) -> Vec<f32> {
        let canvas = letterbox.canvas();
        let mut planes = vec![f32::NAN; 3 * (canvas.width * canvas.height) as usize];
        Sampler::new(spec).fill(picture, letterbox, &mut planes);
        planes
    }

    fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
        assert_eq!(found.len(), expected.len());
        for (index, (f, e)) in found.iter().zip(expected).enumerate() {
            assert!((f - e).abs() <= tolerance, "number {index}: {f} is not {e}");
        }
    }

    #[test]
    fn a_picture_of_the_models_size_is_only_normalised() {
        let picture = rgb(4, 4, |x, y| [(x * 10) as u8, (y * 20) as u8, 255]);
        let planes = filled(spec(), &picture, &Letterbox::fixed(picture.size(), Size::new(4, 4)));
        let red = (0..16).map(|i| (i % 4) as f32 * 10.0 / 255.0);
        let green = (0..16).map(|i| (i / 4) as f32 * 20.0 / 255.0);
        let expected: Vec<f32> = red.chain(green).chain([1.0; 16]).collect();
        assert_close(&planes, &expected, 1e-6);
    }

    #[test]
    fn halving_averages_two_by_two_as_opencv_does() {
        let picture = rgb(4, 4, |x, y| [(x * 40 + y * 10) as u8; 3]);
        let planes = filled(spec(), &picture, &Letterbox::fixed(picture.size(), Size::new(2, 2)));
        // cv2.resize of rows 0 40 80 120 / 10 … gives 25, 105 / 45, 125.
        assert_close(&planes[..4], &[25.0, 105.0, 45.0, 125.0].map(|level| level / 255.0), 1e-6);
    }

    #[test]
    fn enlarging_interpolates_and_repeats_the_border() {
        let picture = rgb(2, 1, |x, _| [(x * 200) as u8; 3]);
        let planes = filled(spec(), &picture, &Letterbox::fixed(picture.size(), Size::new(4, 2)));
        let row = [0.0, 50.0, 150.0, 200.0].map(|level| level / 255.0);
        assert_close(&planes[..8], &[row, row].concat(), 1e-6);
    }

    #[test]
    fn the_rest_of_the_canvas_is_grey() {
        let picture = rgb(4, 2, |_, _| [255; 3]);
        let planes = filled(spec(), &picture, &Letterbox::fixed(picture.size(), Size::new(4, 4)));
        let grey = 114.0 / 255.0;
        let expected = [[grey; 4], [1.0; 4], [1.0; 4], [grey; 4]].concat();
        assert_close(&planes, &expected.repeat(3), 1e-6);
        let picture = rgb(2, 4, |_, _| [255; 3]);
        let planes = filled(spec(), &picture, &Letterbox::fixed(picture.size(), Size::new(4, 4)));
        assert_close(&planes, &[grey, 1.0, 1.0, grey].repeat(12), 1e-6);
    }

    #[test]
    fn mean_deviation_and_order_are_the_manifests() {
        let spec = InputSpec { order: ColourOrder::Bgr, mean: [10.0, 20.0, 30.0], std: [1.0, 2.0, 4.0], ..spec() };
        let picture = rgb(1, 1, |_, _| [50, 60, 70]);
        let planes = filled(spec, &picture, &Letterbox::fixed(picture.size(), Size::new(1, 1)));
        // Blue first: (70 − 10) / 1, (60 − 20) / 2, (50 − 30) / 4.
        assert_close(&planes, &[60.0, 20.0, 5.0], 1e-5);
    }

    #[test]
    fn video_colours_become_the_colours_they_stand_for() {
        let at = |picture: Picture| {
            let planes = filled(spec(), &picture, &Letterbox::fixed(picture.size(), Size::new(1, 1)));
            planes.iter().map(|level| (level * 255.0).round() as i32).collect::<Vec<_>>()
        };
        assert_eq!(at(i420(4, 4, [235, 128, 128])), [255, 255, 255]);
        assert_eq!(at(i420(4, 4, [16, 128, 128])), [0, 0, 0]);
        // Red: (81, 90, 240) in BT.601 below 577 lines, (63, 102, 240) in BT.709 above.
        assert_eq!(at(i420(4, 4, [81, 90, 240])), [254, 0, 0]);
        assert_eq!(at(i420(2, 720, [63, 102, 240])), [255, 1, 0]);
    }

    #[test]
    fn odd_sided_video_is_read_to_its_last_column() {
        let picture = i420(5, 3, [126, 128, 128]);
        let planes = filled(spec(), &picture, &Letterbox::fixed(picture.size(), Size::new(5, 3)));
        let level = (126.0 - 16.0) / 219.0;
        assert_close(&planes, &[level; 45], 1e-5);
    }

    #[test]
    fn a_region_shows_its_own_pixels() {
        let picture = rgb(64, 64, |x, y| if x >= 32 && y >= 32 { [255; 3] } else { [0; 3] });
        let region = BBox::new(40.0, 40.0, 60.0, 60.0);
        let letterbox = Letterbox::region(picture.size(), region, Size::new(64, 64), 8, 8).expect("it is inside");
        assert_eq!(letterbox.canvas(), Size::new(24, 24));
        assert_close(&filled(spec(), &picture, &letterbox), &[1.0; 3 * 24 * 24], 1e-6);
    }

    #[test]
    fn the_second_picture_is_not_mixed_with_the_first() {
        let mut sampler = Sampler::new(spec());
        let canvas = Size::new(8, 8);
        for picture in [rgb(16, 8, |_, _| [255; 3]), rgb(8, 16, |x, _| [x as u8; 3]), i420(16, 16, [90, 100, 140])] {
            let letterbox = Letterbox::fixed(picture.size(), canvas);
            let mut planes = vec![f32::NAN; 3 * 64];
            sampler.fill(&picture, &letterbox, &mut planes);
            assert_eq!(planes, filled(spec(), &picture, &letterbox));
        }
    }
}

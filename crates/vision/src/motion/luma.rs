//! A picture's brightness on a small plane: each small pixel is the mean of a square of large ones.

use domain::geometry::Size;
use domain::picture::{Layout, Picture};

/// Keeps the small plane between pictures.
#[derive(Debug)]
pub(super) struct Luma {
    most_width: u32,
    sums: Vec<u32>,
    pixels: Vec<u8>,
}

impl Luma {
    pub(super) fn new(most_width: u32) -> Self {
        Self { most_width, sums: Vec::new(), pixels: Vec::new() }
    }

    /// The plane that was made last, row by row.
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Makes the small plane and returns its size. What is left over at the right and bottom edge, less than a square, is not seen.
    pub(super) fn shrink(&mut self, picture: &Picture) -> Size {
        let Size { width, height } = picture.size();
        let side = width.div_ceil(self.most_width).min(height).max(1);
        let small = Size::new(width / side, height / side);
        // In large squares every other row says enough.
        let skip = if side >= 4 { 2 } else { 1 };
        let rows_read = side.div_ceil(skip);
        let (plane, stride) = picture.plane(0);
        let channels = match picture.layout() {
            Layout::Rgb8 => 3,
            Layout::I420 => 1,
        };
        let (side, columns) = (side as usize, small.width as usize);
        let read = rows_read * side as u32;
        self.pixels.clear();
        for line in 0..small.height as usize {
            self.sums.clear();
            self.sums.resize(columns, 0);
            for row in (line * side..(line + 1) * side).step_by(skip as usize) {
                let row = &plane[row * stride..row * stride + columns * side * channels];
                for (sum, square) in self.sums.iter_mut().zip(row.chunks_exact(side * channels)) {
                    *sum += brightness(square, channels);
                }
            }
            // A mean of levels is a level.
            self.pixels.extend(self.sums.iter().map(|sum| (sum / read) as u8));
        }
        small
    }
}

fn brightness(pixels: &[u8], channels: usize) -> u32 {
    if channels == 1 {
        return pixels.iter().map(|level| u32::from(*level)).sum();
    }
    let (triples, _) = pixels.as_chunks::<3>();
    let weighted = |[r, g, b]: &[u8; 3]| (77 * u32::from(*r) + 150 * u32::from(*g) + 29 * u32::from(*b)) >> 8;
    triples.iter().map(weighted).sum()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::picture::Plane;

    use super::*;

    fn luma(width: u32, height: u32, levels: Vec<u8>) -> Picture {
        let (full, half) = (levels.len(), width.div_ceil(2) as usize * height.div_ceil(2) as usize);
        let data = [levels, vec![128; 2 * half]].concat();
        let plane = |offset, stride| Plane { offset, stride };
        let stride = width.div_ceil(2) as usize;
        let planes = [plane(0, width as usize), plane(full, stride), plane(full + half, stride)];
        Picture::i420(Size::new(width, height), planes, Bytes::from(data)).expect("every plane is there")
    }

    #[test]
    fn a_small_pixel_is_the_mean_of_its_square() {
        let mut small = Luma::new(2);
        let size = small.shrink(&luma(4, 2, vec![10, 20, 100, 100, 30, 40, 100, 104]));
        assert_eq!((size, small.pixels()), (Size::new(2, 1), &[25, 101][..]));
    }

    #[test]
    fn a_small_picture_is_taken_as_it_is() {
        let mut small = Luma::new(320);
        let size = small.shrink(&luma(3, 2, vec![1, 2, 3, 4, 5, 6]));
        assert_eq!((size, small.pixels()), (Size::new(3, 2), &[1, 2, 3, 4, 5, 6][..]));
    }

    #[test]
    fn what_does_not_fill_a_square_is_left_out() {
        let mut small = Luma::new(2);
        let size = small.shrink(&luma(5, 3, (0..15).collect()));
        // Squares of three: one column of them fits, and one row.
        assert_eq!((size, small.pixels()), (Size::new(1, 1), &[6][..]));
    }

    #[test]
    fn colours_are_as_bright_as_the_eye_sees_them() {
        let pixels = Bytes::from_static(&[255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]);
        let picture = Picture::rgb(Size::new(4, 1), 12, pixels).expect("four pixels");
        let mut small = Luma::new(4);
        small.shrink(&picture);
        assert_eq!(small.pixels(), [76, 149, 28, 255]);
    }

    #[test]
    fn no_picture_is_too_small_or_too_narrow() {
        for (width, height) in [(1, 1), (1000, 1), (1, 1000), (1921, 1081)] {
            let size = Luma::new(320).shrink(&luma(width, height, vec![7; (width * height) as usize]));
            assert!(!size.is_empty(), "{width}x{height}");
        }
    }
}

//! Making a picture smaller by a whole factor, for viewers who do not need every pixel.

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::{Layout, Picture, Plane};

/// Returns the picture made smaller by the least whole factor that brings its width down to `most_wide`.
pub(crate) fn to_width(picture: &Picture, most_wide: u32) -> Picture {
    let factor = picture.size().width.div_ceil(most_wide.max(1)).min(picture.size().height).max(1);
    if factor == 1 { picture.clone() } else { by(picture, factor as usize) }
}

/// Averages each square of `factor` by `factor` pixels into one.
fn by(picture: &Picture, factor: usize) -> Picture {
    let size = picture.size();
    let size = Size { width: size.width / factor as u32, height: size.height / factor as u32 };
    let (width, height) = (size.width as usize, size.height as usize);
    let mut data = Vec::new();
    let mut planes = [Plane { offset: 0, stride: 0 }; 3];
    for (index, plane) in planes.iter_mut().enumerate().take(picture.plane_count()) {
        let (channels, columns, rows) = match (picture.layout(), index) {
            (Layout::Rgb8, _) => (3, width, height),
            (Layout::I420, 0) => (1, width, height),
            (Layout::I420, _) => (1, width.div_ceil(2), height.div_ceil(2)),
        };
        *plane = Plane { offset: data.len(), stride: columns * channels };
        reduce(picture, index, factor, channels, (columns, rows), &mut data);
    }
    let data = Bytes::from(data);
    match picture.layout() {
        Layout::Rgb8 => Picture::rgb(size, width * 3, data),
        Layout::I420 => Picture::i420(size, planes, data),
    }
    .expect("the planes were made for this size")
}

fn reduce(
    picture: &Picture,
    index: usize,
    factor: usize,
    channels: usize,
    (columns, rows): (usize, usize),
    out: &mut Vec<u8>,
) {
    let (pixels, stride) = picture.plane(index);
    let (row_bytes, plane_rows) = picture.plane_extent(index);
    let mut sums = vec![0_u32; columns * channels];
    for row in 0..rows {
        sums.fill(0);
        // The last colour row or column of an odd-sized picture stands for fewer pixels: what is missing is repeated.
        for line in (row * factor..(row + 1) * factor).map(|line| line.min(plane_rows - 1)) {
            let line = &pixels[line * stride..][..row_bytes];
            for (column, sums) in sums.chunks_exact_mut(channels).enumerate() {
                for x in (column * factor..(column + 1) * factor).map(|x| x.min(row_bytes / channels - 1)) {
                    for (sum, value) in sums.iter_mut().zip(&line[x * channels..]) {
                        *sum += u32::from(*value);
                    }
                }
            }
        }
        let count = (factor * factor) as u32;
        out.extend(sums.iter().map(|sum| ((sum + count / 2) / count) as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn i420(width: u32, height: u32, pixel: impl Fn(usize, usize) -> u8) -> Picture {
        let (w, h) = (width as usize, height as usize);
        let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
        let mut data: Vec<u8> = (0..w * h).map(|i| pixel(i % w, i / w)).collect();
        data.extend(std::iter::repeat_n(90, cw * ch));
        data.extend(std::iter::repeat_n(160, cw * ch));
        let planes = [
            Plane { offset: 0, stride: w },
            Plane { offset: w * h, stride: cw },
            Plane { offset: w * h + cw * ch, stride: cw },
        ];
        Picture::i420(Size::new(width, height), planes, data.into()).expect("is a picture")
    }

    #[test]
    fn a_picture_that_is_small_enough_is_the_same_picture() {
        let picture = i420(640, 360, |x, _| x as u8);
        assert_eq!(to_width(&picture, 1280), picture);
    }

    #[test]
    fn squares_become_their_mean() {
        let smaller = to_width(&i420(8, 4, |x, y| (x / 2 * 10 + y / 2 + x % 2 * 2) as u8), 4);
        assert_eq!(smaller.size(), Size::new(4, 2));
        assert_eq!(smaller.plane(0).0, [1, 11, 21, 31, 2, 12, 22, 32]);
        assert_eq!((smaller.plane(1).0, smaller.plane(2).0), ([90; 2].as_slice(), [160; 2].as_slice()));
    }

    #[test]
    fn odd_sizes_lose_their_last_pixels_and_nothing_else() {
        let smaller = to_width(&i420(2689, 1521, |_, _| 7), 1280);
        assert_eq!(smaller.size(), Size::new(896, 507));
        assert!(smaller.plane(0).0.iter().all(|value| *value == 7));
        assert_eq!(smaller.plane_extent(1), (448, 254));
    }

    #[test]
    fn colours_of_rgb_pictures_stay_apart() {
        let data: Vec<u8> = [[10, 100, 200], [30, 120, 220]].repeat(4).concat();
        let picture = Picture::rgb(Size::new(4, 2), 12, data.into()).expect("is a picture");
        assert_eq!(to_width(&picture, 2).plane(0).0, [20, 110, 210, 20, 110, 210]);
    }
}

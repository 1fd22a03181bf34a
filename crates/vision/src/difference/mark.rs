//! Draws frames around regions of a photo.

use domain::geometry::BBox;
use domain::picture::{Layout, Picture, Plane};

/// Amber, which stands out from most of what there is: as red, green, blue, and as luma and colour differences.
const AMBER_RGB: [u8; 3] = [255, 176, 0];
const AMBER_YUV: [u8; 3] = [173, 37, 174];

/// Returns a copy of a photo with a frame around each region.
#[must_use]
pub fn marked(photo: &Picture, regions: &[BBox]) -> Picture {
    let mut bytes = photo.data().to_vec();
    let line = (photo.size().width / 320).max(2) as usize;
    let planes: Vec<Plane> = (0..photo.plane_count()).map(|index| placed(photo, index)).collect();
    for (index, &Plane { offset, stride }) in planes.iter().enumerate() {
        let (row_bytes, rows) = photo.plane_extent(index);
        let target = &mut bytes[offset..];
        for region in regions {
            match (photo.layout(), index) {
                (Layout::Rgb8, _) => frame(target, stride, (row_bytes / 3, rows), region, line, &AMBER_RGB),
                (Layout::I420, 0) => frame(target, stride, (row_bytes, rows), region, line, &AMBER_YUV[..1]),
                (Layout::I420, _) => {
                    let (half, line) = (region.scale(0.5, 0.5), line.div_ceil(2));
                    frame(target, stride, (row_bytes, rows), &half, line, &AMBER_YUV[index..=index]);
                }
            }
        }
    }
    let copy = match (photo.layout(), &planes[..]) {
        (Layout::I420, &[luma, blue, red]) => Picture::i420(photo.size(), [luma, blue, red], bytes.into()),
        _ => rgb(photo, planes[0], bytes),
    };
    copy.expect("the planes lie where they lay").with_colour(photo.colour())
}

/// Red, green and blue begin with the first byte, so what lies before it goes.
fn rgb(photo: &Picture, plane: Plane, mut bytes: Vec<u8>) -> Result<Picture, domain::picture::PictureError> {
    bytes.drain(..plane.offset);
    Picture::rgb(photo.size(), plane.stride, bytes.into())
}

/// Returns where a plane lies in the bytes of its picture.
fn placed(photo: &Picture, index: usize) -> Plane {
    let (plane, stride) = photo.plane(index);
    // The plane is a part of the bytes, so it begins at or after them.
    Plane { offset: plane.as_ptr() as usize - photo.data().as_ptr() as usize, stride }
}

/// Draws the four sides of a region, inside it, on one plane.
fn frame(plane: &mut [u8], stride: usize, (width, height): (usize, usize), region: &BBox, line: usize, pixel: &[u8]) {
    let within = |place: f32, most: usize| (place.max(0.0).round() as usize).min(most);
    let (left, right) = (within(region.x1, width), within(region.x2, width));
    let (top, bottom) = (within(region.y1, height), within(region.y2, height));
    for row in top..bottom {
        let is_horizontal = row < top + line || row + line >= bottom;
        for column in left..right {
            if is_horizontal || column < left + line || column + line >= right {
                let at = row * stride + column * pixel.len();
                plane[at..at + pixel.len()].copy_from_slice(pixel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::geometry::Size;

    use super::*;

    #[test]
    fn a_frame_lies_inside_its_region_and_nowhere_else() {
        let size = Size::new(64, 48);
        let photo = Picture::rgb(size, 64 * 3 + 5, vec![9; (64 * 3 + 5) * 48].into()).expect("every pixel is there");
        let copy = marked(&photo, &[BBox::new(10.0, 10.0, 30.0, 20.0)]);
        let (plane, stride) = copy.plane(0);
        let at = |x: usize, y: usize| &plane[y * stride + 3 * x..][..3];
        for (x, y) in [(10, 10), (29, 19), (11, 15), (20, 18)] {
            assert_eq!(at(x, y), AMBER_RGB, "({x}, {y})");
        }
        for (x, y) in [(9, 10), (30, 15), (20, 15), (20, 20), (63, 47)] {
            assert_eq!(at(x, y), [9; 3], "({x}, {y})");
        }
    }

    #[test]
    fn video_is_marked_on_all_its_planes() {
        let size = Size::new(32, 16);
        let plane = |offset, stride| Plane { offset, stride };
        let planes = [plane(0, 32), plane(512, 16), plane(640, 16)];
        let photo = Picture::i420(size, planes, vec![128; 768].into()).expect("every plane is there");
        let copy = marked(&photo, &[BBox::new(8.0, 4.0, 24.0, 12.0)]);
        let level = |index: usize, x: usize, y: usize| {
            let (plane, stride) = copy.plane(index);
            plane[y * stride + x]
        };
        assert_eq!([level(0, 8, 4), level(1, 4, 2), level(2, 4, 2)], AMBER_YUV);
        assert_eq!([level(0, 15, 8), level(1, 7, 4), level(2, 7, 4)], [128; 3]);
    }

    #[test]
    fn a_region_beyond_the_photo_is_cut_off() {
        let photo = Picture::rgb(Size::new(8, 8), 24, vec![0; 192].into()).expect("every pixel is there");
        let copy = marked(&photo, &[BBox::new(-5.0, -5.0, 100.0, 100.0), BBox::new(20.0, 20.0, 30.0, 30.0)]);
        assert_eq!(copy.plane(0).0[..3], AMBER_RGB);
    }
}

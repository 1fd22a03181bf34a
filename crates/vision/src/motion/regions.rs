//! From boxes around moving things to the regions that a detector looks at: enlarged, joined where they touch, in picture pixels.

use domain::geometry::{BBox, Size};

/// The most regions of a picture: more are joined into one.
const MOST: usize = 16;

/// Scales boxes from the small plane to the picture, enlarges them by a part of the picture and joins those that touch.
pub(super) fn merged(things: &[BBox], small: Size, picture: Size, padding: f32) -> Vec<BBox> {
    let (kx, ky) = (picture.width as f32 / small.width as f32, picture.height as f32 / small.height as f32);
    let (px, py) = (padding * picture.width as f32, padding * picture.height as f32);
    let enlarged = |thing: &BBox| {
        let b = thing.scale(kx, ky);
        BBox::new(b.x1 - px, b.y1 - py, b.x2 + px, b.y2 + py).clip(picture)
    };
    let mut regions: Vec<BBox> = Vec::new();
    for mut next in things.iter().map(enlarged) {
        // Joining may make it touch one that was passed, so start over after each.
        while let Some(at) = regions.iter().position(|region| touch(region, &next)) {
            next = around(&regions.swap_remove(at), &next);
        }
        regions.push(next);
    }
    if regions.len() > MOST {
        return regions.into_iter().reduce(|a, b| around(&a, &b)).into_iter().collect();
    }
    regions
}

fn touch(a: &BBox, b: &BBox) -> bool {
    a.x1 <= b.x2 && b.x1 <= a.x2 && a.y1 <= b.y2 && b.y1 <= a.y2
}

fn around(a: &BBox, b: &BBox) -> BBox {
    BBox::new(a.x1.min(b.x1), a.y1.min(b.y1), a.x2.max(b.x2), a.y2.max(b.y2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Size = Size::new(100, 50);
    const PICTURE: Size = Size::new(1000, 500);

    #[test]
    fn a_region_is_larger_than_its_thing_and_inside_the_picture() {
        let regions = merged(&[BBox::new(0.0, 10.0, 10.0, 20.0)], SMALL, PICTURE, 0.05);
        assert_eq!(regions, [BBox::new(0.0, 75.0, 150.0, 225.0)]);
    }

    #[test]
    fn regions_that_touch_are_joined_even_through_a_third() {
        let apart = [BBox::new(0.0, 0.0, 10.0, 10.0), BBox::new(30.0, 0.0, 40.0, 10.0)];
        assert_eq!(merged(&apart, SMALL, PICTURE, 0.0).len(), 2);
        let bridge = BBox::new(10.0, 5.0, 30.0, 6.0);
        let regions = merged(&[apart[0], apart[1], bridge], SMALL, PICTURE, 0.0);
        assert_eq!(regions, [BBox::new(0.0, 0.0, 400.0, 100.0)]);
    }

    #[test]
    fn a_swarm_is_one_region() {
        let swarm: Vec<BBox> = (0..17).map(|i| BBox::new(i as f32 * 5.0, 0.0, i as f32 * 5.0 + 1.0, 1.0)).collect();
        assert_eq!(merged(&swarm, SMALL, PICTURE, 0.0), [BBox::new(0.0, 0.0, 810.0, 10.0)]);
        assert_eq!(merged(&swarm[..16], SMALL, PICTURE, 0.0).len(), 16);
        assert_eq!(merged(&[], SMALL, PICTURE, 0.0), []);
    }
}

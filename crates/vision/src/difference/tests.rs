//! Two photos of one place: the same, moved, lit otherwise, with something added.

use super::*;

const SIZE: Size = Size::new(960, 540);

type Rectangle = (f64, f64, f64, f64, [u8; 3]);

/// A room: a wall, a floor with a grain, a door, a shelf with boxes, pipes and a lamp.
fn room() -> Vec<Rectangle> {
    let mut room = vec![
        (0.0, 0.0, 960.0, 330.0, [168, 170, 160]),
        (0.0, 330.0, 960.0, 540.0, [96, 88, 78]),
        (90.0, 90.0, 230.0, 400.0, [120, 84, 50]),
        (205.0, 240.0, 218.0, 262.0, [220, 210, 120]),
        (520.0, 120.0, 880.0, 136.0, [70, 70, 74]),
        (520.0, 230.0, 880.0, 246.0, [70, 70, 74]),
        (520.0, 340.0, 880.0, 356.0, [70, 70, 74]),
        (300.0, 0.0, 312.0, 330.0, [60, 90, 110]),
        (330.0, 0.0, 338.0, 330.0, [130, 60, 50]),
        (380.0, 40.0, 470.0, 70.0, [240, 240, 225]),
    ];
    for (index, left) in (530..860).step_by(47).enumerate() {
        let (left, shade) = (left as f64, (index * 23 % 120) as u8);
        room.push((left, 150.0 + shade as f64 / 4.0, left + 34.0, 230.0, [60 + shade, 110, 160 - shade]));
        room.push((left + 6.0, 262.0 + shade as f64 / 5.0, left + 40.0, 340.0, [150 - shade, 90 + shade, 70]));
    }
    for index in 0..24 {
        let x = f64::from(index) * 40.0;
        room.push((x, 330.0, x + 2.0, 540.0, [78, 70, 62]));
    }
    room
}

/// Where the camera stands, and the light.
#[derive(Clone, Copy)]
struct View {
    shift: (f64, f64),
    degrees: f64,
    zoom: f64,
    gain: f64,
    /// How much brighter the right edge is than the left one.
    slope: f64,
    offset: f64,
    noise: u32,
}

const HERE: View = View { shift: (0.0, 0.0), degrees: 0.0, zoom: 1.0, gain: 1.0, slope: 0.0, offset: 0.0, noise: 1 };

fn photo(room: &[Rectangle], view: View) -> Picture {
    photo_of(room, view, SIZE)
}

fn photo_of(room: &[Rectangle], view: View, size: Size) -> Picture {
    let (sin, cos) = view.degrees.to_radians().sin_cos();
    let mut noise = view.noise;
    let mut pixels = Vec::with_capacity(size.pixels() as usize * 3);
    let unit = f64::from(SIZE.width) / f64::from(size.width);
    for line in 0..size.height {
        for column in 0..size.width {
            // Two samples a side give edges that are not jagged.
            let mut sum = [0.0; 3];
            for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                let (x, y) = ((f64::from(column) + dx) * unit - 480.0, (f64::from(line) + dy) * unit - 270.0);
                let (x, y) = ((x * cos - y * sin) * view.zoom + 480.0, (x * sin + y * cos) * view.zoom + 270.0);
                let (x, y) = (x + view.shift.0, y + view.shift.1);
                let inside = |&&(x1, y1, x2, y2, _): &&Rectangle| (x1..x2).contains(&x) && (y1..y2).contains(&y);
                let colour = room.iter().rev().find(inside).map_or([40; 3], |rectangle| rectangle.4);
                (0..3).for_each(|channel| sum[channel] += f64::from(colour[channel]) / 4.0);
            }
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = f64::from(noise >> 29) - 3.5;
            let light = view.gain * (1.0 + view.slope * (f64::from(column) / f64::from(size.width) - 0.5));
            pixels.extend(sum.map(|level| (level * light + view.offset + grain).clamp(0.0, 255.0) as u8));
        }
    }
    Picture::rgb(size, size.width as usize * 3, pixels.into()).expect("every pixel is there")
}

fn compared(earlier: &Picture, later: &Picture) -> Difference {
    difference(earlier, later, &DifferenceSettings::default()).expect("OpenCV works")
}

fn with(things: &[Rectangle]) -> Vec<Rectangle> {
    [room(), things.to_vec()].concat()
}

/// The robot came back nearly where it was, at another time of day.
const AGAIN: View =
    View { shift: (7.0, -4.0), degrees: 1.0, zoom: 1.01, gain: 0.8, slope: 0.3, offset: 8.0, noise: 77 };

const SAME: Difference = Difference { score: 0.0, regions: Vec::new(), aligned: true };

#[test]
fn the_same_place_is_the_same_however_bright_and_slightly_elsewhere() {
    let before = photo(&room(), HERE);
    let views = [
        ("again at once", View { noise: 5, ..HERE }),
        ("brighter", View { gain: 1.25, offset: 4.0, noise: 9, ..HERE }),
        ("darker", View { gain: 0.6, noise: 9, ..HERE }),
        ("two pixels and a degree away", View { shift: (2.0, 2.0), degrees: 1.0, noise: 9, ..HERE }),
        ("ten pixels and two degrees away", View { shift: (-10.0, 6.0), degrees: -2.0, noise: 9, ..HERE }),
        ("farther away", View { zoom: 1.04, noise: 9, ..HERE }),
        ("shifted by a twentieth", View { shift: (48.0, 0.0), noise: 9, ..HERE }),
        ("all at once", AGAIN),
    ];
    for (what, view) in views {
        assert_eq!(compared(&before, &photo(&room(), view)), SAME, "{what}");
    }
}

/// Says where something of the room is on a photo from another view.
fn seen_from(view: View, (x1, y1, x2, y2, _): Rectangle) -> BBox {
    let (sin, cos) = view.degrees.to_radians().sin_cos();
    let at = |x: f64, y: f64| {
        let (x, y) = ((x - view.shift.0 - 480.0) / view.zoom, (y - view.shift.1 - 270.0) / view.zoom);
        ((x * cos + y * sin + 480.0) as f32, (-x * sin + y * cos + 270.0) as f32)
    };
    let ((left, top), (right, bottom)) = (at(x1, y1), at(x2, y2));
    BBox::new(left, top, right, bottom)
}

#[test]
fn what_was_put_there_is_the_one_region() {
    let bag = (400.0, 360.0, 490.0, 450.0, [30, 34, 40]);
    for (what, view) in [("at once", View { noise: 5, ..HERE }), ("later", AGAIN)] {
        let found = compared(&photo(&room(), HERE), &photo(&with(&[bag]), view));
        assert_eq!((found.aligned, found.regions.len()), (true, 1), "{what}: {found:?}");
        let expected = seen_from(view, bag);
        assert!(found.regions[0].iou(&expected) > 0.75, "{what}: {found:?} is not {expected:?}");
        assert!((0.08..0.2).contains(&found.score), "{what}: {found:?}");
    }
}

#[test]
fn what_is_missing_is_a_region_as_well() {
    let extinguisher = (250.0, 250.0, 285.0, 330.0, [190, 20, 20]);
    let found = compared(&photo(&with(&[extinguisher]), HERE), &photo(&room(), AGAIN));
    let expected = seen_from(AGAIN, extinguisher);
    assert!(found.regions.len() == 1 && found.regions[0].iou(&expected) > 0.65, "{found:?} is not {expected:?}");
}

#[test]
fn a_colour_that_changed_is_seen_even_if_it_is_as_bright() {
    let lamp = |colour| (420.0, 150.0, 450.0, 180.0, colour);
    // Both have a brightness of 105.
    let (green, red) = (lamp([40, 150, 40]), lamp([255, 41, 41]));
    let found = compared(&photo(&with(&[green]), HERE), &photo(&with(&[red]), View { noise: 5, ..HERE }));
    assert!(found.regions.len() == 1 && found.regions[0].iou(&seen_from(HERE, red)) > 0.6, "{found:?}");
}

#[test]
fn two_things_are_two_regions_the_larger_one_first() {
    let (large, small) = ((400.0, 380.0, 500.0, 480.0, [20; 3]), (700.0, 420.0, 750.0, 460.0, [230, 230, 230]));
    let found = compared(&photo(&room(), HERE), &photo(&with(&[small, large]), AGAIN));
    assert_eq!(found.regions.len(), 2, "{found:?}");
    assert!(found.regions[0].iou(&seen_from(AGAIN, large)) > 0.7, "{found:?}");
    assert!(found.regions[1].iou(&seen_from(AGAIN, small)) > 0.6, "{found:?}");
}

#[test]
fn a_thing_that_fills_a_quarter_is_still_found() {
    let curtain = (0.0, 0.0, 330.0, 400.0, [30, 60, 40]);
    let found =
        compared(&photo(&room(), HERE), &photo(&with(&[curtain]), View { shift: (3.0, 1.0), noise: 5, ..HERE }));
    assert!(found.aligned && found.score > 0.4, "{found:?}");
    assert!(found.regions[0].iou(&seen_from(HERE, curtain)) > 0.7, "{found:?}");
}

#[test]
fn another_place_is_not_compared() {
    let hall: Vec<Rectangle> = (0..60)
        .map(|index| {
            let (x, y) = (f64::from(index * 131 % 900), f64::from(index * 71 % 500));
            let level = (index * 37 % 230) as u8;
            (x, y, x + 90.0, y + 60.0, [level, 255 - level, level / 2])
        })
        .collect();
    assert_eq!(compared(&photo(&room(), HERE), &photo(&hall, HERE)), Difference::elsewhere());
}

#[test]
fn a_lens_that_is_covered_is_another_place() {
    let dark = [(0.0, 0.0, 960.0, 540.0, [6; 3])];
    assert_eq!(compared(&photo(&room(), HERE), &photo(&dark, HERE)), Difference::elsewhere());
}

#[test]
fn two_photos_of_nothing_are_the_same() {
    let wall = [(0.0, 0.0, 960.0, 540.0, [150; 3])];
    assert_eq!(compared(&photo(&wall, HERE), &photo(&wall, View { gain: 0.7, noise: 5, ..HERE })), SAME);
}

#[test]
fn photos_may_have_different_sizes() {
    let bag = (400.0, 360.0, 490.0, 450.0, [30, 34, 40]);
    let found = compared(&photo_of(&room(), HERE, Size::new(640, 360)), &photo(&with(&[bag]), HERE));
    assert!(found.regions.len() == 1 && found.regions[0].iou(&seen_from(HERE, bag)) > 0.75, "{found:?}");
    let same = compared(&photo_of(&room(), HERE, Size::new(1280, 720)), &photo(&room(), HERE));
    assert_eq!(same, SAME);
}

#[test]
fn a_photo_of_a_few_pixels_is_no_error() {
    let tiny = |level| Picture::rgb(Size::new(3, 2), 9, vec![level; 18].into()).expect("every pixel is there");
    assert!(compared(&tiny(10), &tiny(200)).regions.is_empty());
}

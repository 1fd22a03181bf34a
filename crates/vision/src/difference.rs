//! What is different between two photos of one place: an earlier one, and one that was taken again from nearly the same spot.
//!
//! The earlier photo is laid over the later one ([`align`]), the light is evened out ([`light`]), and what then lies outside of
//! what the other photo shows within a few pixels has changed. A robot's small errors of place and the time of day are no difference.

mod align;
mod light;
mod mark;
mod planes;

use domain::geometry::{BBox, Size};
use domain::picture::Picture;
use opencv::core::{self, BORDER_CONSTANT, CV_8U, CV_32S, Mat, Point, Scalar};
use opencv::imgproc::{self, CC_STAT_AREA, CC_STAT_HEIGHT, CC_STAT_LEFT, CC_STAT_TOP, CC_STAT_WIDTH};
use opencv::prelude::*;

use crate::single_threaded;
use planes::Planes;

pub use mark::marked;

/// A thing is of another colour if one in so many of its pixels is.
const LEAST_COLOURED: i32 = 5;

/// How much must differ, and how much, to count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DifferenceSettings {
    /// Photos are compared this many pixels wide at most.
    pub width: u32,
    /// How many pixels, at that width, an edge may lie elsewhere: what alignment cannot mend, such as things nearer than the rest.
    pub tolerance: u32,
    /// How much darker or brighter a place must be after the light was evened out: levels of 0 to 255 in a dark grey of 64, half as many
    /// in a black of 16, twice as many in white.
    pub least_brightness: f32,
    /// How much another colour a place must have, 0 to 255.
    pub least_colour: f32,
    /// The smallest region, as a part of the photo.
    pub least_area: f32,
}

impl Default for DifferenceSettings {
    fn default() -> Self {
        Self { width: 480, tolerance: 2, least_brightness: 18.0, least_colour: 18.0, least_area: 0.0008 }
    }
}

/// What is different between two photos of one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// How different they are: 0 is the same, 1 is everything, or photos that cannot be laid over each other. It is the side of a
    /// square as large as all that changed, as a part of the photo's side: a hundredth of the area gives 0.1.
    pub score: f64,
    /// Where, in pixels of the later photo, the largest first. Empty if nothing changed, and if they could not be aligned.
    pub regions: Vec<BBox>,
    /// Whether the photos show the same place, so that regions could be told.
    pub aligned: bool,
}

/// Why photos could not be compared.
#[derive(Debug, thiserror::Error)]
#[error("cannot compare photos")]
pub struct DifferenceError(#[from] opencv::Error);

impl Difference {
    /// What is said of photos that do not show the same place.
    fn elsewhere() -> Self {
        Self { score: 1.0, regions: Vec::new(), aligned: false }
    }
}

/// Compares an earlier photo of a place with a later one. They may differ in size and light, and by a few hundredths of their
/// width and a few degrees in place. This takes some tens of milliseconds: call it from a thread that may block.
///
/// # Errors
/// What OpenCV says.
pub fn difference(
    earlier: &Picture,
    later: &Picture,
    settings: &DifferenceSettings,
) -> Result<Difference, DifferenceError> {
    single_threaded::opencv();
    let size = planes::small_size(later.size(), settings.width);
    let (earlier, later_small) = (Planes::of(earlier, size)?, Planes::of(later, size)?);
    let Some(overlay) = align::overlay(&earlier, &later_small)? else { return Ok(Difference::elsewhere()) };
    let overlay = light::evened(overlay, &later_small)?;
    let marks = Marks::of(&overlay.planes, &later_small, &overlay.seen, settings)?;
    let found = regions(&marks, &overlay.planes, &later_small, settings)?;
    let total: f64 = found.iter().map(|thing| f64::from(thing.area)).sum();
    let seen = f64::from(core::count_non_zero(&overlay.seen)?).max(1.0);
    let (kx, ky) = scale(size, later.size());
    Ok(Difference {
        score: (total / seen).sqrt().clamp(0.0, 1.0),
        regions: found.iter().map(|thing| thing.around.scale(kx, ky).clip(later.size())).collect(),
        aligned: true,
    })
}

fn scale(from: Size, to: Size) -> (f32, f32) {
    (to.width as f32 / from.width as f32, to.height as f32 / from.height as f32)
}

/// Where the later photo shows what the earlier one does not within the tolerance, or the other way round: 255, else 0.
struct Marks {
    changed: Mat,
    /// Where it is the colour that is another one.
    coloured: Mat,
}

impl Marks {
    fn of(earlier: &Planes, later: &Planes, seen: &Mat, settings: &DifferenceSettings) -> opencv::Result<Self> {
        let within = |mask: &Mat| with(mask, seen, core::bitwise_and_def);
        let brightness = outside(&perceived(&earlier.luma)?, &perceived(&later.luma)?, settings.tolerance)?;
        let dimmer_or_brighter = above(&brightness, settings.least_brightness)?;
        let blue = above(&outside(&earlier.blue, &later.blue, settings.tolerance)?, settings.least_colour)?;
        let red = above(&outside(&earlier.red, &later.red, settings.tolerance)?, settings.least_colour)?;
        let coloured = within(&with(&blue, &red, core::bitwise_or_def)?)?;
        let changed = with(&within(&dimmer_or_brighter)?, &coloured, core::bitwise_or_def)?;
        // Grains go; what belongs together is closed to one.
        let opened = morphed(&changed, imgproc::MORPH_OPEN, 3)?;
        Ok(Self { changed: morphed(&opened, imgproc::MORPH_CLOSE, 9)?, coloured })
    }
}

fn with(one: &Mat, other: &Mat, combine: fn(&Mat, &Mat, &mut Mat) -> opencv::Result<()>) -> opencv::Result<Mat> {
    let mut both = Mat::default();
    combine(one, other, &mut both)?;
    Ok(both)
}

/// Stretches the dark and compresses the bright, as eyes do: a step that is seen in the dark is small in the light.
fn perceived(luma: &Mat) -> opencv::Result<Mat> {
    let (mut scaled, mut root) = (Mat::default(), Mat::default());
    core::multiply_def(luma, &Scalar::all(255.0), &mut scaled)?;
    core::sqrt(&scaled, &mut root)?;
    Ok(root)
}

/// Returns for each place how far one plane lies outside the range of the other around that place, in either direction.
fn outside(one: &Mat, other: &Mat, tolerance: u32) -> opencv::Result<Mat> {
    let (first, second) = (beyond(one, other, tolerance)?, beyond(other, one, tolerance)?);
    let mut most = Mat::default();
    core::max(&first, &second, &mut most)?;
    Ok(most)
}

/// Returns how far `plane` lies outside of the range of `reference` around each place.
fn beyond(plane: &Mat, reference: &Mat, tolerance: u32) -> opencv::Result<Mat> {
    let kernel = square(2 * tolerance as i32 + 1)?;
    let (mut highest, mut lowest) = (Mat::default(), Mat::default());
    imgproc::dilate_def(reference, &mut highest, &kernel)?;
    imgproc::erode_def(reference, &mut lowest, &kernel)?;
    let (mut over, mut under, mut most) = (Mat::default(), Mat::default(), Mat::default());
    core::subtract_def(plane, &highest, &mut over)?;
    core::subtract_def(&lowest, plane, &mut under)?;
    core::max(&over, &under, &mut most)?;
    Ok(most)
}

fn above(plane: &Mat, least: f32) -> opencv::Result<Mat> {
    let (mut marked, mut mask) = (Mat::default(), Mat::default());
    imgproc::threshold(plane, &mut marked, f64::from(least), 255.0, imgproc::THRESH_BINARY)?;
    marked.convert_to_def(&mut mask, CV_8U)?;
    Ok(mask)
}

fn morphed(mask: &Mat, operation: i32, side: i32) -> opencv::Result<Mat> {
    let mut result = Mat::default();
    let (middle, nothing) = (Point::new(-1, -1), imgproc::morphology_default_border_value()?);
    imgproc::morphology_ex(mask, &mut result, operation, &square(side)?, middle, 1, BORDER_CONSTANT, nothing)?;
    Ok(result)
}

fn square(side: i32) -> opencv::Result<Mat> {
    imgproc::get_structuring_element_def(imgproc::MORPH_RECT, core::Size::new(side, side))
}

/// Something that changed, in pixels of the small planes.
struct Thing {
    area: i32,
    around: BBox,
}

/// Returns what hangs together and is large enough, but for what is the same thing in another light; the largest first.
fn regions(
    marks: &Marks,
    earlier: &Planes,
    later: &Planes,
    settings: &DifferenceSettings,
) -> opencv::Result<Vec<Thing>> {
    let (mut labels, mut stats, mut centres) = (Mat::default(), Mat::default(), Mat::default());
    let count =
        imgproc::connected_components_with_stats(&marks.changed, &mut labels, &mut stats, &mut centres, 8, CV_32S)?;
    let least = settings.least_area * marks.changed.total() as f32;
    let mut things = Vec::new();
    // Label 0 is what did not change.
    for label in 1..count {
        let of = |stat: i32| stats.at_2d::<i32>(label, stat).copied();
        let (area, left, top) = (of(CC_STAT_AREA)?, of(CC_STAT_LEFT)?, of(CC_STAT_TOP)?);
        if (area as f32) < least {
            continue;
        }
        let mut here = Mat::default();
        core::compare(&labels, &Scalar::all(f64::from(label)), &mut here, core::CMP_EQ)?;
        let coloured = core::count_non_zero(&with(&here, &marks.coloured, core::bitwise_and_def)?)?;
        if coloured * LEAST_COLOURED < area && light::is_only_light(earlier, later, &here)? {
            continue;
        }
        let (right, bottom) = (left + of(CC_STAT_WIDTH)?, top + of(CC_STAT_HEIGHT)?);
        things.push(Thing { area, around: BBox::new(left as f32, top as f32, right as f32, bottom as f32) });
    }
    things.sort_by_key(|thing| std::cmp::Reverse(thing.area));
    Ok(things)
}

#[cfg(test)]
mod tests;

//! Lays an earlier photo over a later one.
//!
//! Phase correlation finds the shift, then OpenCV's enhanced correlation (ECC) refines it to a rotation and at last to an affine map, from a
//! small picture to a large one. Both look at edges and grains alone, not at large areas, so neither another light nor a large thing that
//! was put there misleads them.

use opencv::core::{self, BORDER_CONSTANT, CV_8U, CV_32F, Mat, Scalar, TermCriteria};
use opencv::imgproc::{self, INTER_LINEAR, INTER_NEAREST, WARP_INVERSE_MAP};
use opencv::prelude::*;
use opencv::video::{self, MOTION_AFFINE, MOTION_EUCLIDEAN};

use super::planes::Planes;

/// How alike, 0 to 1, two photos of one place are at least once they are aligned.
const LEAST_LIKENESS: f64 = 0.35;
/// How much of the later photo the earlier one must show.
const LEAST_SEEN: f64 = 0.5;
/// The farthest that a photo may be shifted, as a part of its sides.
const FARTHEST: f64 = 0.25;
/// Photos whose brightness varies less than this, 0 to 255, have no pattern to align by.
const LEAST_PATTERN: f64 = 3.0;
/// What is wider than this, in pixels, is no edge or grain.
const WIDEST: f64 = 6.0;
/// An edge counts as if it were no higher than this, 0 to 255, so that no single one decides.
const HIGHEST: f64 = 12.0;
/// How much of the earlier photo's border, in pixels, is not looked at: it was interpolated with nothing.
const BORDER: i32 = 3;

/// The earlier photo as the later one's camera would have taken it.
pub(super) struct Overlay {
    pub(super) planes: Planes,
    /// Where the earlier photo shows something: 255, else 0.
    pub(super) seen: Mat,
}

/// Lays the earlier photo over the later one; `None` if they do not show the same place.
pub(super) fn overlay(earlier: &Planes, later: &Planes) -> opencv::Result<Option<Overlay>> {
    match (has_pattern(&earlier.luma)?, has_pattern(&later.luma)?) {
        (true, true) => {}
        (false, false) => return laid(earlier, later, &identity()?).map(Some),
        (true, false) | (false, true) => return Ok(None),
    }
    let (one, other) = (edges(&earlier.luma)?, edges(&later.luma)?);
    let mut best = (likeness(&one, &other, &identity()?)?, identity()?);
    for start in [identity()?, shifted(&one, &other)?] {
        let Some(map) = refined(&one, &other, start)? else { continue };
        let alike = likeness(&one, &other, &map)?;
        if alike > best.0 {
            best = (alike, map);
        }
    }
    let (alike, map) = best;
    if alike < LEAST_LIKENESS {
        return Ok(None);
    }
    let overlay = laid(earlier, later, &map)?;
    let seen = f64::from(core::count_non_zero(&overlay.seen)?) / overlay.seen.total() as f64;
    Ok((seen >= LEAST_SEEN).then_some(overlay))
}

fn identity() -> opencv::Result<Mat> {
    Mat::eye(3, 3, CV_32F)?.to_mat()
}

/// Tells whether there is anything to align by.
fn has_pattern(luma: &Mat) -> opencv::Result<bool> {
    let (mut mean, mut deviation) = (Scalar::default(), Scalar::default());
    core::mean_std_dev(luma, &mut mean, &mut deviation, &core::no_array())?;
    Ok(deviation[0] >= LEAST_PATTERN)
}

/// Returns the edges and grains of a plane.
fn edges(luma: &Mat) -> opencv::Result<Mat> {
    let (mut wide, mut fine, mut low, mut both) = (Mat::default(), Mat::default(), Mat::default(), Mat::default());
    imgproc::gaussian_blur_def(luma, &mut wide, core::Size::new(0, 0), WIDEST)?;
    core::subtract_def(luma, &wide, &mut fine)?;
    core::min(&fine, &Scalar::all(HIGHEST), &mut low)?;
    core::max(&low, &Scalar::all(-HIGHEST), &mut both)?;
    Ok(both)
}

/// Maps the earlier photo's planes with a map that says where each pixel of the later one lies in it.
fn laid(earlier: &Planes, later: &Planes, map: &Mat) -> opencv::Result<Overlay> {
    let size = later.luma.size()?;
    let planes = earlier.try_map(|plane| warped(plane, map, size, INTER_LINEAR))?;
    Ok(Overlay { planes, seen: seen(map, size)? })
}

/// Returns where a photo of this size shows something once it is mapped: 255, else 0.
fn seen(map: &Mat, size: core::Size) -> opencv::Result<Mat> {
    let all = Mat::new_rows_cols_with_default(size.height, size.width, CV_8U, Scalar::all(255.0))?;
    let shown = warped(&all, map, size, INTER_NEAREST)?;
    let kernel =
        imgproc::get_structuring_element_def(imgproc::MORPH_RECT, core::Size::new(2 * BORDER + 1, 2 * BORDER + 1))?;
    let mut seen = Mat::default();
    let middle = core::Point::new(-1, -1);
    imgproc::erode(&shown, &mut seen, &kernel, middle, 1, BORDER_CONSTANT, Scalar::all(0.0))?;
    Ok(seen)
}

fn warped(plane: &Mat, map: &Mat, size: core::Size, interpolation: i32) -> opencv::Result<Mat> {
    let mut warped = Mat::default();
    let flags = interpolation | WARP_INVERSE_MAP;
    imgproc::warp_perspective(plane, &mut warped, map, size, flags, BORDER_CONSTANT, Scalar::all(0.0))?;
    Ok(warped)
}

/// Returns the correlation of the edges where both photos show something; 0 if they show too little together.
fn likeness(earlier: &Mat, later: &Mat, map: &Mat) -> opencv::Result<f64> {
    let size = later.size()?;
    let seen = seen(map, size)?;
    if f64::from(core::count_non_zero(&seen)?) < LEAST_SEEN * seen.total() as f64 {
        return Ok(0.0);
    }
    let alike = video::compute_ecc(later, &warped(earlier, map, size, INTER_LINEAR)?, &seen)?;
    // A plane without any edge is like nothing.
    Ok(if alike.is_finite() { alike } else { 0.0 })
}

/// Guesses the shift between the photos.
fn shifted(earlier: &Mat, later: &Mat) -> opencv::Result<Mat> {
    let mut window = Mat::default();
    imgproc::create_hanning_window(&mut window, later.size()?, CV_32F)?;
    let shift = imgproc::phase_correlate(later, earlier, &window, None)?;
    let mut map = identity()?;
    *map.at_2d_mut::<f32>(0, 2)? = shift.x as f32;
    *map.at_2d_mut::<f32>(1, 2)? = shift.y as f32;
    Ok(map)
}

/// Refines a map by half-sized photos first; `None` where that leads nowhere.
fn refined(earlier: &Mat, later: &Mat, start: Mat) -> opencv::Result<Option<Mat>> {
    let mut map = start;
    for (shrink, motion) in [(4, MOTION_EUCLIDEAN), (2, MOTION_EUCLIDEAN), (1, MOTION_AFFINE)] {
        let small = later.size()?;
        if small.width / shrink < 24 || small.height / shrink < 24 {
            continue;
        }
        let (one, other) = (halved(earlier, shrink)?, halved(later, shrink)?);
        let Some(next) = step(&one, &other, &scaled(&map, 1.0 / shrink as f32)?, motion)? else { return Ok(None) };
        map = scaled(&next, shrink as f32)?;
    }
    Ok(is_plausible(&map, later.size()?)?.then_some(map))
}

/// One run of ECC. Photos that have nothing in common make it fail, which is an answer.
fn step(earlier: &Mat, later: &Mat, map: &Mat, motion: i32) -> opencv::Result<Option<Mat>> {
    let mut part = map.row_range(&core::Range::new(0, 2)?)?.try_clone()?;
    let limit = TermCriteria::new(core::TermCriteria_COUNT + core::TermCriteria_EPS, 60, 1e-4)?;
    if video::find_transform_ecc(later, earlier, &mut part, motion, limit, &core::no_array(), 5).is_err() {
        return Ok(None);
    }
    let mut whole = identity()?;
    for row in 0..2 {
        for column in 0..3 {
            *whole.at_2d_mut::<f32>(row, column)? = *part.at_2d::<f32>(row, column)?;
        }
    }
    Ok(Some(whole))
}

fn halved(plane: &Mat, shrink: i32) -> opencv::Result<Mat> {
    if shrink == 1 {
        return plane.try_clone();
    }
    let mut small = Mat::default();
    let size = core::Size::new(plane.cols() / shrink, plane.rows() / shrink);
    imgproc::resize(plane, &mut small, size, 0.0, 0.0, imgproc::INTER_AREA)?;
    Ok(small)
}

/// Returns the same map for photos that are `scale` times as large.
fn scaled(map: &Mat, scale: f32) -> opencv::Result<Mat> {
    let mut map = map.try_clone()?;
    for row in 0..2 {
        *map.at_2d_mut::<f32>(row, 2)? *= scale;
    }
    Ok(map)
}

/// Tells whether a map is one that a robot's error of place could cause: its corners stay near where they were.
fn is_plausible(map: &Mat, size: core::Size) -> opencv::Result<bool> {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let of = |row: i32, column: i32| map.at_2d::<f32>(row, column).map(|number| f64::from(*number));
    for (x, y) in [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)] {
        let (to_x, to_y) = (of(0, 0)? * x + of(0, 1)? * y + of(0, 2)?, of(1, 0)? * x + of(1, 1)? * y + of(1, 2)?);
        let near = (to_x - x).abs() <= FARTHEST * width && (to_y - y).abs() <= FARTHEST * height;
        // A number that is none is not near.
        if !near {
            return Ok(false);
        }
    }
    Ok(true)
}

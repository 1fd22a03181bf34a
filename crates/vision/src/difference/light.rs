//! Evens out the light of two photos that are aligned.
//!
//! Exposure, time of day and a lamp far away change the brightness smoothly: its ratio is a plane of the second degree over the photo, fitted
//! to what did not change. What is left over but shows the same pattern as before, such as a wall in another shadow, is only light.

use opencv::core::{self, Mat, Scalar};
use opencv::prelude::*;

use super::align::Overlay;
use super::planes::Planes;

/// Added to levels before their ratio is taken, so that the dark has none.
const FLOOR: f32 = 8.0;
/// The level of a colour difference that is no colour.
const NO_COLOUR: f32 = 128.0;
/// Places are looked at every so many pixels.
const STEP: i32 = 6;
/// With how many terms the fit is made, again and again without what does not fit: a level, a slope, a bend. A thing that fills a quarter of
/// the photo would bend the light if all terms were free from the beginning.
const ROUNDS: [usize; 7] = [1, 1, 3, 3, 6, 6, 6];
/// What does not fit: so many times the usual deviation.
const REFUSED_BEYOND: f64 = 2.0;
/// The smallest deviation that is called unusual, as the logarithm of a ratio.
const LEAST_DEVIATION: f64 = 0.03;
/// How much the brightness ratio may change: beyond a factor of six it is no longer light.
const MOST_RATIO: f64 = 1.8;
/// From this correlation on, two places with a pattern show the same thing.
const SAME_PATTERN: f64 = 0.9;
/// The least variation of brightness, 0 to 255, that is a pattern.
const LEAST_PATTERN: f64 = 6.0;

/// The terms of a plane of the second degree.
type Terms = [f64; 6];

/// Gives the overlay the later photo's light.
pub(super) fn evened(overlay: Overlay, later: &Planes) -> opencv::Result<Overlay> {
    let Overlay { planes, seen } = overlay;
    let plane = fitted(&samples(&planes.luma, &later.luma, &seen)?);
    let luma = lit(&planes.luma, &plane, FLOOR)?;
    // Colours are as much stronger as the light is; what is left over is another white balance.
    let blue = recoloured(&lit(&planes.blue, &plane, -NO_COLOUR)?, &later.blue, &seen)?;
    let red = recoloured(&lit(&planes.red, &plane, -NO_COLOUR)?, &later.red, &seen)?;
    Ok(Overlay { planes: Planes { luma, blue, red }, seen })
}

/// Tells whether two places differ in brightness alone: they have a pattern, and it is the same.
pub(super) fn is_only_light(earlier: &Planes, later: &Planes, here: &Mat) -> opencv::Result<bool> {
    let (_, before) = mean_and_deviation(&earlier.luma, here)?;
    let (_, after) = mean_and_deviation(&later.luma, here)?;
    if before < LEAST_PATTERN || after < LEAST_PATTERN {
        return Ok(false);
    }
    Ok(correlation(&earlier.luma, &later.luma, here)? >= SAME_PATTERN)
}

fn mean_and_deviation(plane: &Mat, mask: &Mat) -> opencv::Result<(f64, f64)> {
    let (mut mean, mut deviation) = (Scalar::default(), Scalar::default());
    core::mean_std_dev(plane, &mut mean, &mut deviation, mask)?;
    Ok((mean[0], deviation[0]))
}

fn correlation(one: &Mat, other: &Mat, mask: &Mat) -> opencv::Result<f64> {
    let ((mean_one, deviation_one), (mean_other, deviation_other)) =
        (mean_and_deviation(one, mask)?, mean_and_deviation(other, mask)?);
    let mut product = Mat::default();
    core::multiply_def(one, other, &mut product)?;
    let (mean_product, _) = mean_and_deviation(&product, mask)?;
    Ok((mean_product - mean_one * mean_other) / (deviation_one * deviation_other).max(f64::EPSILON))
}

/// A place, from -1 to 1 in both directions, and the logarithm of how much brighter the later photo is there.
type Sample = (f64, f64, f64);

fn samples(earlier: &Mat, later: &Mat, seen: &Mat) -> opencv::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for row in (0..later.rows()).step_by(STEP as usize) {
        for column in (0..later.cols()).step_by(STEP as usize) {
            if *seen.at_2d::<u8>(row, column)? == 0 {
                continue;
            }
            let (before, after) = (*earlier.at_2d::<f32>(row, column)?, *later.at_2d::<f32>(row, column)?);
            // What is burnt out tells nothing about the light.
            if before > 250.0 || after > 250.0 {
                continue;
            }
            let ratio = f64::from((after + FLOOR) / (before + FLOOR)).ln();
            samples.push((place(column, later.cols()), place(row, later.rows()), ratio));
        }
    }
    Ok(samples)
}

fn place(at: i32, of: i32) -> f64 {
    2.0 * f64::from(at) / f64::from(of.max(1)) - 1.0
}

fn terms(x: f64, y: f64) -> Terms {
    [1.0, x, y, x * x, x * y, y * y]
}

fn value(plane: &Terms, x: f64, y: f64) -> f64 {
    plane.iter().zip(terms(x, y)).map(|(factor, term)| factor * term).sum()
}

/// Fits a plane of the second degree to samples, leaving out what does not fit: what changed, that is.
fn fitted(samples: &[Sample]) -> Terms {
    let mut plane = Terms::default();
    // The middle one is a good start even if nearly a half of the photo changed.
    plane[0] = middle(samples.iter().map(|sample| sample.2).collect());
    for count in ROUNDS {
        let deviations = samples.iter().map(|(x, y, ratio)| (ratio - value(&plane, *x, *y)).abs()).collect();
        let most = REFUSED_BEYOND * middle(deviations).max(LEAST_DEVIATION);
        let fitting = samples.iter().filter(|(x, y, ratio)| (ratio - value(&plane, *x, *y)).abs() <= most);
        match least_squares(fitting, count) {
            Some(next) => plane = next,
            None => return plane,
        }
    }
    plane
}

fn middle(mut numbers: Vec<f64>) -> f64 {
    if numbers.is_empty() {
        return 0.0;
    }
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Solves the normal equations of the first terms with Gauss's elimination; `None` where there are too few places.
fn least_squares<'s>(samples: impl Iterator<Item = &'s Sample>, used: usize) -> Option<Terms> {
    let mut rows = [[0.0; 7]; 6];
    let mut count = 0;
    for (x, y, ratio) in samples {
        let terms = terms(*x, *y);
        for (row, term) in rows.iter_mut().zip(terms) {
            for (cell, other) in row.iter_mut().zip(terms.iter().chain([ratio])) {
                *cell += term * other;
            }
        }
        count += 1;
    }
    if count < 60 {
        return None;
    }
    for pivot in 0..used {
        let best = (pivot..used).max_by(|a, b| rows[*a][pivot].abs().total_cmp(&rows[*b][pivot].abs()))?;
        rows.swap(pivot, best);
        if rows[pivot][pivot].abs() < 1e-9 {
            return None;
        }
        let above = rows[pivot];
        for (index, row) in rows[..used].iter_mut().enumerate() {
            if index != pivot {
                let factor = row[pivot] / above[pivot];
                row.iter_mut().zip(above).for_each(|(cell, from)| *cell -= factor * from);
            }
        }
    }
    Some(std::array::from_fn(|index| if index < used { rows[index][6] / rows[index][index] } else { 0.0 }))
}

/// Multiplies levels with the ratio that was fitted, after a floor was added.
fn lit(levels: &Mat, plane: &Terms, floor: f32) -> opencv::Result<Mat> {
    let mut lit = levels.try_clone()?;
    let (rows, columns) = (levels.rows(), levels.cols());
    for row in 0..rows {
        for column in 0..columns {
            let ratio = value(plane, place(column, columns), place(row, rows)).clamp(-MOST_RATIO, MOST_RATIO).exp();
            let level = lit.at_2d_mut::<f32>(row, column)?;
            *level = ((*level + floor) * ratio as f32 - floor).clamp(0.0, 255.0);
        }
    }
    Ok(lit)
}

/// Shifts a colour plane by the middle difference: another white balance.
fn recoloured(earlier: &Mat, later: &Mat, seen: &Mat) -> opencv::Result<Mat> {
    let mut differences = Vec::new();
    for row in (0..later.rows()).step_by(STEP as usize) {
        for column in (0..later.cols()).step_by(STEP as usize) {
            if *seen.at_2d::<u8>(row, column)? != 0 {
                let (before, after) = (*earlier.at_2d::<f32>(row, column)?, *later.at_2d::<f32>(row, column)?);
                differences.push(f64::from(after - before));
            }
        }
    }
    let mut shifted = Mat::default();
    core::add_def(earlier, &Scalar::all(middle(differences)), &mut shifted)?;
    Ok(shifted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(ratio: impl Fn(f64, f64) -> f64) -> Vec<Sample> {
        let places = || (0..20).map(|at| place(at, 20));
        places().flat_map(|y| places().map(move |x| (x, y))).map(|(x, y)| (x, y, ratio(x, y))).collect()
    }

    fn assert_plane(found: &Terms, expected: &Terms) {
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() < 0.02, "{found:?} is not {expected:?}");
        }
    }

    #[test]
    fn smooth_light_is_found_exactly() {
        let light = [0.4, 0.2, -0.1, 0.05, -0.02, 0.1];
        assert_plane(&fitted(&grid(|x, y| value(&light, x, y))), &light);
    }

    #[test]
    fn a_quarter_of_the_photo_that_changed_does_not_bend_the_light() {
        let light = [0.3, 0.1, 0.0, 0.0, 0.0, 0.0];
        let found = fitted(&grid(|x, y| if x > 0.0 && y > 0.0 { -1.2 } else { value(&light, x, y) }));
        for (x, y) in [(-0.9, -0.9), (-0.9, 0.9), (0.9, -0.9), (0.0, 0.0)] {
            assert!((value(&found, x, y) - value(&light, x, y)).abs() < 0.05, "{found:?}");
        }
    }

    #[test]
    fn nothing_to_go_by_is_the_same_light() {
        assert_eq!(fitted(&[]), Terms::default());
    }
}

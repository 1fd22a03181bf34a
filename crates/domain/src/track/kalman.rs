//! Predicts where a box will be from where it was: a constant-velocity Kalman filter.
//!
//! The filter of SORT and ByteTrack has eight dimensions whose noises are all diagonal, so it falls apart exactly
//! into four independent filters of two dimensions: one for each coordinate of the middle, one for the width, one for
//! the height.

use crate::geometry::BBox;

/// How far off a measured edge is, as a part of the box's size (one standard deviation).
const MEASURED: f64 = 0.05;
/// How fast a new thing may be, in box sizes per second (one standard deviation).
const FIRST_SPEED: f64 = 2.0;
/// How much a speed changes, in box sizes per second within a second (one standard deviation).
const SPEED_CHANGE: f64 = 1.0;

/// A value, its speed, and how unsure both are.
#[derive(Debug, Clone, Copy)]
struct Axis {
    value: f64,
    speed: f64,
    value_variance: f64,
    covariance: f64,
    speed_variance: f64,
}

impl Axis {
    fn new(value: f64, size: f64) -> Self {
        let (spread, speed_spread) = (2.0 * MEASURED * size, FIRST_SPEED * size);
        Self {
            value,
            speed: 0.0,
            value_variance: spread * spread,
            covariance: 0.0,
            speed_variance: speed_spread * speed_spread,
        }
    }

    fn predict(&mut self, seconds: f64, size: f64) {
        let (t, noise) = (seconds, (SPEED_CHANGE * size).powi(2));
        self.value += self.speed * t;
        self.value_variance += t * (2.0 * self.covariance + t * self.speed_variance) + noise * t.powi(3) / 3.0;
        self.covariance += t * self.speed_variance + noise * t * t / 2.0;
        self.speed_variance += noise * t;
    }

    fn correct(&mut self, measured: f64, size: f64) {
        let total = self.value_variance + (MEASURED * size).powi(2);
        let (value_gain, speed_gain) = (self.value_variance / total, self.covariance / total);
        let surprise = measured - self.value;
        self.value += value_gain * surprise;
        self.speed += speed_gain * surprise;
        self.speed_variance -= speed_gain * self.covariance;
        self.covariance *= 1.0 - value_gain;
        self.value_variance *= 1.0 - value_gain;
    }
}

/// Where a box is believed to be, and how it moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Motion {
    x: Axis,
    y: Axis,
    width: Axis,
    height: Axis,
}

impl Motion {
    /// Begins with a box that is not known to move.
    pub(super) fn new(bbox: &BBox) -> Self {
        let (center, size) = (bbox.center(), size_of(bbox));
        Self {
            x: Axis::new(center.x, size),
            y: Axis::new(center.y, size),
            width: Axis::new(f64::from(bbox.width()), size),
            height: Axis::new(f64::from(bbox.height()), size),
        }
    }

    /// Lets time pass.
    pub(super) fn predict(&mut self, seconds: f64) {
        let size = size_of(&self.bbox());
        for axis in [&mut self.x, &mut self.y, &mut self.width, &mut self.height] {
            axis.predict(seconds, size);
        }
    }

    /// Takes a measured box into account.
    pub(super) fn correct(&mut self, bbox: &BBox) {
        let (center, size) = (bbox.center(), size_of(bbox));
        self.x.correct(center.x, size);
        self.y.correct(center.y, size);
        self.width.correct(f64::from(bbox.width()), size);
        self.height.correct(f64::from(bbox.height()), size);
    }

    /// Lets the box rest where it was last measured.
    pub(super) fn rest(&mut self, bbox: &BBox) {
        *self = Self::new(bbox);
    }

    /// Returns where the box is believed to be.
    pub(super) fn bbox(&self) -> BBox {
        let (half_width, half_height) = (self.width.value.max(1.0) / 2.0, self.height.value.max(1.0) / 2.0);
        BBox::new(
            (self.x.value - half_width) as f32,
            (self.y.value - half_height) as f32,
            (self.x.value + half_width) as f32,
            (self.y.value + half_height) as f32,
        )
    }
}

/// Returns the mean of the sides, which noises are measured in.
fn size_of(bbox: &BBox) -> f64 {
    (f64::midpoint(f64::from(bbox.width()), f64::from(bbox.height()))).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn box_at(x: f32) -> BBox {
        BBox::new(x, 100.0, x + 40.0, 180.0)
    }

    #[test]
    fn a_thing_that_moves_evenly_is_expected_where_it_goes() {
        let mut motion = Motion::new(&box_at(0.0));
        for i in 1..=8_u8 {
            motion.predict(0.2);
            motion.correct(&box_at(f32::from(i) * 10.0));
        }
        motion.predict(0.2);
        assert!((motion.bbox().center().x - box_at(90.0).center().x).abs() < 1.0, "{:?}", motion.bbox());
    }

    #[test]
    fn a_thing_that_stands_is_expected_to_stand() {
        let mut motion = Motion::new(&box_at(50.0));
        for i in 0..20_u8 {
            motion.predict(0.2);
            motion.correct(&box_at(50.0 + f32::from(i % 2)));
        }
        motion.predict(1.0);
        assert!(motion.bbox().iou(&box_at(50.5)) > 0.8, "{:?}", motion.bbox());
    }

    #[test]
    fn uncertainty_stays_a_variance() {
        let mut motion = Motion::new(&box_at(0.0));
        for i in 0..200_u8 {
            motion.predict(if i % 7 == 0 { 0.0 } else { 0.3 });
            motion.correct(&box_at(f32::from(i) * 3.0));
            let Axis { value_variance, covariance, speed_variance, .. } = motion.x;
            assert!(value_variance > 0.0 && speed_variance > 0.0);
            assert!(covariance * covariance <= value_variance * speed_variance * 1.000_001);
        }
    }

    #[test]
    fn resting_forgets_the_speed() {
        let mut motion = Motion::new(&box_at(0.0));
        motion.predict(0.2);
        motion.correct(&box_at(30.0));
        motion.rest(&box_at(30.0));
        motion.predict(1.0);
        assert_eq!(motion.bbox(), box_at(30.0));
    }
}

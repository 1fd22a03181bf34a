//! From floats to whole numbers: how many levels there are, how far apart, and which one is zero.

/// The smallest and the largest of a value's numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    low: f32,
    high: f32,
}

impl Range {
    /// Returns the range from `low` to `high`, widened to hold zero, which must be a level of its own; `None` for what is no range.
    #[must_use]
    pub fn new(low: f32, high: f32) -> Option<Self> {
        let is_range = low.is_finite() && high.is_finite() && low <= high;
        is_range.then_some(Self { low: low.min(0.0), high: high.max(0.0) })
    }

    /// Returns the smallest number, at most zero.
    #[must_use]
    pub fn low(self) -> f32 {
        self.low
    }

    /// Returns the largest number, at least zero.
    #[must_use]
    pub fn high(self) -> f32 {
        self.high
    }

    /// Returns the distance from one of the 256 levels to the next.
    #[must_use]
    pub fn scale(self) -> f32 {
        let width = self.high - self.low;
        // What is always zero needs no distance, but a divisor.
        if width > 0.0 { width / 255.0 } else { 1.0 }
    }

    /// Returns the level that is zero.
    #[must_use]
    pub fn zero(self) -> u8 {
        // The quotient is from 0 to 255.
        (-self.low / self.scale()).round().clamp(0.0, 255.0) as u8
    }
}

/// Rounds each filter's weights to -127 to 127, so that its largest one is just held; returns the distances between the levels too.
pub(super) fn kernel_levels(kernels: &[f32], filters: usize) -> (Vec<i8>, Vec<f32>) {
    let per_filter = kernels.len().checked_div(filters).unwrap_or(0).max(1);
    let (mut levels, mut scales) = (Vec::with_capacity(kernels.len()), Vec::with_capacity(filters));
    for kernel in kernels.chunks(per_filter) {
        let largest = kernel.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        levels.extend(kernel.iter().map(|weight| (weight / scale).round().clamp(-127.0, 127.0) as i8));
        scales.push(scale);
    }
    (levels, scales)
}

/// Rounds biases to the levels of what they are added to.
pub(super) fn bias_levels(biases: &[f32], scales: &[f32]) -> Vec<i32> {
    let level = |(bias, scale): (&f32, &f32)| (f64::from(*bias) / f64::from(*scale)).round() as i32;
    biases.iter().zip(scales).map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(low: f32, high: f32) -> Range {
        Range::new(low, high).expect("it is a range")
    }

    #[test]
    fn zero_is_a_level() {
        assert_eq!((range(-1.0, 4.1).scale(), range(-1.0, 4.1).zero()), (5.1 / 255.0, 50));
        assert_eq!(range(2.0, 5.1), range(0.0, 5.1));
        assert_eq!(range(2.0, 5.1).zero(), 0);
        assert_eq!(range(-5.1, -1.0).zero(), 255);
        assert_eq!((range(0.0, 0.0).scale(), range(0.0, 0.0).zero()), (1.0, 0));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (low, high) in [(f32::NAN, 1.0), (0.0, f32::INFINITY), (2.0, 1.0)] {
            assert_eq!(Range::new(low, high), None);
        }
    }

    #[test]
    fn each_filter_uses_all_its_levels() {
        let (levels, scales) = kernel_levels(&[0.5, -1.27, 0.01, 0.0, 25.4, -12.7], 2);
        assert_eq!(levels, [50, -127, 1, 0, 127, -64]);
        assert_eq!(scales, [0.01, 0.2]);
        assert_eq!(kernel_levels(&[0.0, 0.0], 1), (vec![0, 0], vec![1.0]));
    }

    #[test]
    fn biases_are_as_fine_as_the_products_they_are_added_to() {
        assert_eq!(bias_levels(&[1.0, -0.5], &[0.001, 0.25]), [1000, -2]);
    }
}

//! Motion between pictures of one camera: which parts changed, so that a still scene costs no detection.
//!
//! OpenCV's MOG2 learns how each pixel of a small luma plane usually looks; what looks different is motion.

mod luma;
mod regions;

use domain::geometry::{BBox, Size};
use domain::picture::Picture;
use opencv::core::{BORDER_CONSTANT, CV_32S, Mat, Point, Ptr};
use opencv::imgproc::{self, CC_STAT_AREA, CC_STAT_HEIGHT, CC_STAT_LEFT, CC_STAT_TOP, CC_STAT_WIDTH};
use opencv::prelude::*;
use opencv::video::{self, BackgroundSubtractorMOG2};

use crate::single_threaded;
use luma::Luma;

/// How fast the background is learnt anew after the light has changed: half of it with each picture.
const RELEARNING: f64 = 0.5;
/// For how many pictures.
const RELEARNING_PICTURES: u32 = 4;

/// How sensitive the motion gate is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MotionSettings {
    /// Pictures are looked at this many pixels wide at most.
    pub width: u32,
    /// How unlike the background a pixel must be, as a squared distance in standard deviations.
    pub threshold: f64,
    /// The smallest thing that counts, as a part of the picture.
    pub min_area: f32,
    /// How much a region is enlarged on each side, as a part of the picture's width and height.
    pub padding: f32,
    /// When more than this part of the picture moves at once, it was the light or the camera: the whole picture is one region.
    pub light_change: f32,
    /// Over how many pictures the background is learnt.
    pub history: u32,
}

impl Default for MotionSettings {
    fn default() -> Self {
        Self { width: 320, threshold: 16.0, min_area: 0.0005, padding: 0.03, light_change: 0.5, history: 150 }
    }
}

/// What moved in a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct MotionReport {
    /// How much of the picture moved, from 0 to 1.
    pub moving_fraction: f32,
    /// Where, in the picture's pixels: enlarged, merged, inside the picture. Empty if nothing moved.
    pub regions: Vec<BBox>,
}

/// Why motion could not be told.
#[derive(Debug, thiserror::Error)]
#[error("cannot compare pictures")]
pub struct MotionError(#[from] opencv::Error);

/// Remembers the background of one camera.
pub struct Motion {
    settings: MotionSettings,
    background: Ptr<BackgroundSubtractorMOG2>,
    luma: Luma,
    /// The size of the pictures that the background is of.
    size: Option<Size>,
    /// For how many pictures the background is still learnt fast.
    relearning: u32,
    kernel: Mat,
    mask: Mat,
    cleaned: Mat,
    labels: Mat,
    stats: Mat,
    centres: Mat,
}

impl Motion {
    /// Returns a gate that has seen nothing: the first picture moves as a whole.
    ///
    /// # Errors
    /// What OpenCV says.
    pub fn new(settings: MotionSettings) -> Result<Self, MotionError> {
        single_threaded::opencv();
        Ok(Self {
            background: background(&settings)?,
            luma: Luma::new(settings.width.max(16)),
            settings,
            size: None,
            relearning: 0,
            kernel: imgproc::get_structuring_element_def(imgproc::MORPH_RECT, opencv::core::Size::new(3, 3))?,
            mask: Mat::default(),
            cleaned: Mat::default(),
            labels: Mat::default(),
            stats: Mat::default(),
            centres: Mat::default(),
        })
    }

    /// Compares a picture with those before it. A picture of another size begins anew.
    ///
    /// # Errors
    /// What OpenCV says.
    pub fn update(&mut self, picture: &Picture) -> Result<MotionReport, MotionError> {
        let is_first = self.size.replace(picture.size()) != Some(picture.size());
        if is_first {
            self.background = background(&self.settings)?;
        }
        let small = self.luma.shrink(picture);
        self.mark(small, is_first)?;
        let total = small.pixels() as f32;
        let moving_fraction = opencv::core::count_non_zero(&self.cleaned)? as f32 / total;
        if is_first || moving_fraction > self.settings.light_change {
            self.relearning = if is_first { 0 } else { RELEARNING_PICTURES };
            let Size { width, height } = picture.size();
            let moving_fraction = if is_first { 1.0 } else { moving_fraction };
            return Ok(MotionReport {
                moving_fraction,
                regions: vec![BBox::new(0.0, 0.0, width as f32, height as f32)],
            });
        }
        self.relearning = self.relearning.saturating_sub(1);
        let things = self.things((self.settings.min_area * total).max(1.0))?;
        Ok(MotionReport {
            moving_fraction,
            regions: regions::merged(&things, small, picture.size(), self.settings.padding),
        })
    }

    /// Marks the pixels that are unlike the background, without single ones.
    fn mark(&mut self, small: Size, is_first: bool) -> Result<(), MotionError> {
        let Self { background, luma, mask, cleaned, kernel, .. } = self;
        let rate = match (is_first, self.relearning) {
            (false, 0) => -1.0, // OpenCV's own: from the history
            (true, _) => 1.0,
            _ => RELEARNING,
        };
        let picture = Mat::new_rows_cols_with_data(small.height as i32, small.width as i32, luma.pixels())?;
        BackgroundSubtractorMOG2Trait::apply(background, &picture, mask, rate)?;
        let (middle, nothing) = (Point::new(-1, -1), imgproc::morphology_default_border_value()?);
        imgproc::morphology_ex(mask, cleaned, imgproc::MORPH_OPEN, kernel, middle, 1, BORDER_CONSTANT, nothing)?;
        Ok(())
    }

    /// Returns the boxes around what hangs together, in pixels of the small plane.
    fn things(&mut self, least_area: f32) -> Result<Vec<BBox>, MotionError> {
        let Self { cleaned, labels, stats, centres, .. } = self;
        let count = imgproc::connected_components_with_stats(cleaned, labels, stats, centres, 8, CV_32S)?;
        let mut things = Vec::new();
        // Label 0 is what does not move.
        for label in 1..count {
            let of = |stat: i32| stats.at_2d::<i32>(label, stat).map(|value| *value as f32);
            if of(CC_STAT_AREA)? >= least_area {
                let (left, top) = (of(CC_STAT_LEFT)?, of(CC_STAT_TOP)?);
                things.push(BBox::new(left, top, left + of(CC_STAT_WIDTH)?, top + of(CC_STAT_HEIGHT)?));
            }
        }
        Ok(things)
    }
}

fn background(settings: &MotionSettings) -> Result<Ptr<BackgroundSubtractorMOG2>, MotionError> {
    let history = i32::try_from(settings.history).unwrap_or(i32::MAX);
    Ok(video::create_background_subtractor_mog2(history, settings.threshold, false)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{RED, scene};

    const SIZE: Size = Size::new(640, 360);

    fn gate() -> Motion {
        Motion::new(MotionSettings::default()).expect("OpenCV is there")
    }

    fn regions(motion: &mut Motion, picture: &Picture) -> Vec<BBox> {
        motion.update(picture).expect("OpenCV works").regions
    }

    /// A gate that has seen an empty scene for a while.
    fn settled() -> Motion {
        let mut motion = gate();
        for _ in 0..20 {
            regions(&mut motion, &scene(SIZE, &[]));
        }
        motion
    }

    #[test]
    fn the_first_picture_moves_as_a_whole() {
        let report = gate().update(&scene(SIZE, &[])).expect("OpenCV works");
        assert_eq!(report, MotionReport { moving_fraction: 1.0, regions: vec![BBox::new(0.0, 0.0, 640.0, 360.0)] });
    }

    #[test]
    fn a_still_scene_does_not_move() {
        let mut motion = gate();
        let picture = scene(SIZE, &[(50, 50, 90, 90, RED)]);
        motion.update(&picture).expect("OpenCV works");
        for _ in 0..10 {
            let report = motion.update(&picture).expect("OpenCV works");
            assert_eq!(report, MotionReport { moving_fraction: 0.0, regions: Vec::new() });
        }
    }

    #[test]
    fn what_appears_is_in_a_region_that_is_not_much_larger() {
        let found = regions(&mut settled(), &scene(SIZE, &[(200, 100, 260, 200, RED)]));
        assert_eq!(found.len(), 1, "{found:?}");
        let region = found[0];
        assert!(region.x1 <= 200.0 && region.y1 <= 100.0 && region.x2 >= 260.0 && region.y2 >= 200.0, "{region:?}");
        assert!(region.width() < 120.0 && region.height() < 140.0, "{region:?}");
    }

    #[test]
    fn two_things_apart_are_two_regions() {
        let found = regions(&mut settled(), &scene(SIZE, &[(20, 20, 80, 80, RED), (500, 250, 560, 310, RED)]));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_speck_is_no_motion() {
        let report = settled().update(&scene(SIZE, &[(300, 100, 304, 104, RED)])).expect("OpenCV works");
        assert_eq!(report.regions, []);
    }

    #[test]
    fn when_the_light_changes_the_whole_picture_is_looked_at_and_soon_it_is_still_again() {
        let mut motion = settled();
        let bright = scene(SIZE, &[(0, 0, 640, 360, [170, 170, 170])]);
        assert_eq!(regions(&mut motion, &bright), [BBox::new(0.0, 0.0, 640.0, 360.0)]);
        let still = (0..10).find(|_| regions(&mut motion, &bright).is_empty());
        assert!(still.is_some_and(|pictures| pictures <= 5), "{still:?}");
    }

    #[test]
    fn pictures_of_another_size_begin_anew() {
        let small = scene(Size::new(320, 180), &[]);
        let mut motion = settled();
        assert_eq!(regions(&mut motion, &small), [BBox::new(0.0, 0.0, 320.0, 180.0)]);
        assert_eq!(regions(&mut motion, &small), []);
    }
}

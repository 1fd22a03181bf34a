//! How well a detector finds what people see, measured as COCO does, and whether one detector may stand in for another.

mod curve;
mod labels;

use std::collections::BTreeMap;

use domain::detection::Detection;
use domain::geometry::BBox;

use curve::Curve;

pub use labels::{FilmRef, LabelledPicture, Labels, LabelsError};

/// The overlaps at which COCO asks whether a box is right.
const OVERLAPS: [f32; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
/// The most boxes of one class in one picture that count, as in COCO.
const MOST_BOXES: usize = 100;
/// What lies so far inside an ignored part of the picture is not judged.
const IGNORED_FROM: f32 = 0.5;

/// Compares what a detector finds with what is labelled, picture by picture.
#[derive(Debug, Clone)]
pub struct Scores {
    /// The confidence above which the product believes a box.
    working: f32,
    classes: BTreeMap<String, Class>,
    pictures: usize,
}

#[derive(Debug, Clone, Default)]
struct Class {
    things: usize,
    curves: [Curve; OVERLAPS.len()],
}

/// How well a detector finds what is labelled.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Accuracy {
    /// How many pictures were looked at.
    pub pictures: usize,
    /// How many things are labelled in them.
    pub things: usize,
    /// The mean over classes of the average precision at an overlap of a half.
    pub ap50: f64,
    /// The mean over classes and overlaps from 0.5 to 0.95.
    pub ap: f64,
    /// Each class that is labelled.
    pub classes: BTreeMap<String, ClassAccuracy>,
}

/// How well one class is found.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ClassAccuracy {
    /// How many things are labelled.
    pub things: usize,
    /// The average precision at an overlap of a half.
    pub ap50: f64,
    /// The mean of it over overlaps from 0.5 to 0.95.
    pub ap: f64,
    /// How many of the things are found with the confidence that the product asks for.
    pub found: usize,
    /// How many boxes of that confidence are nothing of this class.
    pub false_boxes: usize,
}

impl Scores {
    /// Begins to count for these classes; what is found of others is not judged. `working` is the product's confidence threshold.
    #[must_use]
    pub fn new(classes: &[String], working: f32) -> Self {
        let classes = classes.iter().map(|class| (class.clone(), Class::default())).collect();
        Self { working, classes, pictures: 0 }
    }

    /// Adds one picture.
    pub fn add(&mut self, found: &[Detection], truth: &LabelledPicture) {
        self.pictures += 1;
        for (name, class) in &mut self.classes {
            let things = truth.things.get(name).map_or(&[][..], Vec::as_slice);
            let mut of_class: Vec<&Detection> =
                found.iter().filter(|detection| *detection.class_name == **name).collect();
            of_class.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
            of_class.truncate(MOST_BOXES);
            class.things += things.len();
            for (curve, overlap) in class.curves.iter_mut().zip(OVERLAPS) {
                judge(&of_class, things, &truth.ignore, overlap, curve);
            }
        }
    }

    /// Returns the figures so far; classes without a labelled thing take no part. `None` if nothing is labelled.
    #[must_use]
    pub fn accuracy(&self) -> Option<Accuracy> {
        let labelled = self.classes.iter().filter(|(_, class)| class.things > 0);
        let classes: BTreeMap<String, ClassAccuracy> =
            labelled.map(|(name, class)| (name.clone(), class.accuracy(self.working))).collect();
        if classes.is_empty() {
            return None;
        }
        let mean = |figure: fn(&ClassAccuracy) -> f64| classes.values().map(figure).sum::<f64>() / classes.len() as f64;
        Some(Accuracy {
            pictures: self.pictures,
            things: classes.values().map(|class| class.things).sum(),
            ap50: mean(|class| class.ap50),
            ap: mean(|class| class.ap),
            classes,
        })
    }
}

impl Class {
    fn accuracy(&self, working: f32) -> ClassAccuracy {
        let precisions = self.curves.each_ref().map(|curve| curve.average_precision(self.things));
        let (found, false_boxes) = self.curves[0].at_confidence(working);
        ClassAccuracy {
            things: self.things,
            ap50: precisions[0],
            ap: precisions.iter().sum::<f64>() / precisions.len() as f64,
            found,
            false_boxes,
        }
    }
}

/// Matches boxes with labelled things, the surest first, each thing once. A box that matches nothing is false, unless it lies where
/// nothing is judged.
fn judge(found: &[&Detection], things: &[BBox], ignore: &[BBox], overlap: f32, curve: &mut Curve) {
    let mut taken = vec![false; things.len()];
    for detection in found {
        let shared = |index: &usize| detection.bbox.iou(&things[*index]);
        let free = (0..things.len()).filter(|index| !taken[*index]);
        let nearest = free.max_by(|a, b| shared(a).total_cmp(&shared(b))).filter(|index| shared(index) >= overlap);
        if let Some(index) = nearest {
            taken[index] = true;
        } else if ignore.iter().any(|part| inside(&detection.bbox, part) >= IGNORED_FROM) {
            continue;
        }
        curve.push(detection.confidence, nearest.is_some());
    }
}

/// Returns how much of a box lies inside another one, as a part of it.
fn inside(bbox: &BBox, part: &BBox) -> f32 {
    let shared = BBox::new(bbox.x1.max(part.x1), bbox.y1.max(part.y1), bbox.x2.min(part.x2), bbox.y2.min(part.y2));
    shared.area() / bbox.area().max(f32::EPSILON)
}

/// By how much a copy of a model may be worse than the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// Of the average precision at an overlap of a half.
    pub ap50: f64,
    /// Of the average precision over overlaps from 0.5 to 0.95: how exact the boxes are.
    pub ap: f64,
    /// Of the things of one class that are found at the product's threshold, as a part of them; one thing is always allowed.
    pub found: f64,
    /// How many more boxes at that threshold may be false, as a part of the things that are labelled.
    pub false_boxes: f64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { ap50: 0.01, ap: 0.02, found: 0.05, false_boxes: 0.02 }
    }
}

/// Why a copy may not stand in for a model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It was not measured on the same labels.
    #[error("they were not measured on the same pictures")]
    Incomparable,
    /// The average precision fell.
    #[error("{figure} falls from {before:.3} to {after:.3}, by at most {most} it may")]
    Precision {
        /// `AP50` or `AP50:95`.
        figure: &'static str,
        /// The model's.
        before: f64,
        /// The copy's.
        after: f64,
        /// The most that it may fall.
        most: f64,
    },
    /// Fewer things of a class are found.
    #[error("it finds {after} of {things} {class}s, the model {before}")]
    Missed {
        /// The class.
        class: String,
        /// How many there are.
        things: usize,
        /// How many the model finds.
        before: usize,
        /// How many the copy finds.
        after: usize,
    },
    /// More boxes are false.
    #[error("{after} of its boxes are nothing, of the model's {before}")]
    FalseBoxes {
        /// The model's.
        before: usize,
        /// The copy's.
        after: usize,
    },
}

impl Gate {
    /// Tells whether a copy may stand in for a model.
    ///
    /// # Errors
    /// Every [`Refusal`].
    pub fn judge(&self, model: &Accuracy, copy: &Accuracy) -> Result<(), Vec<Refusal>> {
        let things = |accuracy: &Accuracy| -> Vec<(String, usize)> {
            accuracy.classes.iter().map(|(name, class)| (name.clone(), class.things)).collect()
        };
        if model.pictures != copy.pictures || things(model) != things(copy) {
            return Err(vec![Refusal::Incomparable]);
        }
        let mut refusals = Vec::new();
        let precisions = [("AP50", model.ap50, copy.ap50, self.ap50), ("AP50:95", model.ap, copy.ap, self.ap)];
        for (figure, before, after, most) in precisions {
            // A figure that is none passes nothing.
            let passes = before - after <= most;
            if !passes {
                refusals.push(Refusal::Precision { figure, before, after, most });
            }
        }
        for (name, class) in &model.classes {
            let (before, after) = (class.found, copy.classes[name].found);
            let most = (self.found * class.things as f64).max(1.0);
            if before.saturating_sub(after) as f64 > most {
                refusals.push(Refusal::Missed { class: name.clone(), things: class.things, before, after });
            }
        }
        let (before, after) = (false_boxes(model), false_boxes(copy));
        if after.saturating_sub(before) as f64 > (self.false_boxes * model.things as f64).max(1.0) {
            refusals.push(Refusal::FalseBoxes { before, after });
        }
        if refusals.is_empty() { Ok(()) } else { Err(refusals) }
    }
}

fn false_boxes(accuracy: &Accuracy) -> usize {
    accuracy.classes.values().map(|class| class.false_boxes).sum()
}

#[cfg(test)]
mod tests;

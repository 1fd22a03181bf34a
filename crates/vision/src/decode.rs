//! From a model's numbers to boxes on its input: one pure function for each way that detectors write their answer.

pub mod anchors;
pub mod distributed;
mod layout;
pub mod rows;
pub mod ssd;

use domain::geometry::{BBox, Size};

pub(crate) use layout::Decoder;
pub use layout::Layout;

/// One output of a model.
#[derive(Debug, Clone, Copy)]
pub struct Tensor<'a> {
    /// The length of each axis, the picture of the batch first.
    pub shape: &'a [usize],
    /// The numbers, the last axis closest together.
    pub data: &'a [f32],
}

/// A box that may be a thing, before suppression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Where it is, in pixels of the model's input.
    pub bbox: BBox,
    /// Which class it is most likely.
    pub class: u32,
    /// How likely that is.
    pub confidence: f32,
}

/// What a candidate's confidence must exceed, by class.
#[derive(Debug, Clone, PartialEq)]
pub struct Floors {
    classes: Vec<f32>,
    lowest: f32,
}

impl Floors {
    /// Returns one floor for each class, in the order of the labels.
    #[must_use]
    pub fn new(classes: Vec<f32>) -> Self {
        let lowest = classes.iter().copied().fold(1.0, f32::min);
        Self { classes, lowest }
    }

    /// Returns the same floor for every class.
    #[must_use]
    pub fn uniform(floor: f32, classes: usize) -> Self {
        Self::new(vec![floor; classes])
    }

    /// Returns how many classes there are.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes.len()
    }

    /// Returns the lowest floor: what cannot exceed it need not be looked at.
    #[must_use]
    pub fn lowest(&self) -> f32 {
        self.lowest
    }

    /// Tells whether a class with this confidence counts. Strictly above, as in Ultralytics.
    #[must_use]
    pub fn admit(&self, class: usize, confidence: f32) -> bool {
        confidence > self.classes[class]
    }
}

/// Where decoding puts what it finds, and what it needs to know beside the numbers.
#[derive(Debug)]
pub struct Sink<'a> {
    /// The size of the model's input in this run.
    pub canvas: Size,
    /// What a confidence must exceed.
    pub floors: &'a Floors,
    /// What was found.
    pub candidates: &'a mut Vec<Candidate>,
}

impl Sink<'_> {
    /// Adds a box given by its centre and sides, if its confidence counts. Boxes that are no boxes are dropped.
    fn offer_centred(&mut self, class: usize, confidence: f32, [cx, cy, w, h]: [f32; 4]) {
        self.offer(class, confidence, BBox::new(cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0));
    }

    fn offer(&mut self, class: usize, confidence: f32, bbox: BBox) {
        if self.floors.admit(class, confidence) && bbox.is_finite() && bbox.area() > 0.0 {
            // A label index came from a slice of that length, far below 2^32.
            self.candidates.push(Candidate { bbox, class: class as u32, confidence });
        }
    }
}

/// Returns the index and the value of the largest number, the first of equals.
fn strongest(values: impl IntoIterator<Item = f32>) -> (usize, f32) {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, value) in values.into_iter().enumerate() {
        if value > best.1 {
            best = (index, value);
        }
    }
    best
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Returns the number whose sigmoid is `p`: comparing with it saves computing the sigmoid.
fn logit(p: f32) -> f32 {
    (p / (1.0 - p)).ln()
}

//! A worker: a thread with a detector of its own that answers questions until the queue closes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::detection::Detection;

use super::queue::{Pending, Work};
use super::{Outcome, Shared, lock};
use crate::detector::{DetectError, Detector, Input};

/// Where the keeper puts the detector that a worker is to change to between two runs.
#[derive(Default)]
pub(super) struct Seat {
    pub(super) next: Mutex<Option<Box<dyn Detector>>>,
}

/// What the pool counts.
#[derive(Default)]
pub(super) struct Counters {
    answered: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Counters {
    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns questions answered, refused and failed.
    pub(super) fn values(&self) -> (u64, u64, u64) {
        (
            self.answered.load(Ordering::Relaxed),
            self.refused.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed),
        )
    }
}

/// Answers questions until the queue closes.
pub(super) fn work(shared: &Shared, seat: usize, mut detector: Box<dyn Detector>, fill: Duration) {
    let mut nudges = 0;
    loop {
        if let Some(next) = lock(&shared.seats[seat].next).take() {
            detector = next;
        }
        let most = shared.serving.load().batch;
        match shared.queue.take(most, fill, &mut nudges) {
            Work::Questions(questions) => answer(shared, detector.as_mut(), questions),
            Work::Nudge => {}
            Work::Closed => return,
        }
    }
}

fn answer(shared: &Shared, detector: &mut dyn Detector, questions: Vec<Pending>) {
    let started = Instant::now();
    let found = look(detector, &questions);
    let inference_ms = started.elapsed().as_secs_f64() * 1e3;
    let counter = if found.is_ok() { &shared.counters.answered } else { &shared.counters.failed };
    counter.fetch_add(questions.len() as u64, Ordering::Relaxed);
    let model = &detector.info().model;
    match found {
        Ok(lists) => {
            for (question, detections) in questions.into_iter().zip(lists) {
                let waited_ms = started.duration_since(question.asked_at).as_secs_f64() * 1e3;
                let outcome = Outcome { detections, model: model.clone(), inference_ms, waited_ms };
                // The asker may have gone; then nobody misses the answer.
                let _ = question.reply.send(Ok(outcome));
            }
        }
        Err(error) => {
            for question in questions {
                let _ = question.reply.send(Err(error.clone()));
            }
        }
    }
}

/// Runs the detector; a panic inside a backend fails these questions and no others.
fn look(detector: &mut dyn Detector, questions: &[Pending]) -> Result<Vec<Vec<Detection>>, DetectError> {
    let inputs: Vec<_> = questions
        .iter()
        .map(|question| Input {
            picture: &question.job.picture,
            region: question.job.region,
            min_confidence: question.job.min_confidence,
        })
        .collect();
    let backend = detector.info().backend;
    catch_unwind(AssertUnwindSafe(|| detector.detect(&inputs)))
        .unwrap_or_else(|_| Err(DetectError::Run { backend, reason: "it panicked; see the log".to_owned() }))
}

/// Puts a new detector on every seat and wakes the workers.
pub(super) fn reseat(shared: &Arc<Shared>, detectors: Vec<Box<dyn Detector>>) {
    for (seat, detector) in shared.seats.iter().zip(detectors) {
        *lock(&seat.next) = Some(detector);
    }
    shared.queue.nudge();
}

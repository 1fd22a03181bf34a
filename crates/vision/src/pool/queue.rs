//! The bounded queue of questions: lanes take turns, within a lane the oldest goes first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Job, Outcome, lock};
use crate::detector::DetectError;

/// A question that waits for a worker.
pub(super) struct Pending {
    pub(super) job: Job,
    pub(super) asked_at: Instant,
    pub(super) reply: oneshot::Sender<Result<Outcome, DetectError>>,
}

/// Questions in the order of their turns. When it is full, the newest question is refused: its asker has a newer picture soon.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    lanes: HashMap<Arc<str>, VecDeque<Pending>>,
    /// The lanes that have questions, next turn first.
    turns: VecDeque<Arc<str>>,
    waiting: usize,
    /// Counts calls to [`Queue::nudge`], so that a worker that waits sees one that came before it slept.
    nudges: u64,
    closed: bool,
}

/// What a worker woke up for.
pub(super) enum Work {
    /// Questions, at least one.
    Questions(Vec<Pending>),
    /// Something else changed: look at your seat.
    Nudge,
    /// No more work will come.
    Closed,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), capacity }
    }

    pub(super) fn waiting(&self) -> usize {
        lock(&self.state).waiting
    }

    pub(super) fn push(&self, pending: Pending) -> Result<(), DetectError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(DetectError::Stopped);
        }
        if state.waiting >= self.capacity {
            state.forget_the_abandoned();
        }
        if state.waiting >= self.capacity {
            return Err(DetectError::Busy { capacity: self.capacity });
        }
        state.push(pending);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for work: up to `most` questions, for the first as long as it takes, for the others until `fill` has passed.
    pub(super) fn take(&self, most: usize, fill: Duration, seen_nudges: &mut u64) -> Work {
        let mut state = lock(&self.state);
        loop {
            if state.closed {
                return Work::Closed;
            }
            if state.nudges != *seen_nudges {
                *seen_nudges = state.nudges;
                return Work::Nudge;
            }
            if state.waiting > 0 {
                break;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let deadline = Instant::now() + fill;
        while state.waiting < most && !state.closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut questions = Vec::with_capacity(most);
        while questions.len() < most
            && let Some(pending) = state.pop()
        {
            questions.push(pending);
        }
        if state.waiting > 0 {
            self.changed.notify_one();
        }
        // Everything may have been taken by another worker while this one waited for more.
        if questions.is_empty() { Work::Nudge } else { Work::Questions(questions) }
    }

    /// Wakes every worker so that it looks at its seat.
    pub(super) fn nudge(&self) {
        lock(&self.state).nudges += 1;
        self.changed.notify_all();
    }

    /// Refuses what comes and answers what waits with [`DetectError::Stopped`].
    pub(super) fn close(&self) {
        let lanes = {
            let mut state = lock(&self.state);
            state.closed = true;
            state.waiting = 0;
            state.turns.clear();
            std::mem::take(&mut state.lanes)
        };
        self.changed.notify_all();
        for pending in lanes.into_values().flatten() {
            // The asker may have gone; then nobody misses the answer.
            let _ = pending.reply.send(Err(DetectError::Stopped));
        }
    }
}

impl State {
    fn push(&mut self, pending: Pending) {
        let lane = Arc::clone(&pending.job.lane);
        let questions = self.lanes.entry(Arc::clone(&lane)).or_default();
        if questions.is_empty() {
            self.turns.push_back(lane);
        }
        questions.push_back(pending);
        self.waiting += 1;
    }

    /// Takes the oldest question of the lane whose turn it is; the lane then goes to the end.
    fn pop(&mut self) -> Option<Pending> {
        loop {
            let lane = self.turns.pop_front()?;
            let Some(questions) = self.lanes.get_mut(&lane) else { continue };
            let pending = questions.pop_front();
            if questions.is_empty() {
                self.lanes.remove(&lane);
            } else {
                self.turns.push_back(lane);
            }
            let Some(pending) = pending else { continue };
            self.waiting -= 1;
            if !pending.reply.is_closed() {
                return Some(pending);
            }
        }
    }

    /// Drops the questions whose askers have gone, so that they take nobody's place.
    fn forget_the_abandoned(&mut self) {
        for questions in self.lanes.values_mut() {
            questions.retain(|pending| !pending.reply.is_closed());
        }
        self.lanes.retain(|_, questions| !questions.is_empty());
        self.turns.retain(|lane| self.lanes.contains_key(lane));
        self.waiting = self.lanes.values().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::geometry::Size;
    use domain::picture::Picture;

    use super::*;

    type Answer = oneshot::Receiver<Result<Outcome, DetectError>>;

    fn question(lane: &str) -> (Pending, Answer) {
        let size = Size { width: 2, height: 2 };
        let picture = Picture::rgb(size, 6, Bytes::from_static(&[0; 12])).expect("twelve bytes are two by two pixels");
        let job = Job { lane: lane.into(), picture, region: None, min_confidence: None };
        let (reply, answer) = oneshot::channel();
        (Pending { job, asked_at: Instant::now(), reply }, answer)
    }

    fn ask(queue: &Queue, lane: &str) -> Answer {
        let (pending, answer) = question(lane);
        queue.push(pending).expect("the queue has room");
        answer
    }

    fn lanes_taken(queue: &Queue, most: usize) -> Vec<String> {
        match queue.take(most, Duration::ZERO, &mut 0) {
            Work::Questions(questions) => questions.iter().map(|q| q.job.lane.to_string()).collect(),
            Work::Nudge | Work::Closed => Vec::new(),
        }
    }

    #[test]
    fn lanes_take_turns() {
        let queue = Queue::new(8);
        let _answers: Vec<_> = ["busy", "busy", "busy", "calm", "slow"].map(|lane| ask(&queue, lane)).into();
        assert_eq!(lanes_taken(&queue, 5), ["busy", "calm", "slow", "busy", "busy"]);
    }

    #[test]
    fn a_full_queue_refuses_at_once() {
        let queue = Queue::new(1);
        let _first = ask(&queue, "a");
        let (second, _answer) = question("b");
        assert_eq!(queue.push(second).err(), Some(DetectError::Busy { capacity: 1 }));
    }

    #[test]
    fn a_question_whose_asker_has_gone_takes_nobodys_place() {
        let queue = Queue::new(1);
        drop(ask(&queue, "gone"));
        let _here = ask(&queue, "here");
        assert_eq!(lanes_taken(&queue, 4), ["here"]);
    }

    #[test]
    fn a_question_whose_asker_has_gone_is_not_taken() {
        let queue = Queue::new(4);
        drop(ask(&queue, "gone"));
        let _here = ask(&queue, "here");
        assert_eq!(lanes_taken(&queue, 1), ["here"]);
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn closing_answers_what_waits_and_refuses_what_comes() {
        let queue = Queue::new(4);
        let mut answer = ask(&queue, "a");
        queue.close();
        assert_eq!(answer.try_recv(), Ok(Err(DetectError::Stopped)));
        let (late, _answer) = question("a");
        assert_eq!(queue.push(late).err(), Some(DetectError::Stopped));
        assert!(matches!(queue.take(1, Duration::ZERO, &mut 0), Work::Closed));
    }

    #[test]
    fn a_nudge_wakes_a_worker_once() {
        let queue = Queue::new(4);
        let _answer = ask(&queue, "a");
        queue.nudge();
        let mut seen = 0;
        assert!(matches!(queue.take(1, Duration::ZERO, &mut seen), Work::Nudge));
        assert!(matches!(queue.take(1, Duration::ZERO, &mut seen), Work::Questions(_)));
    }
}

//! Whether the detector is asked about a frame, and about which part of it. Nothing but a rule: the motion was measured
//! elsewhere, the detector is asked elsewhere.
//!
//! A still scene costs decoding only. Where something moves the detector looks, a little longer than the motion lasts,
//! so that an object which has just stopped is known where it stands; and once in a while it looks at everything.

use std::time::Duration;

use domain::geometry::{BBox, Size};
use jiff::Timestamp;

use crate::lifecycle::elapsed;

/// How long after the last motion the detector still looks at the place.
const SETTLING: Duration = Duration::from_secs(1);
/// A part is looked at when it costs less than this share of a look at the whole picture.
const WORTHWHILE: f32 = 0.7;
/// How much of the picture's longer side is added around what moves: an object is larger than its moving edges.
const MARGIN: f32 = 0.06;

/// What the detector is asked about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Look {
    /// The whole picture.
    Whole,
    /// One part of it, in pixels of the picture.
    Part(BBox),
    /// Nothing: the scene is still.
    Skip,
}

/// What is known about one frame before the detector is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    /// When the frame was captured.
    pub(crate) at: Timestamp,
    /// The picture's size.
    pub(crate) size: Size,
    /// Where something moves.
    pub(crate) moving: &'a [BBox],
    /// Where the known objects are.
    pub(crate) objects: &'a [BBox],
    /// The known objects about which a decision is due that needs more looks.
    pub(crate) undecided: &'a [BBox],
}

/// The motion gate of one camera.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    forced_every: Duration,
    whole_at: Option<Timestamp>,
    moved: Option<(Timestamp, BBox)>,
}

impl Gate {
    /// Returns a gate that looks at the whole picture at least once in `forced_every`.
    pub(crate) fn new(forced_every: Duration) -> Self {
        Self { forced_every, whole_at: None, moved: None }
    }

    /// Decides what the detector is asked about; `cost` tells the price of a part, a whole picture being 1.
    pub(crate) fn decide(&mut self, scene: Scene<'_>, cost: impl Fn(BBox) -> f32) -> Look {
        if let Some(region) = union(scene.moving.iter().copied()) {
            self.moved = Some((scene.at, region));
        }
        if self.whole_at.is_none_or(|at| elapsed(at, scene.at) >= self.forced_every) {
            return Look::Whole;
        }
        let moved = self.moved.filter(|&(at, _)| elapsed(at, scene.at) < SETTLING).map(|(_, region)| region);
        let Some(interesting) = union(moved.into_iter().chain(scene.undecided.iter().copied())) else {
            return Look::Skip;
        };
        let part = spread(interesting, scene.objects, scene.size);
        if cost(part) < WORTHWHILE { Look::Part(part) } else { Look::Whole }
    }

    /// Notes that the whole picture was really looked at: the detector may have been too busy for what was decided.
    pub(crate) fn looked_at_whole(&mut self, at: Timestamp) {
        self.whole_at = Some(at);
    }
}

/// Grows a region by a margin and then by every object that it cuts, until it cuts none.
fn spread(region: BBox, objects: &[BBox], size: Size) -> BBox {
    let margin = MARGIN * size.width.max(size.height) as f32;
    let mut region =
        BBox { x1: region.x1 - margin, y1: region.y1 - margin, x2: region.x2 + margin, y2: region.y2 + margin };
    loop {
        let cut = objects.iter().copied().filter(|object| overlap(&region, object));
        let grown = union(cut.chain([region])).unwrap_or(region);
        if grown == region {
            return region.clip(size);
        }
        region = grown;
    }
}

fn overlap(a: &BBox, b: &BBox) -> bool {
    a.x1 < b.x2 && b.x1 < a.x2 && a.y1 < b.y2 && b.y1 < a.y2
}

fn union(boxes: impl IntoIterator<Item = BBox>) -> Option<BBox> {
    boxes.into_iter().reduce(|a, b| BBox {
        x1: a.x1.min(b.x1),
        y1: a.y1.min(b.y1),
        x2: a.x2.max(b.x2),
        y2: a.y2.max(b.y2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 1000, height: 500 };
    const CAR: BBox = BBox { x1: 100.0, y1: 100.0, x2: 200.0, y2: 150.0 };

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs_f64(1000.0 + seconds)
    }

    fn scene<'a>(seconds: f64, moving: &'a [BBox], objects: &'a [BBox]) -> Scene<'a> {
        Scene { at: at(seconds), size: SIZE, moving, objects, undecided: &[] }
    }

    fn share(part: BBox) -> f32 {
        part.area() / (SIZE.width * SIZE.height) as f32
    }

    /// A gate that has looked at everything at second 0.
    fn awake() -> Gate {
        let mut gate = Gate::new(Duration::from_secs(5));
        gate.looked_at_whole(at(0.0));
        gate
    }

    #[test]
    fn the_first_frame_is_looked_at_whole() {
        assert_eq!(Gate::new(Duration::from_secs(5)).decide(scene(0.0, &[], &[]), share), Look::Whole);
    }

    #[test]
    fn a_still_scene_is_skipped_until_the_forced_look() {
        let mut gate = awake();
        assert_eq!(gate.decide(scene(0.2, &[], &[CAR]), share), Look::Skip);
        assert_eq!(gate.decide(scene(4.9, &[], &[CAR]), share), Look::Skip);
        assert_eq!(gate.decide(scene(5.0, &[], &[CAR]), share), Look::Whole);
    }

    #[test]
    fn a_forced_look_stays_due_until_it_happened() {
        let mut gate = awake();
        assert_eq!(gate.decide(scene(5.0, &[], &[]), share), Look::Whole);
        assert_eq!(gate.decide(scene(5.2, &[], &[]), share), Look::Whole);
        gate.looked_at_whole(at(5.2));
        assert_eq!(gate.decide(scene(5.4, &[], &[]), share), Look::Skip);
    }

    #[test]
    fn what_moves_is_looked_at_with_a_margin() {
        let expected = BBox { x1: 40.0, y1: 40.0, x2: 260.0, y2: 210.0 };
        assert_eq!(awake().decide(scene(0.2, &[CAR], &[]), share), Look::Part(expected));
    }

    #[test]
    fn an_object_at_the_edge_of_a_part_is_never_cut() {
        let lorry = BBox { x1: 250.0, y1: 20.0, x2: 420.0, y2: 200.0 };
        let behind_the_lorry = BBox { x1: 400.0, y1: 0.0, x2: 440.0, y2: 90.0 };
        let far_away = BBox { x1: 800.0, y1: 300.0, x2: 900.0, y2: 400.0 };
        let expected = BBox { x1: 40.0, y1: 0.0, x2: 440.0, y2: 210.0 };
        let objects = [far_away, behind_the_lorry, lorry];
        assert_eq!(awake().decide(scene(0.2, &[CAR], &objects), share), Look::Part(expected));
    }

    #[test]
    fn a_part_that_costs_nearly_as_much_is_a_look_at_the_whole() {
        assert_eq!(awake().decide(scene(0.2, &[CAR], &[]), |_| 1.0), Look::Whole);
        let wide = BBox { x1: 0.0, y1: 0.0, x2: 900.0, y2: 480.0 };
        assert_eq!(awake().decide(scene(0.2, &[wide], &[]), share), Look::Whole);
    }

    #[test]
    fn the_place_is_watched_for_a_while_after_the_motion() {
        let mut gate = awake();
        let moving = gate.decide(scene(0.2, &[CAR], &[]), share);
        assert_eq!(gate.decide(scene(1.0, &[], &[]), share), moving);
        assert_eq!(gate.decide(scene(1.3, &[], &[]), share), Look::Skip);
    }

    #[test]
    fn an_undecided_object_is_looked_at_though_it_stands_still() {
        let scene = Scene { undecided: &[CAR], ..scene(2.0, &[], &[CAR]) };
        assert!(matches!(awake().decide(scene, share), Look::Part(_)));
    }
}

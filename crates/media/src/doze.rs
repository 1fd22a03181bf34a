//! Whether the frames of a still scene need to be decoded at all: nothing but a rule on their coded sizes.
//!
//! An encoder spends next to nothing on what does not change. So while the reader of a source sees nothing move, its
//! frames stay coded, but for one in each group of pictures, and the first frame whose size stands out has all that
//! were held back decoded. Not every camera can be read like that (one with a constant bit rate spends the same on
//! everything): the eyes stay open where a frame of a still scene takes so much that motion might not show, and where
//! motion came without a sign too often.

use std::collections::VecDeque;
use std::time::Duration;

/// What the reader of a source sees in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scene {
    /// Every frame is wanted, whatever is in it.
    #[default]
    Wanted,
    /// Nothing has moved for a while: frames may stay coded until something does.
    Still,
    /// Something moves.
    Moving,
}

/// A frame as the camera sent it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coded {
    /// When it came, on any clock that does not jump.
    pub(crate) at: Duration,
    pub(crate) bytes: usize,
    /// It needs no frame before it.
    pub(crate) is_key: bool,
}

/// What is to be done with a coded frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Decode it.
    Decode,
    /// Keep it; it may have to be decoded later.
    Hold,
    /// Decode those that were held, in their order, and then this one.
    Release,
    /// Forget those that were held and decode this one, on which everything after it builds.
    Refresh,
}

/// How many coded frames the eyes stay open at least, and how many sizes are learned before they close.
const ATTENTION_FRAMES: u32 = 25;
/// The most that is held: longer groups of pictures are decoded in pieces of this length.
const MOST_HELD: u32 = 300;
/// How long before the motion its sign may have come.
const SIGN_LASTS: Duration = Duration::from_millis(1500);
/// How many beginnings of motion are remembered, and how many of them may have come without a sign.
const REMEMBERED: usize = 10;
const MOST_MISSED: usize = 1;
/// How long a source is not trusted after too much motion came without a sign.
const DISTRUST_LASTS: Duration = Duration::from_secs(3600);

/// The rule for one source.
#[derive(Debug, Default)]
pub(crate) struct Doze {
    scene: Scene,
    usual: Usual,
    /// How many frames are held while the eyes are closed.
    asleep: Option<u32>,
    /// How many frames came since they opened, or since a size stood out.
    awake_frames: u32,
    sign_at: Option<Duration>,
    /// Of the latest beginnings of motion, which came with a sign.
    announced: VecDeque<bool>,
    distrusted_until: Option<Duration>,
}

impl Doze {
    /// Decides about a frame, given what the reader sees.
    pub(crate) fn judge(&mut self, coded: Coded, scene: Scene) -> Order {
        let stands_out = !coded.is_key && self.usual.is_exceeded_by(coded.bytes);
        if stands_out {
            self.sign_at = Some(coded.at);
        }
        if coded.is_key {
            self.usual.whole = coded.bytes as f64;
        }
        self.watch_for_misses(coded.at, scene);
        self.scene = scene;
        match self.asleep {
            None => self.awake(coded, stands_out),
            Some(held) => self.dozing(coded, held, stands_out),
        }
    }

    fn awake(&mut self, coded: Coded, stands_out: bool) -> Order {
        if self.scene != Scene::Still {
            self.usual = Usual { whole: self.usual.whole, ..Usual::default() };
            self.awake_frames = 0;
            return Order::Decode;
        }
        self.awake_frames = if stands_out { 0 } else { self.awake_frames + 1 };
        if !coded.is_key {
            self.usual.learn(coded.bytes);
        }
        let is_distrusted = self.distrusted_until.is_some_and(|until| coded.at < until);
        if self.awake_frames > ATTENTION_FRAMES && self.usual.tells() && !is_distrusted && !coded.is_key {
            self.asleep = Some(1);
            return Order::Hold;
        }
        Order::Decode
    }

    fn dozing(&mut self, coded: Coded, held: u32, stands_out: bool) -> Order {
        if self.scene != Scene::Still || stands_out {
            self.asleep = None;
            self.awake_frames = 0;
            return Order::Release;
        }
        if coded.is_key {
            self.asleep = Some(0);
            return Order::Refresh;
        }
        self.usual.learn(coded.bytes);
        if held >= MOST_HELD {
            self.asleep = Some(0);
            return Order::Release;
        }
        self.asleep = Some(held + 1);
        Order::Hold
    }

    /// Motion that was seen in pixels should have been announced by a size shortly before.
    fn watch_for_misses(&mut self, at: Duration, scene: Scene) {
        let begins = self.scene == Scene::Still && scene == Scene::Moving && self.usual.is_known();
        if !begins {
            return;
        }
        let was_announced = self.sign_at.is_some_and(|sign| at.saturating_sub(sign) <= SIGN_LASTS);
        self.announced.push_back(was_announced);
        if self.announced.len() > REMEMBERED {
            self.announced.pop_front();
        }
        if self.announced.iter().filter(|announced| !**announced).count() > MOST_MISSED {
            self.announced.clear();
            self.distrusted_until = Some(at + DISTRUST_LASTS);
        }
    }
}

/// What frames of the still scene usually take.
#[derive(Debug, Default)]
struct Usual {
    mean: f64,
    /// The usual distance from the mean.
    deviation: f64,
    learned: u32,
    /// What a whole picture takes.
    whole: f64,
}

impl Usual {
    /// How much a frame counts among those before it.
    const WEIGHT: f64 = 1.0 / 32.0;
    /// Motion shows where what stands out is at most this share of a whole picture, or so few bytes.
    const SHARE_OF_WHOLE: f64 = 0.15;
    const FEW_BYTES: f64 = 200.0;
    /// A frame stands out when it exceeds the mean by this many usual distances, by this share, and by this many bytes.
    const DISTANCES: f64 = 6.0;
    const SHARE: f64 = 0.5;
    const BYTES: f64 = 24.0;

    fn learn(&mut self, bytes: usize) {
        let bytes = bytes as f64;
        self.learned = self.learned.saturating_add(1);
        // The first sizes count evenly, so that none of them stays the mean for long.
        let weight = Self::WEIGHT.max(1.0 / f64::from(self.learned));
        let distance = (bytes - self.mean).abs();
        self.mean += weight * (bytes - self.mean);
        if self.learned > 1 {
            self.deviation += weight * (distance - self.deviation);
        }
    }

    fn is_known(&self) -> bool {
        self.learned >= ATTENTION_FRAMES
    }

    /// Whether these are the sizes of an encoder that spends as it needs, so that motion will show.
    fn tells(&self) -> bool {
        self.is_known() && self.limit() <= (Self::SHARE_OF_WHOLE * self.whole).max(Self::FEW_BYTES)
    }

    fn is_exceeded_by(&self, bytes: usize) -> bool {
        self.is_known() && bytes as f64 > self.limit()
    }

    /// Above this a frame stands out.
    fn limit(&self) -> f64 {
        self.mean + (Self::DISTANCES * self.deviation).max(Self::SHARE * self.mean).max(Self::BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera with 25 frames a second, a key frame every 50.
    struct Camera {
        doze: Doze,
        frames: u32,
    }

    impl Camera {
        fn new() -> Self {
            Self { doze: Doze::default(), frames: 0 }
        }

        fn send(&mut self, bytes: usize, scene: Scene) -> Order {
            let is_key = self.frames.is_multiple_of(50);
            let at = Duration::from_millis(u64::from(self.frames) * 40);
            self.frames += 1;
            let bytes = if is_key { 60_000 } else { bytes };
            self.doze.judge(Coded { at, bytes, is_key }, scene)
        }

        /// Sends frames of slightly different sizes and tells what became of them.
        fn quiet(&mut self, frames: u32, scene: Scene) -> Vec<Order> {
            (0..frames).map(|i| self.send(400 + (i as usize * 37) % 120, scene)).collect()
        }

        fn asleep() -> Self {
            let mut camera = Self::new();
            camera.quiet(120, Scene::Still);
            assert_eq!(camera.send(410, Scene::Still), Order::Hold);
            camera
        }
    }

    #[test]
    fn a_still_scene_is_decoded_once_in_a_group() {
        let mut camera = Camera::asleep();
        let orders = camera.quiet(500, Scene::Still);
        let count = |wanted| orders.iter().filter(|order| **order == wanted).count();
        assert_eq!((count(Order::Hold), count(Order::Refresh)), (490, 10));
    }

    #[test]
    fn nothing_is_held_before_the_reader_calls_the_scene_still() {
        for scene in [Scene::Wanted, Scene::Moving] {
            assert!(Camera::new().quiet(500, scene).iter().all(|order| *order == Order::Decode), "{scene:?}");
        }
    }

    #[test]
    fn the_usual_sizes_are_learned_first() {
        let orders = Camera::new().quiet(ATTENTION_FRAMES, Scene::Still);
        assert!(orders.iter().all(|order| *order == Order::Decode));
    }

    #[test]
    fn a_size_that_stands_out_has_everything_decoded_and_keeps_the_eyes_open() {
        let mut camera = Camera::asleep();
        assert_eq!(camera.send(2_000, Scene::Still), Order::Release);
        let after = camera.quiet(ATTENTION_FRAMES, Scene::Still);
        assert!(after.iter().all(|order| *order == Order::Decode), "{after:?}");
    }

    #[test]
    fn a_reader_who_wants_frames_gets_them_with_those_that_were_held() {
        for scene in [Scene::Wanted, Scene::Moving] {
            let mut camera = Camera::asleep();
            assert_eq!(camera.send(410, scene), Order::Release, "{scene:?}");
            assert_eq!(camera.send(410, scene), Order::Decode, "{scene:?}");
        }
    }

    #[test]
    fn a_long_group_is_decoded_in_pieces() {
        let mut camera = Camera::asleep();
        camera.frames = 1;
        let orders: Vec<Order> = (0..MOST_HELD)
            .map(|i| {
                let coded = Coded { at: Duration::from_millis(u64::from(i) * 40), bytes: 450, is_key: false };
                camera.doze.judge(coded, Scene::Still)
            })
            .collect();
        assert_eq!(orders.iter().filter(|order| **order == Order::Release).count(), 1);
        assert_eq!(
            camera.doze.judge(Coded { at: Duration::ZERO, bytes: 450, is_key: false }, Scene::Still),
            Order::Hold
        );
    }

    #[test]
    fn an_encoder_that_spends_the_same_on_everything_is_decoded() {
        let mut camera = Camera::new();
        let sizes = [2_665, 1_917, 49, 1_136, 5_637, 9_776, 20_979, 17_910, 17_300, 29_054, 28_184];
        let orders: Vec<Order> = (0..600).map(|i| camera.send(sizes[i % sizes.len()], Scene::Still)).collect();
        assert!(orders.iter().all(|order| *order == Order::Decode));
    }

    #[test]
    fn more_noise_is_got_used_to() {
        let mut camera = Camera::asleep();
        for _ in 0..400 {
            camera.send(1_500, Scene::Still);
        }
        assert_eq!(camera.send(1_500, Scene::Still), Order::Hold);
        assert_eq!(camera.send(4_000, Scene::Still), Order::Release);
    }

    #[test]
    fn a_camera_whose_sizes_tell_nothing_is_not_trusted() {
        let mut camera = Camera::asleep();
        for _ in 0..=MOST_MISSED {
            camera.quiet(100, Scene::Still);
            camera.send(450, Scene::Moving);
        }
        let hour = camera.quiet(25 * 60, Scene::Still);
        assert!(hour.iter().skip(1).all(|order| *order == Order::Decode));
        camera.frames += 25 * 3600;
        camera.quiet(200, Scene::Still);
        assert_eq!(camera.send(450, Scene::Still), Order::Hold, "after an hour it has another chance");
    }

    #[test]
    fn motion_that_was_announced_costs_no_trust() {
        let mut camera = Camera::asleep();
        for _ in 0..20 {
            camera.quiet(99, Scene::Still);
            camera.send(5_000, Scene::Still);
            camera.quiet(5, Scene::Still);
            camera.quiet(20, Scene::Moving);
        }
        camera.quiet(100, Scene::Still);
        assert_eq!(camera.send(450, Scene::Still), Order::Hold);
    }
}

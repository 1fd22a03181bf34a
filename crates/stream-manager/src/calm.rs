//! Whether a scene is so calm that its frames need not even be decoded. Nothing but a rule: motion was measured elsewhere.

use std::time::Duration;

use jiff::Timestamp;
use media::Scene;

use crate::lifecycle::elapsed;

/// How long nothing may have moved before a scene is calm.
const SETTLED: Duration = Duration::from_secs(2);

/// What happened with one frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// When it was captured.
    pub(crate) at: Timestamp,
    /// Something moved in it.
    pub(crate) moved: bool,
    /// A fresh picture is wanted: somebody watches, or a question is open about what stands there.
    pub(crate) wanted: bool,
}

/// How calm the scene of one stream is.
#[derive(Debug, Default)]
pub(crate) struct Calm {
    since: Option<Timestamp>,
}

impl Calm {
    /// Takes what happened with a frame and returns what the source is to be told.
    pub(crate) fn observe(&mut self, seen: Seen) -> Scene {
        if seen.moved {
            self.since = None;
            return Scene::Moving;
        }
        let since = *self.since.get_or_insert(seen.at);
        let is_settled = elapsed(since, seen.at) >= SETTLED;
        if is_settled && !seen.wanted { Scene::Still } else { Scene::Wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(seconds: f64, moved: bool, wanted: bool) -> Seen {
        Seen { at: Timestamp::UNIX_EPOCH + Duration::from_secs_f64(seconds), moved, wanted }
    }

    #[test]
    fn a_scene_is_still_once_nothing_has_moved_for_a_while() {
        let mut calm = Calm::default();
        let told = [0.0, 1.0, 2.0, 3.0].map(|at| calm.observe(seen(at, false, false)));
        assert_eq!(told, [Scene::Wanted, Scene::Wanted, Scene::Still, Scene::Still]);
    }

    #[test]
    fn motion_begins_the_wait_anew() {
        let mut calm = Calm::default();
        calm.observe(seen(0.0, false, false));
        assert_eq!(calm.observe(seen(2.0, true, false)), Scene::Moving);
        let told = [2.2, 4.0, 4.2].map(|at| calm.observe(seen(at, false, false)));
        assert_eq!(told, [Scene::Wanted, Scene::Wanted, Scene::Still]);
    }

    #[test]
    fn who_wants_a_picture_gets_it_and_the_scene_stays_calm() {
        let mut calm = Calm::default();
        calm.observe(seen(0.0, false, false));
        assert_eq!(calm.observe(seen(3.0, false, true)), Scene::Wanted);
        assert_eq!(calm.observe(seen(3.2, false, false)), Scene::Still);
    }
}

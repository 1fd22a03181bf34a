//! People who walk from room to room, stand a while and walk on. They do not run into robots: they wait for them to pass,
//! and robots wait for people.

use super::geometry::{Point, Pose, turn};
use super::route::Grid;

/// Metres in a second.
const PACE: f64 = 0.8;
/// Radians in a second.
const TURNING: f64 = 3.0;
/// How close somebody walks up to a robot.
const DISTANCE: f64 = 0.62;
/// How long somebody stands at a robot before going somewhere else, in seconds.
const PATIENCE: f64 = 3.0;
/// How far from a named place people stop who go there.
const BESIDE: f64 = 0.85;
/// How far a leg swings in a metre, in radians.
const STRIDE: f64 = 7.5;

/// Somebody in the building.
#[derive(Debug, Clone)]
pub struct Person {
    pose: Pose,
    /// The corners of the way that are still ahead.
    way: Vec<Point>,
    /// How long to stand before going on, in seconds.
    pause: f64,
    waited: f64,
    stride: f64,
    clothes: usize,
    random: fastrand::Rng,
}

impl Person {
    /// Puts somebody at one of some places.
    pub(super) fn enter(number: usize, seed: u64, places: &[Pose]) -> Self {
        let mut random = fastrand::Rng::with_seed(seed ^ (number as u64 + 1).wrapping_mul(0xd1b5_4a32_d192_ed03));
        let pose = random.choice(places).copied().unwrap_or_default();
        let pause = random.f64() * 6.0;
        Self { pose, way: Vec::new(), pause, waited: 0.0, stride: 0.0, clothes: number, random }
    }

    /// Puts somebody somewhere who does not move.
    pub(super) fn statue(pose: Pose, seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { pose, way: Vec::new(), pause: f64::INFINITY, waited: 0.0, stride: 0.0, clothes: 0, random }
    }

    /// Returns where the person is and looks.
    pub fn pose(&self) -> Pose {
        self.pose
    }

    /// Returns how far the legs have swung, in radians; 0 while standing.
    pub fn stride(&self) -> f64 {
        if self.way.is_empty() || self.waited > 0.0 { 0.0 } else { self.stride }
    }

    /// Returns how the person is dressed: a number.
    pub fn clothes(&self) -> usize {
        self.clothes
    }

    /// Lets some seconds pass.
    pub(super) fn step(&mut self, seconds: f64, grid: &Grid, places: &[Pose], robots: &[Point]) {
        let Some(corner) = self.way.first().copied() else {
            self.pause -= seconds;
            if self.pause <= 0.0 {
                self.choose(grid, places);
            }
            return;
        };
        let direction = self.pose.point().direction(corner);
        let turned = turn(self.pose.theta, direction);
        self.pose.theta += turned.clamp(-TURNING * seconds, TURNING * seconds);
        let next = self.pose.point().ahead(direction, PACE * seconds);
        if robots.iter().any(|robot| is_closer(*robot, next, self.pose.point())) {
            self.waited += seconds;
            if self.waited > PATIENCE {
                self.stop(2.0);
            }
            return;
        }
        self.waited = 0.0;
        self.stride += STRIDE * PACE * seconds;
        if self.pose.point().distance(corner) <= PACE * seconds {
            self.pose = Pose { x: corner.x, y: corner.y, ..self.pose };
            self.way.remove(0);
            if self.way.is_empty() {
                let pause = 4.0 + self.random.f64() * 10.0;
                self.stop(pause);
            }
        } else {
            self.pose = Pose { x: next.x, y: next.y, ..self.pose };
        }
    }

    fn choose(&mut self, grid: &Grid, places: &[Pose]) {
        let to = self.random.choice(places).copied().unwrap_or(self.pose);
        // Nobody stands where robots are to stand.
        let beside = to.point().ahead(self.random.f64() * std::f64::consts::TAU, BESIDE);
        self.way = grid.way(self.pose.point(), beside, &[]).unwrap_or_default();
        self.pause = 1.0;
    }

    fn stop(&mut self, pause: f64) {
        self.way.clear();
        self.waited = 0.0;
        self.pause = pause;
    }
}

/// Tells whether a step leads somebody who is close to a robot still closer.
fn is_closer(robot: Point, next: Point, at: Point) -> bool {
    let distance = robot.distance(next);
    distance < DISTANCE && distance < robot.distance(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::building::Building;

    fn places(floor: &Building) -> Vec<Pose> {
        floor.locations.iter().map(|location| location.pose).collect()
    }

    #[test]
    fn somebody_walks_from_room_to_room_and_never_through_a_wall() {
        let [floor, _] = Building::floors();
        let (grid, places) = (Grid::of(&floor), places(&floor));
        let mut person = Person::enter(0, 5, &places);
        let mut rooms = Vec::new();
        for _ in 0..20 * 240 {
            person.step(0.05, &grid, &places, &[]);
            assert!(!grid.touches(person.pose().point(), 0.1), "{:?}", person.pose());
            rooms.extend(floor.room_at(person.pose().point()).map(|room| room.name));
        }
        rooms.sort_unstable();
        rooms.dedup();
        assert!(rooms.len() >= 3, "{rooms:?}");
    }

    #[test]
    fn nobody_walks_into_a_robot() {
        let [floor, _] = Building::floors();
        let (grid, places) = (Grid::of(&floor), places(&floor));
        let robot = Point::new(6.7, 4.3);
        let mut person = Person::enter(1, 9, &places);
        for _ in 0..20 * 300 {
            person.step(0.05, &grid, &places, &[robot]);
            assert!(person.pose().point().distance(robot) > 0.5, "{:?}", person.pose());
        }
    }
}

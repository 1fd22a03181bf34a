//! Driving to a pose: along a way around walls, waiting for what is in the way, going around it, and giving up in the end.

use super::body::{BRAKE, Body, SWING, TOP_SPEED, TOP_TURN, speed_to_stop};
use crate::building::{Building, Grid, Obstacle, Point, Pose, turn};

/// How close to the goal is there, in metres and in radians.
const NEAR: f64 = 0.03;
const ALIGNED: f64 = 0.02;
/// How close to a corner of the way is past it.
const PASSED: f64 = 0.09;
/// Beyond this turn the robot stands to turn, in radians.
const SHARP: f64 = 0.4;
/// How far ahead something in the way stops it, and how much room it needs aside.
const LOOK_AHEAD: f64 = 0.5;
const ROOM: f64 = 0.2;
/// How far the robot sees what is in the way.
const SIGHT: f64 = 3.0;
/// After this many seconds before something in the way, and again after every such pause, it looks for another way.
const PATIENCE: f64 = 1.5;
/// After this many seconds without getting on, it gives up.
const GIVES_UP: f64 = 15.0;

/// What the robot knows of its surroundings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The floor.
    pub(super) floor: &'a Building,
    /// Where one can be.
    pub(super) grid: &'a Grid,
    /// What is in the building and not in the map.
    pub(super) obstacles: &'a [Obstacle],
}

impl Surroundings<'_> {
    /// Returns what the robot can see from a point.
    fn seen(&self, from: Point) -> Vec<Obstacle> {
        let is_seen =
            |obstacle: &&Obstacle| obstacle.distance(from) < SIGHT && self.floor.sees(from, obstacle.middle());
        self.obstacles.iter().filter(is_seen).copied().collect()
    }

    /// Tells whether something that moves is in the way on a straight line.
    pub(super) fn is_blocked(&self, from: Point, to: Point) -> bool {
        let ahead = |obstacle: &Obstacle| obstacle.distance(to) < obstacle.distance(from);
        self.obstacles.iter().any(|obstacle| ahead(obstacle) && obstacle.distance_to_line(from, to) < ROOM)
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Next {
    /// Go on with these speeds.
    Go(f64, f64),
    /// It is done.
    Done,
    /// There is no way.
    NoWay,
}

/// A drive to a pose.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drive {
    goal: Pose,
    /// The corners that are still ahead; nothing before a way was found.
    way: Option<Vec<Point>>,
    /// Seconds without getting on, and until looking for another way.
    stuck: f64,
    patience: f64,
}

impl Drive {
    /// Begins a drive.
    pub(super) fn new(goal: Pose) -> Self {
        Self { goal, way: None, stuck: 0.0, patience: 0.0 }
    }

    /// Returns where it goes.
    pub(super) fn goal(&self) -> Pose {
        self.goal
    }

    /// Returns the corners that are still ahead.
    pub(super) fn way(&self) -> &[Point] {
        self.way.as_deref().unwrap_or_default()
    }

    /// Decides what to do for the next seconds.
    pub(super) fn next(&mut self, seconds: f64, body: &Body, around: &Surroundings) -> Next {
        let at = body.pose.point();
        if self.way.is_none() {
            if around.grid.way(at, self.goal.point(), &[]).is_none() {
                return Next::NoWay;
            }
            self.way = around.grid.way(at, self.goal.point(), &around.seen(at));
        }
        let Some(way) = &mut self.way else { return self.wait(seconds, body, around) };
        while way.len() > 1 && at.distance(way[0]) < PASSED {
            way.remove(0);
        }
        let Some(corner) = way.first().copied() else { return align(body, self.goal.theta) };
        if way.len() == 1 && at.distance(corner) < NEAR {
            way.clear();
            return Next::Go(0.0, 0.0);
        }
        let (near, direction) = (at.distance(corner), at.direction(corner));
        if around.is_blocked(at, at.ahead(direction, near.min(LOOK_AHEAD))) {
            return self.wait(seconds, body, around);
        }
        self.stuck = (self.stuck - 0.5 * seconds).max(0.0);
        self.patience = PATIENCE;
        follow(body, way)
    }

    /// Stands before something in the way, looks for a way around it, and gives up after a while.
    fn wait(&mut self, seconds: f64, body: &Body, around: &Surroundings) -> Next {
        self.stuck += seconds;
        self.patience -= seconds;
        if self.stuck >= GIVES_UP {
            return Next::NoWay;
        }
        if self.patience <= 0.0 && body.is_still() {
            self.patience = PATIENCE;
            let at = body.pose.point();
            let other = around.grid.way(at, self.goal.point(), &around.seen(at));
            let is_open = |way: &Vec<Point>| {
                way.first().is_some_and(|corner| {
                    !around.is_blocked(at, at.ahead(at.direction(*corner), at.distance(*corner).min(LOOK_AHEAD)))
                })
            };
            if let Some(way) = other.filter(is_open) {
                self.way = Some(way);
            }
        }
        Next::Go(0.0, 0.0)
    }
}

/// Follows the corners of a way.
fn follow(body: &Body, way: &[Point]) -> Next {
    let at = body.pose.point();
    let direction = at.direction(way[0]);
    let off = turn(body.pose.theta, direction);
    if off.abs() > SHARP {
        return Next::Go(0.0, turning_to(off));
    }
    // Up to the next sharp turn there is no need to brake.
    let mut free = at.distance(way[0]);
    let mut before = direction;
    for leg in way.windows(2) {
        let direction = leg[0].direction(leg[1]);
        if turn(before, direction).abs() > SHARP {
            break;
        }
        free += leg[0].distance(leg[1]);
        before = direction;
    }
    let speed = speed_to_stop(free, 0.8 * BRAKE).clamp(0.03, TOP_SPEED);
    // Close to a corner its direction says little.
    let steering = if at.distance(way[0]) < 0.05 { 0.0 } else { 2.5 * off };
    Next::Go(speed * off.cos(), steering.clamp(-TOP_TURN, TOP_TURN))
}

/// Turns to a heading.
pub(super) fn align(body: &Body, theta: f64) -> Next {
    let off = turn(body.pose.theta, theta);
    if off.abs() < ALIGNED && body.turning.abs() < 0.2 && body.speed.abs() < 0.05 {
        return Next::Done;
    }
    Next::Go(0.0, turning_to(off))
}

fn turning_to(off: f64) -> f64 {
    off.signum() * speed_to_stop(off.abs(), 0.7 * SWING).clamp(0.08, TOP_TURN).min(off.abs() * 6.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: f64 = 0.02;

    /// Drives until it ends, at most ten minutes; what is in the way may depend on the seconds. Returns the seconds, too.
    fn driven(from: Pose, goal: Pose, in_the_way: impl Fn(f64) -> Vec<Obstacle>) -> (Next, Body, f64) {
        let [floor, _] = Building::floors();
        let grid = Grid::of(&floor);
        let (mut body, mut drive, mut seconds) = (Body::at(from), Drive::new(goal), 0.0);
        while seconds < 600.0 {
            let obstacles = in_the_way(seconds);
            let around = Surroundings { floor: &floor, grid: &grid, obstacles: &obstacles };
            let touching = obstacles.iter().map(|one| one.distance(body.pose.point())).fold(f64::INFINITY, f64::min);
            assert!(touching > 0.1 || body.speed < 0.01, "it runs into something at {:?}", body.pose);
            match drive.next(STEP, &body, &around) {
                Next::Go(speed, turning) => body.step(STEP, (speed, turning), |at, radius| grid.touches(at, radius)),
                end => return (end, body, seconds),
            }
            seconds += STEP;
        }
        panic!("it is still driving, at {:?}", body.pose)
    }

    fn place(name: &str) -> Pose {
        Building::floors()[0].location(name).expect("there is such a place").pose
    }

    #[test]
    fn every_place_is_reached_from_every_other_to_within_a_few_centimetres() {
        let [floor, _] = Building::floors();
        for from in &floor.locations {
            for to in &floor.locations {
                let (end, body, _) = driven(from.pose, to.pose, |_| Vec::new());
                assert_eq!(end, Next::Done, "from {} to {}", from.name, to.name);
                assert!(body.pose.point().distance(to.pose.point()) < 0.06, "{} {:?}", to.name, body.pose);
                assert!(turn(body.pose.theta, to.pose.theta).abs() < 0.05, "{} {:?}", to.name, body.pose);
            }
        }
    }

    #[test]
    fn it_is_about_as_fast_as_it_can_be() {
        let (_, _, seconds) = driven(Pose::new(1.0, 4.3, 0.0), place("emergency-exit"), |_| Vec::new());
        assert!((32.0..38.0).contains(&seconds), "{seconds} s for 9.8 m");
    }

    #[test]
    fn it_goes_around_somebody_who_stands_in_the_corridor() {
        let person = Obstacle::disc(Point::new(6.0, 4.35), 0.24);
        let (end, _, seconds) = driven(Pose::new(1.0, 4.3, 0.0), place("emergency-exit"), |_| vec![person]);
        assert_eq!(end, Next::Done);
        assert!(seconds < 60.0, "{seconds}");
    }

    #[test]
    fn it_waits_for_somebody_in_the_door_and_gives_up_when_nobody_moves() {
        let [floor, _] = Building::floors();
        let door = floor.doors.iter().find(|door| door.location == "office").expect("the office has a door").opening;
        let closed = Obstacle::Block(door);
        let from = Pose::new(2.5, 4.2, 1.57);
        let (end, _, _) =
            driven(from, place("office"), |seconds| if seconds < 10.0 { vec![closed] } else { Vec::new() });
        assert_eq!(end, Next::Done);
        let (end, _, seconds) = driven(from, place("office"), |_| vec![closed]);
        assert_eq!(end, Next::NoWay);
        assert!((14.0..25.0).contains(&seconds), "{seconds}");
    }

    #[test]
    fn there_is_no_way_into_a_wall() {
        let (end, body, seconds) = driven(place("office"), Pose::new(4.0, 5.2, 0.0), |_| Vec::new());
        assert_eq!((end, seconds), (Next::NoWay, 0.0));
        assert_eq!(body.pose, place("office"));
    }
}

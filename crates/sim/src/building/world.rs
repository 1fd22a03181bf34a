//! What all robots of a building share: the floors, the time, the people, the doors, the light, and what is wrong today.
//!
//! The world's time runs while somebody looks at it: [`World::advance`] is told what time it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::anomaly::{self, Anomaly};
use super::dynamics::{Moving, Obstacle};
use super::geometry::{Point, Pose};
use super::people::Person;
use super::route::Grid;
use super::view::Renderer;
use super::{Building, FloorMap};

/// People take steps of this length, in seconds.
const STEP: f64 = 0.05;
/// What time passes at once at most: whoever did not look for longer sees the world where it stopped.
const LONGEST: f64 = 30.0;

/// How a world begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldSettings {
    /// Chance comes from here.
    pub seed: u64,
    /// Which day it is; on day 0 nothing is wrong.
    pub day: u32,
    /// How many people are on the ground floor.
    pub people: usize,
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self { seed: 1, day: 0, people: 0 }
    }
}

/// What stands for good.
struct Fixed {
    floors: [Building; 2],
    grids: [Grid; 2],
    maps: [FloorMap; 2],
    renderers: [Renderer; 2],
}

struct State {
    seed: u64,
    day: u32,
    anomalies: Vec<Anomaly>,
    people: Vec<Person>,
    closed: BTreeSet<String>,
    light: f32,
    seconds: f64,
    robots: BTreeMap<String, (usize, Pose)>,
    shelf: (usize, Pose),
}

/// The world; clones are the same one.
#[derive(Clone)]
pub struct World {
    fixed: Arc<Fixed>,
    state: Arc<Mutex<State>>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("truth", &self.truth()).finish_non_exhaustive()
    }
}

/// What is true of a world.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorldTruth {
    /// Which day it is.
    pub day: u32,
    /// What is wrong.
    pub anomalies: Vec<Anomaly>,
    /// Where people are, on the ground floor.
    pub people: Vec<Pose>,
    /// The doors that are closed, by the place behind them.
    pub closed_doors: BTreeSet<String>,
    /// How bright it is: 1 is day.
    pub light: f32,
}

/// There is nothing of this name in the building.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the building has no {what} {name}")]
pub struct NoSuchThing {
    what: &'static str,
    name: String,
}

impl World {
    /// Builds a world.
    pub fn new(settings: &WorldSettings) -> Self {
        let floors = Building::floors();
        let fixed = Fixed {
            grids: [0, 1].map(|floor| Grid::of(&floors[floor])),
            maps: [0, 1].map(|floor| FloorMap::of(&floors[floor])),
            renderers: Renderer::of(&floors),
            floors,
        };
        let shelf = fixed.floors[0].location("shelf-home").map(|home| home.pose).unwrap_or_default();
        let state = State {
            seed: settings.seed,
            day: settings.day,
            anomalies: anomaly::of_day(&fixed.floors, settings.seed, settings.day),
            people: Vec::new(),
            closed: BTreeSet::new(),
            light: 1.0,
            seconds: 0.0,
            robots: BTreeMap::new(),
            shelf: (0, shelf),
        };
        let world = Self { fixed: Arc::new(fixed), state: Arc::new(Mutex::new(state)) };
        world.set_people(settings.people);
        world
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a floor: 0 is the ground floor.
    pub fn floor(&self, floor: usize) -> &Building {
        &self.fixed.floors[floor]
    }

    /// Returns where one can be on a floor.
    pub fn grid(&self, floor: usize) -> &Grid {
        &self.fixed.grids[floor]
    }

    /// Returns a floor's map.
    pub fn map(&self, floor: usize) -> &FloorMap {
        &self.fixed.maps[floor]
    }

    /// Returns what shows a floor.
    pub fn renderer(&self, floor: usize) -> &Renderer {
        &self.fixed.renderers[floor]
    }

    /// Lets time pass up to a number of seconds since the beginning.
    pub fn advance(&self, seconds: f64) {
        let mut state = self.state();
        let state = &mut *state;
        state.seconds = state.seconds.max(seconds - LONGEST);
        let places = self.places();
        let robots: Vec<Point> =
            state.robots.values().filter(|(floor, _)| *floor == 0).map(|(_, pose)| pose.point()).collect();
        while state.seconds + STEP <= seconds {
            state.seconds += STEP;
            for person in &mut state.people {
                person.step(STEP, &self.fixed.grids[0], &places, &robots);
            }
        }
    }

    fn places(&self) -> Vec<Pose> {
        self.fixed.floors[0].locations.iter().map(|location| location.pose).collect()
    }

    /// Says where a robot is.
    pub fn place_robot(&self, robot: &str, floor: usize, pose: Pose) {
        self.state().robots.insert(robot.to_owned(), (floor, pose));
    }

    /// Returns where the shelf is, if it is on a floor.
    pub fn shelf(&self, floor: usize) -> Option<Pose> {
        Some(self.state().shelf).filter(|(on, _)| *on == floor).map(|(_, pose)| pose)
    }

    /// Says where the shelf is.
    pub fn place_shelf(&self, floor: usize, pose: Pose) {
        self.state().shelf = (floor, pose);
    }

    /// Returns what a robot sees that is not in the plan of its floor.
    pub fn moving(&self, floor: usize, robot: &str) -> Vec<Moving> {
        let state = self.state();
        let plan = &self.fixed.floors[floor];
        let mut moving = Vec::new();
        if floor == 0 {
            moving.extend(state.people.iter().map(|person| Moving::Person {
                pose: person.pose(),
                stride: person.stride(),
                clothes: person.clothes(),
            }));
        }
        let others = state.robots.iter().filter(|(id, (on, _))| id.as_str() != robot && *on == floor);
        moving.extend(others.map(|(_, (_, pose))| Moving::Robot { pose: *pose }));
        if state.shelf.0 == floor {
            moving.push(Moving::Shelf { pose: state.shelf.1 });
        }
        let closed = plan.doors.iter().filter(|door| state.closed.contains(door.location));
        moving.extend(closed.map(|door| Moving::ClosedDoor { opening: door.opening }));
        moving.extend(plan.spots.iter().map(|spot| {
            let is_wrong = state.anomalies.iter().any(|one| one.kind == spot.kind && one.location == spot.location);
            Moving::Spot { spot: *spot, is_wrong }
        }));
        moving
    }

    /// Returns what a robot can bump into that is not in its map.
    pub fn obstacles(&self, floor: usize, robot: &str) -> Vec<Obstacle> {
        self.moving(floor, robot).iter().filter_map(Moving::obstacle).collect()
    }

    /// Returns how bright it is: 1 is day.
    pub fn light(&self) -> f32 {
        self.state().light
    }

    /// Begins another day: what is wrong is chosen anew, and people come in again.
    pub fn set_day(&self, day: u32) {
        let people = {
            let mut state = self.state();
            state.day = day;
            state.anomalies = anomaly::of_day(&self.fixed.floors, state.seed, day);
            state.people.len()
        };
        self.set_people(people);
    }

    /// Says what is wrong, whatever the day.
    ///
    /// # Errors
    /// If one of them cannot be where it should be.
    pub fn set_anomalies(&self, anomalies: Vec<Anomaly>) -> Result<(), NoSuchThing> {
        let spots = || self.fixed.floors.iter().flat_map(|floor| &floor.spots);
        for Anomaly { kind, location } in &anomalies {
            if !spots().any(|spot| spot.kind == *kind && spot.location == location) {
                return Err(NoSuchThing { what: "spot for", name: format!("{} at {location}", kind.name()) });
            }
        }
        self.state().anomalies = anomalies;
        Ok(())
    }

    /// Says which doors are closed, by the places behind them.
    ///
    /// # Errors
    /// If there is no such door.
    pub fn close_doors(&self, closed: BTreeSet<String>) -> Result<(), NoSuchThing> {
        let known =
            |name: &str| self.fixed.floors.iter().flat_map(|floor| &floor.doors).any(|door| door.location == name);
        if let Some(name) = closed.iter().find(|name| !known(name)) {
            return Err(NoSuchThing { what: "door to", name: name.clone() });
        }
        self.state().closed = closed;
        Ok(())
    }

    /// Says how many people are on the ground floor; they begin anew.
    pub fn set_people(&self, count: usize) {
        let places = self.places();
        let mut state = self.state();
        let seed = state.seed ^ u64::from(state.day);
        state.people = (0..count).map(|number| Person::enter(number, seed, &places)).collect();
    }

    /// Puts somebody at a pose for good: nobody else is in the building then.
    pub fn put_person(&self, pose: Pose) {
        let mut state = self.state();
        let seed = state.seed;
        state.people = vec![Person::statue(pose, seed)];
    }

    /// Says how bright it is: 1 is day, 0 is a night without lamps.
    pub fn set_light(&self, light: f32) {
        self.state().light = light.clamp(0.0, 1.0);
    }

    /// Returns what is true at this moment.
    pub fn truth(&self) -> WorldTruth {
        let state = self.state();
        WorldTruth {
            day: state.day,
            anomalies: state.anomalies.clone(),
            people: state.people.iter().map(Person::pose).collect(),
            closed_doors: state.closed.clone(),
            light: state.light,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::building::AnomalyKind;

    #[test]
    fn the_same_seed_is_the_same_world() {
        let settings = WorldSettings { seed: 4, day: 9, people: 3 };
        let (one, other) = (World::new(&settings), World::new(&settings));
        one.advance(20.0);
        for step in 1..=40 {
            other.advance(f64::from(step) * 0.5);
        }
        assert_eq!(one.truth(), other.truth());
    }

    #[test]
    fn what_is_wrong_changes_with_the_day_and_can_be_said() {
        let world = World::new(&WorldSettings::default());
        assert_eq!(world.truth().anomalies, []);
        world.set_day(1);
        assert_ne!(world.truth().anomalies, []);
        let spill = Anomaly { kind: AnomalyKind::Spill, location: "kitchen".to_owned() };
        world.set_anomalies(vec![spill.clone()]).expect("there is such a spot");
        assert_eq!(world.truth().anomalies, [spill]);
        let nowhere = Anomaly { kind: AnomalyKind::Spill, location: "roof".to_owned() };
        assert!(world.set_anomalies(vec![nowhere]).is_err());
        assert!(world.close_doors(BTreeSet::from(["roof".to_owned()])).is_err());
    }
}

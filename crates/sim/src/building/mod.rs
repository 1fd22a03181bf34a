//! The building in which the simulated robots drive: floors with rooms, doors, furniture and named places, the map that a
//! robot has of them, ways around walls, people who walk, and things that are not as they were the day before.
//!
//! Metres and radians in the map's frame: x to the east, y to the north, angles counter-clockwise from the east. Nothing
//! here knows how a robot is asked; [`view`] shows what its camera sees.

mod anomaly;
mod dynamics;
mod furniture;
mod geometry;
mod ground_floor;
mod look;
mod map;
mod people;
mod route;
mod upper_floor;
pub mod view;
mod world;

pub use anomaly::{ANOMALIES, Anomaly, AnomalyKind, Spot, anomalies_in};
pub use dynamics::{Moving, Obstacle};
pub use furniture::{Block, Furniture, Panel};
pub use geometry::{Point, Pose, Rect, turn};
pub use look::{Look, Tint};
pub use map::{FloorMap, MapFrame};
pub use people::Person;
pub use route::Grid;
pub use world::{NoSuchThing, World, WorldSettings, WorldTruth};

/// How high rooms are.
pub const CEILING: f64 = 2.5;
/// How high doors are.
pub const DOOR_HEIGHT: f64 = 2.05;
/// Half the thickness of a wall.
const HALF_WALL: f64 = 0.05;

/// A room or a corridor.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// What it is called.
    pub name: &'static str,
    /// Its floor, up to the middle of its walls.
    pub area: Rect,
    /// What the floor is made of.
    pub floor: Look,
    /// How the walls are painted.
    pub tint: Tint,
}

/// A door between a room and the corridor. It stands open unless it is told to be closed.
#[derive(Debug, Clone, PartialEq)]
pub struct Door {
    /// The location behind it.
    pub location: &'static str,
    /// The opening in the wall.
    pub opening: Rect,
    /// Where the open leaf stands, against the room's wall; nothing for doors that slide.
    pub leaf: Option<Rect>,
}

/// What a named place is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocationKind {
    /// A place like any other.
    Plain,
    /// Where a robot charges.
    Charger,
    /// Where a shelf belongs.
    ShelfHome,
}

/// A named place.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// By which commands name it.
    pub id: &'static str,
    /// By which people name it.
    pub name: &'static str,
    /// Where a robot stands, and where it looks.
    pub pose: Pose,
    /// What it is for.
    pub kind: LocationKind,
}

/// One floor of the building.
#[derive(Debug, Clone)]
pub struct Building {
    /// Identifies its map.
    pub map_id: &'static str,
    /// What the map is called.
    pub name: &'static str,
    /// The rooms; they cover all of the floor.
    pub rooms: Vec<Room>,
    /// The walls, without their openings.
    pub walls: Vec<Rect>,
    /// The doors.
    pub doors: Vec<Door>,
    /// What stands about.
    pub furniture: Vec<Furniture>,
    /// What hangs on the walls.
    pub panels: Vec<Panel>,
    /// The chargers: the robots take them in this order.
    pub chargers: Vec<Pose>,
    /// Named places, without the chargers.
    pub locations: Vec<Location>,
    /// What can be wrong here, and where.
    pub spots: Vec<Spot>,
    /// The frame of the map.
    pub frame: MapFrame,
}

impl Building {
    /// Returns the floors: the ground floor, then the upper one.
    pub fn floors() -> [Self; 2] {
        [ground_floor::build(), upper_floor::build()]
    }

    /// Returns a named place.
    pub fn location(&self, id: &str) -> Option<&Location> {
        self.locations.iter().find(|location| location.id == id)
    }

    /// Returns the room at a point.
    pub fn room_at(&self, at: Point) -> Option<&Room> {
        self.rooms.iter().find(|room| room.area.contains(at))
    }

    /// Returns everything that stands for good, as footprints.
    pub fn solids(&self) -> impl Iterator<Item = Rect> + '_ {
        let leaves = self.doors.iter().filter_map(|door| door.leaf);
        let furniture = self.furniture.iter().filter_map(|furniture| furniture.footprint);
        self.walls.iter().copied().chain(furniture).chain(leaves)
    }

    /// Tells whether there is nothing but air and floor between two points, as light sees it.
    pub fn sees(&self, from: Point, to: Point) -> bool {
        self.walls.iter().all(|wall| !wall.crosses(from, to))
    }
}

/// Makes the wall along a line, leaving out openings; `cuts` are where the rooms beside it change, so that each piece has one
/// room on either side.
fn wall(from: Point, to: Point, openings: &[(f64, f64)], cuts: &[f64]) -> Vec<Rect> {
    let along_x = (to.x - from.x).abs() > (to.y - from.y).abs();
    let (start, end) = if along_x { (from.x, to.x) } else { (from.y, to.y) };
    let mut ends = vec![start - HALF_WALL, end + HALF_WALL];
    ends.extend(cuts.iter().copied().chain(openings.iter().flat_map(|opening| [opening.0, opening.1])));
    ends.sort_by(f64::total_cmp);
    let is_open = |at: f64| openings.iter().any(|opening| at > opening.0 && at < opening.1);
    ends.windows(2)
        .filter(|piece| piece[1] - piece[0] > 1e-6 && !is_open((piece[0] + piece[1]) / 2.0))
        .map(|piece| match along_x {
            true => Rect::new(piece[0], from.y - HALF_WALL, piece[1], from.y + HALF_WALL),
            false => Rect::new(from.x - HALF_WALL, piece[0], from.x + HALF_WALL, piece[1]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_left_out_of_its_wall_and_rooms_part_it() {
        let pieces = wall(Point::new(0.0, 3.0), Point::new(6.0, 3.0), &[(1.0, 2.0)], &[4.0]);
        let spans: Vec<_> = pieces.iter().map(|piece| (piece.x0, piece.x1)).collect();
        assert_eq!(spans, [(-0.05, 1.0), (2.0, 4.0), (4.0, 6.05)]);
        assert!(pieces.iter().all(|piece| (piece.y0, piece.y1) == (2.95, 3.05)));
    }

    #[test]
    fn every_place_is_free_and_can_be_reached_from_every_charger() {
        for floor in Building::floors() {
            let grid = Grid::of(&floor);
            for charger in &floor.chargers {
                for location in &floor.locations {
                    let way = grid.way(charger.point(), location.pose.point(), &[]);
                    assert!(way.is_some(), "{}: no way to {}", floor.name, location.name);
                }
            }
        }
    }

    #[test]
    fn places_have_names_of_their_own() {
        for floor in Building::floors() {
            let mut ids: Vec<_> = floor.locations.iter().map(|location| location.id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), floor.locations.len());
            let unknown = floor.spots.iter().find(|spot| floor.location(spot.location).is_none());
            assert_eq!(unknown, None, "a spot is seen from a place");
        }
    }
}

//! The ground floor: a corridor from the chargers in the west to the emergency exit in the east, three rooms on either side.

use std::f64::consts::{FRAC_PI_2, PI};

use super::anomaly::{AnomalyKind, Spot};
use super::furniture::{Furniture, Panel};
use super::geometry::{Point, Pose, Rect};
use super::look::{Look, Tint};
use super::map::MapFrame;
use super::{Building, Door, Location, LocationKind, Room, wall};

const EAST: f64 = 0.0;
const NORTH: f64 = FRAC_PI_2;
const WEST: f64 = PI;
const SOUTH: f64 = -FRAC_PI_2;

const WIDTH: f64 = 12.6;
const DEPTH: f64 = 8.4;
/// The corridor's two walls.
const SOUTH_WALL: f64 = 3.4;
const NORTH_WALL: f64 = 5.2;
/// The walls between rooms.
const SOUTH_CUTS: [f64; 2] = [4.4, 7.6];
const NORTH_CUTS: [f64; 2] = [4.8, 8.6];
/// The doors to the corridor.
const SOUTH_DOORS: [(f64, f64); 3] = [(1.4, 3.0), (5.5, 6.5), (9.4, 10.4)];
const NORTH_DOORS: [(f64, f64); 3] = [(2.0, 3.0), (6.2, 7.2), (10.0, 11.2)];

/// Returns the ground floor.
pub(super) fn build() -> Building {
    Building {
        map_id: "map-ground-floor",
        name: "Ground floor",
        rooms: rooms(),
        walls: walls(),
        doors: doors(),
        furniture: furniture(),
        panels: panels(),
        chargers: vec![Pose::new(0.36, 4.75, EAST), Pose::new(0.36, 3.85, EAST)],
        locations: locations(),
        spots: spots(),
        frame: MapFrame { resolution: 0.05, width: 300, height: 212, origin: Pose::new(-1.2, -1.1, 0.0) },
    }
}

fn rooms() -> Vec<Room> {
    let room = |name, (x0, y0, x1, y1), floor, tint| Room { name, area: Rect::new(x0, y0, x1, y1), floor, tint };
    vec![
        room("Corridor", (0.0, SOUTH_WALL, WIDTH, NORTH_WALL), Look::Vinyl, Tint::Sage),
        room("Lobby", (0.0, 0.0, SOUTH_CUTS[0], SOUTH_WALL), Look::Stone, Tint::Warm),
        room("Server room", (SOUTH_CUTS[0], 0.0, SOUTH_CUTS[1], SOUTH_WALL), Look::Vinyl, Tint::Slate),
        room("Storage", (SOUTH_CUTS[1], 0.0, WIDTH, SOUTH_WALL), Look::Concrete, Tint::Concrete),
        room("Office", (0.0, NORTH_WALL, NORTH_CUTS[0], DEPTH), Look::Carpet, Tint::Warm),
        room("Meeting room", (NORTH_CUTS[0], NORTH_WALL, NORTH_CUTS[1], DEPTH), Look::Carpet, Tint::Slate),
        room("Kitchen", (NORTH_CUTS[1], NORTH_WALL, WIDTH, DEPTH), Look::Tiles, Tint::Sage),
    ]
}

fn walls() -> Vec<Rect> {
    let at = Point::new;
    let mut walls = Vec::new();
    walls.extend(wall(at(0.0, 0.0), at(WIDTH, 0.0), &[], &SOUTH_CUTS));
    walls.extend(wall(at(0.0, DEPTH), at(WIDTH, DEPTH), &[], &NORTH_CUTS));
    for x in [0.0, WIDTH] {
        walls.extend(wall(at(x, 0.0), at(x, DEPTH), &[], &[SOUTH_WALL, NORTH_WALL]));
    }
    walls.extend(wall(at(0.0, SOUTH_WALL), at(WIDTH, SOUTH_WALL), &SOUTH_DOORS, &SOUTH_CUTS));
    walls.extend(wall(at(0.0, NORTH_WALL), at(WIDTH, NORTH_WALL), &NORTH_DOORS, &NORTH_CUTS));
    for x in SOUTH_CUTS {
        walls.extend(wall(at(x, 0.0), at(x, SOUTH_WALL), &[], &[]));
    }
    for x in NORTH_CUTS {
        walls.extend(wall(at(x, NORTH_WALL), at(x, DEPTH), &[], &[]));
    }
    walls
}

fn doors() -> Vec<Door> {
    let opening = |(from, to): (f64, f64), y: f64| Rect::new(from, y - 0.05, to, y + 0.05);
    // An open leaf stands into its room, at a right angle to the wall.
    let leaf = |x: f64, y0: f64, y1: f64| Some(Rect::new(x - 0.02, y0, x + 0.02, y1));
    let south =
        |location, index: usize, leaf| Door { location, opening: opening(SOUTH_DOORS[index], SOUTH_WALL), leaf };
    let north =
        |location, index: usize, leaf| Door { location, opening: opening(NORTH_DOORS[index], NORTH_WALL), leaf };
    vec![
        south("lobby", 0, None),
        south("server-room", 1, leaf(5.48, 2.4, 3.35)),
        south("storage", 2, leaf(9.38, 2.4, 3.35)),
        north("office", 0, leaf(1.98, 5.25, 6.2)),
        north("meeting-room", 1, leaf(6.18, 5.25, 6.2)),
        north("kitchen", 2, None),
    ]
}

fn furniture() -> Vec<Furniture> {
    let area = Rect::new;
    let at = Point::new;
    let mut furniture = vec![
        // Lobby.
        Furniture::sofa(area(0.1, 1.3, 0.85, 2.8)),
        Furniture::plant(at(0.35, 0.45)),
        Furniture::solid(area(3.45, 0.6, 4.05, 2.2), 1.1, Look::Wood, Look::Paint(226, 224, 218)),
        // Storage.
        Furniture::solid(area(7.7, 0.3, 8.2, 2.9), 1.9, Look::Cartons, Look::Cartons),
        Furniture::solid(area(8.5, 0.1, 10.5, 0.55), 1.9, Look::Cartons, Look::Cartons),
        Furniture::solid(area(12.0, 0.4, 12.5, 1.5), 1.2, Look::Cartons, Look::Cartons),
        // Office.
        Furniture::desk(area(0.9, 7.5, 2.3, 8.2)),
        Furniture::chair(at(1.6, 7.2), SOUTH),
        Furniture::desk(area(2.9, 7.5, 4.3, 8.2)),
        Furniture::chair(at(3.6, 7.2), SOUTH),
        Furniture::solid(area(0.1, 5.6, 0.5, 7.0), 1.8, Look::Folders, Look::Wood),
        Furniture::plant(at(4.5, 5.6)),
        // Meeting room.
        Furniture::table(area(5.7, 7.35, 7.7, 7.95), 0.74),
        Furniture::chair(at(5.35, 7.65), WEST),
        Furniture::chair(at(8.05, 7.65), EAST),
        Furniture::solid(area(4.9, 5.5, 5.3, 6.6), 0.8, Look::Wood, Look::Wood),
        // Kitchen.
        Furniture::counter(area(9.7, 7.75, 11.7, 8.35)),
        Furniture::hanging(area(9.7, 8.0, 11.7, 8.35), 1.45, 2.1),
        Furniture::solid(area(11.8, 7.7, 12.5, 8.35), 1.75, Look::Paint(214, 217, 220), Look::Paint(214, 217, 220)),
        Furniture::table(area(8.75, 5.9, 9.45, 6.9), 0.74),
        Furniture::chair(at(9.1, 7.15), NORTH),
        // Corridor.
        Furniture::charger(at(0.1, 4.75)),
        Furniture::charger(at(0.1, 3.85)),
        Furniture::plant(at(12.35, 3.68)),
    ];
    for x in [4.75, 5.65, 6.55] {
        furniture.push(Furniture::solid(area(x, 0.1, x + 0.8, 0.9), 2.0, Look::Rack, Look::Paint(52, 55, 60)));
    }
    furniture
}

fn panels() -> Vec<Panel> {
    let panel = |x: f64, y: f64, facing: f64, height: f64, (width, tall): (f64, f64), look: Look| Panel {
        at: Point::new(x, y).ahead(facing, 0.055),
        height,
        facing,
        width,
        tall,
        look,
    };
    let sign =
        |x: f64, y: f64, facing: f64, name: &'static str| panel(x, y, facing, 1.62, (0.5, 0.14), Look::Sign(name));
    vec![
        sign(1.05, SOUTH_WALL, NORTH, "Lobby"),
        sign(5.1, SOUTH_WALL, NORTH, "Server room"),
        sign(9.0, SOUTH_WALL, NORTH, "Storage"),
        sign(1.6, NORTH_WALL, SOUTH, "Office"),
        sign(5.8, NORTH_WALL, SOUTH, "Meeting room"),
        sign(9.6, NORTH_WALL, SOUTH, "Kitchen"),
        // The same inside, where the robot looks.
        sign(2.25, 0.0, NORTH, "Lobby"),
        sign(7.0, 0.0, NORTH, "Server room"),
        sign(8.9, 0.0, NORTH, "Storage"),
        sign(2.6, DEPTH, SOUTH, "Office"),
        sign(5.4, DEPTH, SOUTH, "Meeting room"),
        sign(9.05, DEPTH, SOUTH, "Kitchen"),
        panel(2.3, 0.0, NORTH, 1.05, (1.7, 2.1), Look::Entrance),
        panel(1.6, DEPTH, SOUTH, 1.6, (1.3, 1.0), Look::Window),
        panel(3.6, DEPTH, SOUTH, 1.6, (1.3, 1.0), Look::Window),
        panel(6.7, DEPTH, SOUTH, 1.5, (1.8, 1.0), Look::Whiteboard),
        panel(10.5, DEPTH, SOUTH, 1.18, (2.3, 0.5), Look::Paint(198, 204, 200)),
        panel(WIDTH, 4.3, WEST, 2.24, (0.5, 0.2), Look::ExitSign),
        panel(11.4, 0.0, NORTH, 2.24, (0.5, 0.2), Look::ExitSign),
        panel(0.0, 4.3, EAST, 1.6, (0.8, 0.9), Look::Window),
        panel(3.7, NORTH_WALL, SOUTH, 1.5, (0.6, 0.8), Look::Poster(0)),
        panel(7.9, SOUTH_WALL, NORTH, 1.5, (0.6, 0.8), Look::Poster(1)),
        panel(3.9, SOUTH_WALL, NORTH, 1.5, (0.6, 0.8), Look::Poster(2)),
        panel(7.6, 1.7, EAST, 1.5, (0.7, 0.5), Look::Poster(1)),
        panel(0.0, 2.0, EAST, 1.6, (0.9, 0.6), Look::Poster(0)),
        panel(NORTH_CUTS[1], 6.4, EAST, 1.5, (0.6, 0.6), Look::Poster(2)),
    ]
}

fn locations() -> Vec<Location> {
    let place = |id, name, (x, y, theta), kind| Location { id, name, pose: Pose::new(x, y, theta), kind };
    let plain = |id, name, pose| place(id, name, pose, LocationKind::Plain);
    vec![
        plain("lobby", "Lobby", (2.2, 2.1, SOUTH)),
        plain("office", "Office", (2.5, 5.85, NORTH)),
        plain("server-room", "Server room", (6.0, 2.4, SOUTH)),
        plain("meeting-room", "Meeting room", (6.7, 5.75, NORTH)),
        plain("storage", "Storage", (9.9, 2.35, SOUTH)),
        plain("kitchen", "Kitchen", (10.6, 5.8, NORTH)),
        plain("emergency-exit", "Emergency exit", (10.8, 4.3, EAST)),
        place("shelf-home", "Shelf home", (11.6, 2.3, SOUTH), LocationKind::ShelfHome),
    ]
}

fn spots() -> Vec<Spot> {
    use AnomalyKind::{Box, FallenPerson, MissingExtinguisher, OpenDoor, Spill};
    let spot = |kind, location, x, y, facing| Spot { kind, location, at: Point::new(x, y), facing };
    vec![
        spot(Spill, "lobby", 2.1, 0.8, NORTH),
        spot(Spill, "server-room", 6.0, 1.2, NORTH),
        spot(Spill, "meeting-room", 6.75, 7.0, SOUTH),
        spot(Spill, "kitchen", 10.5, 7.2, SOUTH),
        spot(Box, "storage", 9.7, 1.15, NORTH),
        spot(Box, "emergency-exit", 12.0, 4.75, WEST),
        spot(FallenPerson, "lobby", 1.9, 0.9, EAST),
        spot(FallenPerson, "office", 2.5, 6.95, EAST),
        spot(OpenDoor, "emergency-exit", WIDTH, 4.3, WEST),
        spot(OpenDoor, "storage", 11.4, 0.0, NORTH),
        spot(MissingExtinguisher, "lobby", 0.85, 0.0, NORTH),
        spot(MissingExtinguisher, "kitchen", 8.95, DEPTH, SOUTH),
        spot(MissingExtinguisher, "emergency-exit", 12.15, NORTH_WALL, SOUTH),
    ]
}

//! The upper floor: smaller, and its map was made by a robot that stood askew, so that the frame is turned.

use std::f64::consts::{FRAC_PI_2, PI};

use super::anomaly::{AnomalyKind, Spot};
use super::furniture::{Furniture, Panel};
use super::geometry::{Point, Pose, Rect};
use super::look::{Look, Tint};
use super::map::MapFrame;
use super::{Building, Door, Location, LocationKind, Room, wall};

const WIDTH: f64 = 7.0;
const DEPTH: f64 = 5.4;
/// Between the gallery in the south and the rooms.
const WALL: f64 = 2.2;
const CUT: f64 = 3.6;
const DOORS: [(f64, f64); 2] = [(1.4, 2.5), (4.8, 5.9)];

/// Returns the upper floor.
pub(super) fn build() -> Building {
    let at = Point::new;
    let room = |name, (x0, y0, x1, y1), floor, tint| Room { name, area: Rect::new(x0, y0, x1, y1), floor, tint };
    let mut walls = wall(at(0.0, 0.0), at(WIDTH, 0.0), &[], &[]);
    walls.extend(wall(at(0.0, DEPTH), at(WIDTH, DEPTH), &[], &[CUT]));
    walls.extend(wall(at(0.0, WALL), at(WIDTH, WALL), &DOORS, &[CUT]));
    walls.extend(wall(at(CUT, WALL), at(CUT, DEPTH), &[], &[]));
    for x in [0.0, WIDTH] {
        walls.extend(wall(at(x, 0.0), at(x, DEPTH), &[], &[WALL]));
    }
    let door = |location, (from, to): (f64, f64)| Door {
        location,
        opening: Rect::new(from, WALL - 0.05, to, WALL + 0.05),
        leaf: None,
    };
    let place = |id, name, (x, y, theta), kind| Location { id, name, pose: Pose::new(x, y, theta), kind };
    let panel = |x: f64, y: f64, facing: f64, height: f64, (width, tall): (f64, f64), look: Look| Panel {
        at: at(x, y).ahead(facing, 0.055),
        height,
        facing,
        width,
        tall,
        look,
    };
    let spot = |kind, location, x, y, facing| Spot { kind, location, at: at(x, y), facing };
    Building {
        map_id: "map-upper-floor",
        name: "Upper floor",
        rooms: vec![
            room("Gallery", (0.0, 0.0, WIDTH, WALL), Look::Stone, Tint::Warm),
            room("Lab", (0.0, WALL, CUT, DEPTH), Look::Vinyl, Tint::Slate),
            room("Lounge", (CUT, WALL, WIDTH, DEPTH), Look::Carpet, Tint::Sage),
        ],
        walls,
        doors: vec![door("lab", DOORS[0]), door("lounge", DOORS[1])],
        furniture: vec![
            Furniture::charger(at(0.1, 1.6)),
            Furniture::charger(at(0.1, 0.6)),
            Furniture::counter(Rect::new(0.4, 4.7, 3.0, 5.3)),
            Furniture::solid(Rect::new(0.1, 2.5, 0.5, 3.8), 1.8, Look::Folders, Look::Wood),
            Furniture::sofa(Rect::new(3.75, 3.4, 4.5, 4.9)),
            Furniture::table(Rect::new(5.0, 4.4, 6.2, 5.0), 0.45),
            Furniture::plant(at(6.6, 5.0)),
        ],
        panels: vec![
            panel(1.05, WALL, -FRAC_PI_2, 1.62, (0.5, 0.14), Look::Sign("Lab")),
            panel(4.4, WALL, -FRAC_PI_2, 1.62, (0.5, 0.14), Look::Sign("Lounge")),
            panel(5.6, DEPTH, -FRAC_PI_2, 1.5, (1.6, 1.1), Look::Window),
            panel(1.7, DEPTH, -FRAC_PI_2, 1.6, (1.2, 0.8), Look::Whiteboard),
            panel(WIDTH, 1.1, PI, 1.5, (0.9, 0.7), Look::Poster(1)),
        ],
        chargers: vec![Pose::new(0.36, 1.6, 0.0), Pose::new(0.36, 0.6, 0.0)],
        locations: vec![
            place("gallery", "Gallery", (5.0, 1.1, 0.0), LocationKind::Plain),
            place("lab", "Lab", (1.95, 2.9, FRAC_PI_2), LocationKind::Plain),
            place("lounge", "Lounge", (5.35, 2.8, FRAC_PI_2), LocationKind::Plain),
            place("upper-shelf-home", "Shelf home", (3.0, 0.9, 0.0), LocationKind::ShelfHome),
        ],
        spots: vec![
            spot(AnomalyKind::Box, "gallery", 6.4, 0.8, PI),
            spot(AnomalyKind::Spill, "lab", 1.9, 4.2, -FRAC_PI_2),
            spot(AnomalyKind::FallenPerson, "lounge", 5.4, 3.95, 0.0),
        ],
        frame: MapFrame { resolution: 0.05, width: 190, height: 170, origin: Pose::new(-0.6, -1.6, 0.12) },
    }
}

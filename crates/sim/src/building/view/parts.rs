//! Which surfaces a floor has, and which everything that comes and goes.

use super::super::anomaly::{AnomalyKind, Spot};
use super::super::dynamics::{Moving, box_area, fallen_area};
use super::super::furniture::{Block, Panel};
use super::super::geometry::{Point, Pose, Rect};
use super::super::look::Look;
use super::super::{Building, CEILING, DOOR_HEIGHT, Room};
use super::mesh::{Face, Vector};

/// Light on what looks to the east, north, west, south, up and down.
const LIGHT: [f32; 6] = [0.90, 0.97, 0.88, 0.95, 1.0, 0.72];
/// Metres that a floor's texture covers.
const FLOOR_TEXTURE: f64 = 2.0;
/// How the people are dressed: legs, jacket, hair.
const CLOTHES: [[Look; 3]; 4] = [
    [Look::Paint(52, 60, 78), Look::Paint(84, 100, 122), Look::Paint(60, 48, 40)],
    [Look::Paint(62, 58, 54), Look::Paint(128, 118, 104), Look::Paint(34, 32, 32)],
    [Look::Paint(44, 48, 52), Look::Paint(116, 70, 72), Look::Paint(120, 94, 64)],
    [Look::Paint(74, 76, 66), Look::Paint(76, 92, 80), Look::Paint(84, 80, 76)],
];
const SKIN: Look = Look::Paint(204, 168, 142);
const WHITE: Look = Look::Paint(224, 224, 220);
const DARK: Look = Look::Paint(52, 55, 60);
const FRAME: Look = Look::Paint(118, 112, 104);

fn vector(x: f64, y: f64, z: f64) -> Vector {
    [x as f32, y as f32, z as f32]
}

/// Returns the upright face over the line from one point to another, seen from its right side.
fn upright(from: Point, to: Point, bottom: f64, top: f64, part: [f32; 4], look: Look) -> Face {
    let outward = from.direction(to) - std::f64::consts::FRAC_PI_2;
    let quarter = (outward.rem_euclid(std::f64::consts::TAU) / std::f64::consts::FRAC_PI_2).round() as usize % 4;
    Face {
        corner: vector(from.x, from.y, bottom),
        across: vector(to.x - from.x, to.y - from.y, 0.0),
        up: vector(0.0, 0.0, top - bottom),
        part,
        look,
        light: LIGHT[quarter],
    }
}

/// Returns the level face over a rectangle, seen from above or from below.
fn level(area: Rect, height: f64, from_above: bool, part: [f32; 4], look: Look) -> Face {
    let (wide, deep) = (area.x1 - area.x0, area.y1 - area.y0);
    let (y, up) = if from_above { (area.y0, deep) } else { (area.y1, -deep) };
    Face {
        corner: vector(area.x0, y, height),
        across: vector(wide, 0.0, 0.0),
        up: vector(0.0, up, 0.0),
        part,
        look,
        light: LIGHT[if from_above { 4 } else { 5 }],
    }
}

const WHOLE: [f32; 4] = [0.0, 0.0, 1.0, 1.0];

/// Returns the four sides of a rectangle, each as the line over which it stands.
fn sides(area: Rect) -> [(Point, Point); 4] {
    let at = Point::new;
    [
        (at(area.x0, area.y0), at(area.x1, area.y0)),
        (at(area.x1, area.y0), at(area.x1, area.y1)),
        (at(area.x1, area.y1), at(area.x0, area.y1)),
        (at(area.x0, area.y1), at(area.x0, area.y0)),
    ]
}

fn block(block: &Block, faces: &mut Vec<Face>) {
    for (from, to) in sides(block.area) {
        faces.push(upright(from, to, block.bottom, block.top, WHOLE, block.sides));
    }
    faces.push(level(block.area, block.top, true, WHOLE, block.cap));
    if block.bottom > 0.02 {
        faces.push(level(block.area, block.bottom, false, WHOLE, block.cap));
    }
}

/// Returns the faces of a box that is turned; it stands on `bottom`, its middle is `ahead` and `left` of a pose.
fn turned(
    pose: Pose,
    (ahead, left): (f64, f64),
    (long, wide): (f64, f64),
    (bottom, top): (f64, f64),
    look: Look,
) -> Vec<Face> {
    let middle = pose.point().ahead(pose.theta, ahead).ahead(pose.theta + std::f64::consts::FRAC_PI_2, left);
    let corner = |along: f64, aside: f64| {
        middle.ahead(pose.theta, along * long / 2.0).ahead(pose.theta + std::f64::consts::FRAC_PI_2, aside * wide / 2.0)
    };
    let corners = [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)];
    let mut faces: Vec<Face> =
        (0..4).map(|side| upright(corners[side], corners[(side + 1) % 4], bottom, top, WHOLE, look)).collect();
    let plate = |height: f64, from: usize, right: usize, up: usize, light: usize| Face {
        corner: vector(corners[from].x, corners[from].y, height),
        across: vector(corners[right].x - corners[from].x, corners[right].y - corners[from].y, 0.0),
        up: vector(corners[up].x - corners[from].x, corners[up].y - corners[from].y, 0.0),
        part: WHOLE,
        look,
        light: LIGHT[light],
    };
    faces.push(plate(top, 0, 1, 3, 4));
    faces.push(plate(bottom, 0, 3, 1, 5));
    faces
}

fn panel(panel: &Panel) -> Face {
    let aside = panel.facing + std::f64::consts::FRAC_PI_2;
    let from = panel.at.ahead(aside, -panel.width / 2.0);
    let to = panel.at.ahead(aside, panel.width / 2.0);
    upright(from, to, panel.height - panel.tall / 2.0, panel.height + panel.tall / 2.0, WHOLE, panel.look)
}

/// Returns every surface of a floor.
pub(super) fn of_floor(floor: &Building) -> Vec<Face> {
    let mut faces = Vec::new();
    for room in &floor.rooms {
        of_room(room, &mut faces);
    }
    for piece in &floor.walls {
        for (from, to) in sides(*piece) {
            of_wall(floor, from, to, (0.0, CEILING), &mut faces);
        }
    }
    for door in &floor.doors {
        of_opening(floor, door.opening, &mut faces);
        if let Some(leaf) = door.leaf {
            for (from, to) in sides(leaf) {
                faces.push(upright(from, to, 0.01, DOOR_HEIGHT, WHOLE, Look::Leaf));
            }
        }
    }
    for furniture in &floor.furniture {
        for part in &furniture.blocks {
            block(part, &mut faces);
        }
    }
    faces.extend(floor.panels.iter().map(panel));
    faces
}

fn of_room(room: &Room, faces: &mut Vec<Face>) {
    let area = room.area;
    let part = |metres: f64| {
        let [x, y, wide, deep] =
            [area.x0, area.y0, area.x1 - area.x0, area.y1 - area.y0].map(|value| (value / metres) as f32);
        [x, y, wide, deep]
    };
    faces.push(level(area, 0.0, true, part(FLOOR_TEXTURE), room.floor));
    faces.push(level(area, CEILING, false, part(2.4), Look::Ceiling));
    // Lamps in rows, about two metres apart.
    let (columns, rows) = (((area.x1 - area.x0) / 2.2).round().max(1.0), ((area.y1 - area.y0) / 2.2).round().max(1.0));
    for column in 0..columns as u32 {
        for row in 0..rows as u32 {
            let x = area.x0 + (f64::from(column) + 0.5) * (area.x1 - area.x0) / columns;
            let y = area.y0 + (f64::from(row) + 0.5) * (area.y1 - area.y0) / rows;
            faces.push(level(Rect::around(Point::new(x, y), 1.1, 0.28), CEILING - 0.01, false, WHOLE, Look::Lamp));
        }
    }
}

/// Adds one side of a wall, painted as the room before it is; there is none where no room is.
fn of_wall(floor: &Building, from: Point, to: Point, (bottom, top): (f64, f64), faces: &mut Vec<Face>) {
    let middle = Rect::new(from.x.min(to.x), from.y.min(to.y), from.x.max(to.x), from.y.max(to.y)).middle();
    let outward = from.direction(to) - std::f64::consts::FRAC_PI_2;
    let length = from.distance(to);
    let look = match floor.room_at(middle.ahead(outward, 0.02)) {
        None => return,
        // The ends of walls are the frames of doors.
        Some(_) if length < 0.11 => FRAME,
        Some(room) => Look::Wall(room.tint),
    };
    // The texture goes on from one piece of a wall to the next.
    let begins = if from.direction(to).cos().abs() > 0.5 {
        from.x * (to.x - from.x).signum()
    } else {
        from.y * (to.y - from.y).signum()
    };
    let along = |metres: f64| (metres / CEILING) as f32;
    let part = [along(begins), along(bottom), along(length), along(top - bottom)];
    faces.push(upright(from, to, bottom, top, part, look));
}

/// Adds what is above an opening, and its frame.
fn of_opening(floor: &Building, opening: Rect, faces: &mut Vec<Face>) {
    for (from, to) in sides(opening) {
        if from.distance(to) > 0.11 {
            of_wall(floor, from, to, (DOOR_HEIGHT, CEILING), faces);
        }
    }
    faces.push(level(opening, DOOR_HEIGHT, false, WHOLE, FRAME));
    // The frame stands out from the wall a little, on both sides of the opening.
    for x in [opening.x0 - 0.03, opening.x1 + 0.03] {
        let post = Rect::new(x - 0.035, opening.y0 - 0.015, x + 0.035, opening.y1 + 0.015);
        block(&Block { area: post, bottom: 0.0, top: DOOR_HEIGHT + 0.06, sides: FRAME, cap: FRAME }, faces);
    }
    for y in [opening.y0, opening.y1] {
        let beam = Rect::new(opening.x0, y - 0.015, opening.x1, y + 0.015);
        block(&Block { area: beam, bottom: DOOR_HEIGHT, top: DOOR_HEIGHT + 0.06, sides: FRAME, cap: FRAME }, faces);
    }
}

/// Returns every look of what comes and goes, so that its textures are made beforehand.
pub(super) fn moving_looks() -> impl Iterator<Item = Look> {
    let anomalies = [AnomalyKind::Box, AnomalyKind::FallenPerson, AnomalyKind::OpenDoor];
    let clothes = CLOTHES.into_iter().flatten();
    let others = [SKIN, WHITE, DARK, FRAME, Look::Wood, Look::Leaf, Look::FireDoor, Look::Extinguisher];
    clothes.chain(others).chain(anomalies.map(glow)).chain([puddle(), outline()])
}

fn glow(kind: AnomalyKind) -> Look {
    let [red, green, blue] = kind.colour();
    Look::Glow(red, green, blue)
}

fn outline() -> Look {
    let [red, green, blue] = AnomalyKind::MissingExtinguisher.colour();
    Look::Outline(red, green, blue)
}

fn puddle() -> Look {
    let [red, green, blue] = AnomalyKind::Spill.colour();
    Look::Puddle(red, green, blue)
}

/// Returns the surfaces of something that comes and goes.
pub(super) fn of_moving(moving: &Moving) -> Vec<Face> {
    match *moving {
        Moving::Person { pose, stride, clothes } => person(pose, stride, CLOTHES[clothes % CLOTHES.len()]),
        Moving::Robot { pose } => robot(pose),
        Moving::Shelf { pose } => shelf(pose),
        Moving::ClosedDoor { opening } => {
            sides(opening).map(|(from, to)| upright(from, to, 0.01, DOOR_HEIGHT, WHOLE, Look::Leaf)).into()
        }
        Moving::Spot { spot, is_wrong } => of_spot(&spot, is_wrong),
    }
}

fn person(pose: Pose, stride: f64, [legs, jacket, hair]: [Look; 3]) -> Vec<Face> {
    let swing = 0.22 * stride.sin();
    let part = |at, size, heights, look| turned(pose, at, size, heights, look);
    [
        part((swing, 0.1), (0.15, 0.14), (0.06, 0.84), legs),
        part((-swing, -0.1), (0.15, 0.14), (0.06, 0.84), legs),
        part((swing + 0.04, 0.1), (0.26, 0.11), (0.0, 0.07), DARK),
        part((-swing + 0.04, -0.1), (0.26, 0.11), (0.0, 0.07), DARK),
        part((0.0, 0.0), (0.24, 0.4), (0.82, 1.44), jacket),
        part((-0.6 * swing, 0.26), (0.12, 0.1), (0.86, 1.42), jacket),
        part((0.6 * swing, -0.26), (0.12, 0.1), (0.86, 1.42), jacket),
        part((0.0, 0.0), (0.11, 0.11), (1.44, 1.52), SKIN),
        part((0.01, 0.0), (0.19, 0.16), (1.5, 1.68), SKIN),
        part((-0.02, 0.0), (0.2, 0.18), (1.64, 1.75), hair),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn robot(pose: Pose) -> Vec<Face> {
    let part = |at, size, heights, look| turned(pose, at, size, heights, look);
    [
        part((0.0, 0.0), (0.38, 0.24), (0.02, 0.12), WHITE),
        part((0.0, 0.0), (0.3, 0.18), (0.12, 0.135), DARK),
        part((0.0, 0.0), (0.05, 0.05), (0.13, 0.4), DARK),
        part((0.0, 0.0), (0.16, 0.1), (0.4, 0.52), WHITE),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn shelf(pose: Pose) -> Vec<Face> {
    let mut faces = Vec::new();
    for height in [0.16, 0.52, 0.88] {
        faces.extend(turned(pose, (0.0, 0.0), (0.42, 0.42), (height, height + 0.03), Look::Wood));
    }
    for (ahead, left) in [(0.19, 0.19), (0.19, -0.19), (-0.19, 0.19), (-0.19, -0.19)] {
        faces.extend(turned(pose, (ahead, left), (0.03, 0.03), (0.0, 0.9), DARK));
    }
    faces
}

fn of_spot(spot: &Spot, is_wrong: bool) -> Vec<Face> {
    let glow = glow(spot.kind);
    let on_wall = |out: f64, height: f64, (width, tall): (f64, f64), look: Look| {
        panel(&Panel { at: spot.at.ahead(spot.facing, out), height, facing: spot.facing, width, tall, look })
    };
    match (spot.kind, is_wrong) {
        (AnomalyKind::Spill, true) => {
            vec![level(Rect::around(spot.at, 1.15, 0.66), 0.004, true, WHOLE, puddle())]
        }
        (AnomalyKind::Box, true) => {
            let mut faces = Vec::new();
            block(&Block { area: box_area(spot.at), bottom: 0.0, top: 0.4, sides: glow, cap: glow }, &mut faces);
            // Tape, so that it looks like a box.
            let tape = Rect::around(spot.at, 0.05, 0.386);
            block(&Block { area: tape, bottom: 0.0, top: 0.403, sides: Look::Wood, cap: Look::Wood }, &mut faces);
            faces
        }
        (AnomalyKind::FallenPerson, true) => fallen_person(spot.at, glow),
        (AnomalyKind::OpenDoor, true) => {
            let hinge = spot.at.ahead(spot.facing - std::f64::consts::FRAC_PI_2, 0.5);
            let leaf = Pose { x: hinge.x, y: hinge.y, theta: spot.facing };
            let mut faces = turned(leaf, (0.55, 0.0), (0.95, 0.04), (0.01, DOOR_HEIGHT - 0.03), Look::FireDoor);
            faces.push(on_wall(0.06, DOOR_HEIGHT / 2.0, (1.08, DOOR_HEIGHT + 0.04), FRAME));
            faces.push(on_wall(0.07, DOOR_HEIGHT / 2.0, (1.0, DOOR_HEIGHT - 0.04), glow));
            faces
        }
        (AnomalyKind::OpenDoor, false) => vec![
            on_wall(0.06, DOOR_HEIGHT / 2.0, (1.08, DOOR_HEIGHT + 0.04), FRAME),
            on_wall(0.07, DOOR_HEIGHT / 2.0, (1.0, DOOR_HEIGHT - 0.04), Look::FireDoor),
        ],
        (AnomalyKind::MissingExtinguisher, true) => vec![on_wall(0.06, 0.95, (0.34, 0.62), outline())],
        (AnomalyKind::MissingExtinguisher, false) => vec![on_wall(0.06, 0.95, (0.34, 0.62), Look::Extinguisher)],
        (AnomalyKind::Spill | AnomalyKind::Box | AnomalyKind::FallenPerson, false) => Vec::new(),
    }
}

fn fallen_person(at: Point, clothes: Look) -> Vec<Face> {
    let [trousers, ..] = CLOTHES[0];
    let area = fallen_area(at);
    let pose = Pose { x: at.x, y: at.y, theta: 0.0 };
    let half = (area.x1 - area.x0) / 2.0;
    [
        turned(pose, (half - 0.55, 0.0), (0.58, 0.4), (0.02, 0.25), clothes),
        turned(pose, (half - 0.14, 0.02), (0.2, 0.17), (0.04, 0.22), SKIN),
        turned(pose, (half - 0.05, 0.02), (0.06, 0.18), (0.05, 0.23), DARK),
        turned(pose, (-0.38, 0.1), (0.76, 0.14), (0.02, 0.16), trousers),
        turned(Pose { theta: 0.35, ..pose }, (-0.36, -0.1), (0.74, 0.14), (0.02, 0.16), trousers),
        turned(pose, (half - 0.6, -0.28), (0.5, 0.1), (0.0, 0.1), clothes),
    ]
    .into_iter()
    .flatten()
    .collect()
}

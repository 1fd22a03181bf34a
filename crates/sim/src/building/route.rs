//! Ways around walls: a grid of where somebody of a certain width can be, A* over it, and the corners of the way found.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Building;
use super::dynamics::Obstacle;
use super::geometry::{Point, Rect};

/// The side of a cell, in metres.
const CELL: f64 = 0.05;
/// How much room a robot needs around its middle.
pub(crate) const CLEARANCE: f64 = 0.22;
/// Below this, a way costs more: there is no need to brush along walls.
const COMFORT: f64 = 0.42;
/// How far from a place where it cannot be a way may begin, as on the charger.
const SNAP: f64 = 0.45;

/// Where one can be on a floor.
#[derive(Debug, Clone)]
pub struct Grid {
    corner: Point,
    columns: usize,
    rows: usize,
    /// How far each cell's middle is from the next solid thing.
    clearance: Vec<f32>,
}

impl Grid {
    /// Measures a floor.
    pub fn of(floor: &Building) -> Self {
        let solids: Vec<Rect> = floor.solids().collect();
        let reach = |of: fn(&Rect) -> f64, best: fn(f64, f64) -> f64| {
            floor.rooms.iter().map(|room| of(&room.area)).reduce(best).unwrap_or_default()
        };
        let corner = Point::new(reach(|area| area.x0, f64::min), reach(|area| area.y0, f64::min));
        let columns = ((reach(|area| area.x1, f64::max) - corner.x) / CELL).ceil() as usize;
        let rows = ((reach(|area| area.y1, f64::max) - corner.y) / CELL).ceil() as usize;
        let mut grid = Self { corner, columns, rows, clearance: Vec::new() };
        grid.clearance = (0..columns * rows)
            .map(|cell| {
                let at = grid.middle(cell);
                solids.iter().map(|solid| solid.distance(at)).fold(f64::INFINITY, f64::min) as f32
            })
            .collect();
        grid
    }

    /// Returns the corners of a way, without its beginning; nothing if there is none.
    pub fn way(&self, from: Point, to: Point, obstacles: &[Obstacle]) -> Option<Vec<Point>> {
        let goal = self.cell(to)?;
        if !self.is_free(goal, obstacles) {
            return None;
        }
        let start = self.nearest_free(from, obstacles)?;
        let cells = self.search(start, goal, obstacles)?;
        let mut corners = vec![from];
        corners.extend(cells.into_iter().map(|cell| self.middle(cell)));
        *corners.last_mut()? = to;
        Some(self.straightened(&corners, obstacles))
    }

    /// Tells whether somebody at a point would touch something that stands for good.
    pub fn touches(&self, at: Point, radius: f64) -> bool {
        self.cell(at).is_none_or(|cell| f64::from(self.clearance[cell]) < radius)
    }

    fn search(&self, start: usize, goal: usize, obstacles: &[Obstacle]) -> Option<Vec<usize>> {
        const NONE: u32 = u32::MAX;
        let target = self.middle(goal);
        let ahead = |cell: usize| (self.middle(cell).distance(target) * 1000.0) as u32;
        let mut costs = vec![NONE; self.clearance.len()];
        let mut before = vec![NONE; self.clearance.len()];
        let mut open = BinaryHeap::from([Reverse((ahead(start), start))]);
        costs[start] = 0;
        while let Some(Reverse((promised, cell))) = open.pop() {
            if cell == goal {
                let back = std::iter::successors(Some(cell as u32), |cell| {
                    Some(before[*cell as usize]).filter(|before| *before != NONE)
                });
                let mut way: Vec<usize> = back.map(|cell| cell as usize).collect();
                way.reverse();
                return Some(way);
            }
            if promised > costs[cell].saturating_add(ahead(cell)) {
                continue;
            }
            for (next, length) in self.neighbours(cell) {
                if !self.is_free(next, obstacles) {
                    continue;
                }
                let tight = (COMFORT - f64::from(self.clearance[next])).max(0.0) / COMFORT;
                let cost = costs[cell] + (length * (1.0 + 3.0 * tight)) as u32;
                if cost < costs[next] {
                    costs[next] = cost;
                    before[next] = cell as u32;
                    open.push(Reverse((cost + ahead(next), next)));
                }
            }
        }
        None
    }

    /// Leaves out the corners that can be cut.
    fn straightened(&self, corners: &[Point], obstacles: &[Obstacle]) -> Vec<Point> {
        let mut way = Vec::new();
        let mut at = 0;
        while at + 1 < corners.len() {
            let far = (at + 2..corners.len()).rev().find(|far| self.is_open(corners[at], corners[*far], obstacles));
            at = far.unwrap_or(at + 1);
            way.push(corners[at]);
        }
        way
    }

    /// Tells whether one can go straight, with a little more room than is needed.
    fn is_open(&self, from: Point, to: Point, obstacles: &[Obstacle]) -> bool {
        const ROOM: f64 = CLEARANCE + 0.06;
        let (length, direction) = (from.distance(to), from.direction(to));
        (0..=(length / CELL) as usize).all(|step| {
            let at = from.ahead(direction, step as f64 * CELL);
            self.cell(at).is_some_and(|cell| f64::from(self.clearance[cell]) >= ROOM)
                && obstacles.iter().all(|obstacle| obstacle.distance(at) >= ROOM)
        })
    }

    fn is_free(&self, cell: usize, obstacles: &[Obstacle]) -> bool {
        let at = self.middle(cell);
        f64::from(self.clearance[cell]) >= CLEARANCE
            && obstacles.iter().all(|obstacle| obstacle.distance(at) >= CLEARANCE + 0.03)
    }

    fn nearest_free(&self, at: Point, obstacles: &[Obstacle]) -> Option<usize> {
        let reach = (SNAP / CELL) as i64;
        let near = (-reach..=reach).flat_map(|row| (-reach..=reach).map(move |column| (column, row)));
        near.filter_map(|(column, row)| self.cell(Point::new(at.x + column as f64 * CELL, at.y + row as f64 * CELL)))
            .filter(|cell| self.middle(*cell).distance(at) <= SNAP && self.is_free(*cell, obstacles))
            .min_by(|one, other| self.middle(*one).distance(at).total_cmp(&self.middle(*other).distance(at)))
    }

    fn neighbours(&self, cell: usize) -> impl Iterator<Item = (usize, f64)> {
        const STEPS: [(i64, i64); 8] = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1)];
        let (columns, rows) = (self.columns as i64, self.rows as i64);
        let (column, row) = (cell as i64 % columns, cell as i64 / columns);
        STEPS.into_iter().filter_map(move |(right, up)| {
            let (column, row) = (column + right, row + up);
            let inside = (0..columns).contains(&column) && (0..rows).contains(&row);
            let millimetres = CELL * 1000.0 * (right.abs() as f64).hypot(up.abs() as f64);
            inside.then_some(((row * columns + column) as usize, millimetres))
        })
    }

    fn cell(&self, at: Point) -> Option<usize> {
        let column = ((at.x - self.corner.x) / CELL).floor();
        let row = ((at.y - self.corner.y) / CELL).floor();
        let inside = column >= 0.0 && row >= 0.0 && column < self.columns as f64 && row < self.rows as f64;
        inside.then(|| row as usize * self.columns + column as usize)
    }

    fn middle(&self, cell: usize) -> Point {
        let (column, row) = (cell % self.columns, cell / self.columns);
        Point::new(self.corner.x + (column as f64 + 0.5) * CELL, self.corner.y + (row as f64 + 0.5) * CELL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground_floor() -> Building {
        Building::floors().into_iter().next().expect("there is a ground floor")
    }

    #[test]
    fn a_way_goes_through_doors_and_keeps_off_the_walls() {
        let floor = ground_floor();
        let grid = Grid::of(&floor);
        let (from, to) = (Point::new(2.2, 2.1), Point::new(10.6, 5.8));
        let way = grid.way(from, to, &[]).expect("there is a way");
        assert_eq!(way.last(), Some(&to));
        let mut at = from;
        for corner in way {
            for step in 0..=100 {
                let on = at.ahead(at.direction(corner), at.distance(corner) * f64::from(step) / 100.0);
                let close = floor.solids().find(|solid| solid.distance(on) < CLEARANCE - 0.06);
                assert_eq!(close, None, "{on:?}");
            }
            at = corner;
        }
    }

    #[test]
    fn an_obstacle_is_walked_around_and_a_closed_door_ends_the_search() {
        let floor = ground_floor();
        let grid = Grid::of(&floor);
        let (from, to) = (Point::new(4.0, 4.3), Point::new(9.0, 4.3));
        let person = Obstacle::disc(Point::new(6.5, 4.5), 0.25);
        let way = grid.way(from, to, &[person]).expect("there is room to pass");
        let mut at = from;
        for corner in way {
            assert!(person.distance_to_line(at, corner) > 0.2, "{corner:?}");
            at = corner;
        }
        let door = floor.doors.iter().find(|door| door.location == "office").expect("the office has a door");
        let closed = Obstacle::Block(door.opening);
        assert_eq!(grid.way(from, Point::new(2.5, 5.85), &[closed]), None);
    }

    #[test]
    fn nobody_can_go_into_a_wall_or_outside() {
        let grid = Grid::of(&ground_floor());
        assert_eq!(grid.way(Point::new(4.0, 4.3), Point::new(4.0, 5.2), &[]), None);
        assert_eq!(grid.way(Point::new(4.0, 4.3), Point::new(40.0, 5.2), &[]), None);
    }
}

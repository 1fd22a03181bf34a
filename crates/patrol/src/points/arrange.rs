//! Putting waypoints in order.

use domain::patrol::{Waypoint, order};
use serde::Deserialize;

/// Which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Strategy {
    /// The shortest round from the start and back to it.
    Shortest,
    /// Along y.
    Up,
    /// Against y.
    Down,
    /// Against x.
    Left,
    /// Along x.
    Right,
}

/// Returns waypoints in an order. Those that runs leave out come last in the shortest round, as they lie on no way.
pub(crate) fn arranged(mut points: Vec<Waypoint>, strategy: Strategy, start: (f64, f64)) -> Vec<Waypoint> {
    match strategy {
        Strategy::Shortest => return shortest(points, start),
        Strategy::Up => points.sort_by(|a, b| a.y.total_cmp(&b.y)),
        Strategy::Down => points.sort_by(|a, b| b.y.total_cmp(&a.y)),
        Strategy::Left => points.sort_by(|a, b| b.x.total_cmp(&a.x)),
        Strategy::Right => points.sort_by(|a, b| a.x.total_cmp(&b.x)),
    }
    points
}

fn shortest(points: Vec<Waypoint>, start: (f64, f64)) -> Vec<Waypoint> {
    let (visited, left_out): (Vec<Waypoint>, Vec<Waypoint>) = points.into_iter().partition(|point| point.enabled);
    let places: Vec<order::Place> = visited.iter().map(|point| (point.x, point.y)).collect();
    let round = order::shortest_round(&places, start);
    round.into_iter().map(|index| visited[index].clone()).chain(left_out).collect()
}

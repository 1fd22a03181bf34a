//! Taking over the places that the robot knows by name.

use std::collections::BTreeSet;

use domain::patrol::{STANDARD_QUESTION, Waypoint};
use jiff::Timestamp;
use serde::Serialize;

/// A place the robot knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) theta: f64,
}

/// What was taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct TakenOver {
    /// The names of those that are new.
    pub(crate) added: Vec<String>,
    /// The names of those that were there.
    pub(crate) skipped: Vec<String>,
    /// How many places the robot knows.
    pub(crate) total_robot_locations: usize,
    /// How many waypoints there are now.
    pub(crate) total_points: usize,
}

/// Adds the places that are not among the waypoints yet. The same place is one of the same name at the same centimetre.
pub(super) fn take_over(points: &mut Vec<Waypoint>, places: &[Place], now: Timestamp) -> TakenOver {
    let centimetres = |metres: f64| (metres * 100.0).round() as i64;
    let spot = |name: &str, x: f64, y: f64| (name.to_owned(), centimetres(x), centimetres(y));
    let mut known: BTreeSet<_> = points.iter().map(|point| spot(&point.name, point.x, point.y)).collect();
    let (mut added, mut skipped) = (Vec::new(), Vec::new());
    for place in places {
        if !known.insert(spot(&place.name, place.x, place.y)) {
            skipped.push(place.name.clone());
            continue;
        }
        let start: String = place.id.chars().take(8).collect();
        points.push(Waypoint {
            theta: place.theta,
            prompt: STANDARD_QUESTION.to_owned(),
            source: Some("robot".to_owned()),
            ..Waypoint::at(free_id(points, now, &start), &place.name, place.x, place.y)
        });
        added.push(place.name.clone());
    }
    TakenOver { added, skipped, total_robot_locations: places.len(), total_points: points.len() }
}

/// Places may begin with the same eight characters.
fn free_id(points: &[Waypoint], now: Timestamp, start: &str) -> String {
    let mut at = now.as_millisecond();
    loop {
        let id = format!("{at}_{start}");
        if points.iter().all(|point| point.id != id) {
            return id;
        }
        at += 1;
    }
}

//! The map a run was walked on, with the waypoints and the way.

use bytes::Bytes;
use serde::Serialize;

/// A part of the way that is shorter than this part of the map's width cannot be seen.
const SHORTEST_STEP: f64 = 0.002;

/// A floor plan as the robot has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// The picture.
    pub png: Bytes,
    /// Metres per pixel.
    pub resolution: f64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Where the lower left corner of the picture is, in metres, and how it is turned, in radians.
    pub origin: (f64, f64, f64),
}

impl Map {
    /// Returns where a place is in the picture, in parts of its width and height from the upper left corner; nothing
    /// for a map of no size.
    ///
    /// The centre of pixel `(u, v)` is the place `T(origin) · (resolution·(u+½), resolution·(height−v−½))`.
    fn place(&self, x: f64, y: f64) -> Option<Place> {
        let (origin_x, origin_y, theta) = self.origin;
        let (sin, cos) = theta.sin_cos();
        let (dx, dy) = (x - origin_x, y - origin_y);
        let along = (cos * dx + sin * dy) / self.resolution;
        let up = (cos * dy - sin * dx) / self.resolution;
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let place = Place { x: along / width, y: 1.0 - up / height };
        (place.x.is_finite() && place.y.is_finite()).then_some(place)
    }
}

/// A place in a picture, in parts of its width and height from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Place {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Place {
    /// Returns whether it is in the picture.
    fn is_inside(self) -> bool {
        (0.0..=1.0).contains(&self.x) && (0.0..=1.0).contains(&self.y)
    }
}

/// A map as the template draws it.
#[derive(Debug, Serialize)]
pub(crate) struct MapView {
    /// The picture's file.
    pub(crate) picture: String,
    /// Its width divided by its height.
    pub(crate) aspect: f64,
    /// The way, in pieces: where it leaves the picture, a piece ends.
    pub(crate) way: Vec<Vec<Place>>,
    /// The waypoints.
    pub(crate) marks: Vec<Mark>,
}

/// A waypoint on the map.
#[derive(Debug, Serialize)]
pub(crate) struct Mark {
    pub(crate) at: Place,
    pub(crate) label: String,
    /// The word of its verdict.
    pub(crate) verdict: Option<&'static str>,
}

impl Map {
    /// Returns the way and the waypoints as they lie in the picture. Nothing for a map of no size.
    pub(crate) fn view(&self, picture: String, way: &[(f64, f64)], marks: Vec<(f64, f64, Mark)>) -> Option<MapView> {
        let aspect = f64::from(self.width) / f64::from(self.height);
        let is_map = self.resolution > 0.0 && aspect.is_finite() && aspect > 0.0;
        is_map.then(|| MapView {
            picture,
            aspect,
            way: self.pieces(way),
            marks: marks
                .into_iter()
                .filter_map(|(x, y, mark)| {
                    let at = self.place(x, y).filter(|at| at.is_inside())?;
                    Some(Mark { at, ..mark })
                })
                .collect(),
        })
    }

    fn pieces(&self, way: &[(f64, f64)]) -> Vec<Vec<Place>> {
        let mut pieces = vec![Vec::<Place>::new()];
        for (x, y) in way {
            let place = self.place(*x, *y).filter(|place| place.is_inside());
            let Some(piece) = pieces.last_mut() else { break };
            match (place, piece.last()) {
                (Some(place), Some(last)) => {
                    if (place.x - last.x).hypot(place.y - last.y) >= SHORTEST_STEP {
                        piece.push(place);
                    }
                }
                (Some(place), None) => piece.push(place),
                (None, Some(_)) => pieces.push(Vec::new()),
                (None, None) => {}
            }
        }
        pieces.retain(|piece| piece.len() > 1);
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(origin: (f64, f64, f64)) -> Map {
        Map { png: Bytes::new(), resolution: 0.05, width: 200, height: 100, origin }
    }

    fn assert_at(place: Option<Place>, x: f64, y: f64) {
        let place = place.expect("it is on the map");
        assert!((place.x - x).abs() < 1e-9 && (place.y - y).abs() < 1e-9, "{place:?} is not ({x}, {y})");
    }

    #[test]
    fn the_origin_is_the_lower_left_corner_and_y_goes_up() {
        let map = map((-2.0, -1.0, 0.0));
        assert_at(map.place(-2.0, -1.0), 0.0, 1.0);
        assert_at(map.place(8.0, 4.0), 1.0, 0.0);
        assert_at(map.place(3.0, 0.25), 0.5, 0.75);
    }

    /// Spec 10.7: the halves and the turn that the reference drops.
    #[test]
    fn the_centre_of_a_pixel_is_half_a_pixel_from_its_corner_and_the_map_may_be_turned() {
        let (u, v, theta) = (30.0, 40.0, 0.7_f64);
        let map = map((1.5, -0.5, theta));
        let (local_x, local_y) = (0.05 * (u + 0.5), 0.05 * (100.0 - v - 0.5));
        let (sin, cos) = theta.sin_cos();
        let (x, y) = (1.5 + cos * local_x - sin * local_y, -0.5 + sin * local_x + cos * local_y);
        assert_at(map.place(x, y), (u + 0.5) / 200.0, (v + 0.5) / 100.0);
    }

    #[test]
    fn a_way_that_leaves_the_map_is_drawn_in_pieces() {
        let way = [(0.0, 0.0), (1.0, 0.0), (1.000_01, 0.0), (50.0, 0.0), (2.0, 1.0), (2.0, 2.0), (f64::NAN, 0.0)];
        let view = map((0.0, 0.0, 0.0)).view("m".into(), &way, Vec::new()).expect("a map");
        assert_eq!(view.way.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn a_map_without_a_size_is_not_drawn() {
        let mut map = map((0.0, 0.0, 0.0));
        map.height = 0;
        assert!(map.view("m".into(), &[], Vec::new()).is_none());
        let mut map = self::map((0.0, 0.0, 0.0));
        map.resolution = 0.0;
        assert!(map.view("m".into(), &[], Vec::new()).is_none());
    }
}

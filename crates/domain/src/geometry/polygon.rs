//! A closed outline, and whether a point is inside of it: exactly the answer of OpenCV's `pointPolygonTest` being 0
//! or more.

use serde::{Deserialize, Serialize};

use super::{BBox, Point};

/// Why a list of points is no polygon.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolygonError {
    /// Fewer than three corners enclose nothing.
    #[error("a polygon has at least 3 points, not {0}")]
    TooFewCorners(usize),
    /// A coordinate is infinite or not a number.
    #[error("point {0} is not a finite number")]
    NotFinite(usize),
}

/// A closed outline of three or more corners. The last corner joins the first; the direction does not matter; where
/// the outline crosses itself, the even-odd rule says what is inside. Written as a list of points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Point>", into = "Vec<Point>")]
pub struct Polygon(Vec<Point>);

impl Polygon {
    /// Returns the corners in the order in which they were given.
    #[must_use]
    pub fn corners(&self) -> &[Point] {
        &self.0
    }

    /// Returns whether the point is inside or on the outline.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        let mut crossings = 0_u32;
        for (a, b) in self.edges() {
            match ray(point, a, b) {
                Ray::OnEdge => return true,
                Ray::Crosses => crossings += 1,
                Ray::Misses => {}
            }
        }
        crossings % 2 == 1
    }

    /// Returns whether the box and the polygon share at least one point.
    #[must_use]
    pub fn overlaps(&self, bbox: &BBox) -> bool {
        let [left, top, right, bottom] = <[f32; 4]>::from(*bbox).map(f64::from);
        let holds = |p: &Point| (left..=right).contains(&p.x) && (top..=bottom).contains(&p.y);
        if self.0.iter().any(holds) {
            return true;
        }
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)].map(|(x, y)| Point::new(x, y));
        if corners.iter().any(|corner| self.contains(*corner)) {
            return true;
        }
        self.edges().any(|(a, b)| (0..4).any(|i| segments_meet(a, b, corners[i], corners[(i + 1) % 4])))
    }

    /// Returns how far the point is from the outline, on whichever side of it.
    #[must_use]
    pub fn distance(&self, point: Point) -> f64 {
        self.edges().map(|(a, b)| distance_to_segment(point, a, b)).fold(f64::INFINITY, f64::min)
    }

    /// Returns the polygon in a plane that is `x` times as wide and `y` times as high.
    #[must_use]
    pub fn scale(&self, x: f64, y: f64) -> Self {
        Self(self.0.iter().map(|p| Point::new(p.x * x, p.y * y)).collect())
    }

    /// Yields every edge as its two ends, the closing edge first.
    fn edges(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        let ends = self.0.iter().copied();
        let starts = self.0.last().copied().into_iter().chain(ends.clone());
        starts.zip(ends)
    }
}

impl TryFrom<Vec<Point>> for Polygon {
    type Error = PolygonError;

    fn try_from(corners: Vec<Point>) -> Result<Self, Self::Error> {
        if corners.len() < 3 {
            return Err(PolygonError::TooFewCorners(corners.len()));
        }
        if let Some(at) = corners.iter().position(|p| !p.x.is_finite() || !p.y.is_finite()) {
            return Err(PolygonError::NotFinite(at));
        }
        Ok(Self(corners))
    }
}

impl From<Polygon> for Vec<Point> {
    fn from(polygon: Polygon) -> Self {
        polygon.0
    }
}

/// What an edge does to the ray that runs from a point to the left.
enum Ray {
    OnEdge,
    Crosses,
    Misses,
}

fn ray(p: Point, a: Point, b: Point) -> Ray {
    let is_beside = (a.y <= p.y && b.y <= p.y) || (a.y > p.y && b.y > p.y) || (a.x < p.x && b.x < p.x);
    if is_beside {
        let is_between = (a.x <= p.x && p.x <= b.x) || (b.x <= p.x && p.x <= a.x);
        let touches = p.y == b.y && (p.x == b.x || (p.y == a.y && is_between));
        return if touches { Ray::OnEdge } else { Ray::Misses };
    }
    let side = cross(a, b, p);
    if side == 0.0 {
        return Ray::OnEdge;
    }
    let is_to_the_right = if b.y < a.y { side < 0.0 } else { side > 0.0 };
    if is_to_the_right { Ray::Crosses } else { Ray::Misses }
}

fn distance_to_segment(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx * dx + dy * dy;
    // Two corners at the same place are a point.
    let along = if length > 0.0 { (((p.x - a.x) * dx + (p.y - a.y) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (p.x - a.x - along * dx).hypot(p.y - a.y - along * dy)
}

/// Returns on which side of the line through `a` and `b` the point lies: 0 on it.
fn cross(a: Point, b: Point, p: Point) -> f64 {
    (p.y - a.y) * (b.x - a.x) - (p.x - a.x) * (b.y - a.y)
}

fn segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    let (c_side, d_side) = (cross(a, b, c), cross(a, b, d));
    let (a_side, b_side) = (cross(c, d, a), cross(c, d, b));
    // Ends that lie exactly on the other segment are corners inside the box or box corners on the outline: already
    // found.
    c_side * d_side < 0.0 && a_side * b_side < 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn polygon(corners: &[(f64, f64)]) -> Polygon {
        Polygon::try_from(corners.iter().map(|&(x, y)| Point::new(x, y)).collect::<Vec<_>>()).expect("a polygon")
    }

    fn square() -> Polygon {
        polygon(&[(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)])
    }

    fn assert_inside(polygon: &Polygon, answers: &[((f64, f64), bool)]) {
        for &((x, y), expected) in answers {
            assert_eq!(polygon.contains(Point::new(x, y)), expected, "({x}, {y})");
        }
    }

    #[test]
    fn a_square_holds_its_inside_and_its_border() {
        let answers = [
            ((50.0, 50.0), true),
            ((0.0, 0.0), true),
            ((100.0, 50.0), true),
            ((99.999, 99.999), true),
            ((100.4, 50.0), false),
            ((-0.1, 50.0), false),
            ((100.0, 100.0001), false),
        ];
        assert_inside(&square(), &answers);
    }

    #[test]
    fn a_notch_is_outside() {
        let concave = polygon(&[(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (50.0, 50.0), (0.0, 100.0)]);
        let answers = [
            ((50.0, 80.0), false),
            ((50.0, 50.0), true),
            ((50.0, 49.9), true),
            ((20.0, 79.0), true),
            ((20.0, 81.0), false),
        ];
        assert_inside(&concave, &answers);
    }

    #[test]
    fn a_bow_tie_is_its_two_halves() {
        let bow_tie = polygon(&[(0.0, 0.0), (100.0, 100.0), (100.0, 0.0), (0.0, 100.0)]);
        let answers = [
            ((10.0, 50.0), true),
            ((90.0, 50.0), true),
            ((50.0, 10.0), false),
            ((50.0, 90.0), false),
            ((50.0, 50.0), true),
        ];
        assert_inside(&bow_tie, &answers);
    }

    #[test]
    fn the_heart_of_a_pentagram_is_outside() {
        let pentagram = polygon(&[(50.0, 0.0), (79.0, 90.0), (2.0, 35.0), (98.0, 35.0), (21.0, 90.0)]);
        assert_inside(&pentagram, &[((50.0, 50.0), false)]);
    }

    #[test]
    fn a_zone_of_the_reference_site_answers_as_there() {
        let site = polygon(&[(441.0, 1429.0), (484.0, 834.0), (855.0, 807.0), (980.0, 1422.0)]);
        let answers = [
            ((700.0, 1100.0), true),
            ((460.0, 900.0), false),
            ((900.0, 1300.0), true),
            ((990.0, 1422.0), false),
            ((484.0, 834.0), true),
        ];
        assert_inside(&site, &answers);
    }

    #[test]
    fn the_distance_is_to_the_nearest_edge_from_either_side() {
        let square = Polygon::try_from([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]].map(Point::from).to_vec())
            .expect("is one");
        for (point, expected) in [([2.0, 1.0], 1.0), ([2.0, -3.0], 3.0), ([7.0, 8.0], 5.0), ([4.0, 2.0], 0.0)] {
            assert_eq!(square.distance(Point::from(point)), expected, "{point:?}");
        }
    }

    #[test]
    fn fewer_than_three_corners_or_a_missing_number_make_no_polygon() {
        let two = vec![Point::new(0.0, 0.0), Point::new(1.0, 1.0)];
        assert_eq!(Polygon::try_from(two.clone()), Err(PolygonError::TooFewCorners(2)));
        let odd = [two, vec![Point::new(f64::NAN, 0.0)]].concat();
        assert_eq!(Polygon::try_from(odd), Err(PolygonError::NotFinite(2)));
    }

    #[test]
    fn a_box_overlaps_when_it_holds_lies_in_or_crosses_the_polygon() {
        let overlapping = [
            BBox::new(-10.0, -10.0, 110.0, 110.0),
            BBox::new(40.0, 40.0, 60.0, 60.0),
            BBox::new(-10.0, 40.0, 110.0, 60.0),
            BBox::new(90.0, 90.0, 110.0, 110.0),
            BBox::new(100.0, 40.0, 120.0, 60.0),
        ];
        for bbox in overlapping {
            assert!(square().overlaps(&bbox), "{bbox:?}");
        }
        assert!(!square().overlaps(&BBox::new(100.5, 40.0, 120.0, 60.0)));
    }

    #[test]
    fn a_box_in_the_notch_of_a_polygon_does_not_overlap() {
        let concave = polygon(&[(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (50.0, 50.0), (0.0, 100.0)]);
        assert!(!concave.overlaps(&BBox::new(45.0, 80.0, 55.0, 95.0)));
        assert!(concave.overlaps(&BBox::new(45.0, 40.0, 55.0, 95.0)));
    }

    fn any_corners() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((0..60_i16, 0..60_i16), 3..9)
            .prop_map(|corners| corners.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect())
    }

    // Halves of pixels keep every product exact, so that equality on the border is meant and not luck.
    fn any_point() -> impl Strategy<Value = Point> {
        (-10..130_i16, -10..130_i16).prop_map(|(x, y)| Point::new(f64::from(x) / 2.0, f64::from(y) / 2.0))
    }

    proptest! {
        #[test]
        fn the_direction_of_the_outline_does_not_matter(corners in any_corners(), point in any_point()) {
            let reversed: Vec<_> = corners.iter().rev().copied().collect();
            prop_assert_eq!(polygon(&corners).contains(point), polygon(&reversed).contains(point));
        }

        #[test]
        fn the_first_corner_does_not_matter(corners in any_corners(), point in any_point(), by in 0..9_usize) {
            let mut turned = corners.clone();
            turned.rotate_left(by % corners.len());
            prop_assert_eq!(polygon(&corners).contains(point), polygon(&turned).contains(point));
        }

        #[test]
        fn moving_both_changes_nothing(
            corners in any_corners(), point in any_point(), x in -500..500_i16, y in -500..500_i16,
        ) {
            let (x, y) = (f64::from(x), f64::from(y));
            let moved: Vec<_> = corners.iter().map(|(a, b)| (a + x, b + y)).collect();
            let there = Point::new(point.x + x, point.y + y);
            prop_assert_eq!(polygon(&corners).contains(point), polygon(&moved).contains(there));
        }

        #[test]
        fn doubling_both_changes_nothing(corners in any_corners(), point in any_point()) {
            let there = Point::new(point.x * 2.0, point.y * 2.0);
            prop_assert_eq!(polygon(&corners).contains(point), polygon(&corners).scale(2.0, 2.0).contains(there));
        }

        #[test]
        fn every_corner_is_inside(corners in any_corners()) {
            let polygon = polygon(&corners);
            prop_assert!(polygon.corners().iter().all(|corner| polygon.contains(*corner)));
        }

        #[test]
        fn a_box_around_a_point_inside_overlaps(corners in any_corners(), point in any_point()) {
            let polygon = polygon(&corners);
            let (x, y) = (point.x as f32, point.y as f32);
            let around = BBox::new(x - 1.0, y - 1.0, x + 1.0, y + 1.0);
            prop_assert!(!polygon.contains(point) || polygon.overlaps(&around));
        }
    }
}

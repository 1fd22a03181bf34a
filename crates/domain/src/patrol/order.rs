//! In which order waypoints make the shortest round.

/// As many places as are tried in every order; beyond that the round is good, not proven best.
const TRIED_IN_EVERY_ORDER: usize = 9;

/// A place on the map, in metres.
pub type Place = (f64, f64);

/// Returns the order in which a robot that starts at `start` and comes back to it visits all `places` on the shortest
/// way: the best one for a few places, a good one (nearest neighbour, improved by 2-opt) for many. Distances are as
/// the crow flies: what walls lie between is not known here.
#[must_use]
pub fn shortest_round(places: &[Place], start: Place) -> Vec<usize> {
    let round = Round { places, start };
    if places.len() <= TRIED_IN_EVERY_ORDER { round.best() } else { round.improved(round.nearest_first()) }
}

/// Returns how long the way from `start` over the places in this order and back is.
#[must_use]
pub fn round_length(places: &[Place], start: Place, order: &[usize]) -> f64 {
    Round { places, start }.length(order)
}

struct Round<'a> {
    places: &'a [Place],
    start: Place,
}

impl Round<'_> {
    fn length(&self, order: &[usize]) -> f64 {
        let stops = order.iter().map(|at| self.places[*at]);
        let way = std::iter::once(self.start).chain(stops);
        let next = way.clone().skip(1).chain(std::iter::once(self.start));
        way.zip(next).map(|(from, to)| distance(from, to)).sum()
    }

    /// Tries every order by Held and Karp's method: the shortest way to `last` over a set of places needs only the
    /// shortest ways over the set without it.
    fn best(&self) -> Vec<usize> {
        let count = self.places.len();
        if count == 0 {
            return Vec::new();
        }
        let sets = 1_usize << count;
        let mut ways = vec![f64::INFINITY; sets * count];
        let mut before = vec![count; sets * count];
        for (last, place) in self.places.iter().enumerate() {
            ways[(1 << last) * count + last] = distance(self.start, *place);
        }
        for set in 1..sets {
            for last in (0..count).filter(|last| set & (1 << last) != 0) {
                let way = ways[set * count + last];
                for next in (0..count).filter(|next| set & (1 << next) == 0) {
                    let longer = (set | (1 << next)) * count + next;
                    let length = way + distance(self.places[last], self.places[next]);
                    if length < ways[longer] {
                        (ways[longer], before[longer]) = (length, last);
                    }
                }
            }
        }
        let mut set = sets - 1;
        let whole = |last: &usize| ways[set * count + last] + distance(self.places[*last], self.start);
        let mut last = (0..count).min_by(|a, b| whole(a).total_cmp(&whole(b))).unwrap_or_default();
        let mut order = Vec::with_capacity(count);
        while last < count {
            order.push(last);
            let earlier = before[set * count + last];
            set &= !(1 << last);
            last = earlier;
        }
        order.reverse();
        order
    }

    fn nearest_first(&self) -> Vec<usize> {
        let mut left: Vec<usize> = (0..self.places.len()).collect();
        let mut order = Vec::with_capacity(left.len());
        let mut here = self.start;
        while !left.is_empty() {
            let way = |at: &usize| distance(here, self.places[*at]);
            let nearest = (0..left.len()).min_by(|a, b| way(&left[*a]).total_cmp(&way(&left[*b]))).unwrap_or_default();
            let next = left.remove(nearest);
            here = self.places[next];
            order.push(next);
        }
        order
    }

    /// Turns parts of the round around as long as that makes it shorter.
    fn improved(&self, mut order: Vec<usize>) -> Vec<usize> {
        /// Gains below this are rounding errors, and chasing them would not end.
        const GAIN: f64 = 1e-9;
        let place = |order: &[usize], at: usize| order.get(at).map_or(self.start, |at| self.places[*at]);
        loop {
            let mut is_shorter = false;
            for first in 0..order.len() {
                let before = if first == 0 { self.start } else { place(&order, first - 1) };
                for last in first + 1..order.len() {
                    let (from, to, after) = (place(&order, first), place(&order, last), place(&order, last + 1));
                    let now = distance(before, from) + distance(to, after);
                    let turned = distance(before, to) + distance(from, after);
                    if turned + GAIN < now {
                        order[first..=last].reverse();
                        is_shorter = true;
                    }
                }
            }
            if !is_shorter {
                return order;
            }
        }
    }
}

fn distance(from: Place, to: Place) -> f64 {
    (from.0 - to.0).hypot(from.1 - to.1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(most: usize) -> impl Strategy<Value = Vec<Place>> {
        proptest::collection::vec((-50.0..50.0, -50.0..50.0), 0..most)
    }

    fn every_order(count: usize) -> Vec<Vec<usize>> {
        (0..count).fold(vec![Vec::new()], |orders, next| {
            let placed = |order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut order = order.clone();
                    order.insert(at, next);
                    order
                })
            };
            orders.into_iter().flat_map(placed).collect()
        })
    }

    #[test]
    fn no_places_make_an_empty_round_and_one_place_is_visited() {
        assert_eq!(shortest_round(&[], (0.0, 0.0)), [] as [usize; 0]);
        assert_eq!(shortest_round(&[(3.0, 4.0)], (0.0, 0.0)), [0]);
        assert_eq!(round_length(&[(3.0, 4.0)], (0.0, 0.0), &[0]), 10.0);
    }

    #[test]
    fn a_corridor_is_walked_to_its_end_and_back() {
        let doors = [(30.0, 0.0), (10.0, 1.0), (20.0, 1.0), (10.0, -1.0), (20.0, -1.0)];
        let order = shortest_round(&doors, (0.0, 0.0));
        assert!(order == [1, 2, 0, 4, 3] || order == [3, 4, 0, 2, 1], "{order:?}");
    }

    #[test]
    fn a_circle_of_many_places_is_walked_around() {
        let on_circle = |step: usize| {
            let (sin, cos) = (step as f64 * std::f64::consts::TAU / 24.0).sin_cos();
            (10.0 * cos, 10.0 * sin)
        };
        let shuffled: Vec<Place> = (0..24).map(|step| on_circle(step * 7 % 24)).collect();
        let order = shortest_round(&shuffled, (11.0, 0.0));
        let length = round_length(&shuffled, (11.0, 0.0), &order);
        assert!(length < 65.0, "{length}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_round_of_a_few_places_is_the_shortest_of_all(places in places(7)) {
            let length = round_length(&places, (1.0, 2.0), &shortest_round(&places, (1.0, 2.0)));
            for order in every_order(places.len()) {
                prop_assert!(length <= round_length(&places, (1.0, 2.0), &order) + 1e-9);
            }
        }

        #[test]
        fn every_place_is_visited_once_on_a_way_no_longer_than_the_one_given(places in places(40)) {
            let order = shortest_round(&places, (0.0, 0.0));
            let mut visited = order.clone();
            visited.sort_unstable();
            prop_assert_eq!(visited, (0..places.len()).collect::<Vec<_>>());
            let nearest = Round { places: &places, start: (0.0, 0.0) }.nearest_first();
            let length = |order: &[usize]| round_length(&places, (0.0, 0.0), order);
            prop_assert!(length(&order) <= length(&nearest) + 1e-6);
        }
    }
}

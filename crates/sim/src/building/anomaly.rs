//! What is not as it was the day before: what there is, where it can be, on which day, and how to see it in a picture.
//!
//! Every kind has a colour that nothing else in the building has, so that whoever holds only a picture can tell what is
//! wrong on it: the simulated vision-language models do.

use domain::picture::{Layout, Picture};
use serde::{Deserialize, Serialize};

use super::Building;
use super::geometry::Point;

/// Every anomaly and its colour.
pub const ANOMALIES: [(&str, [u8; 3]); 5] = [
    ("spill", [255, 0, 200]),
    ("box", [255, 120, 0]),
    ("fallen_person", [0, 255, 60]),
    ("open_door", [120, 0, 255]),
    ("missing_extinguisher", [0, 220, 255]),
];

/// How far a pixel may be from an anomaly's colour in each of red, green and blue.
const TOLERANCE: u8 = 44;
/// Which share of a picture's pixels must have the colour.
const SHARE: f64 = 0.0004;

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyKind {
    /// A puddle on the floor.
    Spill,
    /// A box that stands in the way.
    Box,
    /// Somebody lies on the floor.
    FallenPerson,
    /// A fire door is open.
    OpenDoor,
    /// A fire extinguisher is not where it hangs.
    MissingExtinguisher,
}

impl AnomalyKind {
    /// Returns its name, as in [`ANOMALIES`].
    pub fn name(self) -> &'static str {
        ANOMALIES[self as usize].0
    }

    /// Returns its colour, as in [`ANOMALIES`].
    pub fn colour(self) -> [u8; 3] {
        ANOMALIES[self as usize].1
    }
}

/// Where something can be wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// What.
    pub kind: AnomalyKind,
    /// The place from which it is seen.
    pub location: &'static str,
    /// Where it is.
    pub at: Point,
    /// Into which direction it looks.
    pub facing: f64,
}

/// Something that is wrong somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Anomaly {
    /// What.
    pub kind: AnomalyKind,
    /// The place from which it is seen.
    pub location: String,
}

/// Returns what is wrong on a day: nothing on day 0, one or two things on every other, never the same as the day before.
pub(super) fn of_day(floors: &[Building], seed: u64, day: u32) -> Vec<Anomaly> {
    let choice = |day: u32| -> Vec<Anomaly> {
        if day == 0 {
            return Vec::new();
        }
        let mut random = fastrand::Rng::with_seed(seed ^ u64::from(day).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut chosen = Vec::new();
        for floor in floors {
            let mut spots: Vec<&Spot> = floor.spots.iter().collect();
            random.shuffle(&mut spots);
            let mut places = Vec::new();
            let count = random.usize(1..=2);
            for spot in spots {
                if places.len() < count && !places.contains(&spot.location) {
                    places.push(spot.location);
                    chosen.push(Anomaly { kind: spot.kind, location: spot.location.to_owned() });
                }
            }
        }
        chosen.sort();
        chosen
    };
    let (today, yesterday) = (choice(day), choice(day.saturating_sub(1)));
    // A choice that repeats itself leaves one thing out: somebody has cleaned up.
    if day > 0 && today == yesterday { today[1..].to_vec() } else { today }
}

/// Tells which anomalies a picture shows, by their colours, in the order of [`ANOMALIES`].
pub fn anomalies_in(picture: &Picture) -> Vec<&'static str> {
    let picture = match picture.layout() {
        Layout::Rgb8 => picture.clone(),
        Layout::I420 => media::to_rgb(picture),
    };
    let (pixels, stride) = picture.plane(0);
    let (width, height) = (picture.size().width as usize, picture.size().height as usize);
    let mut counts = [0_u32; ANOMALIES.len()];
    for row in pixels.chunks(stride).take(height) {
        for pixel in row[..width * 3].chunks_exact(3) {
            let is_like =
                |colour: &[u8; 3]| pixel.iter().zip(colour).all(|(one, other)| one.abs_diff(*other) <= TOLERANCE);
            if let Some(kind) = ANOMALIES.iter().position(|(_, colour)| is_like(colour)) {
                counts[kind] += 1;
            }
        }
    }
    let enough = (SHARE * (width * height) as f64).max(12.0);
    let seen = ANOMALIES.iter().zip(counts).filter(|(_, count)| f64::from(*count) >= enough);
    seen.map(|((name, _), _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_colours_belong_to_their_kinds() {
        let kinds = [
            AnomalyKind::Spill,
            AnomalyKind::Box,
            AnomalyKind::FallenPerson,
            AnomalyKind::OpenDoor,
            AnomalyKind::MissingExtinguisher,
        ];
        for kind in kinds {
            let written = serde_json::to_value(kind).expect("a word");
            assert_eq!(written, kind.name());
        }
    }

    #[test]
    fn no_colour_can_be_taken_for_another() {
        for (index, (name, colour)) in ANOMALIES.iter().enumerate() {
            for (other, far) in &ANOMALIES[index + 1..] {
                let apart = colour.iter().zip(far).map(|(one, other)| one.abs_diff(*other)).max();
                assert!(apart > Some(2 * TOLERANCE), "{name} and {other}");
            }
        }
    }

    #[test]
    fn a_day_is_always_the_same_and_never_like_the_one_before() {
        let floors = Building::floors();
        assert_eq!(of_day(&floors, 7, 0), []);
        for day in 1..200 {
            let today = of_day(&floors, 7, day);
            assert_eq!(today, of_day(&floors, 7, day));
            assert_ne!(today, of_day(&floors, 7, day - 1), "day {day}");
        }
        assert_ne!(of_day(&floors, 7, 3), of_day(&floors, 8, 3));
    }
}

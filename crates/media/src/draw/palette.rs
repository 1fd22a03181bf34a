//! Which colour stands for what, as the reference's `display.yaml` has it; classes it does not know get one of a set of
//! colours that are easy to tell apart, always the same one.

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// What broke a rule.
pub const ALERT: Rgb = Rgb(255, 0, 0);
/// The inside of a forbidden zone.
pub const ZONE_FILL: Rgb = Rgb(200, 100, 0);
/// The border of a forbidden zone.
pub const ZONE_BORDER: Rgb = Rgb(255, 0, 0);

const UNKNOWN: Rgb = Rgb(128, 0, 128);
const UNKNOWN_PREFIX: &str = "unknown";

/// Twelve colours far apart in hue and lightness, none of them the alert's red.
const OTHERS: [Rgb; 12] = [
    Rgb(64, 196, 255),
    Rgb(255, 202, 40),
    Rgb(102, 187, 106),
    Rgb(171, 130, 255),
    Rgb(255, 138, 101),
    Rgb(38, 222, 196),
    Rgb(240, 98, 196),
    Rgb(190, 220, 80),
    Rgb(100, 140, 255),
    Rgb(255, 171, 64),
    Rgb(176, 190, 197),
    Rgb(0, 188, 140),
];

/// Returns the colour of a class.
pub fn of_class(name: &str) -> Rgb {
    match name {
        "object" => Rgb(255, 165, 0),
        "pine" => Rgb(0, 255, 0),
        "worker" => Rgb(0, 255, 255),
        unknown if unknown.starts_with(UNKNOWN_PREFIX) => UNKNOWN,
        other => {
            // FNV-1a: the same on every machine and in every version.
            let hash = other
                .bytes()
                .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
            OTHERS[(hash % OTHERS.len() as u64) as usize]
        }
    }
}

impl Rgb {
    /// Returns black or white, whichever is easier to read on this colour.
    pub fn ink(self) -> Self {
        // Relative luminance; at 0.18 black and white have the same contrast.
        let linear = |value: u8| (f32::from(value) / 255.0).powf(2.2);
        let luminance = 0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2);
        if luminance > 0.18 { Self(0, 0, 0) } else { Self(255, 255, 255) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_of_the_reference_are_kept() {
        assert_eq!(
            ["object", "pine", "worker", "unknown_pine"].map(of_class),
            [Rgb(255, 165, 0), Rgb(0, 255, 0), Rgb(0, 255, 255), Rgb(128, 0, 128)]
        );
    }

    #[test]
    fn street_classes_have_different_colours() {
        let classes = ["person", "bicycle", "car", "motorbike", "bus", "truck", "red", "green", "blue"];
        let mut colours: Vec<_> = classes.iter().map(|class| of_class(class)).collect();
        colours.sort_by_key(|colour| (colour.0, colour.1, colour.2));
        colours.dedup();
        assert!(colours.len() >= classes.len() - 3, "only {} different colours", colours.len());
    }

    #[test]
    fn ink_is_readable() {
        assert_eq!([Rgb(255, 202, 40), ALERT, UNKNOWN].map(Rgb::ink), [Rgb(0, 0, 0), Rgb(0, 0, 0), Rgb(255, 255, 255)]);
    }
}

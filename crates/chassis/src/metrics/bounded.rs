//! Labels whose values people choose, kept few.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::locked;

/// What stands for every value too many.
const OTHER: &str = "other";

/// The values of a label that people choose while the process runs, as the name of a model: the first ones keep their
/// name, all others are `other`. Each value is a series that Prometheus keeps for weeks.
#[derive(Debug)]
pub struct Bounded {
    most: usize,
    seen: Mutex<BTreeSet<String>>,
}

impl Bounded {
    /// Allows so many values.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { most, seen: Mutex::new(BTreeSet::new()) }
    }

    /// Returns the value to use as a label.
    pub fn value<'a>(&self, wanted: &'a str) -> &'a str {
        let mut seen = locked(&self.seen);
        if seen.contains(wanted) {
            return wanted;
        }
        if seen.len() >= self.most {
            return OTHER;
        }
        seen.insert(wanted.to_owned());
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_values_keep_their_names_for_good() {
        let models = Bounded::new(2);
        assert_eq!(
            ["a", "b", "c", "a", "d", "b"].map(|name| models.value(name)),
            ["a", "b", "other", "a", "other", "b"]
        );
    }
}

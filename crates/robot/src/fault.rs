//! The robot's own table of what its error codes mean.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What an error code means. The robot's codes from 20000 on are states that it is in; the others are why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The code.
    pub code: i32,
    /// A few words.
    pub title: String,
    /// What happened and what helps; may be empty.
    pub description: String,
}

impl Fault {
    /// Emergency stop, or the power button: nothing but the power button ends it.
    pub const PAUSED: i32 = 21051;

    /// Returns a fault of which nothing is known but its code.
    #[must_use]
    pub fn unknown(code: i32) -> Self {
        Self { code, title: format!("Error {code}"), description: String::new() }
    }
}

/// The meanings of all codes.
#[derive(Debug, Clone, Default)]
pub struct FaultTable {
    faults: HashMap<i32, Fault>,
}

/// An entry as the robot writes it.
#[derive(Debug, Deserialize)]
struct Entry {
    code: i32,
    #[serde(default)]
    title_en: String,
    #[serde(default)]
    description_en: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    description: String,
}

impl FaultTable {
    /// Reads the robot's table.
    ///
    /// # Errors
    /// If it is not a JSON array of entries with a code each.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let entries: Vec<Entry> = serde_json::from_str(json)?;
        let fault = |entry: Entry| {
            let title = first(entry.title_en, entry.title).unwrap_or_else(|| Fault::unknown(entry.code).title);
            let description = first(entry.description_en, entry.description).unwrap_or_default();
            (entry.code, Fault { code: entry.code, title, description })
        };
        Ok(Self { faults: entries.into_iter().map(fault).collect() })
    }

    /// Returns what a code means; one that the table does not have is told by its number.
    #[must_use]
    pub fn explain(&self, code: i32) -> Fault {
        self.faults.get(&code).cloned().unwrap_or_else(|| Fault::unknown(code))
    }
}

/// Returns the first that says anything.
fn first(a: String, b: String) -> Option<String> {
    [a, b].into_iter().find(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"[
        {"code": 19001, "error_type": "Error", "title": "目的地に行けません", "description": "…", "title_en": "Cannot reach the destination",
         "description_en": "Something is in the way.", "ref_url": ""},
        {"code": 10107, "error_type": "Warn", "title": "一時停止中", "description": "", "title_en": "", "description_en": "", "ref_url": ""}
    ]"#;

    #[test]
    fn a_code_is_told_in_english_if_the_robot_can() {
        let table = FaultTable::parse(TABLE).expect("is a table");
        let unreachable = table.explain(19001);
        assert_eq!(unreachable.title, "Cannot reach the destination");
        assert_eq!(unreachable.description, "Something is in the way.");
        assert_eq!(table.explain(10107).title, "一時停止中");
    }

    #[test]
    fn a_code_that_nobody_explained_is_told_by_its_number() {
        assert_eq!(FaultTable::default().explain(4711), Fault::unknown(4711));
        assert_eq!(Fault::unknown(4711).title, "Error 4711");
    }
}

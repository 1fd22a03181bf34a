//! Texts about rounds, as a model would write them: made of the points that the question lists.

use std::fmt::Write as _;

/// The longest message for people's telephones.
const MESSAGE: usize = 480;

/// One inspected point as the question lists it.
#[derive(Debug, PartialEq, Eq)]
struct Point<'a> {
    name: &'a str,
    result: &'a str,
}

impl Point<'_> {
    /// Points of a run give their verdict as a word or as JSON, those of several days as `Status: NG`.
    fn is_fine(&self) -> bool {
        let compact: String = self.result.chars().filter(|letter| !letter.is_whitespace()).collect();
        compact.contains("\"is_NG\":false") || compact.starts_with("OK")
    }
}

/// Writes a report about the points in a prompt, short if it is for a telephone.
pub(super) fn report(prompt: &str) -> String {
    let points = points(prompt);
    if points.is_empty() {
        return "There is nothing to report: no point was given.".to_owned();
    }
    let wrong: Vec<&Point<'_>> = points.iter().filter(|point| !point.is_fine()).collect();
    if prompt.contains("Telegram") {
        return message(&points, &wrong);
    }
    let mut text = format!("## Summary\n\n{} of {} points are normal.\n\n", points.len() - wrong.len(), points.len());
    text.push_str("| Point | Result | Notes |\n|---|:-:|---|\n");
    for point in &points {
        let (mark, notes) = if point.is_fine() { ("O", String::new()) } else { ("X", cell(point.result)) };
        let _ = writeln!(text, "| {} | {mark} | {notes} |", cell(point.name));
    }
    if !wrong.is_empty() {
        text.push_str("\n## To be looked at\n\n");
        for point in wrong {
            let _ = writeln!(text, "- **{}**: {}", point.name, point.result);
        }
    }
    text
}

/// Writes what a film shows.
pub(super) fn about_film() -> String {
    "The robot drives through corridors and rooms at walking speed.\n\n- 00:00 the robot leaves its dock\n\
     - no puddles and no obstacles are visible"
        .to_owned()
}

fn message(points: &[Point<'_>], wrong: &[&Point<'_>]) -> String {
    let mut text = format!("Round done: {} of {} points normal.", points.len() - wrong.len(), points.len());
    for point in wrong {
        let _ = write!(text, "\nX {}: {}", point.name, point.result);
    }
    text.chars().take(MESSAGE).collect()
}

/// Finds `- Point: Lobby` with its `Result: …`, and `- [time] Point: Lobby | Status: NG | Details: …`.
fn points(prompt: &str) -> Vec<Point<'_>> {
    let mut points: Vec<Point<'_>> = Vec::new();
    for line in prompt.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("- Point: ") {
            points.push(Point { name, result: "" });
        } else if let Some(result) = line.strip_prefix("Result: ") {
            if let Some(point) = points.last_mut().filter(|point| point.result.is_empty()) {
                point.result = result;
            }
        } else if let Some((_, rest)) = line.strip_prefix("- [").and_then(|rest| rest.split_once("] Point: ")) {
            let (name, rest) = rest.split_once(" | Status: ").unwrap_or((rest, ""));
            points.push(Point { name, result: rest });
        }
    }
    points
}

/// A text that breaks no table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "Write a report.\n\n- Point: Lobby\n  Result: {\"is_NG\": false, \"Description\": \"\"}\n\
        - Point: 大廳\n  Result: {\"is_NG\": true, \"Description\": \"spill at 大廳\"}\n- Point: Attic\n  Result: UNREACHABLE: cannot reach destination";

    #[test]
    fn a_report_has_every_point_and_names_what_is_wrong() {
        let report = report(RUN);
        assert!(report.contains("1 of 3 points are normal"), "{report}");
        assert!(report.contains("| Lobby | O |  |"), "{report}");
        assert!(report.contains("| 大廳 | X | {\"is_NG\": true"), "{report}");
        assert!(report.contains("- **Attic**: UNREACHABLE: cannot reach destination"), "{report}");
    }

    #[test]
    fn a_message_is_short() {
        let many = format!("For Telegram.\n{}", "- Point: Attic\nResult: UNREACHABLE\n".repeat(100));
        assert_eq!(report(&many).chars().count(), MESSAGE);
    }

    #[test]
    fn several_days_are_read_too() {
        let days = "- [2026-01-01 08:00:00] Point: Lobby | Status: OK | Details: fine\n\
            - [2026-01-02 08:00:00] Point: Lobby | Status: NG | Details: spill";
        assert!(report(days).contains("1 of 2 points are normal"));
    }
}

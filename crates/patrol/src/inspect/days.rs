//! The question for a report over several days: every inspection in a line, the oldest first, within a length that a model
//! can read.

use domain::patrol::Verdict;
use jiff::tz::TimeZone;

use crate::history::InspectionRow;

/// The most letters of the lines together: about a tenth of what models with long memories take.
const LONGEST: usize = 400_000;
/// The most letters of one inspection's details.
const LONGEST_DETAILS: usize = 600;

/// Returns the question. If there are too many inspections for one, normal ones are left out first, then the oldest, and
/// the question says how many are missing.
pub(crate) fn question(prompt: &str, rows: &[InspectionRow]) -> String {
    within(prompt, rows, LONGEST)
}

fn within(prompt: &str, rows: &[InspectionRow], longest: usize) -> String {
    let lines: Vec<(bool, String)> = rows.iter().map(|row| (row.verdict == Some(Verdict::Ok), line(row))).collect();
    let mut kept = vec![false; lines.len()];
    let mut length = 0;
    // What is not normal has the first claim to the space, the newest before the older.
    let newest = || (0..lines.len()).rev();
    for index in newest().filter(|index| !lines[*index].0).chain(newest().filter(|index| lines[*index].0)) {
        length += lines[index].1.len();
        if length > longest {
            break;
        }
        kept[index] = true;
    }
    let mut text = format!("{}\n\n", prompt.trim_end());
    for ((_, line), _) in lines.iter().zip(&kept).filter(|(_, kept)| **kept) {
        text.push_str(line);
    }
    let missing = |normal: bool| lines.iter().zip(&kept).filter(|((is, _), kept)| *is == normal && !**kept).count();
    let (normal, other) = (missing(true), missing(false));
    if normal + other > 0 {
        text.push_str(&format!(
            "\nNot listed for want of space: {normal} inspections that were OK and {other} that were not.\n"
        ));
    }
    text
}

fn line(row: &InspectionRow) -> String {
    let zone = TimeZone::get(&row.zone).unwrap_or(TimeZone::UTC);
    let at = row.at.to_zoned(zone);
    let status = row.verdict.map_or("PENDING", Verdict::as_str);
    let details = if row.description.is_empty() { &row.answer } else { &row.description };
    let details: String = details.chars().take(LONGEST_DETAILS).map(|c| if c == '\n' { ' ' } else { c }).collect();
    format!(
        "- [{}] Point: {} | Status: {status} | Details: {details}\n",
        at.strftime("%Y-%m-%d %H:%M:%S"),
        row.point_name
    )
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use vlm::Usage;

    use super::*;
    use crate::history::{InspectionId, RunId};

    fn row(hours: i64, point: &str, verdict: Verdict, description: &str) -> InspectionRow {
        let start: jiff::Timestamp = "2026-11-20T00:00:00Z".parse().expect("a time");
        InspectionRow {
            id: InspectionId(hours),
            run_id: RunId(1),
            robot_id: "robot-a".to_owned(),
            point_id: None,
            point_name: point.to_owned(),
            x: 0.0,
            y: 0.0,
            theta: None,
            prompt: String::new(),
            verdict: Some(verdict),
            answer: r#"{"is_NG": false, "Description": ""}"#.to_owned(),
            description: description.to_owned(),
            image_path: None,
            captured_at: None,
            more_photos: Vec::new(),
            previous_path: None,
            difference_path: None,
            difference_score: None,
            moving_status: "Success".to_owned(),
            at: start + SignedDuration::from_hours(hours),
            zone: "Asia/Taipei".to_owned(),
            usage: Usage::default(),
            cost: None,
            attempts: 1,
            model: None,
            negative_control: None,
            precheck: None,
            round: 1,
            accepted: false,
        }
    }

    #[test]
    fn every_inspection_is_a_line_in_the_time_of_the_site() {
        let rows = [row(1, "大廳", Verdict::Ok, ""), row(2, "Attic", Verdict::Unreachable, "19001:\nno way")];
        let expected = "What happened?\n\n\
            - [2026-11-20 09:00:00] Point: 大廳 | Status: OK | Details: {\"is_NG\": false, \"Description\": \"\"}\n\
            - [2026-11-20 10:00:00] Point: Attic | Status: UNREACHABLE | Details: 19001: no way\n";
        assert_eq!(question("What happened?\n", &rows), expected);
    }

    #[test]
    fn w09_what_is_not_normal_is_never_left_out_for_what_is() {
        let mut rows = vec![row(0, "Gate", Verdict::Ng, "a spill")];
        rows.extend((1..100).map(|hours| row(hours, "Lobby", Verdict::Ok, "all is well")));
        rows.push(row(100, "Attic", Verdict::Error, "no answer"));

        let text = within("?", &rows, 700);

        assert!(text.len() < 900, "{text}");
        assert!(text.contains("Point: Gate | Status: NG") && text.contains("Point: Attic | Status: ERROR"), "{text}");
        let listed = text.matches("Point: Lobby").count();
        assert!(listed > 0 && text.contains(&format!("{} inspections that were OK and 0 that were not", 99 - listed)));
        assert!(text.contains("[2026-11-24 11:00:00] Point: Lobby"), "the newest are kept: {text}");
    }
}

//! What a model is asked for the report of a run, and for the message about it.

use domain::patrol::Verdict;

/// One inspection as the model is told of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) point: String,
    pub(super) verdict: Option<Verdict>,
    /// What the model said of the picture, or why there is nothing.
    pub(super) text: String,
}

/// What happened besides the inspections.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Besides<'a> {
    pub(super) film: Option<&'a str>,
    /// Alerts of the live monitor: when, and which rule.
    pub(super) alerts: Vec<(String, String)>,
}

/// Returns the question for the report of a run. Waypoints that could not be inspected are told of too: a report that
/// leaves them out says that all is well where nobody looked.
pub(super) fn report(custom: &str, findings: &[Finding], besides: &Besides<'_>) -> String {
    let mut text = if custom.trim().is_empty() {
        "Write a summary report of this robot patrol in Markdown.\n\nInspections:\n".to_owned()
    } else {
        format!("{custom}\n\n")
    };
    text.push_str(&list(findings, besides));
    if custom.trim().is_empty() {
        text.push_str(
            "\nSay what is abnormal first, then what could not be inspected and why, then the overall condition.\n",
        );
    }
    text
}

/// Returns the question for the message about a run.
pub(super) fn message(custom: &str, findings: &[Finding], film: Option<&str>) -> String {
    format!("{custom}\n\n{}", list(findings, &Besides { film, alerts: Vec::new() }))
}

/// Returns a message that needs no model: for when there is none, or it does not answer.
pub(super) fn plain_message(robot: &str, run: i64, outcome: &str, findings: &[Finding]) -> String {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == Some(verdict)).count();
    let counts = Verdict::ALL.into_iter().map(|verdict| (verdict, count(verdict))).filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.map(|(verdict, count)| format!("{verdict} {count}")).collect();
    let counts = if counts.is_empty() { "no inspections".to_owned() } else { counts.join(", ") };
    format!("{robot}: patrol #{run} {outcome}, {counts}")
}

fn list(findings: &[Finding], besides: &Besides<'_>) -> String {
    let mut text = String::new();
    for finding in findings {
        let result = match finding.verdict {
            Some(verdict) if verdict.is_judged() => finding.text.clone(),
            Some(verdict) => format!("{verdict} (not inspected): {}", finding.text),
            None => "not judged yet".to_owned(),
        };
        text.push_str(&format!("- Point: {}\n  Result: {result}\n", finding.point));
    }
    if let Some(film) = besides.film {
        text.push_str(&format!("\nVideo Analysis Summary:\n{film}\n"));
    }
    if !besides.alerts.is_empty() {
        text.push_str(&format!("\nLive Monitor Alerts ({} triggered):\n", besides.alerts.len()));
        for (at, rule) in &besides.alerts {
            text.push_str(&format!("- [{at}] Rule: {rule} -> triggered\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        let finding = |point: &str, verdict, text: &str| Finding {
            point: point.to_owned(),
            verdict: Some(verdict),
            text: text.to_owned(),
        };
        vec![
            finding("Gate", Verdict::Ok, r#"{"is_NG": false, "Description": ""}"#),
            finding("Store", Verdict::Unreachable, "Cannot reach the destination (19001)"),
        ]
    }

    #[test]
    fn w09_the_model_is_told_of_points_that_could_not_be_inspected() {
        let text = report("Fill in the table.", &findings(), &Besides::default());
        let expected = "Fill in the table.\n\n- Point: Gate\n  Result: {\"is_NG\": false, \"Description\": \"\"}\n\
            - Point: Store\n  Result: UNREACHABLE (not inspected): Cannot reach the destination (19001)\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_film_and_the_alerts_follow_the_points() {
        let alerts = vec![("2026-11-20 10:00:00".to_owned(), "Is there smoke?".to_owned())];
        let text = report("", &findings(), &Besides { film: Some("A puddle at 00:10."), alerts });
        assert!(text.contains("\nVideo Analysis Summary:\nA puddle at 00:10.\n"), "{text}");
        assert!(text.contains(
            "Live Monitor Alerts (1 triggered):\n- [2026-11-20 10:00:00] Rule: Is there smoke? -> triggered\n"
        ));
        assert!(text.contains("what could not be inspected and why"));
    }

    #[test]
    fn a_message_can_do_without_a_model() {
        assert_eq!(
            plain_message("Rover", 7, "completed", &findings()),
            "Rover: patrol #7 completed, OK 1, UNREACHABLE 1"
        );
        assert_eq!(plain_message("Rover", 8, "stopped", &[]), "Rover: patrol #8 stopped, no inspections");
    }
}

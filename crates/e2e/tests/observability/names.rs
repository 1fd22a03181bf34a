//! Which metrics an expression of Prometheus' query language names. The language has no parser among our dependencies; this
//! reads only what is needed, and Prometheus itself says whether the whole is right.

use std::collections::BTreeSet;

/// Words of the language that are no metrics.
const WORDS: [&str; 8] = ["and", "or", "unless", "offset", "bool", "atan2", "inf", "nan"];
/// Words that a list of labels follows.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Returns the metrics that an expression names.
pub(crate) fn of(expr: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = expr;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' | '\'' | '`' => after_string(rest, first),
            '{' => after_closing(rest, '}'),
            '[' => after_closing(rest, ']'),
            // A number with its unit, as 5m or 1e3.
            _ if first.is_ascii_digit() => rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.'),
            _ if is_name(first) => {
                let (word, behind) = split_name(rest);
                let next = behind.trim_start();
                let is_function = next.starts_with('(') || ["by", "without"].contains(&split_name(next).0);
                if BEFORE_LABELS.contains(&word) {
                    if next.starts_with('(') { after_closing(next, ')') } else { behind }
                } else {
                    if !is_function && !WORDS.contains(&word.to_ascii_lowercase().as_str()) {
                        names.insert(word.to_owned());
                    }
                    behind
                }
            }
            _ => &rest[first.len_utf8()..],
        };
    }
    names
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

fn split_name(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()))
}

/// What follows a string; a backslash takes the next character's meaning away.
fn after_string(text: &str, quote: char) -> &str {
    let mut is_escaped = false;
    for (place, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return &text[place + c.len_utf8()..],
            _ => {}
        }
    }
    ""
}

/// What follows a closing bracket that stands in no string.
fn after_closing(text: &str, closing: char) -> &str {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match first {
            '"' | '\'' | '`' => rest = after_string(rest, first),
            _ => {
                rest = &rest[first.len_utf8()..];
                if first == closing {
                    return rest;
                }
            }
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(expr: &str) -> Vec<String> {
        of(expr).into_iter().collect()
    }

    #[test]
    fn functions_labels_and_words_are_no_metrics() {
        let expr = r#"histogram_quantile(0.95, sum by (camera, le) (rate(a_seconds_bucket{stage="in(d}"}[5m]))) > 1e3"#;
        assert_eq!(names(expr), ["a_seconds_bucket"]);
        let expr = "count(up{job=~\"x|y\"} == 0 unless on (camera) down offset 1h) or vector(0)";
        assert_eq!(names(expr), ["down", "up"]);
        let expr = "a:b:c / on (job) group_left (version) (d > 0) + 5 * e";
        assert_eq!(names(expr), ["a:b:c", "d", "e"]);
    }

    #[test]
    fn text_that_ends_too_early_ends_the_search() {
        assert_eq!(names("a{x=\"1"), ["a"]);
        assert_eq!(names("a{"), ["a"]);
        assert_eq!(names(""), Vec::<String>::new());
    }
}

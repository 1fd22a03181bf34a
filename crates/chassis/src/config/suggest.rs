//! "Did you mean …": the known name that is nearest to an unknown one.

/// Returns serde's complaint about an unknown name with the nearest known name appended, and any
/// other complaint as it is.
pub(super) fn with_suggestion(message: &str) -> String {
    let is_about_a_name = message.starts_with("unknown field `") || message.starts_with("unknown variant `");
    let mut quoted = message.split('`').skip(1).step_by(2);
    if let (true, Some(unknown)) = (is_about_a_name, quoted.next())
        && let Some(known) = nearest(unknown, quoted)
    {
        return format!("{message}; did you mean `{known}`?");
    }
    message.to_owned()
}

/// Returns the candidate nearest to `unknown`, if one is near enough to be meant.
fn nearest<'a>(unknown: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let farthest = unknown.chars().count().max(3) / 3;
    candidates
        .map(|candidate| (distance(unknown, candidate), candidate))
        .filter(|(distance, _)| *distance <= farthest)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns how many letters must be put in, taken out, changed or swapped with their neighbour to
/// turn one word into the other (restricted Damerau-Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) =
        (left.to_lowercase().chars().collect(), right.to_lowercase().chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let is_same = left[i - 1] == right[j - 1];
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1);
            best = best.min(rows[i - 1][j - 1] + usize::from(!is_same));
            let is_swap = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if is_swap {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        assert_eq!(
            with_suggestion("unknown field `fps_traget`, expected one of `id`, `fps_target`"),
            "unknown field `fps_traget`, expected one of `id`, `fps_target`; did you mean `fps_target`?"
        );
        assert_eq!(
            with_suggestion("unknown variant `web-hook`, expected `stdout` or `webhook`"),
            "unknown variant `web-hook`, expected `stdout` or `webhook`; did you mean `webhook`?"
        );
    }

    #[test]
    fn a_name_like_no_other_gets_no_suggestion() {
        let message = "unknown field `colour`, expected `id` or `name`";
        assert_eq!(with_suggestion(message), message);
    }

    #[test]
    fn other_complaints_stay_as_they_are() {
        let message = "invalid type: string \"`a`\", expected f64";
        assert_eq!(with_suggestion(message), message);
    }

    #[test]
    fn letters_put_in_taken_out_changed_and_swapped_count_one_each() {
        assert_eq!(distance("name", "names"), 1);
        assert_eq!(distance("name", "nme"), 1);
        assert_eq!(distance("name", "nome"), 1);
        assert_eq!(distance("name", "nmae"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}

//! What the caller wants back from `/infer`: numbers, or the image with the boxes drawn into it.

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Detections as JSON.
    Json,
    /// The image as JPEG with the detections drawn into it.
    Jpeg,
}

/// Reads an `Accept` header. JSON unless `image/jpeg` (or `image/*`) is named and preferred to it.
pub(crate) fn wanted(accept: Option<&str>) -> Wanted {
    let accept = accept.unwrap_or("*/*");
    let jpeg = weight(accept, &["image/jpeg", "image/*"]);
    let json = weight(accept, &["application/json", "application/*", "*/*"]);
    if jpeg > 0.0 && jpeg >= json { Wanted::Jpeg } else { Wanted::Json }
}

/// The weight that a header gives to the most specific of these ranges that it names; 0 for none.
fn weight(accept: &str, ranges: &[&str]) -> f32 {
    let named = |range: &&str| accept.split(',').find_map(|item| weight_of(item, range));
    ranges.iter().find_map(named).unwrap_or(0.0)
}

/// The weight of one item of the header if it is this range.
fn weight_of(item: &str, range: &str) -> Option<f32> {
    let mut parts = item.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(range) {
        return None;
    }
    let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some(q.map_or(1.0, |q| q.parse().unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_answer_unless_a_picture_is_asked_for() {
        for accept in [None, Some("*/*"), Some("application/json"), Some("text/html"), Some("image/jpeg;q=0"), Some("")]
        {
            assert_eq!(wanted(accept), Wanted::Json, "{accept:?}");
        }
    }

    #[test]
    fn a_picture_is_the_answer_when_it_is_asked_for() {
        for accept in ["image/jpeg", "image/*", "IMAGE/JPEG", "image/jpeg, */*;q=0.1", "text/plain, image/jpeg;q=0.5"] {
            assert_eq!(wanted(Some(accept)), Wanted::Jpeg, "{accept}");
        }
    }

    #[test]
    fn the_heavier_weight_wins() {
        assert_eq!(wanted(Some("image/jpeg;q=0.4, application/json;q=0.5")), Wanted::Json);
        assert_eq!(wanted(Some("image/jpeg;q=0.6, application/json;q=0.5")), Wanted::Jpeg);
    }
}

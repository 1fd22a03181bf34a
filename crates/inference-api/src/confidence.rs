//! The confidence threshold that a caller sends as text, in the query or in the form.

use crate::fault::{FieldFault, Place};

/// Reads a confidence, a number from 0 to 1.
pub(crate) fn parse(place: Place, field: &'static str, text: &str) -> Result<f32, FieldFault> {
    let Ok(value) = text.trim().parse::<f32>() else {
        return Err(FieldFault::not_a_number(place, field, text));
    };
    if value.is_nan() {
        return Err(FieldFault::not_finite(place, field, text));
    }
    if value < 0.0 {
        return Err(FieldFault::below(place, field, text, 0.0));
    }
    if value > 1.0 {
        return Err(FieldFault::above(place, field, text, 1.0));
    }
    Ok(value)
}

/// Chooses between a confidence in the query and one in the form: the query wins, as it is the documented place. An empty value
/// counts as none, because forms send empty fields.
pub(crate) fn choose(field: &'static str, query: Option<&str>, form: Option<&str>) -> Result<Option<f32>, FieldFault> {
    let given = |text: &&str| !text.trim().is_empty();
    match (query.filter(given), form.filter(given)) {
        (Some(text), _) => parse(Place::Query, field, text).map(Some),
        (None, Some(text)) => parse(Place::Body, field, text).map(Some),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> &'static str {
        parse(Place::Query, "conf", text).expect_err("is no confidence").kind
    }

    #[test]
    fn numbers_from_0_to_1_are_taken() {
        for (text, value) in [("0", 0.0), ("1", 1.0), (" 0.25 ", 0.25), ("2.5e-1", 0.25), (".5", 0.5)] {
            assert_eq!(parse(Place::Query, "conf", text), Ok(value), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_the_reason() {
        assert_eq!(kind("abc"), "float_parsing");
        assert_eq!(kind("0,5"), "float_parsing");
        assert_eq!(kind(""), "float_parsing");
        assert_eq!(kind("nan"), "finite_number");
        assert_eq!(kind("-0.01"), "greater_than_equal");
        assert_eq!(kind("-inf"), "greater_than_equal");
        assert_eq!(kind("7"), "less_than_equal");
        assert_eq!(kind("1e999"), "less_than_equal");
    }

    #[test]
    fn the_query_wins_over_the_form() {
        assert_eq!(choose("conf", Some("0.3"), Some("0.7")), Ok(Some(0.3)));
        assert_eq!(choose("conf", None, Some("0.7")), Ok(Some(0.7)));
        assert_eq!(choose("conf", Some(" "), Some("0.7")), Ok(Some(0.7)));
        assert_eq!(choose("conf", None, None), Ok(None));
    }

    #[test]
    fn a_refusal_names_the_place_the_text_came_from() {
        let places = |query, form| choose("conf", query, form).expect_err("not a number").loc;
        assert_eq!(places(Some("x"), Some("0.5")), ["query", "conf"]);
        assert_eq!(places(None, Some("x")), ["body", "conf"]);
    }
}

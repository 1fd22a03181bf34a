//! Whether a value may stand in a setting.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Number, Value};
use vlm::price::Price;

use super::fields::Kind;

/// The longest text, in characters: room for any prompt, not for a disk full of them.
const LONGEST_TEXT: usize = 20_000;
const LONGEST_LINE: usize = 500;
/// The most corners of an area, and how far one may lie from the origin of the map, in metres.
const MOST_CORNERS: usize = 100;
const FURTHEST_CORNER: f64 = 10_000.0;

impl Kind {
    /// Returns the value as it is kept, or what it should be.
    pub(super) fn check(self, value: &Value) -> Result<Value, String> {
        match self {
            Self::Flag => expect(value.is_boolean(), value, "expected true or false"),
            Self::Integer { least, most } => {
                let is_whole = value.as_u64().is_some_and(|number| (least..=most).contains(&number));
                expect(is_whole, value, format!("expected a whole number from {least} to {most}"))
            }
            Self::Number { least, most } => number(value, least, most),
            Self::OptionalNumber { .. } if value.is_null() => Ok(Value::Null),
            Self::OptionalNumber { least, most } => number(value, least, most),
            Self::Text | Self::Secret => line(value),
            Self::LongText => {
                let is_text = value.as_str().is_some_and(|text| text.chars().count() <= LONGEST_TEXT);
                expect(is_text, value, format!("expected a text of at most {LONGEST_TEXT} characters"))
            }
            Self::Choice(choices) => {
                let is_one = value.as_str().is_some_and(|text| choices.contains(&text));
                expect(is_one, value, format!("expected one of {}", choices.join(", ")))
            }
            Self::Zone => {
                let is_zone = value.as_str().is_some_and(|name| TimeZone::get(name).is_ok());
                expect(is_zone, value, "expected the name of a time zone, as Europe/Berlin")
            }
            Self::List { most, longest } => list(value, most, longest),
            Self::Area => area(value),
            Self::Prices => prices(value),
            Self::Url => url(value, &["http", "https"]),
            Self::StreamUrl => url(value, &["rtsp", "rtsps"]),
        }
    }

    /// Returns a value in the form this kind has, if it says the same in another: the older interface stores whatever a
    /// form contains.
    pub(super) fn coerced(self, value: &Value) -> Value {
        match (self, value) {
            (Self::Flag, Value::String(text)) => match text.as_str() {
                "true" => Value::Bool(true),
                "false" | "" => Value::Bool(false),
                _ => value.clone(),
            },
            (Self::Integer { .. } | Self::Number { .. } | Self::OptionalNumber { .. }, Value::String(text)) => {
                text.trim().parse::<Number>().map_or_else(|_| value.clone(), Value::Number)
            }
            (Self::Integer { .. }, Value::Number(number)) => {
                let whole = number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..1e15).contains(float));
                whole.map_or_else(|| value.clone(), |float| Value::from(float as u64))
            }
            (Self::Text | Self::Secret, Value::Number(number)) => Value::String(number.to_string()),
            (Self::List { .. }, Value::String(text)) => {
                text.lines().map(str::trim).filter(|line| !line.is_empty()).map(Value::from).collect()
            }
            (Self::Url | Self::StreamUrl | Self::Text | Self::Secret | Self::Zone, Value::String(text)) => {
                Value::String(text.trim().to_owned())
            }
            _ => value.clone(),
        }
    }
}

fn expect(is_right: bool, value: &Value, expectation: impl Into<String>) -> Result<Value, String> {
    if is_right { Ok(value.clone()) } else { Err(expectation.into()) }
}

fn number(value: &Value, least: f64, most: f64) -> Result<Value, String> {
    let number = value.as_f64().filter(|number| (least..=most).contains(number));
    number.map(Value::from).ok_or_else(|| format!("expected a number from {least} to {most}"))
}

fn line(value: &Value) -> Result<Value, String> {
    let is_line = |text: &str| text.chars().count() <= LONGEST_LINE && !text.chars().any(char::is_control);
    expect(value.as_str().is_some_and(is_line), value, format!("expected a line of at most {LONGEST_LINE} characters"))
}

fn list(value: &Value, most: usize, longest: usize) -> Result<Value, String> {
    let is_entry = |entry: &Value| {
        let length = entry.as_str().map(|text| text.trim().chars().count());
        length.is_some_and(|length| (1..=longest).contains(&length))
    };
    let is_list = value.as_array().is_some_and(|list| list.len() <= most && list.iter().all(is_entry));
    expect(is_list, value, format!("expected at most {most} texts of 1 to {longest} characters"))
}

fn area(value: &Value) -> Result<Value, String> {
    let read: Option<Vec<[f64; 2]>> = serde_json::from_value(value.clone()).ok();
    let is_near = |corner: &[f64; 2]| corner.iter().all(|part| part.abs() <= FURTHEST_CORNER);
    let is_area = read.is_some_and(|corners| {
        (corners.is_empty() || (3..=MOST_CORNERS).contains(&corners.len())) && corners.iter().all(is_near)
    });
    let expectation =
        format!("expected the corners of an area in metres, 3 to {MOST_CORNERS}, as [[0, 0], [5, 0], [5, 4]], or none");
    expect(is_area, value, expectation)
}

fn prices(value: &Value) -> Result<Value, String> {
    let read: Result<BTreeMap<String, Price>, _> = serde_json::from_value(value.clone());
    let is_price = |price: f64| price.is_finite() && price >= 0.0;
    let is_right =
        read.is_ok_and(|prices| prices.values().all(|price| is_price(price.input) && is_price(price.output)));
    expect(is_right, value, r#"expected prices by model, as {"gemini-3-flash*": {"input": 0.5, "output": 3}}"#)
}

fn url(value: &Value, schemes: &[&str]) -> Result<Value, String> {
    let is_url = |text: &str| {
        let address = domain::secret::Address::new(text);
        let is_clean = !text.contains(char::is_whitespace) && text.len() <= LONGEST_LINE;
        is_clean && address.scheme().is_some_and(|scheme| schemes.contains(&scheme)) && address.has_host()
    };
    let is_right = value.as_str().is_some_and(|text| text.is_empty() || is_url(text));
    expect(is_right, value, format!("expected a URL that begins with {}://, or nothing", schemes.join(":// or ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn w22_a_value_of_another_type_is_refused() {
        let kinds = [
            Kind::Flag,
            Kind::Integer { least: 0, most: 9 },
            Kind::Number { least: 0.0, most: 9.0 },
            Kind::Text,
            Kind::LongText,
            Kind::Choice(&["a"]),
            Kind::Zone,
            Kind::List { most: 1, longest: 3 },
            Kind::Area,
            Kind::Prices,
            Kind::Url,
            Kind::StreamUrl,
            Kind::Secret,
        ];
        for kind in kinds {
            assert!(kind.check(&json!({"a": [1]})).is_err(), "{kind:?}");
            assert!(kind.check(&Value::Null).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn the_ends_of_a_range_belong_to_it() {
        let kind = Kind::Integer { least: 5, most: 600 };
        for (value, expected) in [(json!(4), false), (json!(5), true), (json!(600), true), (json!(601), false)] {
            assert_eq!(kind.check(&value).is_ok(), expected, "{value}");
        }
        for value in [json!(5.5), json!(-5), json!("5"), json!(1e300)] {
            assert!(kind.check(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn w38_rules_are_as_long_as_the_service_takes_them() {
        let kind = Kind::List { most: 10, longest: 100 };
        assert!(kind.check(&json!(["x".repeat(100)])).is_ok());
        assert!(kind.check(&json!(["x".repeat(101)])).is_err());
        assert!(kind.check(&json!([" "])).is_err());
        assert!(kind.check(&Value::from(vec!["x"; 11])).is_err());
    }

    #[test]
    fn w06_an_area_has_three_corners_or_none() {
        for (value, expected) in [
            (json!([]), true),
            (json!([[0, 0], [5.5, 0], [5, -4]]), true),
            (json!([[0, 0], [5, 0]]), false),
            (json!([[0, 0], [5, 0], [5]]), false),
            (json!([[0, 0], [5, 0], [5, 1e9]]), false),
            (json!([[0, 0], [5, 0], ["5", 4]]), false),
            (Value::from(vec![vec![0; 2]; MOST_CORNERS + 1]), false),
        ] {
            assert_eq!(Kind::Area.check(&value).is_ok(), expected, "{value}");
        }
    }

    #[test]
    fn w19_only_urls_of_the_right_kind_are_urls() {
        for (kind, text, expected) in [
            (Kind::Url, "", true),
            (Kind::Url, "http://jetson:5010", true),
            (Kind::Url, "file:///etc/passwd", false),
            (Kind::Url, "http://", false),
            (Kind::Url, "jetson", false),
            (Kind::StreamUrl, "rtsp://admin:p@ss@10.0.0.7/1", true),
            (Kind::StreamUrl, "http://10.0.0.7/1", false),
            (Kind::StreamUrl, "rtsp://a b/1", false),
        ] {
            assert_eq!(kind.check(&json!(text)).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn what_a_form_contains_is_read_for_what_it_says() {
        let integer = Kind::Integer { least: 0, most: 9 };
        for (kind, value, expected) in [
            (integer, json!("5"), json!(5)),
            (integer, json!(5.0), json!(5)),
            (integer, json!(5.5), json!(5.5)),
            (Kind::Flag, json!("true"), json!(true)),
            (Kind::Flag, json!(1), json!(1)),
            (Kind::Secret, json!(12_345), json!("12345")),
            (Kind::List { most: 9, longest: 9 }, json!("a\n\n b \n"), json!(["a", "b"])),
            (Kind::LongText, json!(" a "), json!(" a ")),
        ] {
            assert_eq!(kind.coerced(&value), expected, "{value}");
        }
    }
}

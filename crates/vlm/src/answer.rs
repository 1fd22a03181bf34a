//! What a model answered, and how a text becomes an answer.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{AskError, Schema};

/// How many tokens something took. Zero where the server does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// What went in: texts and pictures.
    pub input: u64,
    /// What came out, without what the model thought.
    pub output: u64,
    /// Everything: input, output and what the model thought.
    pub total: u64,
}

impl Usage {
    /// Returns a usage whose total is never less than its parts.
    pub fn new(input: u64, output: u64, total: u64) -> Self {
        Self { input, output, total: total.max(input.saturating_add(output)) }
    }

    /// Returns what is billed as output: the answer and what the model thought.
    pub fn billed_output(self) -> u64 {
        self.total.saturating_sub(self.input)
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            total: self.total.saturating_add(other.total),
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(usages: I) -> Self {
        usages.fold(Self::default(), Add::add)
    }
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The text, as it came.
    pub text: String,
    /// The value in it, if a schema was asked for; it satisfies the schema.
    pub json: Option<Value>,
    /// What it took.
    pub usage: Usage,
}

impl Answer {
    /// Makes an answer of a text; with a schema, only of one that satisfies it.
    pub(crate) fn of(text: String, usage: Usage, schema: Option<&Schema>) -> Result<Self, AskError> {
        let unusable = |reason: String, text: String| Err(AskError::Unusable { reason, text, usage });
        if text.trim().is_empty() {
            return unusable("it is empty".to_owned(), text);
        }
        let Some(schema) = schema else {
            return Ok(Self { text, json: None, usage });
        };
        let value: Value = match serde_json::from_str(bare(&text)) {
            Ok(value) => value,
            Err(error) => return unusable(format!("it is no JSON: {error}"), text),
        };
        match schema.check(&value) {
            Ok(()) => Ok(Self { text, json: Some(value), usage }),
            Err(reason) => unusable(reason, text),
        }
    }
}

/// Returns the text without what models without a JSON mode put around a value: their thoughts, and a code fence.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = match text.strip_prefix("<think>").and_then(|thinking| thinking.split_once("</think>")) {
        Some((_, rest)) => rest.trim(),
        None => text,
    };
    let fenced = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    fenced.map_or(text, |inside| inside.strip_prefix("json").unwrap_or(inside).trim())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inspection;

    fn read(text: &str) -> Result<Answer, AskError> {
        Answer::of(text.to_owned(), Usage::new(1, 2, 3), Some(&inspection::schema()))
    }

    #[test]
    fn a_value_that_satisfies_the_schema_is_an_answer() {
        let expected = json!({"is_NG": true, "Description": "a bottle"});
        for text in [
            r#"{"is_NG": true, "Description": "a bottle"}"#,
            "```json\n{\"is_NG\": true, \"Description\": \"a bottle\"}\n```",
            "```\n{\"is_NG\": true, \"Description\": \"a bottle\"}```",
            "<think>Is it? {\"is_NG\": false}</think>\n{\"is_NG\": true, \"Description\": \"a bottle\"}",
        ] {
            assert_eq!(read(text).expect("is usable").json, Some(expected.clone()), "{text}");
        }
    }

    #[test]
    fn w11_words_around_a_value_or_instead_of_it_are_no_answer() {
        for text in [
            "nothing unusual",
            "OK",
            "NG",
            "",
            "  ",
            r#"Sure! {"is_NG": false, "Description": ""}"#,
            r#"{"is_NG": false, "Description": ""} as you asked"#,
            r#"{"is_NG": false, "Description": "cut o"#,
            r#"{"is_NG": "false", "Description": ""}"#,
            r#"{"is_NG": 0, "Description": ""}"#,
            r#"{"is_NG": false}"#,
            r#"{"is_ng": false, "Description": ""}"#,
            r#"{"is_NG": false, "Description": null}"#,
            r#"[{"is_NG": false, "Description": ""}]"#,
            "null",
        ] {
            let error = read(text).expect_err(text);
            assert!(matches!(&error, AskError::Unusable { usage, .. } if usage.total == 3), "{text}: {error:?}");
        }
    }

    #[test]
    fn free_text_is_an_answer_unless_it_is_empty() {
        let answer = Answer::of("# Report\n".to_owned(), Usage::default(), None).expect("is usable");
        assert_eq!((answer.text.as_str(), answer.json), ("# Report\n", None));
        assert!(Answer::of(" \n".to_owned(), Usage::default(), None).is_err());
    }

    #[test]
    fn thinking_is_billed_as_output_and_a_total_is_never_less_than_its_parts() {
        assert_eq!(Usage::new(100, 20, 170).billed_output(), 70);
        assert_eq!(Usage::new(100, 20, 0).total, 120);
        assert_eq!([Usage::new(1, 2, 3), Usage::new(10, 20, 50)].into_iter().sum::<Usage>(), Usage::new(11, 22, 53));
    }
}

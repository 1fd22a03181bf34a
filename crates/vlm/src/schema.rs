//! The form of an answer: one flat object. It is said in the words of each server, and every answer is checked here,
//! whatever the server promised.

use serde_json::{Map, Value, json};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A text.
    Text,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Text => "string",
        }
    }

    fn matches(self, value: &Value) -> bool {
        match self {
            Self::Boolean => value.is_boolean(),
            Self::Text => value.is_string(),
        }
    }
}

/// An object with these fields, all of them, and no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    name: &'static str,
    fields: Vec<(&'static str, Kind)>,
}

impl Schema {
    /// Returns the form of an object; servers are asked to write the fields in this order.
    pub fn new(name: &'static str, fields: impl Into<Vec<(&'static str, Kind)>>) -> Self {
        Self { name, fields: fields.into() }
    }

    /// Returns its name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the names of its boolean and its text, if it has one of each and nothing else: the form of an answer by
    /// yes or no.
    pub(crate) fn yes_or_no(&self) -> Option<(&'static str, &'static str)> {
        match self.fields.as_slice() {
            [(boolean, Kind::Boolean), (text, Kind::Text)] | [(text, Kind::Text), (boolean, Kind::Boolean)] => {
                Some((boolean, text))
            }
            _ => None,
        }
    }

    /// Says it as Gemini's `responseSchema`.
    pub(crate) fn gemini(&self) -> Value {
        json!({
            "type": "OBJECT",
            "properties": self.properties(|kind| kind.word().to_uppercase()),
            "required": self.names(),
            "property_ordering": self.names(),
        })
    }

    /// Says it as JSON schema.
    pub(crate) fn json_schema(&self) -> Value {
        json!({
            "type": "object",
            "properties": self.properties(|kind| kind.word().to_owned()),
            "required": self.names(),
            "additionalProperties": false,
        })
    }

    /// Checks a value.
    ///
    /// # Errors
    /// With the first thing that is wrong.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let object = value.as_object().ok_or("it is no object")?;
        for (name, kind) in &self.fields {
            let value = object.get(*name).ok_or_else(|| format!("it has no {name}"))?;
            if !kind.matches(value) {
                return Err(format!("its {name} is no {}", kind.word()));
            }
        }
        match object.keys().find(|key| self.fields.iter().all(|(name, _)| name != key)) {
            Some(foreign) => Err(format!("it has a {foreign:.40} that was not asked for")),
            None => Ok(()),
        }
    }

    fn names(&self) -> Vec<&'static str> {
        self.fields.iter().map(|(name, _)| *name).collect()
    }

    fn properties(&self, word: impl Fn(Kind) -> String) -> Map<String, Value> {
        self.fields.iter().map(|(name, kind)| ((*name).to_owned(), json!({ "type": word(*kind) }))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said() {
        let schema = Schema::new("verdict", [("is_NG", Kind::Boolean), ("Description", Kind::Text)]);
        for (value, reason) in [
            (json!("OK"), "it is no object"),
            (json!({"is_NG": true}), "it has no Description"),
            (json!({"is_NG": "true", "Description": ""}), "its is_NG is no boolean"),
            (json!({"is_NG": true, "Description": 1}), "its Description is no string"),
            (json!({"is_NG": true, "Description": "", "sure": 1}), "it has a sure that was not asked for"),
        ] {
            assert_eq!(schema.check(&value), Err(reason.to_owned()));
        }
        assert_eq!(schema.check(&json!({"Description": "", "is_NG": false})), Ok(()));
    }

    #[test]
    fn the_words_of_json_schema_are_its_own() {
        let schema = Schema::new("verdict", [("is_NG", Kind::Boolean), ("Description", Kind::Text)]);
        assert_eq!(
            schema.json_schema(),
            json!({
                "type": "object",
                "properties": {"is_NG": {"type": "boolean"}, "Description": {"type": "string"}},
                "required": ["is_NG", "Description"],
                "additionalProperties": false,
            })
        );
    }
}

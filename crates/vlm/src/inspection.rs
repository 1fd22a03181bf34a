//! The question of an inspection, and its answer: is this normal, and if not, what is there.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Answer, AskError, Jpeg, Kind, Question, Schema};

/// What is asked where a place has no prompt of its own.
pub const DEFAULT_PROMPT: &str = "Is everything normal?";

/// What a model says about a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Something is not as it should be.
    #[serde(rename = "is_NG")]
    pub is_ng: bool,
    /// What is wrong; usually empty where nothing is.
    #[serde(rename = "Description")]
    pub description: String,
}

/// Returns the form of a judgement.
pub fn schema() -> Schema {
    Schema::new("inspection", [("is_NG", Kind::Boolean), ("Description", Kind::Text)])
}

/// Returns the text that asks about a place: its name, in whatever language, and its prompt.
pub fn prompt(place: &str, prompt: &str) -> String {
    let prompt = if prompt.trim().is_empty() { DEFAULT_PROMPT } else { prompt };
    format!("[Location: {place}] {prompt}")
}

/// Returns the question about pictures of a place. An empty system text is left out. One verdict is about all of them:
/// what is abnormal in any is abnormal.
pub fn question(system: &str, prompt: String, pictures: Vec<Jpeg>, limit: Duration) -> Question {
    let prompt = if pictures.len() > 1 { format!("{prompt}\n{}", rule(pictures.len())) } else { prompt };
    let system = Some(system).filter(|system| !system.trim().is_empty()).map(str::to_owned);
    Question { system, prompt, pictures, schema: Some(schema()), limit }
}

/// Returns the rule for several pictures.
fn rule(pictures: usize) -> String {
    format!(
        "There are {pictures} photos of this place, taken one after the other. If anything is abnormal in any one of them, \
         the answer is abnormal (is_NG is true), and the description says in which photo. Only if all of them are normal, \
         the answer is normal."
    )
}

/// Returns what the answer to such a question says.
///
/// # Errors
/// [`AskError::Unusable`] if it is the answer to another question: nothing but the schema makes a verdict.
pub fn verdict(answer: &Answer) -> Result<Judgement, AskError> {
    let unusable = |reason: String| AskError::Unusable { reason, text: answer.text.clone(), usage: answer.usage };
    let value = answer.json.as_ref().ok_or_else(|| unusable("it is no JSON".to_owned()))?;
    schema().check(value).map_err(unusable)?;
    Judgement::deserialize(value).map_err(|error| unusable(error.to_string()))
}

/// Returns the judgement as the records keep it: the same JSON the model was asked for.
pub fn record(judgement: &Judgement) -> String {
    let is_ng = Value::Bool(judgement.is_ng);
    let description = Value::from(judgement.description.as_str());
    format!(r#"{{"is_NG": {is_ng}, "Description": {description}}}"#)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Usage;

    fn answer(json: Option<Value>) -> Answer {
        Answer { text: "nothing unusual".to_owned(), json, usage: Usage::new(5, 1, 6) }
    }

    #[test]
    fn a_prompt_names_its_place_in_any_language() {
        assert_eq!(prompt("大廳/Lobby", "地板上有積水嗎？"), "[Location: 大廳/Lobby] 地板上有積水嗎？");
        assert_eq!(prompt("Dock", " "), "[Location: Dock] Is everything normal?");
    }

    #[test]
    fn w11_a_verdict_is_made_of_the_schema_and_nothing_else() {
        let said = answer(Some(json!({"is_NG": false, "Description": "nothing unusual, no engine running"})));
        assert_eq!(verdict(&said).map(|judgement| judgement.is_ng), Ok(false));
        for other in [None, Some(json!("NG")), Some(json!({"is_NG": "no", "Description": ""}))] {
            assert!(matches!(verdict(&answer(other)), Err(AskError::Unusable { .. })));
        }
    }

    #[test]
    fn what_is_abnormal_in_any_of_several_photos_is_abnormal() {
        let photo = Jpeg::new(bytes::Bytes::from_static(b"\xff\xd8\xff\xd9")).expect("is one");
        let asked =
            |photos: usize| question("", "Dry?".to_owned(), vec![photo.clone(); photos], Duration::from_secs(1)).prompt;
        assert_eq!(asked(1), "Dry?");
        assert!(asked(3).starts_with("Dry?\nThere are 3 photos of this place"), "{}", asked(3));
        assert!(asked(3).contains("abnormal in any one of them"));
    }

    #[test]
    fn the_record_of_a_judgement_reads_back() {
        let judgement = Judgement { is_ng: true, description: "a \"bottle\"\n倒れた人".to_owned() };
        assert_eq!(serde_json::from_str::<Judgement>(&record(&judgement)).expect("is JSON"), judgement);
    }
}

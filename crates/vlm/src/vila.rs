//! VILA, NVIDIA's small model for one box: it answers in words, not in JSON. A judgement is asked for by yes or no, and
//! only an answer that is a yes or a no is one.

use domain::secret::Secret;
use futures::future::BoxFuture;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::openai::{Completion, completions, plain_body};
use crate::wire::{Deadline, SetupError, Wire, below, json_body, server};
use crate::{Answer, AskError, Model, Question, Usage};

/// How many tokens an answer may have.
const MAX_TOKENS: u32 = 512;

/// Which of VILA's servers is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VilaServer {
    /// The one with chat completions.
    Chat(String),
    /// The one that checks alerts: `GET /v1/alert/completions` with a body.
    Alert(String),
}

/// A VILA model.
#[derive(Debug)]
pub struct Vila {
    wire: Wire,
    url: Url,
    is_alert: bool,
    model: String,
}

impl Vila {
    /// Prepares to ask `model` of a server.
    ///
    /// # Errors
    /// If no model is named or the address is none.
    pub fn new(at: &VilaServer, model: &str) -> Result<Self, SetupError> {
        let model = model.trim();
        if model.is_empty() {
            return Err(SetupError::Model);
        }
        let (url, is_alert) = match at {
            VilaServer::Chat(base) => (completions(base)?, false),
            VilaServer::Alert(base) => (below(&server(base)?, ["v1", "alert", "completions"]), true),
        };
        Ok(Self { wire: Wire::new(None::<Secret>)?, url, is_alert, model: model.to_owned() })
    }

    async fn complete(&self, question: &Question) -> Result<Answer, AskError> {
        let Some(schema) = &question.schema else {
            return self.send(question).await;
        };
        let fields = schema.yes_or_no();
        let (is_ng, description) =
            fields.ok_or_else(|| AskError::Refused { reason: "VILA answers by yes or no only".to_owned() })?;
        let asked = Question { prompt: format!("{}\n{YES_OR_NO}", question.prompt), schema: None, ..question.clone() };
        let Answer { text, usage, .. } = self.send(&asked).await?;
        match Reply::of(&text) {
            Some(reply) => {
                let json = json!({ is_ng: reply.is_yes, description: reply.rest });
                Ok(Answer { text, json: Some(json), usage })
            }
            None => Err(AskError::Unusable { reason: "it is neither yes nor no".to_owned(), text, usage }),
        }
    }

    /// Sends a question for free text.
    async fn send(&self, question: &Question) -> Result<Answer, AskError> {
        if !self.is_alert {
            let mut body = plain_body(&self.model, question);
            body["max_tokens"] = json!(MAX_TOKENS);
            let request = json_body(self.wire.client().post(self.url.clone()), &body)?;
            return self.wire.send(request).await?.json::<Completion>()?.answer(None);
        }
        // A GET with a body is what this server wants.
        let request = json_body(self.wire.client().get(self.url.clone()), &alert_body(question))?;
        let alert: Alert = self.wire.send(request).await?.json()?;
        Answer::of(alert.alert_response.into_iter().next().unwrap_or_default(), Usage::default(), None)
    }
}

impl Model for Vila {
    fn name(&self) -> &str {
        &self.model
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, AskError>> {
        Box::pin(Deadline::after(question.limit).hold(self.complete(question)))
    }
}

/// What follows a prompt that is to be answered by yes or no.
const YES_OR_NO: &str = "Is anything abnormal? Begin the answer with \"yes,\" and say what, or answer \"no\".";

fn alert_body(question: &Question) -> Value {
    let pictures: Vec<String> = question.pictures.iter().map(crate::Jpeg::data_uri).collect();
    json!({
        "system_prompt": question.system.as_deref().unwrap_or_default(),
        "images": pictures,
        "user_prompts": [question.prompt],
        "max_tokens": MAX_TOKENS,
        "min_tokens": 1,
    })
}

#[derive(Debug, Deserialize)]
struct Alert {
    #[serde(default)]
    alert_response: Vec<String>,
}

/// An answer by yes or no, and what was said after it.
#[derive(Debug, PartialEq, Eq)]
struct Reply<'a> {
    is_yes: bool,
    rest: &'a str,
}

impl<'a> Reply<'a> {
    /// Reads an answer whose first word is a yes or a no that stands for itself: the end or a punctuation mark follows it.
    /// "No smoking sign is burning" is neither.
    fn of(text: &'a str) -> Option<Self> {
        const YES: [&str; 9] = ["yes", "true", "1", "是", "是的", "有", "有的", "對", "对"];
        const NO: [&str; 10] = ["no", "false", "0", "否", "不是", "沒有", "没有", "無", "无", "不"];
        const MARKS: [char; 12] = ['.', ',', ':', ';', '!', '-', '\n', '，', '。', '：', '；', '！'];

        let text = text.trim().trim_matches(['"', '\'', '「', '」']);
        let (word, rest) = text.split_once(MARKS).unwrap_or((text, ""));
        let word = word.trim().to_lowercase();
        let is_one_of = |words: &[&str]| words.contains(&word.as_str());
        let is_yes = is_one_of(&YES);
        (is_yes || is_one_of(&NO)).then_some(Self { is_yes, rest: rest.trim_start_matches(MARKS).trim() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_or_a_no_that_stands_for_itself_is_an_answer() {
        for (text, expected) in [
            ("yes", Some((true, ""))),
            ("Yes, a bottle lies on the floor.", Some((true, "a bottle lies on the floor."))),
            (" \"No.\" ", Some((false, ""))),
            ("NO", Some((false, ""))),
            ("是，地板有積水", Some((true, "地板有積水"))),
            ("沒有。", Some((false, ""))),
            ("1", Some((true, ""))),
        ] {
            assert_eq!(Reply::of(text).map(|reply| (reply.is_yes, reply.rest)), expected, "{text}");
        }
    }

    #[test]
    fn w11_words_that_only_begin_so_are_no_answer() {
        for text in
            ["nothing unusual", "No smoking sign is burning", "Yesterday", "not sure", "ok", "", "NG", "有人倒在地上"]
        {
            assert_eq!(Reply::of(text), None, "{text}");
        }
    }
}

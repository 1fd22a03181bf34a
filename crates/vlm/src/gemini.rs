//! Google's Gemini: `generateContent`, as the SDK that Google offers puts it on the wire, and the file service for films.

mod files;

use std::path::Path;
use std::time::Duration;

use domain::secret::Secret;
use futures::future::BoxFuture;
use reqwest::header::HeaderName;
use reqwest::{Method, RequestBuilder, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::{Deadline, SetupError, Wire, below, json_body, server};
use crate::{Answer, AskError, Model, Question, Usage};

/// Where Google serves it.
const BASE: &str = "https://generativelanguage.googleapis.com";
/// What carries the key.
const KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
/// How long to wait between two questions whether an uploaded film is ready.
const POLL: Duration = Duration::from_secs(2);

/// A Gemini model.
#[derive(Debug)]
pub struct Gemini {
    wire: Wire,
    base: Url,
    model: String,
    poll: Duration,
}

impl Gemini {
    /// Prepares to ask `model` with a key. `base` replaces Google's address (`GOOGLE_GEMINI_BASE_URL`).
    ///
    /// # Errors
    /// If no model is named or the address is none.
    pub fn new(key: Secret, model: &str, base: Option<&str>) -> Result<Self, SetupError> {
        let model = model.trim();
        let model = model.strip_prefix("models/").unwrap_or(model);
        if model.is_empty() {
            return Err(SetupError::Model);
        }
        let base = server(base.filter(|base| !base.trim().is_empty()).unwrap_or(BASE))?;
        Ok(Self { wire: Wire::new(Some(key))?, base, model: model.to_owned(), poll: POLL })
    }

    /// Changes how long to wait between two questions whether an uploaded film is ready.
    #[must_use]
    pub fn poll_every(mut self, pause: Duration) -> Self {
        self.poll = pause;
        self
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.wire.client().request(method, url);
        match self.wire.key_header("") {
            Some(key) => request.header(KEY, key),
            None => request,
        }
    }

    async fn generate(&self, question: &Question, film: Option<Value>) -> Result<Answer, AskError> {
        let url = below(&self.base, ["v1beta", "models", &format!("{}:generateContent", self.model)]);
        let request = json_body(self.request(Method::POST, url), &body(question, film))?;
        let generated: Generated = self.wire.send(request).await?.json()?;
        generated.answer(question)
    }
}

impl Model for Gemini {
    fn name(&self) -> &str {
        &self.model
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, AskError>> {
        Box::pin(Deadline::after(question.limit).hold(self.generate(question, None)))
    }

    fn looks_at_films(&self) -> bool {
        true
    }

    fn ask_about_film<'a>(&'a self, question: &'a Question, film: &'a Path) -> BoxFuture<'a, Result<Answer, AskError>> {
        Box::pin(async move {
            let deadline = Deadline::after(question.limit);
            let file = deadline.hold(self.upload(film)).await?;
            let asked = deadline.hold(async {
                let ready = self.ready(file.clone()).await?;
                self.generate(question, Some(ready.part())).await
            });
            let asked = asked.await;
            // The film does not stay with Google, whatever came of the question.
            self.delete(&file).await;
            asked
        })
    }
}

/// Returns the body of a question; a film comes before its prompt.
fn body(question: &Question, film: Option<Value>) -> Value {
    let text = |text: &str| json!({ "text": text });
    let picture = |data: String| json!({ "inlineData": { "mimeType": "image/jpeg", "data": data } });
    let mut parts: Vec<Value> = film.into_iter().collect();
    parts.extend(question.system.as_deref().map(text));
    parts.push(text(&question.prompt));
    parts.extend(question.pictures.iter().map(|jpeg| picture(jpeg.base64())));
    let mut body = json!({ "contents": [{ "role": "user", "parts": parts }] });
    if let Some(schema) = &question.schema {
        body["generationConfig"] = json!({
            "responseMimeType": "application/json",
            "responseSchema": schema.gemini(),
        });
    }
    body
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    #[serde(default)]
    candidates: Vec<Candidate>,
    #[serde(default)]
    prompt_feedback: PromptFeedback,
    #[serde(default)]
    usage_metadata: UsageMetadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Candidate {
    content: Content,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content {
    parts: Vec<Part>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    text: String,
    /// What the model thought is no part of its answer.
    thought: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PromptFeedback {
    block_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UsageMetadata {
    prompt_token_count: u64,
    candidates_token_count: u64,
    total_token_count: u64,
}

impl Generated {
    fn answer(self, question: &Question) -> Result<Answer, AskError> {
        let counted = self.usage_metadata;
        let usage = Usage::new(counted.prompt_token_count, counted.candidates_token_count, counted.total_token_count);
        let unusable = |reason: String| Err(AskError::Unusable { reason, text: String::new(), usage });
        if let Some(reason) = self.prompt_feedback.block_reason {
            return unusable(format!("the question was blocked ({reason:.40})"));
        }
        let Some(candidate) = self.candidates.into_iter().next() else {
            return unusable("there is none".to_owned());
        };
        match candidate.finish_reason.as_deref() {
            // An answer that was cut off is one; if it was to be JSON, it is none any more, and that is found below.
            None | Some("STOP" | "MAX_TOKENS") => {}
            Some(other) => return unusable(format!("the model broke off ({other:.40})")),
        }
        let parts = candidate.content.parts.into_iter().filter(|part| !part.thought);
        Answer::of(parts.map(|part| part.text).collect(), usage, question.schema.as_ref())
    }
}

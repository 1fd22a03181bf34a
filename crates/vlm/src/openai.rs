//! Chat completions as OpenAI defined them and Ollama, vLLM, llama.cpp and others serve them.

use std::sync::atomic::{AtomicU8, Ordering};

use domain::secret::Secret;
use futures::future::BoxFuture;
use reqwest::header::AUTHORIZATION;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::{Deadline, Failure, SetupError, Wire, below, json_body, server};
use crate::{Answer, AskError, Model, Question, Schema, Usage};

/// A model behind an OpenAI-compatible server.
#[derive(Debug)]
pub struct OpenAi {
    wire: Wire,
    url: Url,
    model: String,
    /// The best way to ask for JSON that the server is known to take, an index into [`FORMS`].
    form: AtomicU8,
}

/// How a server is asked for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// By the schema; the server makes the model keep to it.
    JsonSchema,
    /// As an object; the schema stands in the prompt.
    JsonObject,
    /// In the prompt only.
    Prompt,
}

/// The best way first.
const FORMS: [Form; 3] = [Form::JsonSchema, Form::JsonObject, Form::Prompt];

impl OpenAi {
    /// Prepares to ask `model` of the server at `base`, with or without `/v1` at its end.
    ///
    /// # Errors
    /// If no model is named or the address is none.
    pub fn new(base: &str, key: Option<Secret>, model: &str) -> Result<Self, SetupError> {
        let model = model.trim();
        if model.is_empty() {
            return Err(SetupError::Model);
        }
        let key = key.filter(|key| !key.expose().is_empty());
        Ok(Self { wire: Wire::new(key)?, url: completions(base)?, model: model.to_owned(), form: AtomicU8::new(0) })
    }

    /// Asks for JSON in the best way that the server takes. One that does not know a way says 400 or 422, and so it does to
    /// a question that is wrong otherwise; therefore a lesser way is remembered only after it worked.
    async fn complete(&self, question: &Question) -> Result<Answer, AskError> {
        let Some(schema) = &question.schema else {
            return self.send(&plain_body(&self.model, question)).await?.answer(None);
        };
        let known = usize::from(self.form.load(Ordering::Relaxed));
        let mut first_refusal = None;
        for (index, form) in FORMS.iter().enumerate().skip(known) {
            match self.send(&schema_body(&self.model, question, schema, *form)).await {
                Ok(completion) => {
                    self.form.store(u8::try_from(index).unwrap_or_default(), Ordering::Relaxed);
                    return completion.answer(Some(schema));
                }
                Err(failure) if is_refused(&failure) => first_refusal = first_refusal.or(Some(failure.error)),
                Err(failure) => return Err(failure.error),
            }
        }
        Err(first_refusal.unwrap_or(AskError::Refused { reason: "no way to ask for JSON is left".to_owned() }))
    }

    async fn send(&self, body: &Value) -> Result<Completion, Failure> {
        let bad = |error| Failure { status: None, error };
        let mut request = self.wire.client().post(self.url.clone());
        if let Some(key) = self.wire.key_header("Bearer ") {
            request = request.header(AUTHORIZATION, key);
        }
        let request = json_body(request, body).map_err(bad)?;
        self.wire.send(request).await?.json().map_err(bad)
    }
}

impl Model for OpenAi {
    fn name(&self) -> &str {
        &self.model
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, AskError>> {
        Box::pin(Deadline::after(question.limit).hold(self.complete(question)))
    }
}

/// Returns where a server takes chat completions.
pub(crate) fn completions(base: &str) -> Result<Url, SetupError> {
    let base = server(base)?;
    let is_versioned = base.path().ends_with("/v1");
    let version = if is_versioned { None } else { Some("v1") };
    Ok(below(&base, version.into_iter().chain(["chat", "completions"])))
}

fn is_refused(failure: &Failure) -> bool {
    matches!(failure.status, Some(StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY))
}

/// Returns the body of a question for free text.
pub(crate) fn plain_body(model: &str, question: &Question) -> Value {
    chat_body(model, question.system.clone(), question)
}

fn schema_body(model: &str, question: &Question, schema: &Schema, form: Form) -> Value {
    let wanted = schema.json_schema();
    if form == Form::JsonSchema {
        let mut body = chat_body(model, question.system.clone(), question);
        body["response_format"] = json!({
            "type": "json_schema",
            "json_schema": { "name": schema.name(), "strict": true, "schema": wanted },
        });
        return body;
    }
    let order = format!("Answer with one JSON object and nothing else. It must satisfy this JSON schema: {wanted}");
    let system = match &question.system {
        Some(system) => format!("{system}\n\n{order}"),
        None => order,
    };
    let mut body = chat_body(model, Some(system), question);
    if form == Form::JsonObject {
        body["response_format"] = json!({ "type": "json_object" });
    }
    body
}

fn chat_body(model: &str, system: Option<String>, question: &Question) -> Value {
    let mut content = vec![json!({ "type": "text", "text": question.prompt })];
    let pictures = question.pictures.iter();
    content.extend(pictures.map(|jpeg| json!({ "type": "image_url", "image_url": { "url": jpeg.data_uri() } })));
    let mut messages: Vec<Value> =
        system.into_iter().map(|system| json!({ "role": "system", "content": system })).collect();
    messages.push(json!({ "role": "user", "content": content }));
    json!({ "model": model, "messages": messages, "stream": false })
}

/// What a server answers.
#[derive(Debug, Deserialize)]
pub(crate) struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Counted>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Debug, Deserialize)]
struct Message {
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Counted {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

impl Completion {
    pub(crate) fn answer(self, schema: Option<&Schema>) -> Result<Answer, AskError> {
        let counted = self.usage.unwrap_or_default();
        let usage = Usage::new(counted.prompt_tokens, counted.completion_tokens, counted.total_tokens);
        let message = self.choices.into_iter().next().map(|choice| choice.message);
        match message {
            Some(Message { content: Some(text), .. }) => Answer::of(text, usage, schema),
            Some(Message { refusal: Some(refusal), .. }) => {
                Err(AskError::Unusable { reason: "the model declines".to_owned(), text: refusal, usage })
            }
            _ => Err(AskError::Unusable { reason: "there is none".to_owned(), text: String::new(), usage }),
        }
    }
}

//! Chat completions; a model whose name begins with VILA answers by yes or no.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chassis::http::{Access, Limits, Routes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::judge::Answer;
use super::{Models, Question, Wants, failed};

pub(super) fn routes(limits: Limits) -> Routes<Models> {
    Routes::new().route_with(Method::POST, "/v1/chat/completions", Access::Public, limits, complete)
}

#[derive(Debug, Deserialize)]
struct Body {
    model: String,
    messages: Vec<Message>,
    response_format: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Message {
    content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text { text: String },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Debug, Deserialize)]
struct ImageUrl {
    url: String,
}

async fn complete(State(models): State<Models>, body: Json<Value>) -> Response {
    match question(body.0) {
        Ok(question) => {
            let wire = if question.wants == Wants::YesOrNo { "vila" } else { "openai" };
            models.answer(wire, question, say).await
        }
        Err(message) => failed(StatusCode::BAD_REQUEST, &message),
    }
}

fn question(body: Value) -> Result<Question, String> {
    let body: Body = serde_json::from_value(body).map_err(|error| error.to_string())?;
    let wants = match &body.response_format {
        _ if body.model.starts_with("VILA") => Wants::YesOrNo,
        Some(format) if format["type"] == "json_schema" || format["type"] == "json_object" => Wants::Judgement,
        _ => Wants::Text,
    };
    let mut question = Question { model: body.model, wants, ..Question::default() };
    for message in body.messages {
        match message.content {
            Content::Text(text) => question.texts.push(text),
            Content::Parts(parts) => {
                for part in parts {
                    match part {
                        Part::Text { text } => question.texts.push(text),
                        Part::ImageUrl { image_url } => add_picture(&mut question, &image_url.url)?,
                    }
                }
            }
        }
    }
    Ok(question)
}

/// Adds the picture in a data URI.
pub(super) fn add_picture(question: &mut Question, uri: &str) -> Result<(), String> {
    let (kind, data) = read_data_uri(uri).ok_or("expected a data URI with base64")?;
    question.pictures.push(data);
    question.picture_type.get_or_insert(kind);
    Ok(())
}

fn read_data_uri(uri: &str) -> Option<(String, Bytes)> {
    let (kind, data) = uri.strip_prefix("data:")?.split_once(";base64,")?;
    Some((kind.to_owned(), STANDARD.decode(data).ok()?.into()))
}

fn say(model: &str, answer: &Answer) -> Value {
    json!({
        "id": "chatcmpl-simulated",
        "object": "chat.completion",
        "created": jiff::Timestamp::now().as_second(),
        "model": model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": answer.text },
            "finish_reason": "stop",
        }],
        "usage": answer.usage.openai(),
    })
}

//! Gemini's `generateContent`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chassis::http::{Access, Limits, Routes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::judge::Answer;
use super::{Models, Question, Wants, failed};

pub(super) fn routes(limits: Limits) -> Routes<Models> {
    Routes::new().route_with(Method::POST, "/v1beta/models/{call}", Access::Public, limits, generate)
}

/// Tells whether a caller has a key; Google's own words otherwise.
pub(super) fn authorised(headers: &HeaderMap) -> Result<(), Box<Response>> {
    if headers.get("x-goog-api-key").is_some_and(|key| !key.is_empty()) {
        return Ok(());
    }
    let message = "Method doesn't allow unregistered callers (callers without established identity).";
    Err(Box::new(failed(StatusCode::FORBIDDEN, message)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    contents: Vec<Content>,
    #[serde(default)]
    generation_config: Config,
}

#[derive(Debug, Deserialize)]
struct Content {
    parts: Vec<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Part {
    Text(String),
    InlineData(Inline),
    FileData(FileData),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inline {
    mime_type: String,
    data: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileData {
    file_uri: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    response_mime_type: Option<String>,
    response_schema: Option<Value>,
}

async fn generate(
    State(models): State<Models>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Json<Value>,
) -> Response {
    if let Err(refused) = authorised(&headers) {
        return *refused;
    }
    let Some(model) = call.strip_suffix(":generateContent") else {
        return failed(StatusCode::NOT_FOUND, "only generateContent is simulated");
    };
    match question(&models, model, body.0) {
        Ok(question) => models.answer("gemini", question, say).await,
        Err((status, message)) => failed(status, &message),
    }
}

fn question(models: &Models, model: &str, body: Value) -> Result<Question, (StatusCode, String)> {
    let bad = |message: String| (StatusCode::BAD_REQUEST, message);
    let body: Body = serde_json::from_value(body).map_err(|error| bad(error.to_string()))?;
    let config = body.generation_config;
    let wants = match (config.response_mime_type.as_deref(), config.response_schema) {
        (Some("application/json"), Some(schema)) if schema["type"] == "OBJECT" => Wants::Judgement,
        (None, None) => Wants::Text,
        _ => return Err(bad("a responseSchema of type OBJECT goes with application/json".to_owned())),
    };
    let mut question = Question { model: model.to_owned(), wants, ..Question::default() };
    for part in body.contents.into_iter().flat_map(|content| content.parts) {
        match part {
            Part::Text(text) => question.texts.push(text),
            Part::InlineData(inline) => {
                let picture = STANDARD.decode(inline.data).map_err(|error| bad(error.to_string()))?;
                question.pictures.push(picture.into());
                question.picture_type.get_or_insert(inline.mime_type);
            }
            Part::FileData(file) => {
                let film = models.films().usable(&file.file_uri);
                question.film_bytes = Some(film.map_err(|message| (StatusCode::FORBIDDEN, message.to_owned()))?);
            }
        }
    }
    Ok(question)
}

fn say(model: &str, answer: &Answer) -> Value {
    json!({
        "candidates": [{
            "content": { "role": "model", "parts": [{ "text": answer.text }] },
            "finishReason": "STOP",
            "index": 0,
        }],
        "usageMetadata": answer.usage.gemini(),
        "modelVersion": model,
        "responseId": "simulated",
    })
}

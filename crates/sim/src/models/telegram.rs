//! Telegram's bots as far as reports need them. Like the real one it refuses Markdown whose marks do not match.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::{Multipart, Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, Limits, Routes};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Models;

/// Messages that are kept.
const KEPT: usize = 1000;

/// A message that a bot sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// When.
    pub at: Timestamp,
    /// How: `sendMessage sendDocument sendPhoto`.
    pub method: String,
    /// The bot's token.
    pub token: String,
    /// To whom.
    pub chat_id: String,
    /// The text, or what stands below the picture.
    pub text: String,
    /// How the text is to be read.
    pub parse_mode: Option<String>,
    /// What the file is called.
    pub file_name: Option<String>,
    /// How long the file is.
    pub file_bytes: usize,
}

/// A time in which nothing is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outage {
    /// How many requests are refused; none without.
    pub times: u32,
    /// The status they are refused with, 500 without.
    pub status: Option<u16>,
}

/// The simulated Telegram.
#[derive(Default)]
pub struct Telegram {
    state: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    messages: VecDeque<Message>,
    outage: Outage,
}

impl Telegram {
    /// Everything that was sent and is still kept, oldest first.
    pub fn received(&self) -> Vec<Message> {
        self.with(|kept| kept.messages.iter().cloned().collect())
    }

    /// Forgets what was sent.
    pub fn forget(&self) {
        self.with(|kept| kept.messages.clear());
    }

    /// Refuses the next requests.
    pub fn refuse(&self, outage: Outage) {
        self.with(|kept| kept.outage = outage);
    }

    fn take(&self, message: Message) -> Response {
        let refused = self.with(|kept| {
            let is_refused = kept.outage.times > 0;
            kept.outage.times = kept.outage.times.saturating_sub(1);
            is_refused.then_some(kept.outage.status.unwrap_or(500))
        });
        if let Some(status) = refused.and_then(|code| StatusCode::from_u16(code).ok()) {
            return no(status, "Internal Server Error");
        }
        if message.chat_id.is_empty() {
            return no(StatusCode::BAD_REQUEST, "Bad Request: chat_id is empty");
        }
        let is_markdown = message.parse_mode.as_deref() == Some("Markdown");
        if let Some(at) = unmatched(&message.text).filter(|_| is_markdown) {
            let told =
                format!("Bad Request: can't parse entities: Can't find end of the entity starting at byte offset {at}");
            return no(StatusCode::BAD_REQUEST, &told);
        }
        let number = self.with(|kept| {
            if kept.messages.len() == KEPT {
                kept.messages.pop_front();
            }
            kept.messages.push_back(message);
            kept.messages.len()
        });
        Json(json!({ "ok": true, "result": { "message_id": number } })).into_response()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(super) fn routes(limits: Limits) -> Routes<Models> {
    Routes::new()
        .route_with(Method::POST, "/telegram/{bot}/sendMessage", Access::Public, limits, text)
        .route_with(Method::POST, "/telegram/{bot}/sendDocument", Access::Public, limits, document)
        .route_with(Method::POST, "/telegram/{bot}/sendPhoto", Access::Public, limits, photo)
}

#[derive(Debug, Deserialize)]
struct Text {
    chat_id: Value,
    text: String,
    parse_mode: Option<String>,
}

async fn text(State(models): State<Models>, Path(bot): Path<String>, Json(body): Json<Text>) -> Response {
    let chat_id = match body.chat_id {
        Value::String(id) => id,
        other => other.to_string(),
    };
    models.telegram().take(Message {
        at: Timestamp::now(),
        method: "sendMessage".to_owned(),
        token: token(&bot),
        chat_id,
        text: body.text,
        parse_mode: body.parse_mode,
        file_name: None,
        file_bytes: 0,
    })
}

async fn document(State(models): State<Models>, Path(bot): Path<String>, form: Multipart) -> Response {
    file(&models, &bot, "sendDocument", form).await
}

async fn photo(State(models): State<Models>, Path(bot): Path<String>, form: Multipart) -> Response {
    file(&models, &bot, "sendPhoto", form).await
}

async fn file(models: &Models, bot: &str, method: &str, form: Multipart) -> Response {
    match read(bot, method, form).await {
        Ok(message) => models.telegram().take(message),
        Err(error) => no(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

async fn read(
    bot: &str,
    method: &str,
    mut form: Multipart,
) -> Result<Message, axum::extract::multipart::MultipartError> {
    let mut message = Message {
        at: Timestamp::now(),
        method: method.to_owned(),
        token: token(bot),
        chat_id: String::new(),
        text: String::new(),
        parse_mode: None,
        file_name: None,
        file_bytes: 0,
    };
    while let Some(field) = form.next_field().await? {
        match field.name().unwrap_or_default() {
            "chat_id" => message.chat_id = field.text().await?,
            "caption" => message.text = field.text().await?,
            "parse_mode" => message.parse_mode = Some(field.text().await?),
            "document" | "photo" => {
                message.file_name = field.file_name().map(str::to_owned);
                message.file_bytes = field.bytes().await?.len();
            }
            _ => {}
        }
    }
    Ok(message)
}

fn token(bot: &str) -> String {
    bot.strip_prefix("bot").unwrap_or(bot).to_owned()
}

fn no(status: StatusCode, description: &str) -> Response {
    let body = json!({ "ok": false, "error_code": status.as_u16(), "description": description });
    (status, Json(body)).into_response()
}

/// Returns where a mark of Telegram's older Markdown stands whose other half is missing.
fn unmatched(text: &str) -> Option<usize> {
    let mut open: Option<(char, usize)> = None;
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (letter, open) {
            ('\\', None) => {
                letters.next();
            }
            ('*' | '_' | '`', Some((mark, _))) if letter == mark => open = None,
            ('*' | '_' | '`', None) => open = Some((letter, at)),
            _ => {}
        }
    }
    open.map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_do_not_match_are_found() {
        for (text, expected) in [
            ("*bold* and _slanted_ and `code`", None),
            ("a snake_case word", Some(7)),
            ("*bold", Some(0)),
            ("`a*b`", None),
            ("snake\\_case", None),
            ("大廳_", Some(6)),
        ] {
            assert_eq!(unmatched(text), expected, "{text}");
        }
    }
}

//! VILA's alert server: a GET with a body.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use chassis::http::{Access, Limits, Routes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::judge::Answer;
use super::openai::add_picture;
use super::{Models, Question, Wants, failed};

pub(super) fn routes(limits: Limits) -> Routes<Models> {
    Routes::new().route_with(Method::GET, "/v1/alert/completions", Access::Public, limits, complete)
}

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(default)]
    system_prompt: String,
    #[serde(default)]
    images: Vec<String>,
    user_prompts: Vec<String>,
}

async fn complete(State(models): State<Models>, Json(body): Json<Body>) -> Response {
    let wants = Wants::YesOrNo;
    let mut question =
        Question { model: "VILA".to_owned(), texts: vec![body.system_prompt], wants, ..Question::default() };
    question.texts.extend(body.user_prompts);
    for image in &body.images {
        if let Err(message) = add_picture(&mut question, image) {
            return failed(StatusCode::BAD_REQUEST, &message);
        }
    }
    models.answer("vila", question, say).await
}

fn say(_model: &str, answer: &Answer) -> Value {
    json!({ "alert_response": [answer.text] })
}

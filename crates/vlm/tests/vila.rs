//! VILA's two wires, against a server that keeps every byte of them.

mod support;

use serde_json::{Value, json};
use support::{LIMIT, Play, Server, golden, inspection};
use vlm::{AskError, Model as _, Question, Usage, Vila, VilaServer, inspection::verdict};

fn chat(server: &Server) -> Vila {
    Vila::new(&VilaServer::Chat(server.url()), "VILA1.5-3B").expect("is set up")
}

fn alert(server: &Server) -> Vila {
    Vila::new(&VilaServer::Alert(server.url()), "VILA1.5-3B").expect("is set up")
}

fn completion(content: &str) -> Value {
    json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]})
}

#[tokio::test]
async fn the_alert_server_is_asked_by_a_get_with_a_body() {
    let server = Server::start([Play::json(200, &json!({"alert_response": ["Yes, water on the floor."]}))]).await;

    let answer = alert(&server).ask(&inspection()).await.expect("is answered");

    let asked = &server.asked()[0];
    assert_eq!(asked.line(), "GET /v1/alert/completions");
    assert_eq!(asked.json(), golden("vila_alert.json"));
    let judgement = verdict(&answer).expect("is a judgement");
    assert_eq!((judgement.is_ng, judgement.description.as_str()), (true, "water on the floor."));
    assert_eq!(answer.usage, Usage::default());
}

#[tokio::test]
async fn the_chat_server_is_asked_by_completions() {
    let server = Server::start([Play::json(200, &completion("No.")), Play::json(200, &completion("A hall."))]).await;
    let vila = chat(&server);

    let answer = vila.ask(&inspection()).await.expect("is answered");
    let text = vila.ask(&Question::text("What is there?", LIMIT)).await.expect("is answered");

    let asked = &server.asked()[0];
    assert_eq!(asked.line(), "POST /v1/chat/completions");
    assert_eq!(asked.json(), golden("vila_chat.json"));
    assert_eq!(verdict(&answer).map(|judgement| judgement.is_ng), Ok(false));
    assert_eq!(text.text, "A hall.");
}

#[tokio::test]
async fn w11_an_answer_that_is_neither_yes_nor_no_is_none() {
    for text in ["nothing unusual", "No smoking sign is burning", "NG", ""] {
        let server = Server::start([
            Play::json(200, &completion(text)),
            Play::json(200, &json!({"alert_response": [text]})),
            Play::json(200, &json!({"alert_response": []})),
        ])
        .await;
        for vila in [chat(&server), alert(&server), alert(&server)] {
            let error = vila.ask(&inspection()).await.expect_err("is unusable");
            assert!(matches!(error, AskError::Unusable { .. }), "{text}: {error:?}");
        }
    }
}

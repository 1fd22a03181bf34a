//! Chat completions, against a server that keeps every byte of them.

mod support;

use domain::secret::Secret;
use serde_json::{Value, json};
use support::{LIMIT, Play, Server, golden, inspection};
use vlm::{AskError, Model as _, OpenAi, Question, Usage, inspection::verdict};

fn openai(server: &Server, key: &str) -> OpenAi {
    OpenAi::new(&server.url(), Some(Secret::new(key)), "qwen2.5vl:7b").expect("is set up")
}

fn completion(content: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "qwen2.5vl:7b",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 30, "total_tokens": 930}
    })
}

fn forms(server: &Server) -> Vec<Value> {
    server.asked().iter().map(|asked| asked.json()["response_format"]["type"].clone()).collect()
}

#[tokio::test]
async fn an_inspection_is_asked_by_the_schema() {
    let server = Server::start([Play::json(200, &completion(r#"{"is_NG": false, "Description": ""}"#))]).await;

    let answer = openai(&server, "sk-geheim").ask(&inspection()).await.expect("is answered");

    let asked = &server.asked()[0];
    assert_eq!(asked.line(), "POST /v1/chat/completions");
    assert_eq!(asked.header("authorization"), Some("Bearer sk-geheim"));
    assert_eq!(asked.json(), golden("openai_inspection.json"));
    assert_eq!(verdict(&answer).map(|judgement| judgement.is_ng), Ok(false));
    assert_eq!(answer.usage, Usage { input: 900, output: 30, total: 930 });
}

#[tokio::test]
async fn an_address_may_end_in_the_version_and_a_key_may_be_missing() {
    let server = Server::start([Play::json(200, &completion("hello"))]).await;
    let model = OpenAi::new(&format!("{}/v1/", server.url()), None, "llava").expect("is set up");

    model.ask(&Question::text("Hello?", LIMIT)).await.expect("is answered");

    let asked = &server.asked()[0];
    assert_eq!((asked.line().as_str(), asked.header("authorization")), ("POST /v1/chat/completions", None));
    assert_eq!(
        asked.json(),
        json!({"model": "llava", "stream": false,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello?"}]}]})
    );
}

#[tokio::test]
async fn a_server_that_does_not_know_schemas_is_asked_in_words_from_then_on() {
    let good = completion("```json\n{\"is_NG\": true, \"Description\": \"a bottle\"}\n```");
    let server = Server::start([
        Play::json(400, &json!({"error": "response_format json_schema is not supported"})),
        Play::json(422, &json!({"detail": "response_format is not supported"})),
        Play::json(200, &good),
        Play::json(200, &good),
    ])
    .await;
    let model = openai(&server, "");

    for _ in 0..2 {
        let answer = model.ask(&inspection()).await.expect("is answered");
        assert_eq!(verdict(&answer).map(|judgement| judgement.is_ng), Ok(true));
    }

    assert_eq!(forms(&server), [json!("json_schema"), json!("json_object"), Value::Null, Value::Null]);
    let system = server.asked()[2].json()["messages"][0]["content"].as_str().expect("is text").to_owned();
    assert!(system.starts_with("You are an inspection robot.\n\nAnswer with one JSON object and nothing else."));
    assert!(system.contains(r#""required":["is_NG","Description"]"#), "{system}");
}

#[tokio::test]
async fn a_question_that_is_wrong_in_every_form_changes_nothing_for_the_next() {
    let too_large = || Play::json(400, &json!({"error": {"message": "the picture is too large"}}));
    let good = Play::json(200, &completion(r#"{"is_NG": false, "Description": ""}"#));
    let server = Server::start([too_large(), too_large(), too_large(), good]).await;
    let model = openai(&server, "");

    let error = model.ask(&inspection()).await.expect_err("is refused");
    let reason = "400 Bad Request: the picture is too large".to_owned();
    assert_eq!(error, AskError::Refused { reason });
    model.ask(&inspection()).await.expect("is answered");

    assert_eq!(forms(&server)[3], "json_schema");
}

#[tokio::test]
async fn a_server_that_fails_is_not_asked_in_other_words() {
    for (status, again) in [(401, false), (404, false), (429, true), (500, true)] {
        let server = Server::start([Play::json(status, &json!({}))]).await;
        let error = openai(&server, "k").ask(&inspection()).await.expect_err("fails");
        assert_eq!((error.may_pass(), server.asked().len()), (again, 1), "{status}");
    }
}

#[tokio::test]
async fn w11_an_answer_that_is_no_judgement_is_none() {
    let declined = json!({"choices": [{"message": {"role": "assistant", "content": null, "refusal": "I cannot"}}]});
    for body in [completion("No anomalies."), declined, json!({"choices": []}), json!({})] {
        let server = Server::start([Play::json(200, &body)]).await;
        let error = openai(&server, "k").ask(&inspection()).await.expect_err("is unusable");
        assert!(matches!(error, AskError::Unusable { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_model_that_does_not_look_at_films_says_so_without_a_request() {
    let server = Server::start([]).await;
    let model = openai(&server, "k");

    let error = model.ask_about_film(&Question::text("?", LIMIT), std::path::Path::new("run.mp4")).await;

    assert!(!model.looks_at_films());
    assert_eq!(error, Err(AskError::Refused { reason: "qwen2.5vl:7b does not look at films".to_owned() }));
    assert!(server.asked().is_empty());
}

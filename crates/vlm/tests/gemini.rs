//! Gemini's wire, against a server that keeps every byte of it.

mod support;

use std::time::Duration;

use domain::secret::Secret;
use serde_json::{Value, json};
use support::{LIMIT, Play, Server, golden, inspection};
use vlm::{AskError, Gemini, Model as _, Question, Usage, inspection::verdict};

const KEY: &str = "AIza-geheim";

fn gemini(server: &Server) -> Gemini {
    let gemini = Gemini::new(Secret::new(KEY), "gemini-3-flash-preview", Some(&server.url()));
    gemini.expect("is set up").poll_every(Duration::from_millis(10))
}

fn generated(text: &str) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": [
            {"text": "let me look", "thought": true}, {"text": text}]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1130, "candidatesTokenCount": 22, "totalTokenCount": 1290,
            "thoughtsTokenCount": 138},
        "modelVersion": "gemini-3-flash-preview"
    })
}

#[tokio::test]
async fn w33_an_inspection_is_asked_as_the_sdk_asks_it_with_the_cameras_own_jpeg() {
    let server = Server::start([Play::json(200, &generated(r#"{"is_NG": true, "Description": "積水"}"#))]).await;

    let answer = gemini(&server).ask(&inspection()).await.expect("is answered");

    let asked = &server.asked()[0];
    assert_eq!(asked.line(), "POST /v1beta/models/gemini-3-flash-preview:generateContent");
    assert_eq!(asked.header("x-goog-api-key"), Some(KEY));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.json(), golden("gemini_inspection.json"));
    let judgement = verdict(&answer).expect("is a judgement");
    assert_eq!((judgement.is_ng, judgement.description.as_str()), (true, "積水"));
    assert_eq!(answer.usage, Usage { input: 1130, output: 22, total: 1290 });
    assert_eq!(answer.usage.billed_output(), 160);
}

#[tokio::test]
async fn a_text_is_asked_for_with_one_part_and_no_schema() {
    let server = Server::start([Play::json(200, &generated("# Report"))]).await;

    let answer = gemini(&server).ask(&Question::text("Write a report.", LIMIT)).await.expect("is answered");

    let body = json!({"contents": [{"role": "user", "parts": [{"text": "Write a report."}]}]});
    assert_eq!(server.asked()[0].json(), body);
    assert_eq!((answer.text.as_str(), answer.json), ("# Report", None));
}

#[tokio::test]
async fn w11_an_answer_that_is_no_judgement_is_none_and_costs_all_the_same() {
    let safety = json!({"candidates": [{"finishReason": "SAFETY"}], "usageMetadata": {"totalTokenCount": 9}});
    let blocked = json!({"promptFeedback": {"blockReason": "OTHER"}, "usageMetadata": {"totalTokenCount": 9}});
    let bodies = [generated("nothing unusual"), generated("{\"is_NG\": fal"), safety, blocked, json!({}), json!([])];
    for body in bodies {
        let server = Server::start([Play::json(200, &body)]).await;
        let error = gemini(&server).ask(&inspection()).await.expect_err("is unusable");
        let total = body["usageMetadata"]["totalTokenCount"].as_u64().unwrap_or_default();
        assert!(matches!(error, AskError::Unusable { .. }), "{error:?}");
        assert_eq!(error.usage().total, total, "{body}");
    }
}

#[tokio::test]
async fn a_server_that_is_busy_says_when_to_come_back() {
    let busy =
        json!({"error": {"code": 429, "message": "Resource has been exhausted", "status": "RESOURCE_EXHAUSTED"}});
    let server = Server::start([Play::json(429, &busy).with("retry-after", "17"), Play::json(503, &json!({}))]).await;
    let gemini = gemini(&server);

    let error = gemini.ask(&inspection()).await.expect_err("is busy");
    assert_eq!((error.may_pass(), error.asked_pause()), (true, Some(Duration::from_secs(17))));
    let error = gemini.ask(&inspection()).await.expect_err("is busy");
    assert_eq!((error.may_pass(), error.asked_pause()), (true, None));
}

#[tokio::test]
async fn a_wrong_key_is_no_reason_to_ask_again_and_is_never_told() {
    for status in [400, 401, 403, 404] {
        let said = json!({"error": {"message": format!("API key {KEY} not valid")}});
        let server = Server::start([Play::json(status, &said)]).await;
        let error = gemini(&server).ask(&inspection()).await.expect_err("is refused");
        assert!(!error.may_pass(), "{error:?}");
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
        assert!(!format!("{:?}", gemini(&server)).contains(KEY));
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let server = Server::start([Play::Hang]).await;
    let limit = Duration::from_millis(50);

    let error = gemini(&server).ask(&Question { limit, ..inspection() }).await.expect_err("takes too long");

    assert_eq!(error, AskError::TimedOut { limit });
    assert!(error.may_pass());
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come_back() {
    chassis::install_tls();
    let gone = Gemini::new(Secret::new(KEY), "gemini-3-flash-preview", Some("http://127.0.0.1:1")).expect("is set up");
    let error = gone.ask(&inspection()).await.expect_err("nobody listens");
    assert!(matches!(error, AskError::TryLater { after: None, .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read_to_it() {
    let server = Server::start([Play::Answer { status: 200, headers: vec![], body: " ".repeat(9 << 20) }]).await;
    let error = gemini(&server).ask(&inspection()).await.expect_err("is too long");
    assert!(matches!(error, AskError::Refused { .. }), "{error:?}");
}

fn uploaded(state: &str) -> Value {
    json!({"name": "files/film-1", "uri": "https://models.example/v1beta/files/film-1", "mimeType": "video/mp4",
        "sizeBytes": "5", "state": state})
}

fn film(content: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().prefix("run_7").suffix(".mp4").tempfile().expect("a file");
    std::fs::write(file.path(), content).expect("is written");
    file
}

/// A server that takes a film, and then plays `after`.
async fn takes_a_film(after: impl IntoIterator<Item = Play>) -> Server {
    let server = Server::start([]).await;
    let place = format!("{}/upload/place?upload_id=secret-place", server.url());
    server.play(Play::json(200, &json!({})).with("x-goog-upload-url", place));
    for play in after {
        server.play(play);
    }
    server
}

#[tokio::test]
async fn a_film_is_sent_waited_for_asked_about_and_taken_back() {
    let server = takes_a_film([
        Play::json(200, &json!({"file": uploaded("PROCESSING")})).with("x-goog-upload-status", "final"),
        Play::json(200, &uploaded("PROCESSING")),
        Play::json(200, &uploaded("ACTIVE")),
        Play::json(200, &generated("One puddle at 00:12.")),
        Play::json(200, &json!({})),
    ])
    .await;
    let film = film(b"film!");

    let question = Question::text("Any puddles?", LIMIT);
    let answer = gemini(&server).ask_about_film(&question, film.path()).await.expect("is answered");

    assert_eq!(answer.text, "One puddle at 00:12.");
    assert_eq!(
        server.lines(),
        [
            "POST /upload/v1beta/files",
            "POST /upload/place?upload_id=secret-place",
            "GET /v1beta/files/film-1",
            "GET /v1beta/files/film-1",
            "POST /v1beta/models/gemini-3-flash-preview:generateContent",
            "DELETE /v1beta/files/film-1",
        ]
    );
    let asked = server.asked();
    let (begin, piece) = (&asked[0], &asked[1]);
    assert_eq!(begin.json(), json!({"file": {"mime_type": "video/mp4", "size_bytes": 5}}));
    for (name, value) in [
        ("x-goog-upload-protocol", "resumable"),
        ("x-goog-upload-command", "start"),
        ("x-goog-upload-header-content-length", "5"),
        ("x-goog-upload-header-content-type", "video/mp4"),
        ("x-goog-upload-file-name", film.path().file_name().expect("has one").to_str().expect("is text")),
        ("x-goog-api-key", KEY),
    ] {
        assert_eq!(begin.header(name), Some(value), "{name}");
    }
    assert_eq!(piece.header("x-goog-upload-command"), Some("upload, finalize"));
    assert_eq!(piece.header("x-goog-upload-offset"), Some("0"));
    assert_eq!(piece.header("content-length"), Some("5"));
    assert_eq!(piece.header("x-goog-api-key"), None);
    assert_eq!(piece.body.as_ref(), b"film!");
    assert_eq!(asked[4].json(), golden("gemini_film.json"));
    assert_eq!(asked[5].header("x-goog-api-key"), Some(KEY));
}

#[tokio::test]
async fn a_film_that_cannot_be_processed_is_taken_back_too() {
    let server = takes_a_film([
        Play::json(200, &json!({"file": uploaded("PROCESSING")})),
        Play::json(200, &uploaded("FAILED")),
        Play::json(200, &json!({})),
    ])
    .await;

    let question = Question::text("Any puddles?", LIMIT);
    let error = gemini(&server).ask_about_film(&question, film(b"film!").path()).await.expect_err("has failed");

    assert_eq!(error, AskError::Refused { reason: "the film cannot be processed".to_owned() });
    assert_eq!(server.lines().last().map(String::as_str), Some("DELETE /v1beta/files/film-1"));
}

#[tokio::test]
async fn a_question_about_a_film_that_takes_too_long_takes_the_film_back() {
    let server =
        takes_a_film([Play::json(200, &json!({"file": uploaded("ACTIVE")})), Play::Hang, Play::json(200, &json!({}))])
            .await;
    let limit = Duration::from_secs(1);

    let question = Question::text("Any puddles?", limit);
    let error = gemini(&server).ask_about_film(&question, film(b"film!").path()).await.expect_err("takes too long");

    assert_eq!(error, AskError::TimedOut { limit });
    assert_eq!(server.lines().last().map(String::as_str), Some("DELETE /v1beta/files/film-1"));
}

#[tokio::test]
async fn a_film_goes_on_where_its_way_was_cut() {
    const PIECE: usize = 8 << 20;
    let content: Vec<u8> = (0..PIECE + 1000).map(|index| index as u8).collect();
    let server = takes_a_film([
        Play::json(503, &json!({})),
        // Half of the first piece had come.
        Play::json(200, &json!({})).with("x-goog-upload-size-received", (PIECE / 2).to_string()),
        Play::json(200, &json!({"file": uploaded("ACTIVE")})),
        Play::json(200, &generated("dry")),
        Play::json(200, &json!({})),
    ])
    .await;

    let question = Question::text("Any puddles?", LIMIT);
    let answer = gemini(&server).ask_about_film(&question, film(&content).path()).await.expect("is answered");

    assert_eq!(answer.text, "dry");
    let asked = server.asked();
    let way: Vec<_> = asked[1..4]
        .iter()
        .map(|asked| (asked.header("x-goog-upload-command"), asked.header("x-goog-upload-offset"), asked.body.len()))
        .collect();
    let half = (PIECE / 2).to_string();
    assert_eq!(
        way,
        [
            (Some("upload"), Some("0"), PIECE),
            (Some("query"), None, 0),
            (Some("upload, finalize"), Some(half.as_str()), PIECE / 2 + 1000),
        ]
    );
    assert_eq!(asked[3].body, content[PIECE / 2..]);
}

#[tokio::test]
async fn a_film_whose_way_is_always_cut_is_given_up() {
    let nothing = || Play::json(200, &json!({})).with("x-goog-upload-size-received", "0");
    let cut = || Play::json(503, &json!({}));
    let server = takes_a_film([cut(), nothing(), cut(), nothing(), cut()]).await;

    let question = Question::text("Any puddles?", LIMIT);
    let error = gemini(&server).ask_about_film(&question, film(b"film!").path()).await.expect_err("is cut");

    assert!(error.may_pass(), "{error:?}");
    assert_eq!(server.asked().len(), 6);
}

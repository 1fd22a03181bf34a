//! What becomes a verdict, and what becomes an error.

use serde_json::json;

use super::*;

#[tokio::test]
async fn w33_the_photo_goes_to_the_model_as_the_camera_made_it_and_is_named_for_its_verdict() {
    let bench = Bench::with([Play::ok(), Play::ng("積水")]).await;
    let taken = photo(None);

    let fine = bench.inspect("大廳/Lobby", taken.clone()).await;
    let wrong = bench.inspect("Store", taken.clone()).await;

    let asked = &bench.model.asked()[0];
    assert_eq!(asked.pictures, [("image/jpeg".to_owned(), taken.to_vec())]);
    assert_eq!(asked.texts.last().map(String::as_str), Some("[Location: 大廳/Lobby] Is the floor dry?"));
    assert_eq!((fine.verdict, fine.description.as_str()), (Some(Verdict::Ok), ""));
    assert_eq!((wrong.verdict, wrong.description.as_str()), (Some(Verdict::Ng), "積水"));
    assert_eq!(wrong.answer, r#"{"is_NG": true, "Description": "積水"}"#);
    assert_eq!((fine.usage, fine.attempts, fine.model.as_deref()), (ANSWER, 1, Some("gemini-3-flash-preview")));
    assert!(fine.cost.is_some_and(|cost| (cost - (100.0 * 0.5 + 50.0 * 3.0) / 1e6).abs() < 1e-12), "{:?}", fine.cost);
    let images = bench.images();
    assert!(images[0].starts_with("Store_NG_") && images[1].starts_with("___Lobby_OK_"), "{images:?}");
    assert!(fine.image_path.is_some_and(|path| path.ends_with(&images[1])));
}

#[tokio::test]
async fn w10_a_model_that_never_answers_makes_an_error_never_an_ok() {
    let bench = Bench::with([Play::Fails(500)]).await;
    bench.set(json!({"inspection_attempts": 3})).await;

    let row = bench.inspect("Lobby", photo(None)).await;

    assert_eq!((row.verdict, row.attempts, bench.model.asked().len()), (Some(Verdict::Error), 3, 3));
    assert!(row.description.starts_with("the model cannot answer now: 500"), "{}", row.description);
    assert_eq!(row.answer, "");
    assert!(bench.images()[0].starts_with("Lobby_ERROR_"));
}

#[tokio::test]
async fn w10_a_model_that_answers_later_is_asked_again() {
    let bench = Bench::with([Play::Fails(503), Play::Fails(429), Play::ng("a bottle")]).await;

    let row = bench.inspect("Lobby", photo(None)).await;

    assert_eq!((row.verdict, row.attempts), (Some(Verdict::Ng), 3));
}

#[tokio::test]
async fn w10_a_refusal_is_final() {
    for status in [400, 401, 403, 404] {
        let bench = Bench::with([Play::Fails(status)]).await;
        let row = bench.inspect("Lobby", photo(None)).await;
        assert_eq!((row.verdict, row.attempts), (Some(Verdict::Error), 1), "{status}");
    }
}

#[tokio::test]
async fn w11_words_are_no_verdict_whatever_they_say_and_cost_all_the_same() {
    for words in ["nothing unusual", "OK", "NG", "{\"is_NG\": \"no\", \"Description\": \"\"}"] {
        let bench = Bench::with([Play::Says(words.to_owned())]).await;
        bench.set(json!({"inspection_attempts": 2})).await;

        let row = bench.inspect("Lobby", photo(None)).await;

        assert_eq!((row.verdict, row.usage), (Some(Verdict::Error), ANSWER + ANSWER), "{words}");
        assert!(row.cost.is_some_and(|cost| cost > 0.0));
        assert_eq!(bench.tokens().await, 300);
    }
}

#[tokio::test]
async fn w10_without_a_model_there_is_an_error_that_says_so() {
    let bench = Bench::with([Play::ok()]).await;
    bench.set(json!({"vlm_provider": "openai"})).await;
    assert!(bench.inspector.is_configured().is_err());

    let row = bench.inspect("Lobby", photo(None)).await;

    assert_eq!((row.verdict, row.usage), (Some(Verdict::Error), Usage::default()));
    assert_eq!(row.description, "no address of an OpenAI-compatible server is set");
}

#[tokio::test]
async fn w10_a_photo_that_is_gone_or_broken_is_an_error() {
    let bench = Bench::with([Play::ok()]).await;

    let broken = bench.inspect("Lobby", Bytes::from_static(b"no photo")).await;
    let mut gone = bench.shoot("Store", photo(None)).await;
    gone.pictures = vec!["1_x/elsewhere.jpg".to_owned()];
    let (worker, mut settled) = (bench.worker(), bench.inspector.settled());
    bench.inspector.enqueue(gone.clone()).await.expect("is queued");
    next(&mut settled).await;
    worker.end().await;

    assert_eq!((broken.verdict, broken.description.as_str()), (Some(Verdict::Error), "the picture is no JPEG"));
    let gone = bench.row(gone.inspection).await;
    assert_eq!(gone.description, "the photo 1_x/elsewhere.jpg is gone");
    assert!(bench.model.asked().is_empty());
}

#[tokio::test]
async fn w40_over_the_budget_nothing_is_asked_and_nothing_is_ok() {
    let bench = Bench::with([Play::ok()]).await;
    bench.set(json!({"token_budget_per_day": 300})).await;

    let verdicts = [
        bench.inspect("A", photo(None)).await.verdict,
        bench.inspect("B", photo(None)).await.verdict,
        bench.inspect("C", photo(None)).await.verdict,
    ];

    assert_eq!(verdicts, [Some(Verdict::Ok), Some(Verdict::Ok), Some(Verdict::Error)]);
    assert_eq!(bench.model.asked().len(), 2);
    bench.set(json!({"token_budget_per_day": 0, "cost_budget_per_day": 0.0003})).await;
    let row = bench.inspect("D", photo(None)).await;
    assert_eq!(row.verdict, Some(Verdict::Error));
    assert!(row.description.starts_with("budget: 0.00 of 0.00 US dollars"), "{}", row.description);
}

#[tokio::test]
async fn a_change_of_the_model_is_heeded_by_the_next_question() {
    let bench = Bench::with([Play::ok()]).await;
    bench.inspect("A", photo(None)).await;
    bench.set(json!({"gemini_model": "gemini-2.5-pro"})).await;
    let row = bench.inspect("B", photo(None)).await;

    let paths: Vec<String> = bench.model.asked().into_iter().map(|asked| asked.path).collect();
    let expected =
        ["gemini-3-flash-preview", "gemini-2.5-pro"].map(|model| format!("/v1beta/models/{model}:generateContent"));
    assert_eq!((paths, row.model.as_deref()), (expected.to_vec(), Some("gemini-2.5-pro")));
}

//! Texts: reports and looks at once.

use serde_json::json;
use vlm::Question;

use super::super::NoAnswer;
use super::*;

fn question() -> Question {
    Question::text("Write a report.", PATIENCE)
}

#[tokio::test]
async fn a_text_is_asked_for_again_and_its_expense_is_everything_it_took() {
    let bench = Bench::with([Play::Fails(503), Play::Says(String::new()), Play::Says("# Report".to_owned())]).await;

    let consulted = bench.inspector.consult("report", question(), None).await.expect("is answered");

    assert_eq!(consulted.text, "# Report");
    assert_eq!(consulted.expense.usage, ANSWER + ANSWER);
    assert_eq!(consulted.expense.model.as_deref(), Some("gemini-3-flash-preview"));
}

#[tokio::test]
async fn a_text_that_nobody_writes_says_why_and_what_it_took_is_written_down() {
    let bench = Bench::with([Play::Says(String::new())]).await;

    let error = bench.inspector.consult("report", question(), None).await.expect_err("is empty");

    assert!(matches!(error, NoAnswer::Model(_)), "{error}");
    assert_eq!(bench.model.asked().len(), 3);
    let (start, end) = bench.history.day_of(Timestamp::now());
    assert_eq!(bench.history.spent(start, end).await.expect("is added up").usage.total, 450);
}

#[tokio::test]
async fn w40_a_report_is_not_asked_for_over_the_budget() {
    let bench = Bench::with([Play::ok()]).await;
    bench.set(json!({"token_budget_per_day": 1})).await;
    bench.inspect("A", photo(None)).await;

    let error = bench.inspector.consult("report", question(), None).await.expect_err("is over the budget");

    assert_eq!(error.to_string(), "budget: 150 of 1 tokens of the day's budget are spent");
    assert_eq!(bench.model.asked().len(), 1);
}

#[tokio::test]
async fn a_look_at_once_is_answered_once_and_its_tokens_count() {
    let bench = Bench::with([Play::ng("a bottle"), Play::Says("nothing unusual".to_owned())]).await;

    let looked = bench.inspector.look("All well?", photo(None)).await.expect("is answered");
    assert_eq!((looked.verdict(), looked.judgement.description.as_str()), (Verdict::Ng, "a bottle"));
    let error = bench.inspector.look("All well?", photo(None)).await.expect_err("is no verdict");
    assert!(matches!(error, NoAnswer::Model(_)), "{error}");

    let (start, end) = bench.history.day_of(Timestamp::now());
    assert_eq!(bench.history.spent(start, end).await.expect("is added up").usage.total, 300);
}

#[tokio::test]
async fn without_a_model_nobody_is_consulted() {
    let bench = Bench::with([Play::ok()]).await;
    bench.set(json!({"vlm_provider": "openai"})).await;

    let error = bench.inspector.consult("report", question(), None).await.expect_err("there is none");

    assert!(matches!(error, NoAnswer::NotConfigured(_)), "{error}");
    assert!(bench.inspector.model().is_none());
}

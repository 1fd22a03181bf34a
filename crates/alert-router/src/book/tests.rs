//! The book's promises.

use std::time::Duration;

use jiff::SignedDuration;

use super::*;
use crate::rule::{Limits, Verdict};
use domain::alert::Alert;

const LIMITS: Limits =
    Limits { window: Duration::from_secs(5), max_per_window: 1, max_age: Some(Duration::from_secs(3600)) };

fn at(seconds: f64) -> Timestamp {
    let noon: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a time");
    noon + SignedDuration::from_secs_f64(seconds)
}

/// An alert raised so many seconds after noon.
fn alert(id: &str, seconds: f64) -> Alert {
    let time = at(seconds);
    let json = format!(
        r#"{{"camera_id":"gate","timestamp":"{time}","alert_id":"{id}","roi_name":"pit","detection":
        {{"class_id":0,"class_name":"object","confidence":0.5,"bbox":[0,0,2,2],"is_unknown":false}}}}"#
    );
    serde_json::from_str(&json).expect("is an alert")
}

async fn book() -> (tempfile::TempDir, Book) {
    let dir = tempfile::tempdir().expect("a directory");
    let book = Book::open(dir.path()).await.expect("is opened");
    (dir, book)
}

impl Book {
    /// Records an alert as if at its own time.
    async fn take(&self, alert: &Alert) -> Recorded {
        self.record(alert, alert.timestamp, &LIMITS, "webhook").await.expect("is recorded")
    }

    async fn end(&self, id: &str, ending: Ending) {
        let due = self.upcoming(100).await.expect("is readable");
        let due = due.iter().find(|due| due.alert_id.as_str() == id).expect("is due");
        self.conclude(due.id, &ending, at(0.0)).await.expect("is written");
    }

    async fn ids_due(&self) -> Vec<String> {
        let due = self.upcoming(100).await.expect("is readable");
        due.iter().map(|due| due.alert_id.to_string()).collect()
    }
}

#[tokio::test]
async fn the_debounce_goldens_hold_over_the_book() {
    let (_dir, book) = book().await;
    let mut delivered = Vec::new();
    for (index, seconds) in [0.0, 1.0, 4.999, 5.0, 5.1, 9.9, 10.0].into_iter().enumerate() {
        let recorded = book.take(&alert(&index.to_string(), seconds)).await;
        delivered.push(recorded == Recorded::New(Verdict::Deliver));
    }
    assert_eq!(delivered, [true, false, false, true, false, false, true]);
}

#[tokio::test]
async fn the_debounce_outlives_the_process() {
    let (dir, book) = book().await;
    book.take(&alert("a", 0.0)).await;
    drop(book);
    let book = Book::open(dir.path()).await.expect("is opened again");
    assert_eq!(book.take(&alert("b", 1.0)).await, Recorded::New(Verdict::Silence));
    assert_eq!(book.take(&alert("c", 5.0)).await, Recorded::New(Verdict::Deliver));
}

#[tokio::test]
async fn kinds_do_not_silence_each_other() {
    let (_dir, book) = book().await;
    book.take(&alert("a", 0.0)).await;
    let mut other_camera = alert("b", 1.0);
    other_camera.camera_id = "yard".parse().expect("an id");
    let mut other_class = alert("c", 1.0);
    other_class.detection.class_name = "truck".into();
    let mut other_zone = alert("d", 1.0);
    other_zone.roi_name = Some("ramp".into());
    let mut no_zone = alert("e", 1.0);
    no_zone.roi_name = None;
    for other in [other_camera, other_class, other_zone, no_zone] {
        assert_eq!(book.take(&other).await, Recorded::New(Verdict::Deliver), "{other}");
    }
}

#[tokio::test]
async fn an_alert_that_could_not_be_delivered_silences_no_other() {
    let (_dir, book) = book().await;
    book.take(&alert("a", 0.0)).await;
    assert_eq!(book.take(&alert("b", 1.0)).await, Recorded::New(Verdict::Silence), "a is under way");
    book.end("a", Ending::Dead { error: "answered 403".to_owned() }).await;
    assert_eq!(book.take(&alert("c", 2.0)).await, Recorded::New(Verdict::Deliver), "a failed");
}

#[tokio::test]
async fn an_alert_that_comes_again_changes_nothing() {
    let (_dir, book) = book().await;
    assert_eq!(book.take(&alert("a", 0.0)).await, Recorded::New(Verdict::Deliver));
    book.end("a", Ending::Delivered).await;
    let before = book.accounts().await.expect("is readable");
    assert_eq!(book.take(&alert("a", 0.0)).await, Recorded::Known);
    assert_eq!(book.accounts().await.expect("is readable"), before);
    assert_eq!(book.ids_due().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_old_backlog_is_kept_and_not_delivered() {
    let (_dir, book) = book().await;
    let recorded = book.record(&alert("a", 0.0), at(3601.0), &LIMITS, "webhook").await.expect("is recorded");
    assert_eq!(recorded, Recorded::New(Verdict::Expire));
    let record = book.alert(&"a".parse().expect("an id")).await.expect("is readable").expect("is there");
    assert_eq!(record.outcome, Outcome::Expired);
    assert_eq!(book.ids_due().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_accounts_add_up_at_every_step() {
    let (_dir, book) = book().await;
    let mut expected = Accounts::default();
    let check = async |expected: &Accounts, step: &str| {
        assert_eq!(book.accounts().await.expect("is readable"), *expected, "{step}");
        let sum: i64 = expected.outcomes().iter().map(|(_, count)| count).sum();
        assert_eq!(sum, expected.detected, "{step}");
    };
    check(&expected, "nothing yet").await;
    for (id, seconds) in [("a", 0.0), ("b", 10.0), ("c", 20.0)] {
        book.take(&alert(id, seconds)).await;
    }
    expected = Accounts { detected: 3, pending: 3, ..expected };
    check(&expected, "three are pending").await;
    book.take(&alert("d", 21.0)).await;
    expected = Accounts { detected: 4, silenced: 1, ..expected };
    check(&expected, "one is silenced").await;
    book.end("a", Ending::Delivered).await;
    book.end("b", Ending::Again { at: at(99.0), error: "answered 503".to_owned() }).await;
    book.end("c", Ending::Dead { error: "answered 403".to_owned() }).await;
    expected = Accounts { pending: 1, delivered: 1, dead_lettered: 1, ..expected };
    check(&expected, "one of each").await;
    assert!(book.replay(&"c".parse().expect("an id"), "webhook", at(0.0)).await.expect("is written"));
    expected = Accounts { pending: 2, dead_lettered: 0, ..expected };
    check(&expected, "the dead letter is pending again").await;
    assert_eq!(book.forget_before(at(1000.0)).await.expect("is written"), 2);
    check(&expected, "what is forgotten stays in the accounts").await;
}

#[tokio::test]
async fn what_is_forgotten_is_old_and_settled() {
    let (_dir, book) = book().await;
    for (id, seconds) in [("old", 0.0), ("waiting", 10.0), ("young", 20.0)] {
        book.take(&alert(id, seconds)).await;
    }
    book.end("old", Ending::Delivered).await;
    book.end("young", Ending::Delivered).await;
    assert_eq!(book.forget_before(at(20.0)).await.expect("is written"), 1);
    let (left, _) = book.page(&Filter::default(), None, 10).await.expect("is readable");
    let left: Vec<&str> = left.iter().map(|record| record.alert.alert_id.as_str()).collect();
    assert_eq!(left, ["young", "waiting"]);
}

#[tokio::test]
async fn a_dead_letter_is_replayed_once_with_all_its_attempts_over_the_channel_of_now() {
    let (_dir, book) = book().await;
    let id = "a".parse().expect("an id");
    book.take(&alert("a", 0.0)).await;
    assert!(!book.replay(&id, "stdout", at(1.0)).await.expect("is written"), "it is not dead yet");
    book.end("a", Ending::Dead { error: "answered 403".to_owned() }).await;
    assert!(book.replay(&id, "stdout", at(1.0)).await.expect("is written"));
    assert!(!book.replay(&id, "stdout", at(1.0)).await.expect("is written"), "it is not dead any more");
    let due = &book.upcoming(10).await.expect("is readable")[0];
    assert_eq!((due.attempts, due.at), (0, at(1.0)));
    let delivery = &book.deliveries(&id).await.expect("is readable")[0];
    assert_eq!((delivery.channel.as_str(), delivery.last_error.as_deref()), ("stdout", Some("answered 403")));
}

#[tokio::test]
async fn what_waits_goes_over_the_channel_that_is_configured_now() {
    let (_dir, book) = book().await;
    book.take(&alert("a", 0.0)).await;
    assert_eq!(book.redirect_due("stdout").await.expect("is written"), 1);
    assert_eq!(book.redirect_due("stdout").await.expect("is written"), 0);
    let deliveries = book.deliveries(&"a".parse().expect("an id")).await.expect("is readable");
    assert_eq!(deliveries[0].channel, "stdout");
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat_even_while_alerts_arrive() {
    let (_dir, book) = book().await;
    // Two at the same time are told apart by their order of arrival.
    for (id, seconds) in [("a", 0.0), ("b", 10.0), ("c", 10.0), ("d", 20.0), ("e", 30.0)] {
        book.take(&alert(id, seconds)).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = book.page(&Filter::default(), after, 2).await.expect("is readable");
        seen.extend(page.iter().map(|record| record.alert.alert_id.to_string()));
        book.take(&alert(&format!("new-{}", seen.len()), 100.0 + seen.len() as f64 * 10.0)).await;
        // The cursor goes to the caller and back as a text.
        after = next.map(|next| next.to_string().parse().expect("is a cursor"));
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["e", "d", "c", "b", "a"]);
}

#[tokio::test]
async fn a_filter_keeps_what_it_names() {
    let (_dir, book) = book().await;
    book.take(&alert("a", 0.0)).await;
    book.take(&alert("b", 1.0)).await;
    let mut other = alert("c", 60.0);
    other.camera_id = "yard".parse().expect("an id");
    book.take(&other).await;
    let ids = async |filter: Filter| {
        let (page, _) = book.page(&filter, None, 10).await.expect("is readable");
        page.iter().map(|record| record.alert.alert_id.to_string()).collect::<Vec<_>>()
    };
    let gate = Filter { camera: Some("gate".to_owned()), ..Filter::default() };
    assert_eq!(ids(gate).await, ["b", "a"]);
    assert_eq!(ids(Filter { outcome: Some(Outcome::Silenced), ..Filter::default() }).await, ["b"]);
    assert_eq!(ids(Filter { zone: Some("ramp".to_owned()), ..Filter::default() }).await, Vec::<String>::new());
    assert_eq!(ids(Filter { from: Some(at(1.0)), to: Some(at(60.0)), ..Filter::default() }).await, ["b"]);
    assert_eq!(ids(Filter { severity: Some(domain::alert::Severity::Warning), ..Filter::default() }).await.len(), 3);
}

#[tokio::test]
async fn the_book_has_one_keeper() {
    let (dir, _book) = book().await;
    let refused = Book::open(dir.path()).await.expect_err("is kept");
    assert!(matches!(refused, BookError::InUse(_)), "{refused}");
}

#[test]
fn what_is_no_cursor_is_refused() {
    for text in ["", "5", "a.b", "1.2.3", "1-2"] {
        assert!(text.parse::<Cursor>().is_err(), "{text}");
    }
}

#[tokio::test]
async fn a_delivery_carries_the_trace_of_its_alert_over_a_restart() {
    let (dir, book) = book().await;
    let trace = chassis::Trace::begin();
    trace.follow(book.take(&alert("a", 0.0))).await;
    book.take(&alert("b", 60.0)).await;
    drop(book);
    let book = Book::open(dir.path()).await.expect("is opened again");
    let due = book.upcoming(100).await.expect("is readable");
    let traces: Vec<_> = due.iter().map(|due| (due.alert_id.as_str(), due.trace)).collect();
    assert_eq!(traces, [("a", Some(trace)), ("b", None)]);
}

#[tokio::test]
async fn the_oldest_delivery_that_waits_is_known() {
    let (_dir, book) = book().await;
    assert_eq!(book.oldest_pending().await.expect("is readable"), None);
    for (id, seconds) in [("a", 0.0), ("b", 60.0)] {
        book.take(&alert(id, seconds)).await;
    }
    assert_eq!(book.oldest_pending().await.expect("is readable"), Some(at(0.0)));
    book.end("a", Ending::Delivered).await;
    assert_eq!(book.oldest_pending().await.expect("is readable"), Some(at(60.0)));
}

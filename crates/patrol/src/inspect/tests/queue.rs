//! The queue: what happens to jobs when processes die and runs are stopped.

use serde_json::json;

use super::*;
use crate::history::{RunEnding, RunStatus};

#[tokio::test]
async fn w36_a_job_outlives_the_process_that_queued_it() {
    let mut bench = Bench::with([Play::ok()]).await;
    let jobs = [bench.shoot("A", photo(None)).await, bench.shoot("B", photo(None)).await];
    for job in &jobs {
        bench.inspector.enqueue(job.clone()).await.expect("is queued");
    }
    // One of them was being judged when the process died: its claim would hold for an hour.
    let hour = Duration::from_secs(3600);
    assert!(bench.history.claim_job(Timestamp::now(), hour).await.expect("is asked").is_some());
    assert_eq!(bench.inspector.open(bench.run).await.expect("is counted"), 2);

    bench.killed_and_started_again().await;
    let mut settled = bench.inspector.settled();
    let worker = bench.worker();
    let told = [next(&mut settled).await, next(&mut settled).await];
    worker.end().await;

    assert!(told.iter().all(|told| told.verdict == Verdict::Ok && told.run == Some(bench.run)));
    assert_eq!(bench.inspector.open(bench.run).await.expect("is counted"), 0);
    assert_eq!(bench.tokens().await, 300);
}

#[tokio::test]
async fn w36_what_was_spent_in_vain_is_not_forgotten_in_a_crash() {
    let mut bench = Bench::with([Play::Says("nothing unusual".to_owned()), Play::Hangs]).await;
    let job = bench.shoot("A", photo(None)).await;
    bench.inspector.enqueue(job.clone()).await.expect("is queued");
    let worker = bench.worker();
    timeout(PATIENCE, bench.model.asked_at_least(2)).await.expect("is asked again");
    worker.task.abort();

    bench.killed_and_started_again().await;
    bench.model.play(Play::ok());
    let (mut settled, worker) = (bench.inspector.settled(), bench.worker());
    assert_eq!(next(&mut settled).await.verdict, Verdict::Ok);
    worker.end().await;

    let row = bench.row(job.inspection).await;
    assert_eq!((row.usage, row.attempts), (ANSWER + ANSWER, 3));
    assert_eq!(bench.tokens().await, 300);
}

#[tokio::test]
async fn w36_the_queue_of_a_stopped_run_is_cancelled_and_its_totals_are_right() {
    let bench = Bench::with([Play::ok(), Play::Hangs]).await;
    bench.inspect("First", photo(None)).await;
    let worker = bench.worker();
    let mut settled = bench.inspector.settled();
    let mut jobs = Vec::new();
    for point in ["A", "B", "C"] {
        let job = bench.shoot(point, photo(None)).await;
        bench.inspector.enqueue(job.clone()).await.expect("is queued");
        jobs.push(job);
    }
    timeout(PATIENCE, bench.model.asked_at_least(2)).await.expect("one is being judged");

    assert_eq!(bench.inspector.cancel(bench.run).await.expect("is cancelled"), 2);

    assert_eq!([next(&mut settled).await.verdict, next(&mut settled).await.verdict], [Verdict::Cancelled; 2]);
    // The one that is being judged is not lost.
    assert_eq!(bench.inspector.open(bench.run).await.expect("is counted"), 1);
    bench.model.let_go();
    assert_eq!(next(&mut settled).await.verdict, Verdict::Ok);
    worker.end().await;
    assert_eq!(bench.inspector.open(bench.run).await.expect("is counted"), 0);
    assert_eq!(bench.tokens().await, 300);
    let cancelled = bench.row(jobs[2].inspection).await;
    assert_eq!((cancelled.verdict, cancelled.usage), (Some(Verdict::Cancelled), Usage::default()));
    assert_eq!(bench.images().iter().filter(|name| name.contains("_CANCELLED_")).count(), 2);
}

#[tokio::test]
async fn a_stop_puts_back_what_is_being_judged_for_the_next_process() {
    let mut bench = Bench::with([Play::Hangs]).await;
    let job = bench.shoot("A", photo(None)).await;
    bench.inspector.enqueue(job.clone()).await.expect("is queued");
    let worker = bench.worker();
    timeout(PATIENCE, bench.model.asked_at_least(1)).await.expect("is asked");

    worker.end().await;

    let next_at = bench.history.next_job_at().await.expect("is asked");
    assert!(next_at.is_some_and(|at| at <= Timestamp::now()), "{next_at:?}");
    bench.killed_and_started_again().await;
    bench.model.play(Play::ok());
    let (mut settled, worker) = (bench.inspector.settled(), bench.worker());
    assert_eq!(next(&mut settled).await.verdict, Verdict::Ok);
    worker.end().await;
}

#[tokio::test]
async fn w10_a_job_whose_every_attempt_is_cut_off_ends_as_an_error() {
    let mut bench = Bench::with([Play::ok()]).await;
    bench.set(json!({"inspection_attempts": 2})).await;
    let job = bench.shoot("A", photo(None)).await;
    bench.inspector.enqueue(job.clone()).await.expect("is queued");
    for _ in 0..2 {
        let claimed = bench.history.claim_job(Timestamp::now(), PATIENCE).await.expect("is asked");
        assert!(claimed.is_some());
        bench.killed_and_started_again().await;
    }

    let (mut settled, worker) = (bench.inspector.settled(), bench.worker());
    assert_eq!(next(&mut settled).await.verdict, Verdict::Error);
    worker.end().await;

    assert_eq!(bench.row(job.inspection).await.description, "each of 2 attempts was cut off");
    assert!(bench.model.asked().is_empty());
}

#[tokio::test]
async fn w36_an_inspection_that_lost_its_job_with_its_run_is_cancelled() {
    let bench = Bench::with([Play::ok()]).await;
    let lost = bench.shoot("A", photo(None)).await;
    let ending = RunEnding { at: Timestamp::now(), status: RunStatus::Interrupted, reason: None };
    bench.history.finish_run(bench.run, &ending).await.expect("is written");

    let (mut settled, worker) = (bench.inspector.settled(), bench.worker());
    let told = next(&mut settled).await;
    worker.end().await;

    assert_eq!((told.inspection, told.verdict), (lost.inspection, Verdict::Cancelled));
    assert_eq!(bench.row(lost.inspection).await.description, "the program ended before anybody looked");
}

#[tokio::test]
async fn a_photo_that_was_named_for_a_verdict_nobody_wrote_down_is_judged_anew() {
    let bench = Bench::with([Play::ng("a bottle")]).await;
    let job = bench.shoot("A", photo(None)).await;
    Pictures::of(&bench.history).settled(&job.pictures[0], Verdict::Ok).await.expect("is renamed");
    assert!(bench.images()[0].starts_with("A_OK_"));

    let (mut settled, worker) = (bench.inspector.settled(), bench.worker());
    bench.inspector.enqueue(job.clone()).await.expect("is queued");
    assert_eq!(next(&mut settled).await.verdict, Verdict::Ng);
    worker.end().await;

    let images = bench.images();
    assert!(images.len() == 1 && images[0].starts_with("A_NG_"), "{images:?}");
    assert!(bench.row(job.inspection).await.image_path.is_some_and(|path| path.ends_with(&images[0])));
}

#[tokio::test]
async fn the_same_photo_is_judged_once_however_often_it_is_queued() {
    let bench = Bench::with([Play::ok()]).await;
    let job = bench.shoot("A", photo(None)).await;
    for _ in 0..3 {
        bench.inspector.enqueue(job.clone()).await.expect("is queued");
    }
    let (mut settled, worker) = (bench.inspector.settled(), bench.worker());
    next(&mut settled).await;
    worker.end().await;
    assert_eq!((bench.model.asked().len(), bench.tokens().await), (1, 150));
}

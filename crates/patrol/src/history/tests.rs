//! The promises of the history, on fresh databases.

use std::time::Duration;

use domain::patrol::Verdict;
use jiff::{SignedDuration, Timestamp};
use vlm::Usage;

use super::runs::OpenRun;
use super::*;

pub(super) const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn at(seconds: i64) -> Timestamp {
    let noon: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a time");
    noon + SignedDuration::from_secs(seconds)
}

pub(super) async fn history() -> (tempfile::TempDir, History) {
    let dir = tempfile::tempdir().expect("a directory");
    let history = opened(dir.path()).await;
    (dir, history)
}

pub(super) async fn opened(dir: &Path) -> History {
    History::open(dir, "robot-a").await.expect("is opened")
}

fn new_run(seconds: i64) -> NewRun {
    NewRun {
        started_at: at(seconds),
        robot_serial: Some("KCK-1".to_owned()),
        model_id: Some("gemini-3-flash-preview".to_owned()),
        route: None,
        dry_run: false,
        loops: 1,
        trigger: "operator".to_owned(),
        plan: serde_json::json!([]),
    }
}

fn look(run: RunId, point: &str) -> NewInspection {
    NewInspection {
        run,
        at: at(10),
        point_id: format!("id-{point}"),
        point_name: point.to_owned(),
        x: 1.0,
        y: 2.0,
        theta: 0.5,
        prompt: "Is everything normal?".to_owned(),
        moving_status: "Success".to_owned(),
        image_path: Some(format!("1_x/{point}_processing_1.jpg")),
        captured_at: Some(at(9)),
        more_photos: Vec::new(),
        round: 1,
    }
}

fn judged(verdict: Verdict, total: u64) -> Settlement {
    Settlement {
        usage: Usage { input: total - 10, output: 10, total },
        cost: Some(0.25),
        attempts: 1,
        model: Some("gemini-3-flash-preview".to_owned()),
        ..Settlement::without_answer(at(20), verdict, r#"{"is_NG":false,"Description":""}"#, "")
    }
}

fn ending(status: RunStatus, seconds: i64) -> RunEnding {
    RunEnding { at: at(seconds), status, reason: None }
}

fn expense(total: u64) -> Expense {
    Expense { at: at(30), usage: Usage { input: total, output: 0, total }, cost: Some(1.0), model: None }
}

#[tokio::test]
async fn a_robot_has_one_run_at_a_time() {
    let (_dir, history) = history().await;
    let first = history.begin_run(&new_run(0)).await.expect("begins");
    let refused = history.begin_run(&new_run(1)).await.expect_err("one is under way");
    assert!(matches!(refused, BeginError::Open(open) if open == first), "{refused}");
    assert!(history.finish_run(first, &ending(RunStatus::Stopped, 2)).await.expect("is written"));
    history.begin_run(&new_run(3)).await.expect("the first has ended");
}

#[tokio::test]
async fn a_run_that_ended_keeps_its_first_end() {
    let (_dir, history) = history().await;
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    assert!(history.finish_run(run, &ending(RunStatus::Completed, 5)).await.expect("is written"));
    assert!(!history.finish_run(run, &ending(RunStatus::Interrupted, 9)).await.expect("is written"));
    let row = history.run(run).await.expect("is readable").expect("is there");
    assert_eq!((row.status, row.ended_at), (RunStatus::Completed, Some(at(5))));
}

#[tokio::test]
async fn w14_what_a_dead_process_left_open_is_found_and_closed() {
    let (dir, history) = history().await;
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    drop(history);
    let history = opened(dir.path()).await;
    let open = history.open_runs().await.expect("is readable");
    let expected = OpenRun { id: run, started_at: at(0), route: None };
    assert_eq!(open, [expected]);
    history.finish_run(run, &ending(RunStatus::Interrupted, 60)).await.expect("is written");
    assert_eq!(history.open_runs().await.expect("is readable"), []);
}

#[tokio::test]
async fn w41_a_row_bears_utc_its_zone_and_the_local_time_of_the_reference() {
    let (_dir, history) = history().await;
    history.set_zone(TimeZone::get("Asia/Taipei").expect("is a zone"));
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    // The setting changes during the run; the run's own times stay comparable.
    history.set_zone(TimeZone::UTC);
    history.finish_run(run, &ending(RunStatus::Completed, 60)).await.expect("is written");
    let row = history.run(run).await.expect("is readable").expect("is there");
    assert_eq!((row.started_at, row.zone.as_str()), (at(0), "Asia/Taipei"));
    let legacy = history.legacy_run(run).await.expect("is readable").expect("is there");
    assert_eq!(legacy["run"]["start_time"], "2026-11-20 20:00:00");
    assert_eq!(legacy["run"]["end_time"], "2026-11-20 20:01:00");
}

#[tokio::test]
async fn a_run_costs_what_its_parts_cost() {
    let (_dir, history) = history().await;
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    for point in ["Gate", "Lobby"] {
        let id = history.add_inspection(&look(run, point)).await.expect("is written");
        history.settle(id, &judged(Verdict::Ok, 100)).await.expect("is written");
        // A worker that could not know whether it was written writes it again.
        history.settle(id, &judged(Verdict::Ok, 100)).await.expect("is written");
    }
    history.set_run_report(run, "# Report", &expense(1000)).await.expect("is written");
    history.set_video_analysis(run, "nothing", &expense(500)).await.expect("is written");
    history.add_telegram_expense(run, &expense(50)).await.expect("is written");
    let row = history.run(run).await.expect("is readable").expect("is there");
    assert_eq!(row.usage, Usage { input: 1730, output: 20, total: 1750 });
    assert_eq!(row.cost, Some(3.5));
    assert_eq!((row.report.as_deref(), row.video_analysis.as_deref()), (Some("# Report"), Some("nothing")));
    let spent = history.spent(at(0), at(100)).await.expect("is readable");
    assert_eq!(spent, Spent { usage: row.usage, cost: 3.5 });
    assert_eq!(history.spent(at(40), at(100)).await.expect("is readable"), Spent::default());
}

#[tokio::test]
async fn w10_only_an_ok_looks_fine_to_the_reference() {
    let (_dir, history) = history().await;
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    for verdict in Verdict::ALL {
        let id = history.add_inspection(&look(run, verdict.as_str())).await.expect("is written");
        let pending = history.inspection(id).await.expect("is readable").expect("is there");
        assert_eq!(pending.verdict, None);
        history.settle(id, &judged(verdict, 100)).await.expect("is written");
    }
    let rows = history.inspections(run).await.expect("is readable");
    let verdicts: Vec<Option<Verdict>> = rows.iter().map(|row| row.verdict).collect();
    assert_eq!(verdicts, Verdict::ALL.map(Some));
    let legacy = history.legacy_run(run).await.expect("is readable").expect("is there");
    let is_ng: Vec<i64> =
        legacy["inspections"].as_array().expect("a list").iter().filter_map(|row| row["is_ng"].as_i64()).collect();
    assert_eq!(is_ng, [0, 1, 1, 1, 1, 1]);
}

#[tokio::test]
async fn w36_a_job_outlives_the_process_and_is_done_once() {
    let (dir, history) = history().await;
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    let id = history.add_inspection(&look(run, "Gate")).await.expect("is written");
    let job = history.enqueue_job(id, Some(run), "body", at(0)).await.expect("is written");
    assert_eq!(history.enqueue_job(id, Some(run), "again", at(0)).await.expect("is written"), job);
    let first = history.claim_job(at(1), MINUTE).await.expect("is readable").expect("is due");
    assert_eq!((first.body.as_str(), first.attempts, first.inspection), ("body", 1, id));
    assert_eq!(history.claim_job(at(60), MINUTE).await.expect("is readable"), None, "somebody holds it");
    drop(history);

    let history = opened(dir.path()).await;
    assert_eq!(history.next_job_at().await.expect("is readable"), Some(at(61)));
    let second = history.claim_job(at(61), MINUTE).await.expect("is readable").expect("the lease has ended");
    assert_eq!(second.attempts, 2);
    // The first holder was slow, not dead.
    assert!(!history.settle_job(&first, &judged(Verdict::Ng, 10)).await.expect("is written"));
    assert!(!history.retry_job_at(&first, at(0), "late", "").await.expect("is written"));
    assert!(history.settle_job(&second, &judged(Verdict::Ok, 100)).await.expect("is written"));
    assert!(!history.settle_job(&second, &judged(Verdict::Ng, 100)).await.expect("is written"));
    let row = history.inspection(id).await.expect("is readable").expect("is there");
    assert_eq!(row.verdict, Some(Verdict::Ok));
    assert_eq!(history.open_jobs(run).await.expect("is readable"), 0);
}

#[tokio::test]
async fn a_job_waits_until_it_is_due_and_the_earliest_comes_first() {
    let (_dir, history) = history().await;
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    let mut ids = Vec::new();
    for (point, due) in [("late", 30), ("soon", 10)] {
        let id = history.add_inspection(&look(run, point)).await.expect("is written");
        history.enqueue_job(id, Some(run), point, at(due)).await.expect("is written");
        ids.push(id);
    }
    assert_eq!(history.claim_job(at(9), MINUTE).await.expect("is readable"), None);
    let soon = history.claim_job(at(40), MINUTE).await.expect("is readable").expect("is due");
    assert_eq!(soon.body, "soon");
    assert!(history.retry_job_at(&soon, at(100), "429", "after one").await.expect("is written"));
    let cancelled = history.cancel_jobs(run, at(50)).await.expect("is written");
    assert_eq!(cancelled.iter().map(|job| job.body.as_str()).collect::<Vec<_>>(), ["late", "after one"]);
    history.finish_run(run, &ending(RunStatus::Stopped, 60)).await.expect("is written");
    assert_eq!(history.orphaned_inspections().await.expect("is readable"), ids);
    assert_eq!(history.next_job_at().await.expect("is readable"), None);
}

#[tokio::test]
async fn a_held_job_is_not_cancelled() {
    let (_dir, history) = history().await;
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    let id = history.add_inspection(&look(run, "Gate")).await.expect("is written");
    history.enqueue_job(id, Some(run), "", at(0)).await.expect("is written");
    history.claim_job(at(1), MINUTE).await.expect("is readable").expect("is due");
    assert_eq!(history.cancel_jobs(run, at(2)).await.expect("is written"), []);
    assert_eq!(history.open_jobs(run).await.expect("is readable"), 1);
    assert_eq!(history.orphaned_inspections().await.expect("is readable"), []);
    assert_eq!(history.release_claims().await.expect("is written"), 1);
    assert_eq!(history.cancel_jobs(run, at(2)).await.expect("is written").len(), 1);
}

#[tokio::test]
async fn w26_a_planned_run_is_decided_once() {
    let (dir, history) = history().await;
    let entry = ScheduleEntry {
        schedule_id: "morning".to_owned(),
        planned_at: at(0),
        at: at(1),
        outcome: ScheduleOutcome::Fired,
        reason: None,
        run: None,
    };
    assert!(history.log_schedule(&entry).await.expect("is written"));
    history.set_schedule_checked(at(5)).await.expect("is written");
    drop(history);
    let history = opened(dir.path()).await;
    assert_eq!(history.schedule_checked().await.expect("is readable"), Some(at(5)));
    assert!(!history.log_schedule(&ScheduleEntry { at: at(6), ..entry.clone() }).await.expect("is written"));
    let missed = ScheduleEntry { outcome: ScheduleOutcome::Missed, reason: Some("battery".to_owned()), ..entry };
    history.amend_schedule(&missed).await.expect("is written");
    let log = history.schedule_log(10, None).await.expect("is readable");
    assert_eq!(log.iter().map(|(_, entry)| entry).collect::<Vec<_>>(), [&missed]);
    assert_eq!(history.schedule_log(10, Some(log[0].0)).await.expect("is readable"), []);
}

#[tokio::test]
async fn w24_a_silent_program_is_offline_and_its_robot_unknown() {
    let (dir, history) = history().await;
    let other = History::open(dir.path(), "robot-b").await.expect("is opened");
    let beat = |seconds, link| Heartbeat {
        at: at(seconds),
        robot_name: "Ada".to_owned(),
        robot_ip: "10.0.0.7:26400".to_owned(),
        link,
        battery: Some(80),
        run: None,
    };
    history.heartbeat(&beat(0, LinkState::Online)).await.expect("is written");
    other.heartbeat(&beat(30, LinkState::Offline)).await.expect("is written");
    let seen = |rows: Vec<RobotRow>| -> Vec<(BackendState, LinkState)> {
        rows.iter().map(|row| (row.backend, row.link)).collect()
    };
    use {BackendState as B, LinkState as L};
    let rows = history.robots(at(31)).await.expect("is readable");
    assert_eq!(seen(rows), [(B::Online, L::Online), (B::Online, L::Offline)]);
    let rows = history.robots(at(50)).await.expect("is readable");
    assert_eq!(seen(rows), [(B::Offline, L::Unknown), (B::Online, L::Offline)]);
    // A robot that is not reached is not seen, whatever its program writes.
    history.heartbeat(&beat(60, LinkState::Offline)).await.expect("is written");
    let row = history.robots(at(61)).await.expect("is readable").remove(0);
    assert_eq!((row.backend_seen, row.robot_seen), (Some(at(60)), Some(at(0))));
}

#[tokio::test]
async fn runs_are_paged_without_gap_or_repeat_and_filtered() {
    let (_dir, history) = history().await;
    for index in 0..5 {
        let run = history.begin_run(&new_run(index)).await.expect("begins");
        let id = history.add_inspection(&look(run, "Gate")).await.expect("is written");
        let verdict = if index == 3 { Verdict::Ng } else { Verdict::Ok };
        history.settle(id, &judged(verdict, 100)).await.expect("is written");
        history.finish_run(run, &ending(RunStatus::Completed, index + 1)).await.expect("is written");
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = history.runs(&RunFilter::default(), after, 2).await.expect("is readable");
        seen.extend(page.iter().map(|summary| summary.run.id.0));
        let Some(next) = next else { break };
        after = Some(next.to_string().parse().expect("is a cursor"));
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    let only = async |filter: RunFilter| {
        let (page, _) = history.runs(&filter, None, 10).await.expect("is readable");
        page.iter().map(|summary| summary.run.id.0).collect::<Vec<_>>()
    };
    assert_eq!(only(RunFilter { verdict: Some(Verdict::Ng), ..Default::default() }).await, [4]);
    assert_eq!(only(RunFilter { from: Some(at(1)), to: Some(at(3)), ..Default::default() }).await, [3, 2]);
    assert_eq!(only(RunFilter { status: Some(RunStatus::Failed), ..Default::default() }).await, [0_i64; 0]);
    assert_eq!(only(RunFilter { robot_id: Some("robot-b".to_owned()), ..Default::default() }).await, [0_i64; 0]);
    let (page, _) = history.runs(&RunFilter::default(), None, 2).await.expect("is readable");
    assert_eq!(page[1].counts, Counts::from([(Verdict::Ng, 1)]));
}

#[tokio::test]
async fn an_accepted_photo_is_that_of_its_point_until_another_is() {
    let (_dir, history) = history().await;
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    let first = history.add_inspection(&look(run, "Gate")).await.expect("is written");
    let second = history.add_inspection(&look(run, "Gate")).await.expect("is written");
    let blind = NewInspection { image_path: None, ..look(run, "Gate") };
    let blind = history.add_inspection(&blind).await.expect("is written");
    assert_eq!(history.last_accepted("id-Gate").await.expect("is readable"), None);
    for id in [first, second] {
        assert!(history.accept(id, at(0)).await.expect("is written"));
        let photo = history.last_accepted("id-Gate").await.expect("is readable").expect("is there");
        assert_eq!(photo.inspection, id);
    }
    assert!(!history.accept(blind, at(0)).await.expect("is readable"));
    let rows = history.inspections(run).await.expect("is readable");
    assert_eq!(rows.iter().map(|row| row.accepted).collect::<Vec<_>>(), [false, true, false]);
}

#[tokio::test]
async fn a_day_of_the_site_is_one_by_its_clocks() {
    let (_dir, history) = history().await;
    history.set_zone(TimeZone::get("Asia/Kolkata").expect("is a zone"));
    // 18:15 and 18:45 UTC: before and after midnight, half an hour off the full hour.
    for (seconds, total) in [(6 * 3600 + 900, 1), (6 * 3600 + 2700, 10)] {
        history.spend("test", &Expense { at: at(seconds), ..expense(total) }).await.expect("is written");
    }
    let days = history.spending_by_day(None, None, None).await.expect("is readable");
    let days: Vec<(String, u64)> = days.iter().map(|day| (day.date.to_string(), day.usage.total)).collect();
    assert_eq!(days, [("2026-11-20".to_owned(), 1), ("2026-11-21".to_owned(), 10)]);
    let (start, end) = history.day_of(at(0));
    assert_eq!(
        (start.to_string().as_str(), end.to_string().as_str()),
        ("2026-11-19T18:30:00Z", "2026-11-20T18:30:00Z")
    );
}

#[tokio::test]
async fn a_password_may_be_guessed_a_few_times_a_minute() {
    let (_dir, history) = history().await;
    let share = NewShare {
        token: "t".to_owned(),
        label: String::new(),
        scope: ShareScope::All,
        password_hash: String::new(),
        created_at: at(0),
        expires_at: None,
    };
    let id = history.add_share(&share).await.expect("is written");
    let guess = async |seconds| history.count_guess(id, 2, MINUTE, at(seconds)).await.expect("is written");
    assert_eq!([guess(0).await, guess(1).await, guess(2).await, guess(59).await], [true, true, false, false]);
    assert_eq!([guess(60).await, guess(61).await, guess(62).await], [true, true, false]);
    history.forget_guesses(id).await.expect("is written");
    assert!(guess(63).await);
}

#[tokio::test]
async fn every_photo_of_a_look_is_kept_and_renamed_for_its_verdict() {
    let (_dir, history) = history().await;
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    let more = |name: &str| Photo { path: format!("1_x/{name}.jpg"), captured_at: at(12) };
    let several = NewInspection { more_photos: vec![more("b_processing_2"), more("c_processing_3")], ..look(run, "a") };
    let id = history.add_inspection(&several).await.expect("is written");
    let pending = history.inspection(id).await.expect("is readable").expect("is there");
    assert_eq!((pending.captured_at, pending.more_photos), (Some(at(9)), several.more_photos));

    let renamed = ["1_x/b_NG_2.jpg", "1_x/c_NG_3.jpg"].map(str::to_owned);
    let settlement = Settlement { more_paths: renamed.to_vec(), ..judged(Verdict::Ng, 100) };
    history.settle(id, &settlement).await.expect("is written");
    let settled = history.inspection(id).await.expect("is readable").expect("is there");
    assert_eq!(settled.more_photos, [more("b_NG_2"), more("c_NG_3")]);

    let single = history.add_inspection(&look(run, "d")).await.expect("is written");
    history.settle(single, &judged(Verdict::Ok, 100)).await.expect("is written");
    assert_eq!(history.inspection(single).await.expect("is readable").expect("is there").more_photos, []);
}

#[tokio::test]
async fn control_questions_are_scored_by_day_of_the_site_and_by_model() {
    let (_dir, history) = history().await;
    history.set_zone(TimeZone::get("Asia/Taipei").expect("is a zone"));
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    // Noon in UTC is eight in the evening there: five hours later it is the next day.
    for (hours, model, answer) in [
        (0, "gemini", "passed"),
        (0, "gemini", "failed"),
        (5, "gemini", "passed"),
        (5, "vila", "unanswered"),
        (5, "vila", ""),
    ] {
        let id = history
            .add_inspection(&NewInspection { at: at(hours * 3600), ..look(run, "a") })
            .await
            .expect("is written");
        let negative_control = Some(answer.to_owned()).filter(|answer| !answer.is_empty());
        let model = Some(model.to_owned());
        let settlement = Settlement { negative_control, model, ..judged(Verdict::Ok, 100) };
        history.settle(id, &settlement).await.expect("is written");
    }
    let scores = history.control_scores(None, None, None).await.expect("is readable");
    let shown: Vec<_> = scores
        .iter()
        .map(|((date, model), score)| (date.day(), model.as_str(), [score.passed, score.failed, score.unanswered]))
        .collect();
    assert_eq!(shown, [(20, "gemini", [1, 1, 0]), (21, "gemini", [1, 0, 0]), (21, "vila", [0, 0, 1])]);
    assert_eq!(history.control_scores(Some("robot-b"), None, None).await.expect("is readable").len(), 0);
    assert_eq!(history.control_scores(None, Some(at(3600)), Some(at(7200))).await.expect("is readable").len(), 0);
}

#[tokio::test]
async fn w16_one_robots_program_leaves_the_runs_and_the_queue_of_another_alone() {
    let (dir, history) = history().await;
    let run = history.begin_run(&new_run(0)).await.expect("begins");
    let id = history.add_inspection(&look(run, "Gate")).await.expect("is written");
    history.enqueue_job(id, Some(run), "body", at(0)).await.expect("is written");
    history.claim_job(at(1), MINUTE).await.expect("is readable").expect("is due");

    // Everything a program does when it begins, and what a stop does.
    let other = History::open(dir.path(), "robot-b").await.expect("is opened");
    assert_eq!(other.open_runs().await.expect("is readable"), []);
    assert_eq!(other.release_claims().await.expect("is written"), 0);
    assert_eq!(other.orphaned_inspections().await.expect("is readable"), []);
    assert_eq!(other.claim_job(at(3600), MINUTE).await.expect("is readable"), None);
    let own = other.begin_run(&new_run(2)).await.expect("another robot's run is no hindrance");
    other.finish_run(own, &ending(RunStatus::Stopped, 3)).await.expect("is written");

    assert_eq!(history.open_runs().await.expect("is readable").len(), 1);
    assert_eq!(history.open_jobs(run).await.expect("is readable"), 1);
    let row = history.run(run).await.expect("is readable").expect("is there");
    assert_eq!((row.status, row.ended_at), (RunStatus::Running, None));
}

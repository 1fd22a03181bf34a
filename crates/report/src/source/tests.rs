//! Reading reports out of data directories of every age.

use std::path::Path;

use domain::patrol::Verdict;
use jiff::Zoned;
use sqlx::sqlite::{SqliteJournalMode, SqlitePool};
use tempfile::TempDir;

use super::*;
use crate::{Expense, NegativeControl, Outcome, Purpose, Scope, Tokens};

/// A database of the reference's newest programs, to spec 3.1.
const REFERENCE: &str = "
CREATE TABLE patrol_runs (id INTEGER PRIMARY KEY AUTOINCREMENT, start_time TEXT, end_time TEXT, status TEXT,
    robot_serial TEXT, report_content TEXT, model_id TEXT, input_tokens INTEGER, output_tokens INTEGER,
    total_tokens INTEGER, video_path TEXT, video_analysis TEXT, robot_id TEXT, report_input_tokens INTEGER,
    report_output_tokens INTEGER, report_total_tokens INTEGER);
CREATE TABLE inspection_results (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER, point_name TEXT,
    coordinate_x REAL, coordinate_y REAL, prompt TEXT, ai_response TEXT, is_ng INTEGER, ai_description TEXT,
    input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, image_path TEXT, timestamp TEXT,
    robot_moving_status TEXT, robot_id TEXT);
CREATE TABLE generated_reports (id INTEGER PRIMARY KEY AUTOINCREMENT, start_date TEXT, end_date TEXT,
    report_content TEXT, input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, timestamp TEXT,
    robot_id TEXT);
CREATE TABLE robots (robot_id TEXT PRIMARY KEY, robot_name TEXT NOT NULL, robot_ip TEXT, last_seen TEXT, status TEXT);
CREATE TABLE global_settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE edge_ai_alerts (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER, rule TEXT, response TEXT,
    image_path TEXT, timestamp TEXT, robot_id TEXT, stream_source TEXT);
INSERT INTO robots VALUES ('robot-a', 'Kachaka A', '', '', 'online');
INSERT INTO global_settings VALUES ('timezone', '\"Asia/Taipei\"');
INSERT INTO patrol_runs (id, start_time, end_time, status, robot_serial, report_content, model_id, total_tokens,
    robot_id, report_input_tokens, report_output_tokens, report_total_tokens)
VALUES (3, '2026-04-02 21:00:00', '2026-04-02 21:30:00', 'Completed', 'KCK1', '# fine', 'gemini', 330, 'robot-a', 90, 10, 100);
INSERT INTO inspection_results (run_id, point_name, coordinate_x, coordinate_y, prompt, ai_response, is_ng,
    ai_description, input_tokens, output_tokens, total_tokens, image_path, timestamp, robot_moving_status, robot_id)
VALUES
    (3, 'Lobby', 1.5, -2, 'ok?', '{\"is_NG\": false, \"Description\": \"\"}', 0, NULL, 100, 10, 115,
        '3_x/Lobby_OK_1.jpg', '2026-04-02 21:05:00', 'Success', 'robot-a'),
    (3, '門', 2, 3, 'ok?', '{\"is_NG\": true, \"Description\": \"door open\"}', 1, 'door open', 100, 10, 115,
        'old.jpg', '2026-04-02 21:10:00', 'Success', 'robot-a'),
    (3, 'Roof', 4, 5, 'ok?', 'Move Failed', 0, 'Paused: the robot is paused', 0, 0, 0, NULL, '2026-04-02 21:15:00',
        'Error: 21051 - Paused', 'robot-a'),
    (3, 'Turbo', 6, 7, 'ok?', 'AI Error: nothing works', 0, NULL, 0, 0, 0, 'gone.jpg', '2026-04-02 21:20:00',
        'Success', 'robot-a');
INSERT INTO edge_ai_alerts (run_id, rule, response, image_path, timestamp, robot_id, stream_source)
VALUES (3, 'Is there smoke?', 'triggered', 'report/edge_ai_alerts/3_1_Is.jpg', '2026-04-02 21:12:00', 'robot-a',
    'robot_camera');
INSERT INTO generated_reports VALUES (9, '2026-04-01', '2026-04-03', '## week', 40, 4, 50, '2026-04-04 08:00:00', NULL);
";

/// What our programs add to it.
const OURS: &str = "
ALTER TABLE patrol_runs ADD COLUMN started_us INTEGER;
ALTER TABLE patrol_runs ADD COLUMN zone TEXT;
ALTER TABLE patrol_runs ADD COLUMN map TEXT;
ALTER TABLE patrol_runs ADD COLUMN cost REAL;
ALTER TABLE inspection_results ADD COLUMN verdict TEXT;
ALTER TABLE inspection_results ADD COLUMN captured_us INTEGER;
ALTER TABLE inspection_results ADD COLUMN previous_path TEXT;
ALTER TABLE inspection_results ADD COLUMN difference_score REAL;
ALTER TABLE inspection_results ADD COLUMN negative_control TEXT;
ALTER TABLE inspection_results ADD COLUMN more_photos TEXT;
CREATE TABLE run_path (id INTEGER PRIMARY KEY, run_id INTEGER, at_us INTEGER, x REAL, y REAL, theta REAL);
CREATE TABLE token_spending (id INTEGER PRIMARY KEY, run_id INTEGER, purpose TEXT, input INTEGER, output INTEGER,
    total INTEGER, cost REAL);
INSERT INTO run_path (run_id, x, y) VALUES (3, 0, 0), (4, 9, 9), (3, 1, 2);
INSERT INTO token_spending (run_id, purpose, input, output, total, cost) VALUES
    (3, 'inspection', 100, 10, 115, 0.25), (3, 'inspection', 100, 10, 115, 0.25), (3, 'report', 90, 10, 100, NULL);
UPDATE patrol_runs SET started_us = 1775134800000000, zone = 'Europe/Madrid';
UPDATE inspection_results SET verdict = CASE point_name WHEN 'Lobby' THEN 'OK' WHEN 'Roof' THEN 'CANCELLED'
    WHEN 'Turbo' THEN 'PENDING' ELSE 'STALE' END;
UPDATE inspection_results SET previous_path = '3_x/Lobby_OK_1.jpg', difference_score = 0.5, negative_control = 'failed'
    WHERE point_name = '門';
UPDATE inspection_results SET negative_control = 'passed', captured_us = 1775135000000000 WHERE point_name = 'Lobby';
UPDATE inspection_results SET more_photos = '[{\"path\": \"old.jpg\", \"captured_at\": \"2026-04-02T13:03:25Z\"}, {\"path\": \"gone.jpg\",
    \"captured_at\": \"2026-04-02T13:03:30Z\"}]' WHERE point_name = 'Lobby';
";

struct Site {
    dir: TempDir,
    archive: Archive,
}

async fn site(statements: &[&str]) -> Site {
    let dir = tempfile::tempdir().expect("a directory");
    let photos = [
        ("robot-a/report/images/3_x/Lobby_OK_1.jpg", "lobby"),
        ("report/images/old.jpg", "old"),
        ("robot-a/report/edge_ai_alerts/3_1_Is.jpg", "evidence"),
    ];
    for (path, content) in photos {
        write(dir.path(), path, content);
    }
    write(dir.path(), "report/report.db", "");
    let options =
        SqliteConnectOptions::new().filename(dir.path().join("report/report.db")).journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePool::connect_with(options).await.expect("a database");
    for statement in statements {
        sqlx::raw_sql(sqlx::AssertSqlSafe((*statement).to_owned())).execute(&pool).await.expect("good statements");
    }
    let archive = Archive::new(pool, dir.path().to_owned());
    Site { dir, archive }
}

fn write(dir: &Path, path: &str, content: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().expect("it has one")).expect("can be made");
    std::fs::write(path, content).expect("can be written");
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().expect("a time")
}

async fn run(site: &Site) -> RunReport {
    site.archive.run(3, now()).await.expect("can be read").expect("is there")
}

#[tokio::test]
async fn a_run_of_the_reference_is_read_as_it_is() {
    let site = site(&[REFERENCE]).await;
    let run = run(&site).await;
    assert_eq!((run.robot.name.as_str(), run.robot.serial.as_deref()), ("Kachaka A", Some("KCK1")));
    assert_eq!(run.started.to_string(), "2026-04-02T21:00:00+08:00[Asia/Taipei]");
    assert_eq!((run.outcome, run.summary.as_deref(), run.dry_run), (Outcome::Completed, Some("# fine"), false));
    let photos: Vec<_> =
        run.inspections.iter().map(|look| look.photo.as_ref().map(|photo| photo.picture.clone())).collect();
    assert_eq!(photos, [Some("lobby".into()), Some("old".into()), None, Some("".into())]);
    assert_eq!(run.inspections[1].description, "door open");
    assert_eq!(run.inspections[2].trouble.as_deref(), Some("Error: 21051 - Paused"));
    let alert = &run.alerts[0];
    assert_eq!(alert.evidence.as_ref().map(|photo| photo.picture.clone()), Some("evidence".into()));
    assert_eq!(alert.at.as_ref().map(ToString::to_string).as_deref(), Some("2026-04-02T21:12:00+08:00[Asia/Taipei]"));
    assert_eq!((run.map, run.way, run.negative_control), (None, Vec::new(), None));
}

#[tokio::test]
async fn w09_a_failed_move_and_a_failed_model_are_not_taken_for_ok() {
    let run = run(&site(&[REFERENCE]).await).await;
    let verdicts: Vec<_> = run.inspections.iter().map(|look| look.verdict).collect();
    let expected = [Verdict::Ok, Verdict::Ng, Verdict::Unreachable, Verdict::Error];
    assert_eq!(verdicts, expected.map(Some));
}

#[tokio::test]
async fn without_accounts_the_columns_say_what_was_used() {
    let run = run(&site(&[REFERENCE]).await).await;
    let used: Vec<_> =
        run.expenses.iter().map(|expense| (expense.purpose, expense.tokens.total, expense.cost)).collect();
    let expected = [
        (Purpose::Inspection, 230, None),
        (Purpose::Report, 100, None),
        (Purpose::Message, 0, None),
        (Purpose::Video, 0, None),
    ];
    assert_eq!(used, expected);
}

#[tokio::test]
async fn the_first_generation_has_its_alerts_under_another_name_and_fewer_columns() {
    let first = "
        ALTER TABLE edge_ai_alerts RENAME TO live_alerts;
        ALTER TABLE inspection_results DROP COLUMN ai_description;
        ALTER TABLE inspection_results DROP COLUMN robot_moving_status;
        DROP TABLE robots; DROP TABLE global_settings;
        UPDATE patrol_runs SET robot_id = NULL;";
    let run = run(&site(&[REFERENCE, first]).await).await;
    assert_eq!(run.alerts.len(), 1);
    assert_eq!((run.robot.id.as_str(), run.robot.name.as_str()), ("default", ""));
    assert_eq!(run.started.to_string(), "2026-04-02T21:00:00+00:00[UTC]");
    assert_eq!(run.inspections[1].description, "door open", "from the answer");
    assert_eq!(run.inspections[2].verdict, Some(Verdict::Unreachable));
}

#[tokio::test]
async fn our_columns_come_before_what_can_be_guessed() {
    let map = r#"{"id":"m","name":"1F","resolution":0.05,"width":4,"height":2,"origin_x":-1.0,"origin_y":0.5,"origin_theta":0.1}"#;
    let set_map = format!("UPDATE patrol_runs SET map = '{map}'");
    let site = site(&[REFERENCE, OURS, &set_map]).await;
    let name = hex::encode(&<sha2::Sha256 as sha2::Digest>::digest(map.as_bytes())[..12]);
    write(site.dir.path(), &format!("robot-a/report/maps/{name}.png"), "plan");
    let run = run(&site).await;
    assert_eq!(run.started.to_string(), "2026-04-02T15:00:00+02:00[Europe/Madrid]");
    let verdicts: Vec<_> = run.inspections.iter().map(|look| look.verdict).collect();
    assert_eq!(verdicts, [Some(Verdict::Ok), Some(Verdict::Stale), Some(Verdict::Cancelled), None]);
    let more = &run.inspections[0].more_photos;
    let more: Vec<_> = more.iter().map(|photo| (&photo.picture[..], photo.taken.as_ref().map(Zoned::time))).collect();
    let time = |second| Some(jiff::civil::time(15, 3, second, 0));
    assert_eq!(more, [(&b"old"[..], time(25)), (&b""[..], time(30))], "one of them is lost");
    let previous = run.inspections[1].previous.as_ref().expect("there was one");
    assert_eq!(previous.picture, "lobby");
    assert_eq!(
        previous.taken.as_ref().map(ToString::to_string).as_deref(),
        Some("2026-04-02T15:03:20+02:00[Europe/Madrid]")
    );
    assert_eq!(run.inspections[1].difference_score, Some(0.5));
    assert_eq!(run.negative_control, Some(NegativeControl { asked: 2, passed: 1 }));
    assert_eq!(run.way, [(0.0, 0.0), (1.0, 2.0)]);
    assert_eq!(run.map.map(|map| (map.png, map.origin)), Some(("plan".into(), (-1.0, 0.5, 0.1))));
    let expense = |purpose, tokens, cost| Expense { purpose, tokens, cost };
    let expected = [
        expense(Purpose::Inspection, Tokens { input: 200, output: 20, total: 230 }, Some(0.5)),
        expense(Purpose::Report, Tokens { input: 90, output: 10, total: 100 }, None),
    ];
    assert_eq!(run.expenses, expected);
}

#[tokio::test]
async fn an_analysis_has_the_tokens_of_its_period() {
    let site = site(&[REFERENCE]).await;
    let analysis = site.archive.analysis(9, now()).await.expect("can be read").expect("is there");
    assert_eq!((analysis.from.to_string(), analysis.scope), ("2026-04-01".to_owned(), Scope::AllRobots));
    assert_eq!(analysis.text, "## week");
    let totals: Vec<_> = analysis.expenses.iter().map(|expense| (expense.tokens.total, expense.cost)).collect();
    assert_eq!(totals, [(330, None), (50, None)]);
    assert_eq!(site.archive.analysis(1, now()).await.expect("can be read"), None);
}

#[tokio::test]
async fn a_directory_is_read_without_a_trace() {
    let site = site(&[REFERENCE]).await;
    site.archive.pool.close().await;
    let listed = || {
        let files = std::fs::read_dir(site.dir.path().join("report")).expect("is there");
        let mut names: Vec<_> = files.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
        names.sort();
        names
    };
    let before = listed();
    let archive = Archive::open(site.dir.path()).await.expect("can be opened");
    assert_eq!(archive.latest_run().await.expect("can be read"), Some(3));
    assert_eq!(archive.run(3, now()).await.expect("can be read").map(|run| run.inspections.len()), Some(4));
    assert_eq!(archive.run(4, now()).await.expect("can be read"), None);
    assert_eq!(listed(), before);
}

#[tokio::test]
async fn a_database_that_somebody_writes_can_be_read() {
    let site = site(&[REFERENCE]).await;
    let archive = Archive::open(site.dir.path()).await.expect("can be opened");
    sqlx::query("INSERT INTO patrol_runs (id) VALUES (8)").execute(&site.archive.pool).await.expect("can be written");
    assert_eq!(archive.latest_run().await.expect("can be read"), Some(8));
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let error = Archive::open(dir.path()).await.expect_err("there is none").to_string();
    assert!(error.contains("report.db"), "{error}");
}

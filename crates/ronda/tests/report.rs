//! `ronda report` as an operator runs it, on a data directory that nobody serves.

use std::path::Path;
use std::process::{Command, Output};

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

/// What visual-patrol keeps of a run.
const RECORDS: &str = "
CREATE TABLE patrol_runs (id INTEGER PRIMARY KEY, start_time TEXT, end_time TEXT, status TEXT, robot_id TEXT);
CREATE TABLE inspection_results (id INTEGER PRIMARY KEY, run_id INTEGER, point_name TEXT, coordinate_x REAL,
    coordinate_y REAL, prompt TEXT, ai_response TEXT, is_ng INTEGER, ai_description TEXT, image_path TEXT,
    timestamp TEXT, robot_moving_status TEXT, robot_id TEXT);
CREATE TABLE generated_reports (id INTEGER PRIMARY KEY, start_date TEXT, end_date TEXT, report_content TEXT,
    total_tokens INTEGER, timestamp TEXT, robot_id TEXT);
ALTER TABLE patrol_runs ADD COLUMN total_tokens INTEGER;
INSERT INTO patrol_runs VALUES (12, '2026-04-02 21:00:00', '2026-04-02 21:30:00', 'Completed', 'robot-a', 0);
INSERT INTO inspection_results (run_id, point_name, ai_response, is_ng) VALUES (12, 'Lobby', 'fine', 0);
INSERT INTO generated_reports VALUES (5, '2026-04-01', '2026-04-03', '## Week', 7, '2026-04-04 08:00:00', NULL);
";

fn site() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let database = dir.path().join("data").join("report").join("report.db");
    std::fs::create_dir_all(database.parent().expect("it has one")).expect("is made");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("the system has threads");
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(database).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
        sqlx::raw_sql(RECORDS).execute(&mut connection).await.expect("good statements");
        connection.close().await.expect("is closed");
    });
    dir
}

fn report(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ronda"))
        .arg("report")
        .args(arguments)
        .current_dir(dir)
        .env_remove("DATA_DIR")
        .output()
        .expect("the command runs")
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn said(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn the_report_of_a_run_is_written_under_the_name_that_the_service_gives_it() {
    let site = site();
    for which in ["12", "latest"] {
        let name = printed(&report(site.path(), &[which, "--data", "data"]));
        assert_eq!(name, "patrol_report_12_2026-04-02_210000.pdf");
        let pdf = std::fs::read(site.path().join(&name)).expect("was written");
        assert!(pdf.starts_with(b"%PDF-"));
        std::fs::remove_file(site.path().join(name)).expect("is there");
    }
}

#[test]
fn an_analysis_is_written_where_the_operator_says() {
    let site = site();
    let name = printed(&report(site.path(), &["5", "--analysis", "--data", "data", "-o", "week.pdf"]));
    assert_eq!(name, "week.pdf");
    assert!(site.path().join("week.pdf").is_file());
    let output = report(site.path(), &["5", "--analysis", "--data", "data", "-o", "-"]);
    assert!(output.stdout.starts_with(b"%PDF-"), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_is_missing_is_named() {
    let site = site();
    assert_eq!(said(&report(site.path(), &["13", "--data", "data"])), "ronda: data holds no run 13");
    assert_eq!(said(&report(site.path(), &["1", "--analysis", "--data", "data"])), "ronda: data holds no analysis 1");
    let nowhere = said(&report(site.path(), &["1", "--data", "nowhere"]));
    assert!(nowhere.starts_with("ronda: cannot open the database nowhere/report/report.db: "), "{nowhere}");
    let wrong = said(&report(site.path(), &["next", "--data", "data"]));
    assert!(wrong.contains("it is a number or `latest`"), "{wrong}");
}

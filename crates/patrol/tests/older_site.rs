//! A data directory of visual-patrol, of either generation, is read in place; nothing of it is lost, and its own programs
//! can still read it.

mod support;

use serde_json::{Value, json};
use support::Backend;
use support::older::{FILM, Generation, JPEG, Older};

const BOTH: [Generation; 2] = [Generation::First, Generation::Second];

fn texts<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().expect("a list").iter().map(|row| row[key].as_str().unwrap_or("null")).collect()
}

#[tokio::test]
async fn w09_history_is_read_in_place_with_the_stored_verdicts() {
    for generation in BOTH {
        let older = Older::new(generation).await;
        let backend = Backend::start(older.path(), "robot-a").await;
        let run = backend.json("/api/v1/runs/1").await;
        assert_eq!(
            texts(&run["inspections"], "verdict"),
            ["OK", "NG", "UNREACHABLE", "ERROR", "ERROR"],
            "{generation:?}"
        );
        assert_eq!(run["counts"], json!({"OK": 1, "NG": 1, "ERROR": 2, "UNREACHABLE": 1}));
        assert_eq!(run["usage"], json!({"input": 1000, "output": 200, "total": 1500}));
        assert_eq!((&run["status"], &run["robot_id"]), (&json!("completed"), &json!("robot-a")));
        assert_eq!((&run["report"], &run["video_analysis"]), (&json!("# 巡檢報告"), &json!("Nothing unusual.")));
        assert_eq!(run["inspections"][1]["description"], "A box.");
        assert_eq!(run["inspections"][4]["description"], "nothing strange");

        let legacy = backend.json("/api/history/1").await;
        assert_eq!(legacy["inspections"].as_array().map(Vec::len), Some(5));
        assert_eq!(legacy["live_alerts"], legacy["edge_ai_alerts"]);
        assert_eq!(legacy["live_alerts"][0]["rule"], "Is there fire?");
        assert_eq!(legacy["run"]["start_time"], "2026-02-10 09:00:00");
        let list = backend.json("/api/robot-a/history?robot_id=robot-a").await;
        assert_eq!(list.as_array().map(Vec::len), Some(2), "an old run without a robot is this robot's");
        assert_eq!(list[1]["report_content"], "# 巡檢報告");
        assert_eq!(backend.status("/api/history/99").await, 404);
        backend.end().await;
    }
}

#[tokio::test]
async fn w41_naive_times_are_read_in_the_zone_of_the_settings() {
    for generation in BOTH {
        let older = Older::new(generation).await;
        let backend = Backend::start(older.path(), "robot-a").await;
        let run = backend.json("/api/v1/runs/1").await;
        assert_eq!((&run["started_at"], &run["zone"]), (&json!("2026-02-10T01:00:00Z"), &json!("Asia/Taipei")));
        assert_eq!(run["ended_at"], "2026-02-10T01:12:30Z");
        assert_eq!(run["inspections"][0]["at"], "2026-02-10T01:02:00Z");
        let none = backend.json("/api/v1/runs?from=2026-02-10T01:00:01Z&to=2026-02-11T00:00:00Z").await;
        assert_eq!(none["runs"], json!([]));
        backend.end().await;
    }
}

#[tokio::test]
async fn w29_photos_and_evidence_are_found_where_they_lie() {
    for generation in BOTH {
        let older = Older::new(generation).await;
        let backend = Backend::start(older.path(), "robot-a").await;
        let run = backend.json("/api/v1/runs/1").await;
        for inspection in &run["inspections"].as_array().expect("a list")[..2] {
            let picture = inspection["picture"].as_str().expect("has a photo");
            assert_eq!(backend.bytes(picture).await, JPEG, "{picture}");
        }
        assert_eq!(run["inspections"][2]["picture"], Value::Null);
        assert_eq!(backend.bytes(run["alerts"][0]["picture"].as_str().expect("has evidence")).await, JPEG);
        for path in [
            "/api/images/1_20260210_090000/___Lobby_OK_1.jpg",
            "/api/robot-a/images/1_20260210_090000/Gate_NG_2.jpg",
            "/api/robots/robot-a/images/1_20260210_090000/___Lobby_OK_1.jpg",
            "/api/robots/robot-b/images/1_20260210_090000/Gate_NG_2.jpg",
        ] {
            assert_eq!(backend.bytes(path).await, JPEG, "{path}");
        }
        for path in [
            "/api/images/..%2f..%2f..%2fsecret.key",
            "/api/images/%2e%2e/%2e%2e/report.db",
            "/api/robots/robot-a/images/..%2f..%2freport%2fvideo%2f1_20260210_090000.mp4",
            "/api/images/none.jpg",
        ] {
            assert_eq!(backend.status(path).await, 404, "{path}");
        }
        assert_eq!(backend.status("/api/robots/..%2f/images/x.jpg").await, 400);
        backend.end().await;
    }
}

#[tokio::test]
async fn w34_a_film_noted_with_the_path_of_an_old_container_is_found_and_served_in_parts() {
    for generation in BOTH {
        let older = Older::new(generation).await;
        let backend = Backend::start(older.path(), "robot-a").await;
        assert_eq!(backend.bytes("/api/video/1").await, FILM);
        let url = backend.url("/api/v1/runs/1/video");
        let part = backend.client.get(&url).header("range", "bytes=2-4").send().await.expect("is answered");
        assert_eq!(
            (part.status().as_u16(), &part.headers()["content-range"]),
            (206, &"bytes 2-4/17".parse().expect("valid"))
        );
        let tag = part.headers()["etag"].clone();
        assert_eq!(part.bytes().await.expect("is there"), FILM[2..5]);
        let known = backend.client.get(&url).header("if-none-match", tag).send().await.expect("is answered");
        assert_eq!(known.status().as_u16(), 304);
        let beyond = backend.client.get(&url).header("range", "bytes=99-").send().await.expect("is answered");
        assert_eq!(beyond.status().as_u16(), 416);
        assert_eq!(backend.status("/api/video/2").await, 404);
        backend.end().await;
    }
}

#[tokio::test]
async fn waypoints_routes_settings_and_accounts_are_read_in_place() {
    for generation in BOTH {
        let older = Older::new(generation).await;
        let backend = Backend::start(older.path(), "robot-a").await;
        assert_eq!(texts(&backend.json("/api/robot-a/points").await, "name"), ["大廳/Lobby"]);
        assert_eq!(backend.json("/api/v1/routes").await, json!(["夜間"]));
        assert_eq!(backend.json("/api/points/routes/夜間").await[0]["theta"], 0.3);
        let settings = backend.json("/api/settings").await;
        assert_eq!(settings["timezone"], "Asia/Taipei");
        assert_eq!(settings["gemini_api_key"], "****9876");
        assert_eq!((&settings["enable_live_monitor"], &settings["enable_edge_ai"]), (&json!(true), &json!(true)));
        assert_eq!(settings["live_monitor_rules"], json!(["Is there fire?"]));
        assert_eq!(settings["some_plugin"], json!({"a": 1}));
        let usage = backend.json("/api/stats/token_usage").await;
        assert_eq!(usage, json!([{"date": "2026-02-10", "input": 1700, "output": 290, "total": 2400}]));
        let usage = backend.json("/api/v1/usage?from=2026-02-10&to=2026-02-10").await;
        assert_eq!((&usage["total"]["total"], usage["days"].as_array().map(Vec::len)), (&json!(2400), Some(1)));
        backend.end().await;
    }
}

#[tokio::test]
async fn w20_a_key_that_lay_in_plain_text_does_so_no_longer() {
    let older = Older::new(Generation::Second).await;
    Backend::start(older.path(), "robot-a").await.end().await;
    for name in ["report.db", "report.db-wal"] {
        let content = std::fs::read(older.path().join("report").join(name)).unwrap_or_default();
        assert!(!content.windows(12).any(|window| window == b"the-real-key"), "{name}");
    }
    let mut database = older.database().await;
    let stored: String = sqlx::query_scalar("SELECT value FROM global_settings WHERE key = 'gemini_api_key'")
        .fetch_one(&mut database)
        .await
        .expect("is there");
    assert!(!stored.contains("the-real-key"), "{stored}");
}

#[tokio::test]
async fn w31_a_report_of_all_robots_stays_one_of_all_robots() {
    for generation in BOTH {
        let older = Older::new(generation).await;
        Backend::start(older.path(), "robot-a").await.end().await;
        let backend = Backend::start(older.path(), "robot-b").await;
        let reports = backend.json("/api/reports").await;
        assert_eq!((&reports[0]["report_content"], &reports[0]["robot_id"]), (&json!("| a | b |"), &Value::Null));
        let listed = backend.json("/api/v1/reports").await;
        assert_eq!(
            (&listed["reports"][0]["status"], &listed["reports"][0]["robot_id"]),
            (&json!("done"), &Value::Null)
        );
        assert_eq!(backend.json("/api/v1/reports/1").await["report"], "| a | b |");
        backend.end().await;
    }
}

#[tokio::test]
async fn a_run_and_a_report_of_the_older_program_are_printed() {
    let older = Older::new(Generation::First).await;
    let backend = Backend::start(older.path(), "robot-a").await;
    for (path, name) in [
        ("/api/report/1/pdf", "patrol_report_1_2026-02-10_090000.pdf"),
        ("/api/v1/runs/1/report.pdf", "patrol_report_1_2026-02-10_090000.pdf"),
        (
            "/api/reports/generate/pdf?start_date=2026-02-01&end_date=2026-02-10",
            "analysis_report_2026-02-01_2026-02-10.pdf",
        ),
    ] {
        let answer = backend.ask(path).await;
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        let disposition = answer.headers()["content-disposition"].to_str().expect("is text").to_owned();
        assert!(disposition.contains(name), "{disposition}");
        assert!(answer.bytes().await.expect("is there").starts_with(b"%PDF-"), "{path}");
    }
    assert_eq!(backend.status("/api/report/99/pdf").await, 404);
    assert_eq!(backend.status("/api/reports/generate/pdf?start_date=2026-02-01").await, 400);
    assert_eq!(backend.status("/api/reports/generate/pdf?start_date=2020-01-01&end_date=2020-01-02").await, 404);
    backend.end().await;
}

#[tokio::test]
async fn the_older_program_still_reads_and_writes_its_database() {
    for generation in BOTH {
        let older = Older::new(generation).await;
        // Two programs of the site bring it up at the same time.
        let (a, b) = tokio::join!(Backend::start(older.path(), "robot-a"), Backend::start(older.path(), "robot-b"));
        let mut database = older.database().await;
        let queries: &[&'static str] = match generation {
            Generation::First => &[
                "SELECT count(*) FROM live_alerts WHERE run_id = 1 AND stream_source = 'robot_camera'",
                "SELECT count(*) FROM patrol_runs WHERE prompt_tokens = 1000 AND report_prompt_tokens = 100",
                "SELECT count(*) FROM generated_reports WHERE candidate_tokens = 90",
            ],
            Generation::Second => &[
                "SELECT count(*) FROM edge_ai_alerts WHERE run_id = 1 AND sync_status IS NULL",
                "SELECT count(*) FROM patrol_runs WHERE input_tokens = 1000 AND report_input_tokens = 100",
            ],
        };
        for query in queries {
            let count: i64 = sqlx::query_scalar(*query).fetch_one(&mut database).await.expect("is answered");
            assert_eq!(count, 1, "{generation:?}: {query}");
        }
        let tables = match generation {
            Generation::First => "live_alerts",
            Generation::Second => "edge_ai_alerts",
        };
        let insert = format!(
            "INSERT INTO {tables} (run_id, rule, response, image_path, timestamp, robot_id, stream_source)
             VALUES (1, 'Smoke?', 'triggered', '', '2026-02-10 09:07:00', 'robot-a', 'unknown')"
        );
        sqlx::query(sqlx::AssertSqlSafe(insert)).execute(&mut database).await.expect("is written");
        let run = a.json("/api/v1/runs/1").await;
        assert_eq!(texts(&run["alerts"], "rule"), ["Is there fire?", "Smoke?"]);
        a.end().await;
        b.end().await;
        // What the older program wrote is dated now and then, and at the start.
        let (a, b) = tokio::join!(Backend::start(older.path(), "robot-a"), Backend::start(older.path(), "robot-b"));
        let run = a.json("/api/v1/runs/1").await;
        assert_eq!(texts(&run["alerts"], "at"), ["2026-02-10T01:05:00Z", "2026-02-10T01:07:00Z"]);
        assert_eq!(run, b.json("/api/v1/runs/1").await);
        a.end().await;
        b.end().await;
    }
}

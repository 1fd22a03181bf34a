//! Data directories as visual-patrol left them, of both generations.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Executor};
use tempfile::TempDir;

/// A photo, as far as anybody looks at it here.
pub(crate) const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a photo \xff\xd9";
/// The film of the first run.
pub(crate) const FILM: &[u8] = b"0123456789 a film";

/// The first generation, in its early form: tokens under their first names, no robot beside an inspection, no column for
/// how the robot came there.
const FIRST: &str = r#"
CREATE TABLE patrol_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, start_time TEXT, end_time TEXT, status TEXT, robot_serial TEXT,
    report_content TEXT, model_id TEXT, token_usage TEXT, prompt_tokens INTEGER, candidate_tokens INTEGER,
    total_tokens INTEGER, video_path TEXT, video_analysis TEXT, robot_id TEXT, report_prompt_tokens INTEGER,
    report_candidate_tokens INTEGER, report_total_tokens INTEGER);
CREATE TABLE inspection_results (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER, point_name TEXT, coordinate_x REAL, coordinate_y REAL,
    prompt TEXT, ai_response TEXT, is_ng INTEGER, ai_description TEXT, token_usage TEXT, prompt_tokens INTEGER,
    candidate_tokens INTEGER, total_tokens INTEGER, image_path TEXT, timestamp TEXT,
    FOREIGN KEY (run_id) REFERENCES patrol_runs (id));
CREATE TABLE generated_reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT, start_date TEXT, end_date TEXT, report_content TEXT, prompt_tokens INTEGER,
    candidate_tokens INTEGER, total_tokens INTEGER, timestamp TEXT, robot_id TEXT);
CREATE TABLE robots (
    robot_id TEXT PRIMARY KEY, robot_name TEXT NOT NULL, robot_ip TEXT, last_seen TEXT, status TEXT DEFAULT 'offline');
CREATE TABLE global_settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE live_alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER, rule TEXT, response TEXT, image_path TEXT, timestamp TEXT,
    robot_id TEXT, stream_source TEXT);
INSERT INTO patrol_runs VALUES
    (1, '2026-02-10 09:00:00', '2026-02-10 09:12:30', 'Completed', 'KCK-77', '# 巡檢報告', 'gemini-3-flash-preview',
     '{}', 1000, 200, 1500, '/app/data/robot-a/report/video/1_20260210_090000.mp4', 'Nothing unusual.', 'robot-a',
     100, 20, 150),
    (2, '2026-02-11 09:00:00', NULL, 'Running', 'KCK-77', NULL, 'gemini-3-flash-preview', NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL);
INSERT INTO inspection_results (run_id, point_name, coordinate_x, coordinate_y, prompt, ai_response, is_ng,
    ai_description, prompt_tokens, candidate_tokens, total_tokens, image_path, timestamp) VALUES
    (1, '大廳/Lobby', 1.5, 2.5, '?', '{"is_NG": false, "Description": ""}', 0, '', 300, 60, 450,
     '1_20260210_090000/___Lobby_OK_1.jpg', '2026-02-10 09:02:00'),
    (1, 'Gate', 3, 4, '?', '{"is_NG": true, "Description": "A box."}', 1, 'A box.', 300, 60, 450,
     '1_20260210_090000/Gate_NG_2.jpg', '2026-02-10 09:04:00'),
    (1, 'Roof', 5, 6, '?', 'Move Failed', 1, 'blocked', 0, 0, 0, '', '2026-02-10 09:06:00'),
    (1, 'Yard', 7, 8, '?', 'AI Error: quota', 0, 'AI Error: quota', 0, 0, 0, '', '2026-02-10 09:08:00'),
    (1, 'Hall', 9, 9, '?', 'nothing strange', NULL, NULL, 300, 60, 450, '', '2026-02-10 09:10:00');
INSERT INTO live_alerts VALUES (1, 1, 'Is there fire?', 'triggered', 'report/live_alerts/1_1770685500_fire.jpg',
    '2026-02-10 09:05:00', 'robot-a', 'robot_camera');
INSERT INTO generated_reports VALUES
    (1, '2026-02-01', '2026-02-10', '| a | b |', 700, 90, 900, '2026-02-10 12:00:00', NULL);
INSERT INTO robots VALUES ('robot-a', 'Ada', '10.0.0.7:26400', '2026-02-11 09:00:00', 'online'),
    ('default', 'Robot', NULL, NULL, 'online');
INSERT INTO global_settings VALUES ('timezone', '"Asia/Taipei"'), ('gemini_api_key', '"AIza-the-real-key-9876"'),
    ('enable_live_monitor', 'true'), ('live_monitor_rules', '["Is there fire?"]'), ('telegram_user_id', '4711'),
    ('some_plugin', '{"a": 1}');
"#;

/// The second generation as it makes a fresh database.
const SECOND: &str = r#"
CREATE TABLE patrol_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, start_time TEXT, end_time TEXT, status TEXT, robot_serial TEXT,
    report_content TEXT, model_id TEXT, token_usage TEXT, input_tokens INTEGER, output_tokens INTEGER,
    total_tokens INTEGER, video_path TEXT, video_analysis TEXT, robot_id TEXT, report_input_tokens INTEGER,
    report_output_tokens INTEGER, report_total_tokens INTEGER, telegram_input_tokens INTEGER,
    telegram_output_tokens INTEGER, telegram_total_tokens INTEGER, video_input_tokens INTEGER,
    video_output_tokens INTEGER, video_total_tokens INTEGER, prompt_tokens INTEGER, candidate_tokens INTEGER,
    sync_status TEXT);
CREATE TABLE inspection_results (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER, point_name TEXT, coordinate_x REAL, coordinate_y REAL,
    prompt TEXT, ai_response TEXT, is_ng INTEGER, ai_description TEXT, token_usage TEXT, input_tokens INTEGER,
    output_tokens INTEGER, total_tokens INTEGER, image_path TEXT, timestamp TEXT, robot_moving_status TEXT,
    robot_id TEXT, prompt_tokens INTEGER, candidate_tokens INTEGER, sync_status TEXT,
    FOREIGN KEY (run_id) REFERENCES patrol_runs (id));
CREATE TABLE generated_reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT, start_date TEXT, end_date TEXT, report_content TEXT, input_tokens INTEGER,
    output_tokens INTEGER, total_tokens INTEGER, timestamp TEXT, robot_id TEXT, sync_status TEXT);
CREATE TABLE robots (
    robot_id TEXT PRIMARY KEY, robot_name TEXT NOT NULL, robot_ip TEXT, last_seen TEXT, status TEXT DEFAULT 'offline');
CREATE TABLE global_settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE edge_ai_alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER, rule TEXT, response TEXT, image_path TEXT, timestamp TEXT,
    robot_id TEXT, stream_source TEXT, sync_status TEXT);
INSERT INTO patrol_runs (id, start_time, end_time, status, robot_serial, report_content, model_id, token_usage,
    input_tokens, output_tokens, total_tokens, video_path, video_analysis, robot_id, report_input_tokens,
    report_output_tokens, report_total_tokens) VALUES
    (1, '2026-02-10 09:00:00', '2026-02-10 09:12:30', 'Completed', 'KCK-77', '# 巡檢報告', 'gemini-3-flash-preview',
     '{}', 1000, 200, 1500, '/app/data/robot-a/report/video/1_20260210_090000.mp4', 'Nothing unusual.', 'robot-a',
     100, 20, 150),
    (2, '2026-02-11 09:00:00', NULL, 'Running', 'KCK-77', NULL, 'gemini-3-flash-preview', NULL, NULL, NULL, NULL, NULL,
     NULL, 'robot-a', NULL, NULL, NULL);
INSERT INTO inspection_results (run_id, point_name, coordinate_x, coordinate_y, prompt, ai_response, is_ng,
    ai_description, input_tokens, output_tokens, total_tokens, image_path, timestamp, robot_moving_status, robot_id)
    VALUES
    (1, '大廳/Lobby', 1.5, 2.5, '?', '{"is_NG": false, "Description": ""}', 0, '', 300, 60, 450,
     '1_20260210_090000/___Lobby_OK_1.jpg', '2026-02-10 09:02:00', 'Success', 'robot-a'),
    (1, 'Gate', 3, 4, '?', '{"is_NG": true, "Description": "A box."}', 1, 'A box.', 300, 60, 450,
     '1_20260210_090000/Gate_NG_2.jpg', '2026-02-10 09:04:00', 'Success', 'robot-a'),
    (1, 'Roof', 5, 6, '?', 'Move Failed', 1, 'blocked', 0, 0, 0, '', '2026-02-10 09:06:00',
     'Error: 19001 - Cannot reach the destination', 'robot-a'),
    (1, 'Yard', 7, 8, '?', 'AI Error: quota', 0, 'AI Error: quota', 0, 0, 0, '', '2026-02-10 09:08:00', 'Success',
     'robot-a'),
    (1, 'Hall', 9, 9, '?', 'nothing strange', NULL, NULL, 300, 60, 450, '', '2026-02-10 09:10:00', 'Success',
     'robot-a');
INSERT INTO edge_ai_alerts VALUES (1, 1, 'Is there fire?', 'triggered', 'report/edge_ai_alerts/1_1770685500_fire.jpg',
    '2026-02-10 09:05:00', 'robot-a', 'robot_camera', NULL);
INSERT INTO generated_reports VALUES
    (1, '2026-02-01', '2026-02-10', '| a | b |', 700, 90, 900, '2026-02-10 12:00:00', NULL, NULL);
INSERT INTO robots VALUES ('robot-a', 'Ada', '10.0.0.7:26400', '2026-02-11 09:00:00', 'online');
INSERT INTO global_settings VALUES ('timezone', '"Asia/Taipei"'), ('gemini_api_key', '"AIza-the-real-key-9876"'),
    ('enable_edge_ai', 'true'), ('edge_ai_rules', '["Is there fire?"]'), ('telegram_user_id', '4711'),
    ('some_plugin', '{"a": 1}');
"#;

/// Which program left the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    First,
    Second,
}

/// A data directory.
pub(crate) struct Older {
    pub(crate) dir: TempDir,
    pub(crate) generation: Generation,
}

impl Older {
    /// Makes a directory as a program of this generation leaves it.
    pub(crate) async fn new(generation: Generation) -> Self {
        let older = Self { dir: tempfile::tempdir().expect("a directory"), generation };
        let (schema, alerts) = match generation {
            Generation::First => (FIRST, "live_alerts"),
            Generation::Second => (SECOND, "edge_ai_alerts"),
        };
        older.put("robot-a/report/images/1_20260210_090000/___Lobby_OK_1.jpg", JPEG);
        // From the time before robots had directories of their own.
        older.put("report/images/1_20260210_090000/Gate_NG_2.jpg", JPEG);
        older.put(&format!("robot-a/report/{alerts}/1_1770685500_fire.jpg"), JPEG);
        older.put("robot-a/report/video/1_20260210_090000.mp4", FILM);
        older.put("report/report.db", b"");
        let points =
            r#"[{"id": "1", "name": "大廳/Lobby", "x": 1.5, "y": 2.5, "theta": 0.3, "prompt": "?", "enabled": true}]"#;
        let (points_at, schedule_at) = match generation {
            Generation::First => ("config/points.json", "config/patrol_schedule.json"),
            Generation::Second => ("robot-a/config/points.json", "robot-a/config/patrol_schedule.json"),
        };
        older.put(points_at, points.as_bytes());
        older.put("robot-a/config/routes/夜間.json", points.as_bytes());
        older.put(schedule_at, br#"[{"id": "1a2b3c4d", "time": "08:30", "days": [0, 1, 2], "enabled": true}]"#);
        let mut connection = older.database().await;
        connection.execute(schema).await.expect("is a schema");
        connection.close().await.expect("is closed");
        older
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    fn put(&self, path: &str, content: &[u8]) {
        let path: PathBuf = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("is in a directory")).expect("is made");
        std::fs::write(path, content).expect("is written");
    }

    /// Opens the database as the older program does.
    pub(crate) async fn database(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.dir.path().join("report/report.db"));
        SqliteConnection::connect_with(&options).await.expect("is a database")
    }
}

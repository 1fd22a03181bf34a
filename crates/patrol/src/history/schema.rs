//! The form of the database, and how one that visual-patrol made is brought to it: in place, without losing a row.
//!
//! Nothing counts versions. Whatever columns a table has, the missing ones are added; that is the same work for a fresh
//! file, for one of either generation, for one somebody used with an old program in between, and when it is done again.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Row, SqliteConnection, SqlitePool};

/// A table: its name, its key, and its other columns as they are declared.
struct Table {
    name: &'static str,
    key: &'static str,
    columns: &'static [(&'static str, &'static str)],
}

const NUMBERED: &str = "id INTEGER PRIMARY KEY AUTOINCREMENT";

/// The reference's tables in its newest spelling. What comes after `sync_status` in each is ours.
const REFERENCE: &[Table] = &[
    Table {
        name: "patrol_runs",
        key: NUMBERED,
        columns: &[
            ("start_time", "TEXT"),
            ("end_time", "TEXT"),
            ("status", "TEXT"),
            ("robot_serial", "TEXT"),
            ("report_content", "TEXT"),
            ("model_id", "TEXT"),
            ("token_usage", "TEXT"),
            ("input_tokens", "INTEGER"),
            ("output_tokens", "INTEGER"),
            ("total_tokens", "INTEGER"),
            ("video_path", "TEXT"),
            ("video_analysis", "TEXT"),
            ("robot_id", "TEXT"),
            ("report_input_tokens", "INTEGER"),
            ("report_output_tokens", "INTEGER"),
            ("report_total_tokens", "INTEGER"),
            ("telegram_input_tokens", "INTEGER"),
            ("telegram_output_tokens", "INTEGER"),
            ("telegram_total_tokens", "INTEGER"),
            ("video_input_tokens", "INTEGER"),
            ("video_output_tokens", "INTEGER"),
            ("video_total_tokens", "INTEGER"),
            ("prompt_tokens", "INTEGER"),
            ("candidate_tokens", "INTEGER"),
            ("sync_status", "TEXT"),
            ("started_us", "INTEGER"),
            ("ended_us", "INTEGER"),
            ("zone", "TEXT"),
            ("route", "TEXT"),
            ("dry_run", "INTEGER"),
            ("loops", "INTEGER"),
            ("trigger", "TEXT"),
            ("plan", "TEXT"),
            ("map", "TEXT"),
            ("reason", "TEXT"),
            ("cost", "REAL"),
            ("extra_cost", "REAL"),
        ],
    },
    Table {
        name: "inspection_results",
        key: NUMBERED,
        columns: &[
            ("run_id", "INTEGER"),
            ("point_name", "TEXT"),
            ("coordinate_x", "REAL"),
            ("coordinate_y", "REAL"),
            ("prompt", "TEXT"),
            ("ai_response", "TEXT"),
            ("is_ng", "INTEGER"),
            ("ai_description", "TEXT"),
            ("token_usage", "TEXT"),
            ("input_tokens", "INTEGER"),
            ("output_tokens", "INTEGER"),
            ("total_tokens", "INTEGER"),
            ("image_path", "TEXT"),
            ("timestamp", "TEXT"),
            ("robot_moving_status", "TEXT"),
            ("robot_id", "TEXT"),
            ("prompt_tokens", "INTEGER"),
            ("candidate_tokens", "INTEGER"),
            ("sync_status", "TEXT"),
            ("verdict", "TEXT"),
            ("at_us", "INTEGER"),
            ("zone", "TEXT"),
            ("captured_us", "INTEGER"),
            ("point_id", "TEXT"),
            ("theta", "REAL"),
            ("round", "INTEGER"),
            ("model", "TEXT"),
            ("cost", "REAL"),
            ("attempts", "INTEGER"),
            ("previous_path", "TEXT"),
            ("difference_path", "TEXT"),
            ("difference_score", "REAL"),
            ("negative_control", "TEXT"),
            ("precheck", "TEXT"),
            ("more_photos", "TEXT"),
        ],
    },
    Table {
        name: "generated_reports",
        key: NUMBERED,
        columns: &[
            ("start_date", "TEXT"),
            ("end_date", "TEXT"),
            ("report_content", "TEXT"),
            ("input_tokens", "INTEGER"),
            ("output_tokens", "INTEGER"),
            ("total_tokens", "INTEGER"),
            ("timestamp", "TEXT"),
            ("robot_id", "TEXT"),
            ("sync_status", "TEXT"),
            ("at_us", "INTEGER"),
            ("zone", "TEXT"),
            ("state", "TEXT"),
            ("prompt", "TEXT"),
            ("error", "TEXT"),
            ("model", "TEXT"),
            ("cost", "REAL"),
            ("writer", "TEXT"),
        ],
    },
    Table {
        name: "robots",
        key: "robot_id TEXT PRIMARY KEY",
        columns: &[
            ("robot_name", "TEXT NOT NULL DEFAULT ''"),
            ("robot_ip", "TEXT"),
            ("last_seen", "TEXT"),
            ("status", "TEXT DEFAULT 'offline'"),
            ("backend_seen_us", "INTEGER"),
            ("robot_seen_us", "INTEGER"),
            ("link", "TEXT"),
            ("battery", "INTEGER"),
            ("run_id", "INTEGER"),
        ],
    },
    Table { name: "global_settings", key: "key TEXT PRIMARY KEY", columns: &[("value", "TEXT NOT NULL DEFAULT ''")] },
    Table {
        name: "edge_ai_alerts",
        key: NUMBERED,
        columns: &[
            ("run_id", "INTEGER"),
            ("rule", "TEXT"),
            ("response", "TEXT"),
            ("image_path", "TEXT"),
            ("timestamp", "TEXT"),
            ("robot_id", "TEXT"),
            ("stream_source", "TEXT"),
            ("sync_status", "TEXT"),
            ("at_us", "INTEGER"),
            ("zone", "TEXT"),
        ],
    },
];

/// What the reference has no table for.
const OURS: &str = "
CREATE TABLE IF NOT EXISTS run_steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL, at_us INTEGER NOT NULL,
    kind TEXT NOT NULL, point TEXT, text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS run_steps_by_run ON run_steps (run_id, id);
CREATE TABLE IF NOT EXISTS run_path (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL, at_us INTEGER NOT NULL,
    x REAL NOT NULL, y REAL NOT NULL, theta REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS run_path_by_run ON run_path (run_id, id);
CREATE TABLE IF NOT EXISTS inspection_jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, robot_id TEXT NOT NULL, inspection_id INTEGER NOT NULL UNIQUE,
    run_id INTEGER, body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, enqueued_us INTEGER NOT NULL,
    due_us INTEGER NOT NULL, lease_until_us INTEGER, claim INTEGER NOT NULL DEFAULT 0, last_error TEXT
);
CREATE INDEX IF NOT EXISTS inspection_jobs_by_due ON inspection_jobs (robot_id, due_us);
CREATE TABLE IF NOT EXISTS accepted_photos (
    robot_id TEXT NOT NULL, point_id TEXT NOT NULL, inspection_id INTEGER NOT NULL, accepted_us INTEGER NOT NULL,
    PRIMARY KEY (robot_id, point_id)
);
CREATE TABLE IF NOT EXISTS schedule_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, robot_id TEXT NOT NULL, schedule_id TEXT NOT NULL,
    planned_us INTEGER NOT NULL, at_us INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT, run_id INTEGER,
    UNIQUE (robot_id, schedule_id, planned_us)
);
CREATE TABLE IF NOT EXISTS schedule_marks (
    robot_id TEXT PRIMARY KEY, checked_us INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS token_spending (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, robot_id TEXT, run_id INTEGER,
    report_id INTEGER, inspection_id INTEGER, purpose TEXT NOT NULL, model TEXT, input INTEGER NOT NULL, output INTEGER NOT NULL, total INTEGER NOT NULL,
    cost REAL
);
CREATE INDEX IF NOT EXISTS token_spending_by_time ON token_spending (at_us);
CREATE INDEX IF NOT EXISTS token_spending_by_run ON token_spending (run_id);
CREATE INDEX IF NOT EXISTS token_spending_by_report ON token_spending (report_id);
CREATE INDEX IF NOT EXISTS token_spending_by_inspection ON token_spending (inspection_id);
CREATE TABLE IF NOT EXISTS robot_settings (
    robot_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (robot_id, key)
);
CREATE TABLE IF NOT EXISTS site_marks (
    name TEXT PRIMARY KEY, value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS shares (
    id INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL UNIQUE, label TEXT NOT NULL, scope TEXT NOT NULL,
    password_hash TEXT NOT NULL, created_us INTEGER NOT NULL, expires_us INTEGER,
    guesses INTEGER NOT NULL DEFAULT 0, guesses_since_us INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS patrol_runs_by_robot ON patrol_runs (robot_id, id);
CREATE INDEX IF NOT EXISTS patrol_runs_by_start ON patrol_runs (started_us, id);
CREATE INDEX IF NOT EXISTS patrol_runs_unread ON patrol_runs (id) WHERE started_us IS NULL;
CREATE INDEX IF NOT EXISTS inspection_results_by_run ON inspection_results (run_id, id);
CREATE INDEX IF NOT EXISTS inspection_results_by_time ON inspection_results (at_us);
CREATE INDEX IF NOT EXISTS inspection_results_pending ON inspection_results (robot_id) WHERE verdict = 'PENDING';
CREATE INDEX IF NOT EXISTS inspection_results_unread ON inspection_results (id) WHERE verdict IS NULL;
CREATE INDEX IF NOT EXISTS edge_ai_alerts_by_run ON edge_ai_alerts (run_id, id);
CREATE INDEX IF NOT EXISTS edge_ai_alerts_by_time ON edge_ai_alerts (at_us);
CREATE INDEX IF NOT EXISTS generated_reports_by_time ON generated_reports (at_us, id);
";

/// The first generation's name of the alerts, kept readable and writable for its programs.
const FIRST_GENERATION_ALERTS: &str = "
CREATE VIEW IF NOT EXISTS live_alerts AS
    SELECT id, run_id, rule, response, image_path, timestamp, robot_id, stream_source FROM edge_ai_alerts;
CREATE TRIGGER IF NOT EXISTS live_alerts_insert INSTEAD OF INSERT ON live_alerts BEGIN
    INSERT INTO edge_ai_alerts (run_id, rule, response, image_path, timestamp, robot_id, stream_source)
    VALUES (NEW.run_id, NEW.rule, NEW.response, NEW.image_path, NEW.timestamp, NEW.robot_id, NEW.stream_source);
END;
";

/// Brings the database to its form, under the write lock, so that processes that start together do it one after the
/// other. Either all of it happens or nothing.
pub(super) async fn bring_up(pool: &SqlitePool) -> sqlx::Result<()> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    adopt_first_generation_alerts(&mut transaction).await?;
    for table in REFERENCE {
        complete(&mut transaction, table).await?;
    }
    sqlx::raw_sql(OURS).execute(&mut *transaction).await?;
    copy_old_token_columns(&mut transaction).await?;
    transaction.commit().await
}

/// Makes a table, or adds the columns it lacks.
async fn complete(connection: &mut SqliteConnection, table: &Table) -> sqlx::Result<()> {
    let declared: String = table.columns.iter().map(|(name, kind)| format!(", {name} {kind}")).collect();
    let create = format!("CREATE TABLE IF NOT EXISTS {} ({}{declared})", table.name, table.key);
    sqlx::query(AssertSqlSafe(create)).execute(&mut *connection).await?;
    let present = columns(connection, table.name).await?;
    for (name, kind) in table.columns.iter().filter(|(name, _)| !present.contains(*name)) {
        let add = format!("ALTER TABLE {} ADD COLUMN {name} {kind}", table.name);
        sqlx::query(AssertSqlSafe(add)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Returns the columns a table has; none if there is no such table.
async fn columns(connection: &mut SqliteConnection, table: &str) -> sqlx::Result<BTreeSet<String>> {
    let rows = sqlx::query("SELECT name FROM pragma_table_info(?1)").bind(table).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get("name")).collect()
}

/// Gives the alerts their newest name; the old one becomes a view of them. Rows of both names are kept when an update
/// of the reference left both.
async fn adopt_first_generation_alerts(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let is_table = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1";
    let old: i64 = sqlx::query_scalar(is_table).bind("live_alerts").fetch_one(&mut *connection).await?;
    if old == 0 {
        return Ok(());
    }
    let new: i64 = sqlx::query_scalar(is_table).bind("edge_ai_alerts").fetch_one(&mut *connection).await?;
    if new == 0 {
        sqlx::query("ALTER TABLE live_alerts RENAME TO edge_ai_alerts").execute(&mut *connection).await?;
    }
    let alerts = REFERENCE.iter().filter(|table| table.name == "edge_ai_alerts");
    for table in alerts {
        complete(connection, table).await?;
    }
    if new > 0 {
        let (old, new) = (columns(connection, "live_alerts").await?, columns(connection, "edge_ai_alerts").await?);
        let shared: Vec<&str> = old.intersection(&new).map(String::as_str).filter(|name| *name != "id").collect();
        let shared = shared.join(", ");
        let copy = format!("INSERT INTO edge_ai_alerts ({shared}) SELECT {shared} FROM live_alerts ORDER BY id");
        sqlx::query(AssertSqlSafe(copy)).execute(&mut *connection).await?;
        sqlx::query("DROP TABLE live_alerts").execute(&mut *connection).await?;
    }
    sqlx::raw_sql(FIRST_GENERATION_ALERTS).execute(connection).await?;
    Ok(())
}

/// Fills the token columns of today from those that older programs wrote. The old ones stay for their readers.
async fn copy_old_token_columns(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    for table in ["patrol_runs", "inspection_results", "generated_reports"] {
        let present = columns(connection, table).await?;
        for prefix in ["", "report_", "telegram_", "video_"] {
            for (old, new) in [("prompt_tokens", "input_tokens"), ("candidate_tokens", "output_tokens")] {
                let (old, new) = (format!("{prefix}{old}"), format!("{prefix}{new}"));
                if present.contains(&old) && present.contains(&new) {
                    let copy = format!("UPDATE {table} SET {new} = {old} WHERE {new} IS NULL AND {old} IS NOT NULL");
                    sqlx::query(AssertSqlSafe(copy)).execute(&mut *connection).await?;
                }
            }
        }
        if present.contains("token_usage") {
            let read = format!(
                "UPDATE {table} SET
                     input_tokens = json_extract(token_usage, '$.prompt_token_count'),
                     output_tokens = json_extract(token_usage, '$.candidates_token_count'),
                     total_tokens = coalesce(total_tokens, json_extract(token_usage, '$.total_token_count'))
                 WHERE input_tokens IS NULL AND output_tokens IS NULL AND json_valid(token_usage)"
            );
            sqlx::query(AssertSqlSafe(read)).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

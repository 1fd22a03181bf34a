//! Alerts that a live monitor raised during a run. None is written here yet: those there are came from the older program.

use jiff::Timestamp;
use sqlx::FromRow;

use super::time::time;
use super::{History, RunId};

/// An alert as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlertRow {
    pub(crate) id: i64,
    pub(crate) run_id: Option<RunId>,
    pub(crate) robot_id: String,
    pub(crate) rule: String,
    pub(crate) response: String,
    pub(crate) image_path: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) stream_source: String,
}

#[derive(FromRow)]
struct Stored {
    id: i64,
    run_id: Option<RunId>,
    robot_id: Option<String>,
    rule: Option<String>,
    response: Option<String>,
    image_path: Option<String>,
    at_us: Option<i64>,
    stream_source: Option<String>,
}

impl From<Stored> for AlertRow {
    fn from(row: Stored) -> Self {
        Self {
            id: row.id,
            run_id: row.run_id,
            robot_id: row.robot_id.unwrap_or_default(),
            rule: row.rule.unwrap_or_default(),
            response: row.response.unwrap_or_default(),
            image_path: row.image_path.filter(|path| !path.is_empty()),
            at: time(row.at_us.unwrap_or(0)),
            stream_source: row.stream_source.unwrap_or_else(|| "unknown".to_owned()),
        }
    }
}

const COLUMNS: &str =
    "SELECT id, run_id, robot_id, rule, response, image_path, at_us, stream_source FROM edge_ai_alerts";

impl History {
    /// Returns the alerts of a run in the order they were raised.
    pub(crate) async fn alerts(&self, run: RunId) -> sqlx::Result<Vec<AlertRow>> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE run_id = ?1 ORDER BY id"));
        let rows: Vec<Stored> = sqlx::query_as(sql).bind(run).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(AlertRow::from).collect())
    }

    /// Returns an alert, of whichever robot.
    pub(crate) async fn alert(&self, id: i64) -> sqlx::Result<Option<AlertRow>> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = ?1"));
        let row: Option<Stored> = sqlx::query_as(sql).bind(id).fetch_optional(&self.pool).await?;
        Ok(row.map(AlertRow::from))
    }
}

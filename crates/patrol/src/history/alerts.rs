//! Alerts that a live monitor raised during a run.

use jiff::Timestamp;
use sqlx::FromRow;

use super::time::{micros, naive, time, zone_name};
use super::{History, RunId};

/// An alert to be written down.
#[derive(Debug, Clone)]
pub(crate) struct NewAlert {
    pub(crate) run: Option<RunId>,
    pub(crate) rule: String,
    pub(crate) response: String,
    /// The evidence, relative to the robot's directory.
    pub(crate) image_path: Option<String>,
    pub(crate) at: Timestamp,
    /// `robot_camera`, `external_rtsp` or `unknown`.
    pub(crate) stream_source: String,
}

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
    /// Writes down an alert.
    pub(crate) async fn add_alert(&self, alert: &NewAlert) -> sqlx::Result<i64> {
        let zone = self.zone();
        sqlx::query_scalar(
            "INSERT INTO edge_ai_alerts (run_id, robot_id, rule, response, image_path, timestamp, at_us, zone,
                 stream_source)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
        )
        .bind(alert.run)
        .bind(&*self.robot)
        .bind(&alert.rule)
        .bind(&alert.response)
        .bind(&alert.image_path)
        .bind(naive(alert.at, &zone))
        .bind(micros(alert.at))
        .bind(zone_name(&zone))
        .bind(&alert.stream_source)
        .fetch_one(&self.pool)
        .await
    }

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

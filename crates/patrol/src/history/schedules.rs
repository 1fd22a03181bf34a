//! What became of planned runs: which was begun, which late, which not at all and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::time::{micros, time};
use super::{History, RunId};

/// What became of a planned run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub(crate) enum ScheduleOutcome {
    /// Begun in time.
    Fired,
    /// Begun later than planned.
    Late,
    /// Not begun.
    Missed,
}

/// A planned run and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct ScheduleEntry {
    pub(crate) schedule_id: String,
    /// When it was to begin.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) planned_at: Timestamp,
    /// When this was decided.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    pub(crate) outcome: ScheduleOutcome,
    pub(crate) reason: Option<String>,
    pub(crate) run: Option<RunId>,
}

#[derive(FromRow)]
struct Stored {
    id: i64,
    schedule_id: String,
    planned_us: i64,
    at_us: i64,
    outcome: ScheduleOutcome,
    reason: Option<String>,
    run_id: Option<RunId>,
}

impl History {
    /// Returns up to when the schedules of this robot were looked at.
    pub(crate) async fn schedule_checked(&self) -> sqlx::Result<Option<Timestamp>> {
        let checked: Option<i64> = sqlx::query_scalar("SELECT checked_us FROM schedule_marks WHERE robot_id = ?1")
            .bind(&*self.robot)
            .fetch_optional(&self.pool)
            .await?;
        Ok(checked.map(time))
    }

    /// Notes up to when the schedules of this robot were looked at.
    pub(crate) async fn set_schedule_checked(&self, at: Timestamp) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO schedule_marks (robot_id, checked_us) VALUES (?1, ?2)
             ON CONFLICT (robot_id) DO UPDATE SET checked_us = ?2",
        )
        .bind(&*self.robot)
        .bind(micros(at))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Writes down what becomes of a planned run. Returns false if that was written before: then it is not to be begun
    /// again.
    pub(crate) async fn log_schedule(&self, entry: &ScheduleEntry) -> sqlx::Result<bool> {
        let logged = sqlx::query(
            "INSERT INTO schedule_log (robot_id, schedule_id, planned_us, at_us, outcome, reason, run_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (robot_id, schedule_id, planned_us) DO NOTHING",
        )
        .bind(&*self.robot)
        .bind(&entry.schedule_id)
        .bind(micros(entry.planned_at))
        .bind(micros(entry.at))
        .bind(entry.outcome)
        .bind(&entry.reason)
        .bind(entry.run)
        .execute(&self.pool)
        .await?;
        Ok(logged.rows_affected() > 0)
    }

    /// Changes what became of a planned run: it was to begin and could not, or began as this run.
    pub(crate) async fn amend_schedule(&self, entry: &ScheduleEntry) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE schedule_log SET at_us = ?4, outcome = ?5, reason = ?6, run_id = ?7
             WHERE robot_id = ?1 AND schedule_id = ?2 AND planned_us = ?3",
        )
        .bind(&*self.robot)
        .bind(&entry.schedule_id)
        .bind(micros(entry.planned_at))
        .bind(micros(entry.at))
        .bind(entry.outcome)
        .bind(&entry.reason)
        .bind(entry.run)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Returns what became of planned runs of this robot with their places in the log, the newest first, below a place.
    pub(crate) async fn schedule_log(
        &self,
        limit: u16,
        before: Option<i64>,
    ) -> sqlx::Result<Vec<(i64, ScheduleEntry)>> {
        let rows: Vec<Stored> = sqlx::query_as(
            "SELECT id, schedule_id, planned_us, at_us, outcome, reason, run_id FROM schedule_log
             WHERE robot_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
        )
        .bind(&*self.robot)
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let entry = |row: Stored| {
            let entry = ScheduleEntry {
                schedule_id: row.schedule_id,
                planned_at: time(row.planned_us),
                at: time(row.at_us),
                outcome: row.outcome,
                reason: row.reason,
                run: row.run_id,
            };
            (row.id, entry)
        };
        Ok(rows.into_iter().map(entry).collect())
    }
}

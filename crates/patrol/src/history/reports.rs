//! Reports over several days.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use vlm::Usage;

use super::inspections::{SELECT, Stored as StoredInspection};
use super::runs::{Expense, tokens, usage};
use super::spending::{self, Subject};
use super::time::{micros, naive, time, zone_name};
use super::{History, InspectionRow, ReportId};

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub(crate) enum ReportState {
    /// It is being written.
    Working,
    /// It can be read.
    Done,
    /// It could not be written.
    Failed,
}

/// A report as it stands in the database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReportRow {
    pub(crate) id: ReportId,
    /// As stored: `YYYY-MM-DD`.
    pub(crate) from: String,
    pub(crate) to: String,
    /// Nothing if it is about all robots.
    pub(crate) robot_id: Option<String>,
    pub(crate) state: ReportState,
    pub(crate) error: Option<String>,
    pub(crate) prompt: Option<String>,
    /// Markdown.
    pub(crate) content: String,
    pub(crate) usage: Usage,
    pub(crate) cost: Option<f64>,
    pub(crate) model: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) zone: String,
}

/// Which reports are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReportFilter {
    pub(crate) robot_id: Option<String>,
    /// Those made on this first and last day.
    pub(crate) exactly: Option<(String, String)>,
    pub(crate) state: Option<ReportState>,
    /// Those below this number.
    pub(crate) before: Option<ReportCursor>,
}

/// The place after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReportCursor(i64);

impl fmt::Display for ReportCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ReportCursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl ReportRow {
    /// Returns the place after this report.
    pub(crate) fn cursor(&self) -> ReportCursor {
        ReportCursor(self.id.0)
    }
}

#[derive(FromRow)]
struct Stored {
    id: ReportId,
    start_date: Option<String>,
    end_date: Option<String>,
    robot_id: Option<String>,
    state: Option<ReportState>,
    error: Option<String>,
    prompt: Option<String>,
    report_content: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    total_tokens: Option<i64>,
    cost: Option<f64>,
    model: Option<String>,
    at_us: Option<i64>,
    zone: Option<String>,
}

impl From<Stored> for ReportRow {
    fn from(row: Stored) -> Self {
        Self {
            id: row.id,
            from: row.start_date.unwrap_or_default(),
            to: row.end_date.unwrap_or_default(),
            robot_id: row.robot_id,
            // The reference writes a report down when it has it.
            state: row.state.unwrap_or(ReportState::Done),
            error: row.error,
            prompt: row.prompt,
            content: row.report_content.unwrap_or_default(),
            usage: usage(row.input_tokens, row.output_tokens, row.total_tokens),
            cost: row.cost,
            model: row.model,
            at: time(row.at_us.unwrap_or(0)),
            zone: row.zone.unwrap_or_else(|| "UTC".to_owned()),
        }
    }
}

impl History {
    /// Writes down that a report is being made.
    pub(crate) async fn begin_report(
        &self,
        days: (Date, Date),
        robot: Option<&str>,
        prompt: Option<&str>,
        at: Timestamp,
    ) -> sqlx::Result<ReportId> {
        let zone = self.zone();
        sqlx::query_scalar(
            "INSERT INTO generated_reports (start_date, end_date, robot_id, prompt, state, timestamp, at_us, zone,
                 writer, report_content, input_tokens, output_tokens, total_tokens)
             VALUES (?1, ?2, ?3, ?4, 'working', ?5, ?6, ?7, ?8, '', 0, 0, 0) RETURNING id",
        )
        .bind(days.0.to_string())
        .bind(days.1.to_string())
        .bind(robot)
        .bind(prompt)
        .bind(naive(at, &zone))
        .bind(micros(at))
        .bind(zone_name(&zone))
        .bind(&*self.robot)
        .fetch_one(&self.pool)
        .await
    }

    /// Writes down a report that is complete. Returns whether it was still wanted.
    pub(crate) async fn finish_report(&self, id: ReportId, content: &str, expense: &Expense) -> sqlx::Result<bool> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let robot: Option<Option<String>> = sqlx::query_scalar(
            "UPDATE generated_reports SET state = 'done', report_content = ?2, input_tokens = ?3, output_tokens = ?4,
                 total_tokens = ?5, cost = ?6, model = ?7, error = NULL
             WHERE id = ?1 RETURNING robot_id",
        )
        .bind(id)
        .bind(content)
        .bind(tokens(expense.usage.input))
        .bind(tokens(expense.usage.output))
        .bind(tokens(expense.usage.total))
        .bind(expense.cost)
        .bind(&expense.model)
        .fetch_optional(&mut *transaction)
        .await?;
        // What was spent was spent, even if the report was deleted meanwhile.
        let subject =
            Subject { robot: robot.as_ref().and_then(Option::as_deref), report: Some(id), ..Subject::default() };
        spending::record(&mut transaction, &subject, "report", expense).await?;
        transaction.commit().await?;
        Ok(robot.is_some())
    }

    /// Writes down that a report could not be made.
    pub(crate) async fn fail_report(&self, id: ReportId, reason: &str) -> sqlx::Result<()> {
        sqlx::query("UPDATE generated_reports SET state = 'failed', error = ?2 WHERE id = ?1")
            .bind(id)
            .bind(reason)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Writes down of reports this robot's program was making when it ended that they failed. Returns how many.
    pub(crate) async fn fail_interrupted_reports(&self) -> sqlx::Result<u64> {
        let failed = sqlx::query(
            "UPDATE generated_reports SET state = 'failed', error = 'the program ended while it was being written'
             WHERE state = 'working' AND writer = ?1",
        )
        .bind(&*self.robot)
        .execute(&self.pool)
        .await?;
        Ok(failed.rows_affected())
    }

    /// Returns a report.
    pub(crate) async fn report(&self, id: ReportId) -> sqlx::Result<Option<ReportRow>> {
        let row: Option<Stored> =
            sqlx::query_as("SELECT * FROM generated_reports WHERE id = ?1").bind(id).fetch_optional(&self.pool).await?;
        Ok(row.map(ReportRow::from))
    }

    /// Returns reports, the newest first.
    pub(crate) async fn reports(&self, filter: &ReportFilter, limit: u16) -> sqlx::Result<Vec<ReportRow>> {
        let (from, to) = filter.exactly.clone().unzip();
        let rows: Vec<Stored> = sqlx::query_as(
            "SELECT * FROM generated_reports
             WHERE id < ?1 AND (?2 IS NULL OR robot_id = ?2) AND (?3 IS NULL OR coalesce(state, 'done') = ?3)
                 AND (?4 IS NULL OR (start_date = ?4 AND end_date = ?5))
             ORDER BY id DESC LIMIT ?6",
        )
        .bind(filter.before.map_or(i64::MAX, |before| before.0))
        .bind(&filter.robot_id)
        .bind(filter.state)
        .bind(from)
        .bind(to)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(ReportRow::from).collect())
    }

    /// Deletes a report. What it cost stays in the accounts. Returns whether there was one.
    pub(crate) async fn delete_report(&self, id: ReportId) -> sqlx::Result<bool> {
        let deleted = sqlx::query("DELETE FROM generated_reports WHERE id = ?1").bind(id).execute(&self.pool).await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Returns the inspections made from the first day to the last, by the clocks of the site, the oldest first.
    pub(crate) async fn inspections_between(
        &self,
        days: (Date, Date),
        robot: Option<&str>,
    ) -> anyhow::Result<Vec<InspectionRow>> {
        let zone = self.zone();
        let start = days.0.to_zoned(zone.as_ref().clone())?.timestamp();
        let end = days.1.tomorrow()?.to_zoned(zone.as_ref().clone())?.timestamp();
        let sql = format!(
            "{SELECT} WHERE i.at_us >= ?1 AND i.at_us < ?2 AND (?3 IS NULL OR i.robot_id = ?3) ORDER BY i.at_us, i.id"
        );
        let rows: Vec<StoredInspection> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(micros(start))
            .bind(micros(end))
            .bind(robot)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(InspectionRow::from).collect())
    }
}

//! What was spent on models: one row for each answer that was paid for.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use sqlx::{FromRow, SqliteConnection};
use vlm::Usage;

use super::runs::{Expense, tokens, usage};
use super::time::{micros, time};
use super::{History, InspectionId, ReportId, RunId};

/// What an expense was for; nothing of it if it was for none of these.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Subject<'a> {
    /// Nothing for what concerns all robots.
    pub(super) robot: Option<&'a str>,
    pub(super) run: Option<RunId>,
    pub(super) inspection: Option<InspectionId>,
    pub(super) report: Option<ReportId>,
}

/// What was spent in a time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Spent {
    pub(crate) usage: Usage,
    /// In US dollars, of what has a price.
    pub(crate) cost: f64,
}

/// What was spent on one model in one day of the site.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DaySpending {
    pub(crate) date: Date,
    pub(crate) model: Option<String>,
    pub(crate) usage: Usage,
    /// In US dollars; nothing if it was not known when it was spent.
    pub(crate) cost: Option<f64>,
}

/// Writes an expense down.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    subject: &Subject<'_>,
    purpose: &str,
    expense: &Expense,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO token_spending (at_us, robot_id, run_id, inspection_id, report_id, purpose, model, input, output,
             total, cost)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )
    .bind(micros(expense.at))
    .bind(subject.robot)
    .bind(subject.run)
    .bind(subject.inspection)
    .bind(subject.report)
    .bind(purpose)
    .bind(&expense.model)
    .bind(tokens(expense.usage.input))
    .bind(tokens(expense.usage.output))
    .bind(tokens(expense.usage.total))
    .bind(expense.cost)
    .execute(connection)
    .await?;
    Ok(())
}

/// Every zone is a whole number of quarters of an hour away from UTC, so a quarter lies in one day.
pub(super) const QUARTER_US: i64 = 15 * 60 * 1_000_000;

#[derive(FromRow)]
struct Quarter {
    quarter: i64,
    model: Option<String>,
    input: Option<i64>,
    output: Option<i64>,
    total: Option<i64>,
    cost: Option<f64>,
}

impl History {
    /// Writes down tokens that belong to no run and no report, as those of a trial.
    pub(crate) async fn spend(&self, purpose: &str, expense: &Expense) -> sqlx::Result<()> {
        let mut connection = self.pool.acquire().await?;
        let subject = Subject { robot: Some(&self.robot), ..Subject::default() };
        record(&mut connection, &subject, purpose, expense).await
    }

    /// Returns what all robots spent from a time on and before another.
    pub(crate) async fn spent(&self, from: Timestamp, to: Timestamp) -> sqlx::Result<Spent> {
        let (input, output, total, cost): (Option<i64>, Option<i64>, Option<i64>, Option<f64>) = sqlx::query_as(
            "SELECT sum(input), sum(output), sum(total), sum(cost) FROM token_spending
             WHERE at_us >= ?1 AND at_us < ?2",
        )
        .bind(micros(from))
        .bind(micros(to))
        .fetch_one(&self.pool)
        .await?;
        Ok(Spent { usage: usage(input, output, total), cost: cost.unwrap_or(0.0) })
    }

    /// Returns what was spent on each day of the site, by model, the oldest first. A day begins and ends by the clocks
    /// of the site.
    pub(crate) async fn spending_by_day(
        &self,
        robot: Option<&str>,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> sqlx::Result<Vec<DaySpending>> {
        let rows: Vec<Quarter> = sqlx::query_as(
            "SELECT at_us / ?4 AS quarter, model, sum(input) AS input, sum(output) AS output, sum(total) AS total,
                 sum(cost) AS cost
             FROM token_spending
             WHERE (?1 IS NULL OR robot_id = ?1) AND (?2 IS NULL OR at_us >= ?2) AND (?3 IS NULL OR at_us < ?3)
             GROUP BY quarter, model, cost IS NULL ORDER BY quarter",
        )
        .bind(robot)
        .bind(from.map(micros))
        .bind(to.map(micros))
        .bind(QUARTER_US)
        .fetch_all(&self.pool)
        .await?;
        let mut days: BTreeMap<(Date, Option<String>, bool), DaySpending> = BTreeMap::new();
        for row in rows {
            let date = self.date_of_quarter(row.quarter);
            let added = usage(row.input, row.output, row.total);
            let day = days.entry((date, row.model.clone(), row.cost.is_some()));
            let nothing = || DaySpending { date, model: row.model, usage: Usage::default(), cost: None };
            let day = day.or_insert_with(nothing);
            day.usage.input += added.input;
            day.usage.output += added.output;
            day.usage.total += added.total;
            day.cost = row.cost.map(|cost| cost + day.cost.unwrap_or(0.0));
        }
        Ok(days.into_values().collect())
    }

    /// Returns the day of the site that a quarter of an hour, counted from the epoch, lies in.
    pub(super) fn date_of_quarter(&self, quarter: i64) -> Date {
        time(quarter * QUARTER_US).to_zoned(self.zone().as_ref().clone()).date()
    }

    /// Returns the moments at which the day of the site begins and ends that a moment lies in.
    pub(crate) fn day_of(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let local = at.to_zoned(self.zone().as_ref().clone());
        let start = local.start_of_day().map_or(at, |start| start.timestamp());
        let end = local.tomorrow().and_then(|next| next.start_of_day()).map(|next| next.timestamp());
        (start, end.unwrap_or(start + SignedDuration::from_hours(24)))
    }
}

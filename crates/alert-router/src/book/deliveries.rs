//! What is to be sent where, and how it went.

use chassis::Trace;
use domain::id::AlertId;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::FromRow;

use super::{Book, time};

/// A delivery that is to be attempted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    /// Its number in the book.
    pub(crate) id: i64,
    /// The alert.
    pub(crate) alert_id: AlertId,
    /// The alert as JSON.
    pub(crate) body: String,
    /// How many attempts were made.
    pub(crate) attempts: u32,
    /// When the next one is to be made.
    pub(crate) at: Timestamp,
    /// What the alert is part of, if it is known.
    pub(crate) trace: Option<Trace>,
}

/// How an attempt left a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The other end has it.
    Delivered,
    /// It is to be attempted again.
    Again {
        /// When.
        at: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// It will not be attempted again unless a person says so.
    Dead {
        /// What went wrong.
        error: String,
    },
}

/// A delivery as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct DeliveryRecord {
    /// Where to: `stdout` or `webhook`.
    pub(crate) channel: String,
    /// `due`, `delivered` or `dead`.
    pub(crate) state: String,
    /// How many attempts were made.
    pub(crate) attempts: i64,
    /// When the next attempt is made, if one is.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) next_attempt_at: Option<Timestamp>,
    /// What went wrong in the last attempt that failed.
    pub(crate) last_error: Option<String>,
    /// When this last changed.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) changed_at: Timestamp,
}

#[derive(FromRow)]
struct DueRow {
    id: i64,
    alert_id: String,
    body: String,
    attempts: u32,
    next_attempt_at: i64,
    traceparent: Option<String>,
}

#[derive(FromRow)]
struct Row {
    channel: String,
    state: String,
    attempts: i64,
    next_attempt_at: i64,
    last_error: Option<String>,
    changed_at: i64,
}

impl Book {
    /// Returns what is to be delivered, the most urgent first, what is not due yet included.
    pub(crate) async fn upcoming(&self, limit: usize) -> anyhow::Result<Vec<Due>> {
        let rows: Vec<DueRow> = sqlx::query_as(
            "SELECT d.id, a.alert_id, a.body, d.attempts, d.next_attempt_at, a.traceparent
             FROM deliveries d JOIN alerts a ON a.seq = d.alert
             WHERE d.state = 'due' ORDER BY d.next_attempt_at, d.id LIMIT ?1",
        )
        .bind(i64::try_from(limit)?)
        .fetch_all(&self.pool)
        .await?;
        let due = |row: DueRow| {
            let alert_id = row.alert_id.parse()?;
            let trace = row.traceparent.and_then(|text| text.parse().ok());
            let at = time(row.next_attempt_at);
            Ok(Due { id: row.id, alert_id, body: row.body, attempts: row.attempts, at, trace })
        };
        rows.into_iter().map(due).collect()
    }

    /// Returns since when the delivery waits that waits longest; nothing if none does.
    pub(crate) async fn oldest_pending(&self) -> sqlx::Result<Option<Timestamp>> {
        let micros: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(a.received_at) FROM deliveries d JOIN alerts a ON a.seq = d.alert WHERE d.state = 'due'",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(micros.map(time))
    }

    /// Writes down how an attempt ended.
    pub(crate) async fn conclude(&self, id: i64, ending: &Ending, now: Timestamp) -> sqlx::Result<()> {
        let (state, outcome, at, error) = match ending {
            Ending::Delivered => ("delivered", "delivered", now, None),
            Ending::Again { at, error } => ("due", "pending", *at, Some(error)),
            Ending::Dead { error } => ("dead", "dead_lettered", now, Some(error)),
        };
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(
            "UPDATE deliveries SET state = ?2, attempts = attempts + 1, next_attempt_at = ?3,
                 last_error = COALESCE(?4, last_error), changed_at = ?5 WHERE id = ?1",
        )
        .bind(id)
        .bind(state)
        .bind(at.as_microsecond())
        .bind(error)
        .bind(now.as_microsecond())
        .execute(&mut *transaction)
        .await?;
        sqlx::query("UPDATE alerts SET outcome = ?2 WHERE seq = (SELECT alert FROM deliveries WHERE id = ?1)")
            .bind(id)
            .bind(outcome)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// Puts a dead letter back among what is to be delivered, with all its attempts. Returns whether
    /// there was one.
    pub(crate) async fn replay(&self, alert_id: &AlertId, channel: &str, now: Timestamp) -> sqlx::Result<bool> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let revived =
            sqlx::query("UPDATE alerts SET outcome = 'pending' WHERE alert_id = ?1 AND outcome = 'dead_lettered'")
                .bind(alert_id.as_str())
                .execute(&mut *transaction)
                .await?;
        if revived.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE deliveries SET state = 'due', channel = ?2, attempts = 0, next_attempt_at = ?3, changed_at = ?3
             WHERE alert = (SELECT seq FROM alerts WHERE alert_id = ?1) AND state = 'dead'",
        )
        .bind(alert_id.as_str())
        .bind(channel)
        .bind(now.as_microsecond())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Sends what was to go over another channel over this one: the configuration was changed while
    /// alerts waited. Returns how many there were.
    pub(crate) async fn redirect_due(&self, channel: &str) -> sqlx::Result<u64> {
        let redirected = sqlx::query("UPDATE deliveries SET channel = ?1 WHERE state = 'due' AND channel <> ?1")
            .bind(channel)
            .execute(&self.pool)
            .await?;
        Ok(redirected.rows_affected())
    }

    /// Returns the deliveries of an alert.
    pub(crate) async fn deliveries(&self, alert_id: &AlertId) -> sqlx::Result<Vec<DeliveryRecord>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT d.channel, d.state, d.attempts, d.next_attempt_at, d.last_error, d.changed_at
             FROM deliveries d JOIN alerts a ON a.seq = d.alert WHERE a.alert_id = ?1 ORDER BY d.id",
        )
        .bind(alert_id.as_str())
        .fetch_all(&self.pool)
        .await?;
        let record = |row: Row| DeliveryRecord {
            next_attempt_at: (row.state == "due").then(|| time(row.next_attempt_at)),
            channel: row.channel,
            state: row.state,
            attempts: row.attempts,
            last_error: row.last_error,
            changed_at: time(row.changed_at),
        };
        Ok(rows.into_iter().map(record).collect())
    }
}

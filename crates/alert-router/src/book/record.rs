//! Writing an alert into the book, once.

use chassis::Trace;
use domain::alert::Alert;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::{Book, time};
use crate::rule::{Limits, Verdict};

/// Where an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Waiting for a delivery, or for another attempt.
    Pending,
    /// Taken by the other end.
    Delivered,
    /// Not delivered because enough of its kind were.
    Silenced,
    /// Not delivered because another alert stood above it.
    Inhibited,
    /// Not delivered because it was too old when it arrived.
    Expired,
    /// Not taken by the other end before the attempts ended, or refused by it.
    DeadLettered,
}

/// What was done with an alert that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// It was new.
    New(Verdict),
    /// It is in the book already.
    Known,
}

impl Book {
    /// Writes an alert into the book and judges it, in one step. When this returns it is on disk, with the [`Trace`] that
    /// the caller follows.
    pub(crate) async fn record(
        &self,
        alert: &Alert,
        now: Timestamp,
        limits: &Limits,
        channel: &str,
    ) -> anyhow::Result<Recorded> {
        let body = serde_json::to_string(alert)?;
        // A transaction that reads first and writes later can fail half way while another one writes.
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        if is_known(&mut transaction, alert).await? {
            return Ok(Recorded::Known);
        }
        let others = others(&mut transaction, alert, limits).await?;
        let verdict = limits.judge(alert.timestamp, others, now);
        let outcome = match verdict {
            Verdict::Deliver => Outcome::Pending,
            Verdict::Silence => Outcome::Silenced,
            Verdict::Expire => Outcome::Expired,
        };
        let seq = insert(&mut transaction, alert, &body, now, outcome).await?;
        if verdict == Verdict::Deliver {
            sqlx::query(
                "INSERT INTO deliveries (alert, channel, state, next_attempt_at, changed_at) VALUES (?1, ?2, 'due', ?3, ?3)",
            )
            .bind(seq)
            .bind(channel)
            .bind(now.as_microsecond())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(Recorded::New(verdict))
    }
}

async fn is_known(connection: &mut SqliteConnection, alert: &Alert) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM alerts WHERE alert_id = ?1)")
        .bind(alert.alert_id.as_str())
        .fetch_one(connection)
        .await
}

/// Returns the times of the alerts that count against this one.
async fn others(connection: &mut SqliteConnection, alert: &Alert, limits: &Limits) -> sqlx::Result<Vec<Timestamp>> {
    let micros: Vec<i64> = sqlx::query_scalar(
        "SELECT raised_at FROM alerts
         WHERE camera = ?1 AND class = ?2 AND zone = ?3 AND raised_at > ?4 AND outcome IN ('pending', 'delivered')",
    )
    .bind(alert.camera_id.as_str())
    .bind(&*alert.detection.class_name)
    .bind(zone(alert))
    .bind(limits.horizon(alert.timestamp).as_microsecond())
    .fetch_all(connection)
    .await?;
    Ok(micros.into_iter().map(time).collect())
}

async fn insert(
    connection: &mut SqliteConnection,
    alert: &Alert,
    body: &str,
    now: Timestamp,
    outcome: Outcome,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "INSERT INTO alerts (alert_id, camera, class, zone, severity, raised_at, received_at, outcome, body, traceparent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING seq",
    )
    .bind(alert.alert_id.as_str())
    .bind(alert.camera_id.as_str())
    .bind(&*alert.detection.class_name)
    .bind(zone(alert))
    .bind(alert.severity.as_str())
    .bind(alert.timestamp.as_microsecond())
    .bind(now.as_microsecond())
    .bind(outcome)
    .bind(body)
    .bind(Trace::current().map(|trace| trace.to_string()))
    .fetch_one(connection)
    .await
}

fn zone(alert: &Alert) -> &str {
    alert.roi_name.as_deref().unwrap_or_default()
}

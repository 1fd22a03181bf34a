//! Reading the book, page by page, the newest alert first.

use std::fmt;
use std::str::FromStr;

use domain::alert::{Alert, Severity};
use domain::id::AlertId;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::FromRow;

use super::{Book, Outcome, time};

/// Which alerts are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) camera: Option<String>,
    pub(crate) class: Option<String>,
    pub(crate) zone: Option<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) outcome: Option<Outcome>,
    /// Raised at this time or later.
    pub(crate) from: Option<Timestamp>,
    /// Raised before this time.
    pub(crate) to: Option<Timestamp>,
}

/// An alert as the API shows it: what was sent, and what became of it here.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub(crate) struct AlertRecord {
    /// The alert, key by key as it is delivered.
    #[serde(flatten)]
    pub(crate) alert: Alert,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) received_at: Timestamp,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

/// The place after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    raised_at: i64,
    seq: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.raised_at, self.seq)
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = text
            .split_once('.')
            .and_then(|(raised_at, seq)| Some(Self { raised_at: raised_at.parse().ok()?, seq: seq.parse().ok()? }));
        place.ok_or("is not a cursor that this API gave out")
    }
}

#[derive(FromRow)]
struct Row {
    seq: i64,
    raised_at: i64,
    received_at: i64,
    outcome: Outcome,
    body: String,
}

impl Row {
    fn record(self) -> anyhow::Result<AlertRecord> {
        let alert = serde_json::from_str(&self.body)?;
        Ok(AlertRecord { alert, received_at: time(self.received_at), outcome: self.outcome })
    }
}

impl Book {
    /// Returns a page of alerts, the newest first, and the place where the next page begins if
    /// there is one.
    pub(crate) async fn page(
        &self,
        filter: &Filter,
        after: Option<Cursor>,
        limit: u16,
    ) -> anyhow::Result<(Vec<AlertRecord>, Option<Cursor>)> {
        let after = after.unwrap_or(Cursor { raised_at: i64::MAX, seq: i64::MAX });
        let mut rows: Vec<Row> = sqlx::query_as(
            "SELECT seq, raised_at, received_at, outcome, body FROM alerts
             WHERE (raised_at, seq) < (?1, ?2)
               AND (?3 IS NULL OR camera = ?3) AND (?4 IS NULL OR class = ?4) AND (?5 IS NULL OR zone = ?5)
               AND (?6 IS NULL OR severity = ?6) AND (?7 IS NULL OR outcome = ?7)
               AND (?8 IS NULL OR raised_at >= ?8) AND (?9 IS NULL OR raised_at < ?9)
             ORDER BY raised_at DESC, seq DESC LIMIT ?10",
        )
        .bind(after.raised_at)
        .bind(after.seq)
        .bind(&filter.camera)
        .bind(&filter.class)
        .bind(&filter.zone)
        .bind(filter.severity.map(Severity::as_str))
        .bind(filter.outcome)
        .bind(filter.from.map(Timestamp::as_microsecond))
        .bind(filter.to.map(Timestamp::as_microsecond))
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.pool)
        .await?;
        let is_last = rows.len() <= usize::from(limit);
        rows.truncate(usize::from(limit));
        let last = rows.last().map(|row| Cursor { raised_at: row.raised_at, seq: row.seq });
        let records: anyhow::Result<Vec<AlertRecord>> = rows.into_iter().map(Row::record).collect();
        Ok((records?, last.filter(|_| !is_last)))
    }

    /// Returns one alert.
    pub(crate) async fn alert(&self, alert_id: &AlertId) -> anyhow::Result<Option<AlertRecord>> {
        let row: Option<Row> =
            sqlx::query_as("SELECT seq, raised_at, received_at, outcome, body FROM alerts WHERE alert_id = ?1")
                .bind(alert_id.as_str())
                .fetch_optional(&self.pool)
                .await?;
        row.map(Row::record).transpose()
    }
}
